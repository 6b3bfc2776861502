"""Colour lands on the regions, as strong as it should be, and every other pixel stays what it was."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from realtime.geometry import CropTransform
from realtime.overlay import Overlay
from realtime.postprocess import Probs
from realtime.preprocess import BgrImage
from realtime.regions import COLORS_BGR, REGION_GROUPS, Region

ALL = tuple(Region)
SHOWN = ALL[1:]
AS_IT_IS = CropTransform((189.0, 138.0), 1.0, 0.0)
"""Crop pixel (x, y) is frame pixel (x + 100, y + 50)."""


def noise(height: int = 480, width: int = 640) -> BgrImage:
    return BgrImage(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def probs_in(region: Region, left: int, top: int, right: int, bottom: int, prob: float = 1.0) -> Probs:
    probs = np.zeros((len(ALL), 218, 178), np.float32)
    probs[region, top:bottom, left:right] = prob
    probs[Region.BACKGROUND] = 1 - probs[region]
    return probs


def blended(below: npt.NDArray[np.uint8], region: Region, alpha: float) -> npt.NDArray[np.float64]:
    return below * (1 - alpha) + alpha * np.array(COLORS_BGR[region], np.float64)


@pytest.mark.parametrize("region", SHOWN)
@pytest.mark.parametrize("opacity", [0.3, 1.0])
def test_a_regions_colour_lands_at_its_place_and_nowhere_else(region: Region, opacity: float) -> None:
    frame = noise()
    Overlay(ALL, SHOWN, opacity).draw(frame, probs_in(region, 40, 60, 70, 80), AS_IT_IS)
    place = np.s_[110:130, 140:170]
    assert_allclose(frame[place], blended(noise()[place], region, opacity), atol=1.5)
    untouched = np.ones((480, 640), bool)
    untouched[place] = False
    assert_array_equal(frame[untouched], noise()[untouched])


def test_a_blend_worked_by_hand() -> None:
    # 0.4 of the left iris's green (0, 140, 0) over (100, 200, 50): 60, 56 + 120, 30.
    frame = BgrImage(np.full((480, 640, 3), (100, 200, 50), np.uint8))
    Overlay(ALL, SHOWN, 0.4).draw(frame, probs_in(Region.LEFT_IRIS, 40, 60, 70, 80), AS_IT_IS)
    assert_allclose(frame[120, 150], [60, 176, 30], atol=1)


def test_a_face_that_lies_on_its_side_and_is_large_is_coloured_there() -> None:
    # A quarter turn clockwise and twice the size: crop (119..129, 88..90) is 60..80 below and 0..4 left of the mid-eye.
    frame = noise()
    crop = CropTransform((300.0, 200.0), 0.5, math.pi / 2)
    Overlay(ALL, SHOWN, 1.0).draw(frame, probs_in(Region.LEFT_EYE, 119, 88, 129, 90), crop)
    assert_allclose(frame[262:278, 298], np.broadcast_to(COLORS_BGR[Region.LEFT_EYE], (16, 3)), atol=1)
    changed = np.argwhere((frame != noise()).any(axis=2))
    assert_allclose([changed.min(axis=0), changed.max(axis=0)], [[260, 296], [279, 299]], atol=1)


@pytest.mark.parametrize("prob", [1.0, 0.4], ids=["sure", "unsure"])
def test_an_opacity_of_nothing_changes_nothing(prob: float) -> None:
    frame = noise()
    Overlay(ALL, SHOWN, 0.0).draw(frame, probs_in(Region.UPPER_LIP, 0, 0, 178, 218, prob), AS_IT_IS)
    assert_array_equal(frame, noise())


def test_regions_that_are_not_shown_are_not_drawn() -> None:
    overlay = Overlay(ALL, REGION_GROUPS["lips"], 1.0)
    frame = noise()
    overlay.draw(frame, probs_in(Region.LEFT_EYE, 40, 60, 70, 80), AS_IT_IS)
    assert_array_equal(frame, noise())
    overlay.draw(frame, probs_in(Region.LOWER_LIP, 40, 60, 70, 80), AS_IT_IS)
    assert (frame[110:130, 140:170] == COLORS_BGR[Region.LOWER_LIP]).all()


def test_channels_may_come_in_another_order() -> None:
    frame = noise()
    probs = np.zeros((2, 218, 178), np.float32)
    probs[0, 60:80, 40:70] = 1
    Overlay((Region.UPPER_LIP, Region.RIGHT_EYE), SHOWN, 1.0).draw(frame, probs, AS_IT_IS)
    assert (frame[110:130, 140:170] == COLORS_BGR[Region.UPPER_LIP]).all()


def alpha_at(probs: Probs, crop: CropTransform = AS_IT_IS) -> npt.NDArray[np.float64]:
    """(480, 640) how much of white a red lip of full opacity covers."""
    frame = BgrImage(np.full((480, 640, 3), 255, np.uint8))
    Overlay(ALL, SHOWN, 1.0).draw(frame, probs, crop)
    green = COLORS_BGR[Region.LOWER_LIP][1]
    return (255.0 - frame[:, :, 1]) / (255 - green)


@settings(deadline=None, max_examples=25)
@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_more_probable_is_never_fainter(one: float, other: float) -> None:
    less, more = sorted((one, other))
    probs = probs_in(Region.LOWER_LIP, 20, 20, 60, 60, less)
    probs[Region.LOWER_LIP, 20:60, 100:140] = more
    alpha = alpha_at(probs)
    assert alpha[90, 140] <= alpha[90, 220]


@pytest.mark.parametrize(
    ("prob", "alpha"), [(0.2, 0), (0.25, 0), (0.375, 0.25), (0.5, 0.5), (0.7, 0.9), (0.75, 1), (1, 1)]
)
def test_colour_sets_in_around_a_probability_of_a_half(prob: float, alpha: float) -> None:
    assert alpha_at(probs_in(Region.LOWER_LIP, 40, 60, 70, 80, prob))[120, 150] == pytest.approx(alpha, abs=0.02)


@pytest.mark.parametrize("scale", [1.0, 0.2], ids=["as it is", "5 times as large"])
def test_an_edge_is_soft_and_monotone(scale: float) -> None:
    probs = np.zeros((len(ALL), 218, 178), np.float32)
    probs[Region.LOWER_LIP] = np.clip((np.arange(178) - 60) / 40, 0, 1)
    alpha = alpha_at(probs, CropTransform((300.0, 240.0), scale, 0.0))[240]
    inside = alpha[: int(300 + 80 / scale)]
    assert (np.diff(inside) >= 0).all()
    assert np.diff(inside).max() < 0.08
    assert (inside.min(), inside.max()) == (0, pytest.approx(1, abs=0.02))


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 640), (480, 1), (3, 2)])
def test_tiny_frames_are_coloured_too(size_hw: tuple[int, int]) -> None:
    frame = noise(*size_hw)
    Overlay(ALL, SHOWN, 1.0).draw(
        frame, probs_in(Region.MOUTH_INSIDE, 0, 0, 178, 218), CropTransform((1.0, 1.0), 1.0, 0.0)
    )
    assert (frame[:2, :2] == COLORS_BGR[Region.MOUTH_INSIDE]).all()


@pytest.mark.parametrize(
    "mid_eye", [(-300.0, 100.0), (900.0, 100.0), (100.0, -1e5)], ids=["left", "right", "far above"]
)
def test_a_face_outside_the_frame_draws_nothing(mid_eye: tuple[float, float]) -> None:
    frame = noise()
    Overlay(ALL, SHOWN, 1.0).draw(frame, probs_in(Region.UPPER_LIP, 0, 0, 178, 218), CropTransform(mid_eye, 1.0, 0.0))
    assert_array_equal(frame, noise())


def test_the_probabilities_are_read_and_not_changed() -> None:
    probs = probs_in(Region.UPPER_LIP, 10, 10, 50, 50, 0.6)
    kept = probs.copy()
    Overlay(ALL, SHOWN, 0.5).draw(noise(), probs, AS_IT_IS)
    assert_array_equal(probs, kept)
