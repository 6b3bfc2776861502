"""New colours keep light and shade; blocks keep nothing."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from realtime.drawing.effects import BLOCKS, GAIN_LIMITS, LUMA_BGR, pixelate, shade_table

RED = (40, 28, 178)  # luma 74.2


def luma(shades: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    return shades.reshape(-1, 3) @ LUMA_BGR


def test_a_surface_as_light_as_the_colour_takes_on_the_colour_itself() -> None:
    table = shade_table(RED, mean_luma=74, pull=0.0)
    assert_allclose(table[74, 0], RED, atol=1)


def test_a_shade_worked_by_hand() -> None:
    # Half as light as the colour (luma 100): half of it. Half way to white (178 of 255) is past the tint: grey.
    table = shade_table((50, 100, 118), mean_luma=100, pull=0.0)
    assert_allclose(table[50, 0], (25, 50, 59), atol=1)
    assert_allclose(table[255, 0], (255, 255, 255))
    assert_allclose(table[0, 0], (0, 0, 0))


@pytest.mark.parametrize(("pull", "mean"), [(0.0, 150), (1.0, 74)])
def test_the_pull_moves_the_mean_to_the_colours_own_lightness(pull: float, mean: int) -> None:
    assert luma(shade_table(RED, mean_luma=150, pull=pull))[150] == pytest.approx(mean, abs=8)


colors = st.tuples(*[st.integers(0, 255)] * 3)


@given(colors, st.floats(0, 255), st.floats(0, 1))
def test_lighter_stays_lighter_black_stays_black_and_white_white(
    color: tuple[int, int, int], mean_luma: float, pull: float
) -> None:
    table = shade_table(color, mean_luma, pull)
    assert table.shape == (256, 1, 3)
    assert_array_equal(table[0, 0], 0)
    assert_array_equal(table[255, 0], 255)
    if max(color) < 200 and 40 < mean_luma < 200:  # a colour at its brightest cannot get lighter and stay a colour
        assert np.diff(luma(table)).min() > -3


@pytest.mark.parametrize("mean_luma", [0, 5, 250, 255])
def test_under_dim_and_harsh_light_no_colour_glows(mean_luma: int) -> None:
    made = luma(shade_table((200, 200, 200), mean_luma, pull=1.0))[mean_luma]
    assert GAIN_LIMITS[0] * mean_luma - 1 <= made <= GAIN_LIMITS[1] * mean_luma + 1


def test_blocks_are_the_means_of_what_they_cover() -> None:
    # 12 wide makes 6 blocks of 2 by 2.
    pixels = np.random.default_rng(0).integers(0, 256, (4, 12, 3), np.uint8)
    means = pixels.reshape(2, 2, 6, 2, 3).mean(axis=(1, 3))
    pixelate(pixels)
    assert_allclose(pixels, means.repeat(2, axis=0).repeat(2, axis=1), atol=0.51)


@pytest.mark.parametrize("size_hw", [(2, 2), (1, 9), (9, 1), (3, 2), (37, 61), (120, 170), (431, 997)])
def test_no_more_than_a_few_flat_blocks_are_left(size_hw: tuple[int, int]) -> None:
    before = np.random.default_rng(1).integers(0, 256, (*size_hw, 3), np.uint8)
    pixels = before.copy()
    pixelate(pixels)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) <= min(BLOCKS**2, max(1, before.size // 6))
    assert (pixels == before).all(axis=2).mean() < 0.05


def test_what_is_left_does_not_depend_on_how_pixels_lie_within_a_block() -> None:
    one = np.zeros((60, 60, 3), np.uint8)
    one[::2] = 200
    other = np.zeros((60, 60, 3), np.uint8)
    other[:, ::2] = 200
    pixelate(one)
    pixelate(other)
    assert_array_equal(one, other)
    assert (one == 100).all()


def test_pixels_of_a_larger_frame_are_changed_in_place() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    before = frame.copy()
    pixelate(frame[10:30, 20:40])
    assert (frame[10:30, 20:40] != before[10:30, 20:40]).mean() > 0.9
    frame[10:30, 20:40] = before[10:30, 20:40]
    assert_array_equal(frame, before)
