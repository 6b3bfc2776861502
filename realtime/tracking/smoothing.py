"""Steadier crops and masks: the One-Euro filter, and an average of probabilities that moves with the face."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage, Box, CropTransform, shift_matrix
from realtime.face import Probs

GRID_PX = np.array([(x, y) for y in range(33, 90, 11) for x in range(18, 72, 13)], np.float32)[:, None]
"""(30, 1, 2) points of the halved crop, over eyes, nose and mouth; those on smooth skin drop out."""
WINDOW_WH = (9, 9)
STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 5, 0.03)
LEAST_TEXTURE = 1e-3
LEAST_POINTS = 8
MAX_OFF_PX = 0.6
"""A point further from the common motion than this is no part of it: a lid, a lip, a hand."""


class CropMotion:
    """The drift between one crop of a face and the next: what is left of its motion because the crop comes late.

    Pyramidal Lucas-Kanade on a fixed grid of the crop at half its size, then a similarity transform by RANSAC.
    Source: Bouguet, Pyramidal implementation of the Lucas Kanade feature tracker, Intel 2000.
    """

    def __init__(self) -> None:
        self._gray = np.zeros((0, 0), np.uint8)

    def follow(self, crop_bgr: BgrImage) -> npt.NDArray[np.float64] | None:
        """The drift since the last call.

        Args:
            crop_bgr: (H, W, 3) uint8. Read, never kept.

        Returns:
            (2, 3) from the last crop to this one, as cv2.warpAffine takes it (first pixel's centre at (0, 0)); None on
            the first call, and where too few points can be followed: a cut, a hand over the face, the dark.
        """
        before = self._gray
        half_wh = (crop_bgr.shape[1] // 2, crop_bgr.shape[0] // 2)
        half = cv2.resize(crop_bgr, half_wh, interpolation=cv2.INTER_AREA)
        self._gray = now = cv2.cvtColor(half, cv2.COLOR_BGR2GRAY)
        if before.shape != now.shape:
            return None
        places, is_found, _ = cv2.calcOpticalFlowPyrLK(
            before, now, GRID_PX, None, winSize=WINDOW_WH, maxLevel=1, criteria=STOP, minEigThreshold=LEAST_TEXTURE
        )
        is_found = is_found[:, 0] == 1
        if np.count_nonzero(is_found) < LEAST_POINTS:
            return None
        cv2.setRNGSeed(1)  # RANSAC draws: the same video gives the same masks
        drift, is_common = cv2.estimateAffinePartial2D(
            GRID_PX[is_found], places[is_found], ransacReprojThreshold=MAX_OFF_PX, refineIters=2
        )
        if drift is None or np.count_nonzero(is_common) < LEAST_POINTS:
            return None
        full_size = shift_matrix(drift, by=-0.5) * [[1, 1, 2], [1, 1, 2]]
        return shift_matrix(full_size, by=0.5)


class Smoothing(StrEnum):
    """How much of it."""

    OFF = "off"
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True)
class SmoothingStrength:
    """The numbers behind a level.

    Attributes:
        cutoff_hz: of a crop that stands still; lower is steadier.
        cutoff_per_speed: how much the cutoff rises for each crop pixel per second; higher lags less.
        mean_share: share of the old mean kept in a probability that hardly changes.
    """

    cutoff_hz: float
    cutoff_per_speed: float
    mean_share: float


STRENGTHS = {
    Smoothing.LOW: SmoothingStrength(cutoff_hz=2.0, cutoff_per_speed=0.2, mean_share=0.55),
    Smoothing.HIGH: SmoothingStrength(cutoff_hz=1.0, cutoff_per_speed=0.1, mean_share=0.7),
}
SPEED_CUTOFF_HZ = 1.0
FORGETFUL_CHANGE = 1.3
"""A probability that changes by so much would keep nothing of its mean; by 1, a lid that closes, it keeps 0.4 of the
share: what moves of itself is let go, and an edge that trembles is held."""
RIM_PX = 6
"""Around a part, what is smoothed with it: edges are soft, and a part moves."""
TURN_RADIUS_PX = 60.0
"""How far from the crop's centre eyes and mouth lie: what a turn or a change of scale moves them by."""


class OneEuroFilter:
    """A low-pass whose cutoff rises with speed.

    Source: Casiez, Roussel and Vogel, CHI 2012, doi:10.1145/2207676.2208639.
    """

    def __init__(self, strength: SmoothingStrength) -> None:
        self._strength = strength
        self._value: npt.NDArray[np.float64] | None = None
        self._speed = np.zeros(0)
        self._time_s = 0.0

    def filter(
        self, value: npt.NDArray[np.float64], time_s: float, px_per_unit: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """The smoothed value at this time.

        Args:
            value: (K,) the new measurement. Read, never kept.
            time_s: when; not before the last one.
            px_per_unit: (K,) crop pixels that one unit of each number moves the face by.
        """
        elapsed = time_s - self._time_s
        self._time_s = time_s
        if self._value is None or elapsed <= 0:
            self._value, self._speed = value.copy(), np.zeros_like(value)
            return value.copy()
        speed = (value - self._value) / elapsed
        self._speed += low_pass_share(SPEED_CUTOFF_HZ, elapsed) * (speed - self._speed)
        px_per_s = np.abs(self._speed * px_per_unit)
        cutoff = self._strength.cutoff_hz + self._strength.cutoff_per_speed * px_per_s
        self._value = self._value + low_pass_share(cutoff, elapsed) * (value - self._value)
        return self._value.copy()


def low_pass_share(cutoff_hz: npt.ArrayLike, elapsed_s: float) -> npt.NDArray[np.float64]:
    """The share of a new value that a first-order low-pass takes in."""
    rate = 2 * math.pi * np.asarray(cutoff_hz, np.float64) * elapsed_s
    share: npt.NDArray[np.float64] = rate / (rate + 1)
    return share


class CropSmoother:
    """One face's crop over time: the One-Euro filter on its four numbers."""

    def __init__(self, strength: SmoothingStrength) -> None:
        self._filter = OneEuroFilter(strength)
        self._angle_rad = 0.0

    def smooth(self, crop: CropTransform, time_s: float) -> CropTransform:
        """The steadier crop."""
        turn = math.remainder(crop.angle_rad - self._angle_rad, 2 * math.pi)
        self._angle_rad += turn  # never jumps at half a turn
        numbers = np.array([*crop.mid_eye_px, math.log(crop.scale), self._angle_rad])
        px_per_unit = np.array([crop.scale, crop.scale, TURN_RADIUS_PX, TURN_RADIUS_PX])
        x, y, log_scale, angle = self._filter.filter(numbers, time_s, px_per_unit).tolist()
        return CropTransform((x, y), math.exp(log_scale), angle, crop.layout)


@dataclass(frozen=True)
class PartMean:
    """The mean around one part of the face, in the crop of the last frame.

    Attributes:
        part_box: box_xyxy around the part itself, with a rim.
        left_top: (x, y) of the patch in the crop; it may hold more than the part.
        mean: (K, h, w) of the part's channels.
    """

    part_box: Box
    left_top: tuple[int, int]
    mean: Probs


class ProbsSmoother:
    """One face's probabilities over time: an exponential mean in crop space, carried along as the face drifts in it.

    The crop follows the face, but a moment late, so that the face still moves within it; without being carried along,
    the mean would smear, its edges would come late, and they would shake.

    Args:
        strength: how much.
        channels: of each part that is smoothed: an eye, the mouth, each with the background where there is one.
    """

    def __init__(self, strength: SmoothingStrength, channels: Sequence[Sequence[int]]) -> None:
        self._strength = strength
        self._channels = [list(part) for part in channels]
        self._motion = CropMotion()
        self._patches: list[PartMean | None] = [None] * len(channels)

    def smooth(self, probs: Probs, crop_bgr: BgrImage, boxes: Sequence[Box | None]) -> None:
        """Put the mean so far in place of these probabilities.

        Args:
            probs: of this frame, changed in place around the parts.
            crop_bgr: the crop that they were computed from. Read, never kept.
            boxes: box_xyxy of the crop around each part; None where it is not seen.
        """
        drift = self._motion.follow(crop_bgr)
        for index, (channels, box) in enumerate(zip(self._channels, boxes, strict=True)):
            part_box = with_rim(box, probs.shape[2], probs.shape[1]) if box else None
            old = self._patches[index] if drift is not None else None
            where = box_around(part_box, old.part_box if old else None)
            self._patches[index] = None
            if where is None:
                continue
            left, top, right, bottom = where
            mean = probs[channels, top:bottom, left:right]
            if old is not None and drift is not None:
                mean = self._mix(mean, carried(old, drift, where))
                probs[channels, top:bottom, left:right] = mean
            if part_box is not None:
                self._patches[index] = PartMean(part_box, (left, top), mean)

    def _mix(self, new: Probs, old: Probs) -> Probs:
        change = new - old
        share = self._strength.mean_share
        new_share = change * change  # 1 - share * (1 - (change / FORGETFUL_CHANGE) ** 2)
        new_share *= share / FORGETFUL_CHANGE**2
        new_share += 1 - share
        new_share *= change
        new_share += old
        return new_share


def carried(patch: PartMean, drift: npt.NDArray[np.float64], box: Box) -> Probs:
    """(K, h, w) the patch's mean where the drift has brought it, in this box of the crop."""
    left, top, right, bottom = box
    matrix = drift.copy()
    matrix[:, 2] += drift[:, :2] @ patch.left_top - (left, top)
    size_wh = (right - left, bottom - top)
    return np.stack([cv2.warpAffine(mean, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE) for mean in patch.mean])


def with_rim(box: Box, width: int, height: int) -> Box:
    """A box_xyxy grown by `RIM_PX`, inside the crop."""
    left, top, right, bottom = box
    return max(0, left - RIM_PX), max(0, top - RIM_PX), min(width, right + RIM_PX), min(height, bottom + RIM_PX)


def box_around(one: Box | None, other: Box | None) -> Box | None:
    """The box_xyxy that holds both."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
