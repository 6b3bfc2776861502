"""Steadier crops and masks: the One-Euro filter, and an average of probabilities that moves with the face."""

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from realtime.geometry import CropTransform
from realtime.motion import CropMotion
from realtime.postprocess import Probs
from realtime.preprocess import BgrImage


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
SURELY_BACKGROUND, RIM_PX = 0.98, 3
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


class ProbsSmoother:
    """One face's probabilities over time: an exponential mean in crop space, carried along as the face drifts in it.

    The crop follows the face, but a moment late, so that the face still moves within it; without being carried along,
    the mean would smear, its edges would come late, and they would shake.

    Args:
        strength: how much.
        background: channel of the background, None where the model has none; only around the rest is smoothed.
    """

    def __init__(self, strength: SmoothingStrength, background: int | None = None) -> None:
        self._strength = strength
        self._background = background
        self._motion = CropMotion()
        self._mean: Probs | None = None
        self._box = (0, 0, 0, 0)

    def smooth(self, probs: Probs, crop_bgr: BgrImage) -> Probs:
        """The mean so far.

        Args:
            probs: of this frame. Read, never kept.
            crop_bgr: the crop that they were computed from. Read, never kept.

        Returns:
            the mean, owned by this object and valid until the next call.
        """
        drift = self._motion.follow(crop_bgr)
        box = self._visible_box(probs)
        if self._mean is None:
            self._mean = probs.copy()
        elif drift is None:
            np.copyto(self._mean, probs)
        else:
            self._carry_on(probs, drift, box_around(box, self._box))
        self._box = box
        return self._mean

    def _carry_on(self, probs: Probs, drift: npt.NDArray[np.float64], box: tuple[int, int, int, int]) -> None:
        """Move the mean by the drift and mix the new probabilities in; outside the box, take them as they are."""
        assert self._mean is not None
        left, top, right, bottom = box
        to_box = drift - [[0, 0, left], [0, 0, top]]
        if left >= right:
            np.copyto(self._mean, probs)
            return
        inside, size_wh = np.s_[:, top:bottom, left:right], (right - left, bottom - top)
        old = np.stack([cv2.warpAffine(mean, to_box, size_wh, borderMode=cv2.BORDER_REPLICATE) for mean in self._mean])
        change = probs[inside] - old
        share = self._strength.mean_share
        new_share = change * change  # 1 - share * (1 - (change / FORGETFUL_CHANGE) ** 2)
        new_share *= share / FORGETFUL_CHANGE**2
        new_share += 1 - share
        new_share *= change
        np.copyto(self._mean, probs)
        np.add(old, new_share, out=self._mean[inside])

    def _visible_box(self, probs: Probs) -> tuple[int, int, int, int]:
        """box_xyxy of the crop around what is not surely background, and a rim; all of it in models without one."""
        height, width = probs.shape[1:]
        if self._background is None:
            return 0, 0, width, height
        x, y, w, h = cv2.boundingRect(cv2.compare(probs[self._background], SURELY_BACKGROUND, cv2.CMP_LT))
        if not w:
            return width, height, 0, 0  # nothing: another box together with it is that box
        return max(0, x - RIM_PX), max(0, y - RIM_PX), min(width, x + w + RIM_PX), min(height, y + h + RIM_PX)


def box_around(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The box_xyxy that holds both."""
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
