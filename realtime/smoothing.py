"""Steadier crops and masks: the One-Euro filter, and an average of probabilities that lets go when things move."""

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from realtime.geometry import CropTransform
from realtime.postprocess import Probs


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
        mean_share: share of the old mean kept in the new probabilities of a face that stands still.
        moving_px: a crop that moved this far since the last frame keeps nothing of the old mean.
    """

    cutoff_hz: float
    cutoff_per_speed: float
    mean_share: float
    moving_px: float


STRENGTHS = {
    Smoothing.LOW: SmoothingStrength(cutoff_hz=2.0, cutoff_per_speed=0.2, mean_share=0.5, moving_px=2.0),
    Smoothing.HIGH: SmoothingStrength(cutoff_hz=1.0, cutoff_per_speed=0.1, mean_share=0.7, moving_px=3.0),
}
SPEED_CUTOFF_HZ = 1.0
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
    """One face's probabilities over time: an exponential mean in crop space, forgotten as far as the crop moves."""

    def __init__(self, strength: SmoothingStrength) -> None:
        self._strength = strength
        self._mean: Probs | None = None
        self._crop: CropTransform | None = None

    def smooth(self, probs: Probs, crop: CropTransform) -> Probs:
        """The mean so far.

        Args:
            probs: of this frame. Read, never kept.
            crop: where they were computed.

        Returns:
            the mean, owned by this object and valid until the next call.
        """
        if self._mean is None or self._crop is None:
            self._mean = probs.copy()
        else:
            still = max(0.0, 1 - crop_motion_px(self._crop, crop) / self._strength.moving_px)
            share = self._strength.mean_share * still
            height = probs.shape[0] * probs.shape[1]  # OpenCV takes one pass where numpy takes three
            cv2.accumulateWeighted(probs.reshape(height, -1), self._mean.reshape(height, -1), 1 - share)
        self._crop = crop
        return self._mean


def crop_motion_px(before: CropTransform, after: CropTransform) -> float:
    """How far the face moved from one crop to the other, in crop pixels: shift, turn and scale taken together."""
    shift = math.dist(before.mid_eye_px, after.mid_eye_px) * after.scale
    turn = abs(math.remainder(after.angle_rad - before.angle_rad, 2 * math.pi)) * TURN_RADIUS_PX
    zoom = abs(math.log(after.scale / before.scale)) * TURN_RADIUS_PX
    return shift + turn + zoom
