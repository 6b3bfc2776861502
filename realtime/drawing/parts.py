"""One part of a face, an eye or the mouth: where it lies, and its soft probabilities at the frame's resolution."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import Box, CropTransform, warp_to_frame
from realtime.core.regions import Region
from realtime.face import Face

Number = TypeVar("Number", bound=np.generic)


class Buffers:
    """Arrays that only grow; a name's array holds whatever its last user left there."""

    def __init__(self) -> None:
        self._flat: dict[str, npt.NDArray[Any]] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: type[Number]) -> npt.NDArray[Number]:
        """An array of this shape, contiguous, of unknown contents; valid until the same name is asked for again.

        Args:
            name: one for each use; always with the same `dtype`.
            shape: of this time.
            dtype: of the elements.
        """
        size = 1
        for length in shape:
            size *= length
        flat = self._flat.get(name)
        if flat is None or flat.size < size:
            flat = self._flat[name] = np.empty(size, dtype)
        return flat[:size].reshape(shape)


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


@dataclass(frozen=True)
class SoftPart:
    """One part of a face.

    Attributes:
        regions: that are shown of it, in the order of the model's channels.
        planes: (h, w) uint8 for each region, its probability times 255 in a box of the crop.
        seen: (h, w) uint8, the sum of `planes`.
        crop_box: of the crop, around what is seen.
        box: of the frame, around all that may be drawn.
        crop: where the crop lies in the frame.
        left_top: (x, y) in the crop of the grid that `soften` makes.
        reach: crop pixels by which `soften` spreads what is seen.

    Its arrays are in work memory: valid until the next patch is found.
    """

    regions: tuple[Region, ...]
    planes: list[Pixels]
    seen: Pixels
    crop_box: Box
    box: Box
    crop: CropTransform
    left_top: tuple[int, int]
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
        return warp_to_frame(softened, self.crop, self.box, self.left_top, out=warped)


def find_patch(face: Face, part: Collection[Region], frame_wh: tuple[int, int], work: Buffers) -> SoftPart | None:
    """The patch of these regions.

    Args:
        face: whose.
        part: of an eye or the mouth; those that the model lacks are left out.
        frame_wh: of its frame.
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
    crop = face.transform
    reach = math.ceil(min(max(crop.scale, 2), FARTHEST_REACH))  # a small face's frame pixel spans `scale` crop pixels
    box = crop.frame_box(frame_wh, (x - reach, y - reach, x + box_width + reach, y + box_height + reach))
    if box is None:
        return None
    left, top = max(x - reach, 0), max(y - reach, 0)
    inside = np.s_[top : y + box_height + reach, left : x + box_width + reach]
    return SoftPart(
        tuple(face.regions[channel] for channel in channels),
        [plane[inside] for plane in planes],
        seen[inside],
        (x, y, x + box_width, y + box_height),
        box,
        crop,
        (left - reach, top - reach),
        reach,
    )


def hiding_box(part: int, patch: SoftPart | None, crop: CropTransform, frame_wh: tuple[int, int]) -> Box | None:
    """The box of the frame that must be covered so that an eye or the mouth cannot be recognised.

    It takes in where the part stands in every crop (so that it is covered in a blink too, when nothing of it is seen)
    and all that is seen, with a margin of a quarter of its width: lids, lashes, the corners of the mouth.

    Args:
        part: 0 right eye, 1 left eye, 2 mouth, as in `postprocess.PARTS`.
        patch: of what is seen of it; None where nothing is.
        crop: of the face.
        frame_wh: of its frame.

    Returns:
        None where it lies outside the frame.
    """
    distance = crop.layout.eye_distance_px
    x, y = crop.layout.points_px[part].tolist()
    half_width, half_height = (distance * length for length in HIDDEN_HALVES[part])
    left, top, right, bottom = x - half_width, y - half_height, x + half_width, y + half_height
    if patch:
        seen_left, seen_top, seen_right, seen_bottom = patch.crop_box
        margin = HIDDEN_MARGIN * (seen_right - seen_left)
        left, right = min(left, seen_left - margin), max(right, seen_right + margin)
        top, bottom = min(top, seen_top - margin), max(bottom, seen_bottom + margin)
    return crop.frame_box(frame_wh, (round(left), round(top), round(right), round(bottom)))
