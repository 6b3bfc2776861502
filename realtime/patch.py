"""One part of a face, an eye or the mouth: where it lies, and its soft probabilities at the frame's resolution."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.buffers import Buffers
from realtime.face import Face
from realtime.geometry import CropLayout, CropTransform
from realtime.regions import Region

Box = tuple[int, int, int, int]
"""box_xyxy in whole frame pixels, inside the frame."""
Pixels = npt.NDArray[np.uint8]

FAINTEST_PROB = 0.2
"""At this probability and below nothing is drawn."""
HIDDEN_HALVES = ((0.4, 0.28), (0.4, 0.28), (0.6, 0.36))
"""Half the width and height of the boxes that hide right eye, left eye and mouth, as parts of the distance between the
eyes. An eye is about 0.42 of it wide, a mouth 0.9."""
HIDDEN_MARGIN = 0.25
"""Around what is seen of an eye or a mouth, as a part of its width."""
FARTHEST_REACH = 16
"""Crop pixels; on a face so small that a pixel spans more of them, there is no edge left to smooth."""
BLUR = 0.45
"""Standard deviation of the blur, as a part of its reach: enough to round off a pixel, and a thin lip stays seen."""


class Place:
    """A face's crop in a frame of this size, both ways, in OpenCV's pixels.

    Args:
        crop: of the face.
        frame_wh: of the frame.
    """

    def __init__(self, crop: CropTransform, frame_wh: tuple[int, int]) -> None:
        to_crop = crop.pixel_matrix
        self.scale = crop.scale
        self._to_crop = to_crop.tolist()
        self._to_frame = cv2.invertAffineTransform(to_crop).tolist()
        self._frame_wh = frame_wh

    def frame_box(self, left: float, top: float, right: float, bottom: float) -> Box | None:
        """The upright box of the frame around a box of the crop; None where it lies outside the frame."""
        sides = []
        for (by_x, by_y, shift), length in zip(self._to_frame, self._frame_wh, strict=True):
            xs, ys = (by_x * left, by_x * right), (by_y * top, by_y * bottom)
            low, high = min(xs) + min(ys) + shift, max(xs) + max(ys) + shift
            sides.append((math.floor(min(max(low, 0), length)), math.ceil(min(max(high + 1, 0), length))))
        (x0, x1), (y0, y1) = sides
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def matrix(self, frame_xy: tuple[int, int], crop_xy: tuple[int, int]) -> npt.NDArray[np.float64]:
        """(2, 3) frame to crop, from a box of the frame to one of the crop with these top left pixels."""
        x, y = frame_xy
        (a, b, shift_x), (c, d, shift_y) = self._to_crop
        return np.array([[a, b, a * x + b * y + shift_x - crop_xy[0]], [c, d, c * x + d * y + shift_y - crop_xy[1]]])


@dataclass(frozen=True)
class Patch:
    """One part of a face.

    Attributes:
        regions: that are shown of it, in the order of the model's channels.
        planes: (h, w) uint8 for each region, its probability times 255 in a box of the crop.
        seen: (h, w) uint8, the sum of `planes`.
        crop_box: box_xyxy of the crop around what is seen.
        box: of the frame, around all that may be drawn.
        matrix: (2, 3) from the frame's box to the grid that `soften` makes, in OpenCV's pixels.
        scale: crop pixels per frame pixel.
        reach: crop pixels by which `soften` spreads what is seen.

    Its arrays are in work memory: valid until the next patch is found.
    """

    regions: tuple[Region, ...]
    planes: list[Pixels]
    seen: Pixels
    crop_box: tuple[int, int, int, int]
    box: Box
    matrix: npt.NDArray[np.float64]
    scale: float
    reach: int

    @property
    def shape_hw(self) -> tuple[int, int]:
        """Of the frame's box."""
        left, top, right, bottom = self.box
        return bottom - top, right - left

    def soften(self, pixels: Pixels) -> Pixels:
        """The same with a rim of nothing, blurred: what jumps from one pixel to the next is a staircase when enlarged.

        Args:
            pixels: (h, w) or (h, w, K) on the grid of `planes`. Read, never kept.
        """
        reach = self.reach
        rimmed = cv2.copyMakeBorder(pixels, reach, reach, reach, reach, cv2.BORDER_CONSTANT)
        blurred: Pixels = cv2.GaussianBlur(rimmed, (2 * reach + 1, 2 * reach + 1), BLUR * reach, dst=rimmed)
        return blurred

    def warp(self, softened: Pixels, name: str, work: Buffers) -> Pixels:
        """What was worked out on the softened grid, in the frame's box: bilinear, in the work memory `name`.

        Args:
            softened: (h, w) or (h, w, K), K at most 4. Read, never kept.
            name: of the work memory.
            work: where it is.
        """
        height, width = self.shape_hw
        warped = work.get(name, (height, width, *softened.shape[2:]), np.uint8)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(softened, self.matrix, (width, height), dst=warped, flags=flags)
        return warped


def find_patch(face: Face, part: Collection[Region], place: Place, work: Buffers) -> Patch | None:
    """The patch of these regions.

    Args:
        face: whose.
        part: of an eye or the mouth; those that the model lacks are left out.
        place: of the face in its frame.
        work: memory for it.

    Returns:
        None where the model has none of them, none is seen, or it lies outside the frame.
    """
    channels = [channel for channel, region in enumerate(face.regions) if region in part]
    if not channels:
        return None
    height, width = face.probs.shape[1:]
    planes = work.get("planes", (len(channels), height, width), np.uint8)
    for plane, channel in zip(planes, channels, strict=True):
        cv2.convertScaleAbs(face.probs[channel], dst=plane, alpha=255)
    seen = work.get("seen", (height, width), np.uint8)
    cv2.add(planes[0], planes[1] if len(channels) > 1 else 0, dst=seen)
    for plane in planes[2:]:
        cv2.add(seen, plane, dst=seen)
    is_seen = work.get("is_seen", (height, width), np.uint8)
    cv2.threshold(seen, FAINTEST_PROB * 255, 255, cv2.THRESH_BINARY, dst=is_seen)
    x, y, box_width, box_height = cv2.boundingRect(is_seen)
    if not box_width:
        return None
    reach = math.ceil(min(max(place.scale, 2), FARTHEST_REACH))  # a small face's frame pixel spans `scale` crop pixels
    box = place.frame_box(x - reach, y - reach, x + box_width - 1 + reach, y + box_height - 1 + reach)
    if box is None:
        return None
    left, top = max(x - reach, 0), max(y - reach, 0)
    inside = np.s_[top : y + box_height + reach, left : x + box_width + reach]
    return Patch(
        tuple(face.regions[channel] for channel in channels),
        [plane[inside] for plane in planes],
        seen[inside],
        (x, y, x + box_width, y + box_height),
        box,
        place.matrix(box[:2], (left - reach, top - reach)),
        place.scale,
        reach,
    )


def hiding_box(part: int, patch: Patch | None, layout: CropLayout, place: Place) -> Box | None:
    """The box of the frame that must be covered so that an eye or the mouth cannot be recognised.

    It takes in where the part stands in every crop (so that it is covered in a blink too, when nothing of it is seen)
    and all that is seen, with a margin of a quarter of its width: lids, lashes, the corners of the mouth.

    Args:
        part: 0 right eye, 1 left eye, 2 mouth, as in `postprocess.PARTS`.
        patch: of what is seen of it; None where nothing is.
        layout: of the crop.
        place: of the face in its frame.

    Returns:
        None where it lies outside the frame.
    """
    mid_x, mid_y = layout.mid_eye_px
    distance = layout.eye_distance_px
    x, y = ((mid_x - distance / 2, mid_y), (mid_x + distance / 2, mid_y), (mid_x, mid_y + layout.eye_to_mouth_px))[part]
    half_width, half_height = (distance * length for length in HIDDEN_HALVES[part])
    left, top, right, bottom = x - half_width, y - half_height, x + half_width, y + half_height
    if patch:
        seen_left, seen_top, seen_right, seen_bottom = patch.crop_box
        margin = HIDDEN_MARGIN * (seen_right - seen_left)
        left, right = min(left, seen_left - margin), max(right, seen_right + margin)
        top, bottom = min(top, seen_top - margin), max(bottom, seen_bottom + margin)
    return place.frame_box(left, top, right, bottom)
