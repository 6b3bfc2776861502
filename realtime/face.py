"""One face of a frame, as the loop's stages hand it on and as a caller of the Python API gets it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
from contourpy import contour_generator

from realtime.core.geometry import Box, CropTransform, Points, warp_to_frame
from realtime.core.regions import PARTS, Region

Probs = npt.NDArray[np.float32]
"""(C, 218, 178) float32 in [0, 1], one channel for each of a model's regions."""

MIN_AREA_PX = 12.0
"""A part of fewer pixels of the crop has no centroid."""


@dataclass(frozen=True)
class FaceParts:
    """Where the mask has its eyes and mouth.

    Attributes:
        points: (3, 2) centroids in crop pixels, weighted by how sure each is; NaN where a part is not seen.
        areas_px: (3,) pixels of each part.
        certainty: (3,) mean probability inside each part, 0 where it is not seen.
        boxes: around each part in the crop; None where no pixel of it is.
    """

    points: Points
    areas_px: npt.NDArray[np.float64]
    certainty: npt.NDArray[np.float64]
    boxes: tuple[Box | None, ...]


def part_channels(regions: Sequence[Region]) -> list[list[int]] | None:
    """The output channels of each of the three parts; None where a model lacks one, so that it can follow no face."""
    channels = [[regions.index(region) for region in part if region in regions] for part in PARTS]
    return channels if all(channels) else None


def measure_parts(probs: Probs, channels: Sequence[Sequence[int]]) -> FaceParts:
    """Centroid, area and certainty of the eyes and the mouth.

    Args:
        probs: of one face. Read, never kept.
        channels: from `part_channels`.
    """
    points = np.full((3, 2), np.nan)
    areas, certainty = np.zeros(3), np.zeros(3)
    boxes: list[Box | None] = []
    for index, part in enumerate(channels):
        prob = probs[part[0]]
        for channel in part[1:]:
            prob = cv2.add(prob, probs[channel])
        inside = cv2.compare(prob, 0.5, cv2.CMP_GT)
        x, y, width, height = cv2.boundingRect(inside)
        boxes.append((x, y, x + width, y + height) if width else None)
        inside = inside[y : y + height, x : x + width]
        areas[index] = cv2.countNonZero(inside) if width else 0
        if areas[index] >= MIN_AREA_PX:
            lead = np.maximum(prob[y : y + height, x : x + width] - np.float32(0.5), 0)
            moments = cv2.moments(lead)  # weighted: a pixel that comes or goes at the rim moves nothing at a stroke
            mass = moments["m00"]
            points[index] = (x + moments["m10"] / mass + 0.5, y + moments["m01"] / mass + 0.5)
            certainty[index] = 0.5 + mass / areas[index]
    return FaceParts(points, areas, certainty, tuple(boxes))


def label_crop(probs: Probs, regions: Sequence[Region]) -> npt.NDArray[np.uint8]:
    """(H, W) region ids: the most probable region, background where a model without that channel is unsure.

    Args:
        probs: (C, H, W), of any size.
        regions: the model's regions, in the order of its channels.
    """
    ids = np.full(probs.shape[1:], regions[0], np.uint8)
    best = probs[0].copy()
    for region, prob in zip(regions[1:], probs[1:], strict=True):  # much faster than np.argmax over the first axis
        ids[prob > best] = region
        np.maximum(best, prob, out=best)
    if Region.BACKGROUND not in regions:
        ids[best < 0.5] = Region.BACKGROUND
    return ids


def region_polygons(probs: Probs, crop: CropTransform, regions: Sequence[Region]) -> dict[Region, list[Points]]:
    """Outlines of each region that is seen, between the pixels: where its probability equals the next best one's.

    Args:
        probs: of one face. Read, never kept.
        crop: where it lies in the frame.
        regions: the model's regions, in the order of its channels.

    Returns:
        closed outlines, (K, 2) points (x, y) in frame pixels, the largest first; that of a hole is one too, so that
        filling all of them by the even-odd rule, as `cv2.fillPoly` does, gives the region.
    """
    background = 1 - probs.max(axis=0) if Region.BACKGROUND not in regions else None
    polygons: dict[Region, list[Points]] = {}
    ids = label_crop(probs, regions)
    for channel, region in enumerate(regions):
        x, y, width, height = cv2.boundingRect((ids == region).astype(np.uint8))
        if region == Region.BACKGROUND or not width:
            continue
        box = np.s_[max(0, y - 1) : y + height + 1, max(0, x - 1) : x + width + 1]
        others = [probs[other][box] for other in range(len(regions)) if other != channel]
        others += [background[box]] if background is not None else []
        lead = np.pad(probs[channel][box] - np.maximum.reduce(others), 1, constant_values=-1.0)
        lines = contour_generator(z=lead).lines(0.0)
        corner = np.array([max(0, x - 1), max(0, y - 1)]) - 0.5
        outlines = sorted((np.asarray(line) + corner for line in lines), key=_area, reverse=True)
        polygons[region] = [crop.to_frame(outline[:-1]) for outline in outlines]
    return polygons


def _area(outline: Points) -> float:
    return float(cv2.contourArea(outline.astype(np.float32)))


@dataclass(frozen=True)
class Face:
    """A face and its masks on the frame they were computed from.

    Attributes:
        number: stays with the face while it is in view; 1 is the first face of the run.
        transform: where the crop lies in the frame, both ways.
        probs: (C, 218, 178) float32 in [0, 1], a channel for each of `regions`. Valid until the segmenter is called
            again; `copy` keeps it.
        regions: of the channels, in order.
    """

    number: int
    transform: CropTransform
    probs: Probs
    regions: tuple[Region, ...]

    @cached_property
    def label_map(self) -> npt.NDArray[np.uint8]:
        """(218, 178) uint8 region ids in the crop. `frame_labels.frame_label_map` brings them to the frame's size."""
        return label_crop(self.probs, self.regions)

    @cached_property
    def polygons(self) -> dict[Region, list[Points]]:
        """Outlines of each region that is seen: (K, 2) points (x, y) in frame pixels, the largest piece first."""
        return region_polygons(self.probs, self.transform, self.regions)

    def copy(self) -> "Face":
        """The same face, with probabilities that stay."""
        return Face(self.number, self.transform, self.probs.copy(), self.regions)


@dataclass(frozen=True)
class FrameLabels:
    """A box of the frame, and what it shows.

    Attributes:
        box_xyxy: in whole pixels of the frame; outside it all is background.
        ids: (h, w) uint8 region ids of the box.
    """

    box_xyxy: Box
    ids: npt.NDArray[np.uint8]


def frame_labels(face: Face, frame_wh: tuple[int, int]) -> FrameLabels | None:
    """One face's ids in its box of the frame; None where it shows no region inside the frame.

    Probabilities, not ids, are brought to the frame's size, so that edges stay smooth on a large face.
    """
    x, y, width, height = cv2.boundingRect(face.label_map)
    # A pixel more on each side: brought to the frame, a crop pixel reaches half a pixel out.
    crop_box = (x - 1, y - 1, x + width + 1, y + height + 1)
    box = face.transform.frame_box(frame_wh, crop_box) if width else None
    if box is None:
        return None
    in_frame = np.stack([warp_to_frame(prob, face.transform, box) for prob in face.probs])
    return FrameLabels(box, label_crop(in_frame, face.regions))


def frame_label_map(faces: Iterable[Face], frame_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 region ids of the whole frame; where faces overlap, the later one is on top."""
    return whole_label_map((frame_labels(face, frame_wh) for face in faces), frame_wh)


def whole_label_map(boxes: Iterable[FrameLabels | None], frame_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 region ids from those of each face; background does not cover an earlier face."""
    label_map = np.zeros(frame_wh[::-1], np.uint8)
    for labels in filter(None, boxes):
        left, top, right, bottom = labels.box_xyxy
        np.copyto(label_map[top:bottom, left:right], labels.ids, where=labels.ids != Region.BACKGROUND)
    return label_map
