"""Smoothing: steady where the face stands still, out of the way where it moves, its memory its own."""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import CELEBA, BgrImage, CropTransform
from realtime.face import Box, Probs
from realtime.tracking.smoothing import (
    STRENGTHS,
    CropSmoother,
    OneEuroFilter,
    PartMean,
    ProbsSmoother,
    Smoothing,
    SmoothingStrength,
    carried,
    low_pass_share,
)

LOW, HIGH = STRENGTHS[Smoothing.LOW], STRENGTHS[Smoothing.HIGH]
ONE = np.ones(1)
TURN_S = 1 / (2 * math.pi)
"""A time in which a cutoff of 1 Hz takes in half of what is new."""
CROP = CropTransform((100.0, 200.0), 2.0, 0.0)
BOTH = pytest.mark.parametrize("strength", [LOW, HIGH], ids=["low", "high"])


def at(value: float) -> npt.NDArray[np.float64]:
    return np.array([value], np.float64)


def test_off_has_no_strength_and_every_other_level_has() -> None:
    assert set(STRENGTHS) == set(Smoothing) - {Smoothing.OFF}


@pytest.mark.parametrize(
    ("cutoff_hz", "share"), [(0.0, 0.0), (1.0, 0.5), (3.0, 0.75), (1e12, 1.0)], ids=["shut", "half", "3 of 4", "open"]
)
def test_the_share_of_a_low_pass_worked_by_hand(cutoff_hz: float, share: float) -> None:
    assert low_pass_share(cutoff_hz, TURN_S) == pytest.approx(share)


@BOTH
@settings(deadline=None)
@given(
    hnp.arrays(np.float64, 4, elements=st.floats(-1e4, 1e4)),
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=2, max_size=10),
)
def test_a_constant_stays_what_it_is(
    strength: SmoothingStrength, value: npt.NDArray[np.float64], gaps: list[float]
) -> None:
    smoother = OneEuroFilter(strength)
    for time_s in np.cumsum(gaps):
        assert_array_equal(smoother.filter(value, float(time_s), np.ones(4)), value)


@pytest.mark.parametrize(
    ("cutoff_hz", "cutoff_per_speed", "expected"),
    [(1.0, 0.0, 5.0), (3.0, 0.0, 7.5), (0.0, 1 / (20 * math.pi), 5.0), (2.0, 1 / (20 * math.pi), 7.5)],
    ids=["half", "3 of 4", "half, by speed alone", "2 Hz and 1 Hz more for the speed"],
)
def test_a_step_of_the_one_euro_filter_worked_by_hand(
    cutoff_hz: float, cutoff_per_speed: float, expected: float
) -> None:
    # From 0 to 10 in 1 / 2 pi seconds: speed 20 pi, of which the speed's own filter takes in half: 10 pi.
    # One unit moves the face by 2 pixels: 20 pi pixels a second.
    smoother = OneEuroFilter(SmoothingStrength(cutoff_hz, cutoff_per_speed, 0.0))
    assert smoother.filter(at(0), 5.0, 2 * ONE) == 0
    assert smoother.filter(at(10), 5.0 + TURN_S, 2 * ONE) == pytest.approx(expected)


def lag_s(strength: SmoothingStrength, speed: float) -> float:
    """By how much a value that rises steadily comes late, after two seconds."""
    smoother = OneEuroFilter(strength)
    for index in range(61):
        value = smoother.filter(at(speed * index / 30), index / 30, ONE)[0]
    return float(2 - value / speed)


@BOTH
def test_the_faster_it_moves_the_less_it_lags(strength: SmoothingStrength) -> None:
    lags = [lag_s(strength, speed) for speed in (1.0, 10.0, 100.0, 1000.0)]
    assert lags == sorted(lags, reverse=True)
    assert lags[0] > 3 * lags[2]
    assert lags[3] < 0.002


@BOTH
def test_trembling_is_damped(strength: SmoothingStrength) -> None:
    tremble = np.random.default_rng(0).normal(0, 0.3, 200)
    smoother = OneEuroFilter(strength)
    smooth = [smoother.filter(at(value), index / 30, ONE)[0] for index, value in enumerate(tremble)]
    assert np.abs(np.diff(smooth)).mean() < 0.5 * np.abs(np.diff(tremble)).mean()


def test_high_damps_more_than_low() -> None:
    steps = []
    for strength in (LOW, HIGH):
        smoother = OneEuroFilter(strength)
        smoother.filter(at(0), 0.0, ONE)
        steps.append(smoother.filter(at(1), 1 / 30, ONE)[0])
    assert 0 < steps[1] < steps[0] < 1


@pytest.mark.parametrize("time_s", [1.0, 0.5], ids=["stands still", "goes back"])
def test_when_time_does_not_go_on_the_filter_begins_anew(time_s: float) -> None:
    smoother = OneEuroFilter(LOW)
    smoother.filter(at(0), 0.9, ONE)
    smoother.filter(at(5), 1.0, ONE)
    assert smoother.filter(at(50), time_s, ONE) == 50


def test_the_filter_keeps_neither_the_callers_array_nor_hands_out_its_own() -> None:
    smoother = OneEuroFilter(SmoothingStrength(1.0, 0.0, 0.0))
    measured = at(0)
    first = smoother.filter(measured, 0.0, ONE)
    measured[:] = 10  # the caller reuses its array for the next measurement
    first[:] = 77
    second = smoother.filter(measured, TURN_S, ONE)
    assert second == pytest.approx(5)
    second[:] = 77
    assert smoother.filter(at(10), 2 * TURN_S, ONE) == pytest.approx(7.5)
    assert measured == 10


@BOTH
def test_a_crop_that_stands_still_is_left_alone(strength: SmoothingStrength) -> None:
    smoother = CropSmoother(strength)
    crop = CropTransform((100.0, 200.0), 1.7, -3.0, CELEBA)
    for index in range(5):
        smooth = smoother.smooth(crop, index / 30)
        assert smooth.mid_eye_px == crop.mid_eye_px
        assert (smooth.scale, smooth.angle_rad) == pytest.approx((crop.scale, crop.angle_rad))
        assert smooth.layout is CELEBA


def test_all_four_numbers_of_a_crop_are_smoothed_worked_by_hand() -> None:
    smoother = CropSmoother(SmoothingStrength(1.0, 0.0, 0.0))
    smoother.smooth(CropTransform((100.0, 200.0), 1.0, 0.1), 0.0)
    smooth = smoother.smooth(CropTransform((110.0, 180.0), 4.0, 0.3), TURN_S)
    assert smooth.mid_eye_px == pytest.approx((105, 190))
    assert smooth.scale == pytest.approx(2)  # the middle of 1 and 4 is a doubling from either
    assert smooth.angle_rad == pytest.approx(0.2)


def test_a_crop_that_turns_past_half_a_turn_goes_on_turning() -> None:
    # From 0.1 short of half a turn to 0.1 past it, written as -pi + 0.1: half way is half a turn, not zero.
    smoother = CropSmoother(SmoothingStrength(1.0, 0.0, 0.0))
    smoother.smooth(replace(CROP, angle_rad=math.pi - 0.1), 0.0)
    smooth = smoother.smooth(replace(CROP, angle_rad=-math.pi + 0.1), TURN_S)
    assert math.cos(smooth.angle_rad) == pytest.approx(-1)


@BOTH
@settings(deadline=None)
@given(st.floats(-math.pi, math.pi), st.sampled_from([-0.2, 0.2]))
def test_a_head_that_turns_round_and_round_is_followed(
    strength: SmoothingStrength, start_rad: float, step_rad: float
) -> None:
    smoother = CropSmoother(strength)
    for index in range(70):
        angle = math.remainder(start_rad + index * step_rad, 2 * math.pi)
        smooth = smoother.smooth(replace(CROP, angle_rad=angle), index / 30)
        assert abs(math.remainder(smooth.angle_rad - angle, 2 * math.pi)) <= 0.25


def textured_crop() -> BgrImage:
    """Noise that is coarse enough to be followed."""
    noise = np.random.default_rng(0).integers(0, 256, (55, 45, 3), np.uint8)
    return BgrImage(cv2.resize(noise, (178, 218), interpolation=cv2.INTER_CUBIC))


def moved(pixels: npt.NDArray[np.uint8], drift: npt.NDArray[np.float64]) -> BgrImage:
    return BgrImage(cv2.warpAffine(pixels, drift, (178, 218), borderMode=cv2.BORDER_REFLECT))


STILL = textured_crop()


WHOLE = [(6, 6, 172, 212)]
"""A part that fills the crop, but for the rim that is added to it."""


def probs(value: float) -> Probs:
    """(2, 218, 178): background, and an eye all over the crop with this probability."""
    return np.stack([np.full((218, 178), share, np.float32) for share in (1 - value, value)])


def smoother(strength: SmoothingStrength) -> ProbsSmoother:
    """Of a model of background and one eye."""
    return ProbsSmoother(strength, [[1, 0]])


def smoothed(of: ProbsSmoother, value: Probs, crop_bgr: BgrImage, boxes: Sequence[Box | None] = WHOLE) -> Probs:
    of.smooth(value, crop_bgr, boxes)
    return value


@pytest.mark.parametrize(
    ("strength", "shares"),
    [
        (LOW, (0.55 * (1 - 0.36 / 1.69), 0.55 * (1 - 0.01 / 1.69))),
        (HIGH, (0.7 * (1 - 0.36 / 1.69), 0.7 * (1 - 0.01 / 1.69))),
    ],
    ids=["low", "high"],
)
def test_the_mean_of_probabilities_worked_by_hand(strength: SmoothingStrength, shares: tuple[float, float]) -> None:
    # A change of 0.6 lets go of 0.36 / 1.69 of the share, one of 0.1 of hardly anything.
    for new, share in zip((0.8, 0.3), shares, strict=True):
        mean = smoother(strength)
        assert_array_equal(smoothed(mean, probs(0.2), STILL), probs(0.2))
        expected = share * 0.2 + (1 - share) * new
        assert_allclose(smoothed(mean, probs(new), STILL)[1], expected, rtol=1e-4)


def test_the_mean_is_carried_along_as_the_face_drifts_in_its_crop() -> None:
    drift = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, -2.0]])
    eye = probs(0.0)
    eye[:, 100:120, 80:100] = [[[0.0]], [[1.0]]]
    mean = smoother(LOW)
    smoothed(mean, eye, STILL, [(80, 100, 100, 120)])
    shown = smoothed(mean, probs(0.0), moved(STILL, drift), [None])
    kept = 0.55 * (1 - 1 / 1.69)
    assert_allclose(shown[1, 99:117, 84:102], kept, atol=0.01)  # 20 x 20, three to the right and two up
    assert_allclose(shown[1, 99:117, 76:81], 0, atol=0.01)
    assert_allclose(shown.sum(axis=0), 1, atol=1e-5)


def test_a_mean_is_turned_about_the_crops_corner_and_not_its_own_worked_by_hand() -> None:
    # Pixel (12, 21) of the crop, by x' = 60 - y and y' = x + 5, comes to (39, 17): (3, 2) of the box.
    mean = np.zeros((1, 3, 4), np.float32)
    mean[0, 1, 2] = 1
    quarter_turn = np.array([[0.0, -1.0, 60.0], [1.0, 0.0, 5.0]])
    brought = carried(PartMean((10, 20, 14, 23), (10, 20), mean), quarter_turn, (36, 15, 44, 20))
    expected = np.zeros((1, 5, 8))
    expected[0, 2, 3] = 1
    assert_allclose(brought, expected, atol=1e-6)


def test_a_part_that_went_leaves_one_fainter_trace_and_no_more() -> None:
    eye = probs(0.0)
    eye[:, 100:120, 80:100] = [[[0.0]], [[1.0]]]
    mean = smoother(LOW)
    smoothed(mean, eye, STILL, [(80, 100, 100, 120)])
    assert smoothed(mean, probs(0.0), STILL, [None])[1].max() < 0.5
    assert_array_equal(smoothed(mean, probs(0.0), STILL, [None]), probs(0.0))


def test_after_a_cut_nothing_of_the_old_mean_is_kept() -> None:
    mean = smoother(LOW)
    smoothed(mean, probs(0.2), STILL)
    assert_array_equal(smoothed(mean, probs(0.8), BgrImage(np.full_like(STILL, 90))), probs(0.8))


def test_only_around_a_part_and_only_its_channels_are_smoothed() -> None:
    three = np.zeros((3, 218, 178), np.float32)
    mean = ProbsSmoother(HIGH, [[1, 0]])
    smoothed(mean, three.copy(), STILL, [(80, 100, 100, 120)])
    shown = smoothed(mean, three + 0.5, STILL, [(80, 100, 100, 120)])
    inside = np.zeros((218, 178), bool)
    inside[94:126, 74:106] = True
    assert_array_equal(shown[2], 0.5)
    assert_array_equal(shown[:2, ~inside], 0.5)
    assert_allclose(shown[:2, inside], 0.5 * (1 - 0.7 * (1 - 0.25 / 1.69)), rtol=1e-4)


def test_a_buffer_that_is_used_again_does_not_change_the_mean() -> None:
    mean = smoother(LOW)
    buffer, crop = probs(0.2), STILL.copy()
    mean.smooth(buffer, BgrImage(crop), WHOLE)
    buffer[:], crop[:] = probs(0.8), 0
    mean.smooth(buffer, STILL, WHOLE)
    share = 0.55 * (1 - 0.36 / 1.69)
    assert_allclose(buffer[1], share * 0.2 + (1 - share) * 0.8, rtol=1e-4)


@BOTH
@settings(deadline=None, max_examples=20)
@given(st.floats(0, 1, width=32))
def test_the_mean_of_equal_probabilities_is_what_they_are(strength: SmoothingStrength, value: float) -> None:
    mean = smoother(strength)
    for _ in range(4):
        assert_allclose(smoothed(mean, probs(value), STILL), probs(value), atol=1e-6)
