"""Camera faults: each does what it says, as strongly as asked, and moves nothing."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import BgrImage
from tests.train.pictures import FixedDraws, dot_in, noise_image
from train.augmentation.camera_faults import (
    add_any_noise,
    add_noise,
    bring_up,
    cast_color,
    change_light,
    compress,
    defocus,
    dim,
    fade_color,
    reduce_size,
    smear,
)

SEEDS = range(12)


def flat(level: int | tuple[int, int, int], shape_hw: tuple[int, int] = (218, 178)) -> BgrImage:
    return BgrImage(np.full((*shape_hw, 3), level, np.uint8))


@pytest.mark.parametrize("fault", [change_light, cast_color, fade_color, defocus, smear, dim, add_any_noise, compress])
@pytest.mark.parametrize("level", [0, 255], ids=["black", "white"])
def test_a_fault_keeps_size_and_type_and_leaves_the_crop_alone(
    fault: Callable[[BgrImage, np.random.Generator], BgrImage], level: int
) -> None:
    crop = flat(level)
    for seed in SEEDS:
        spoilt = fault(crop, np.random.default_rng(seed))
        assert (spoilt.shape, spoilt.dtype) == ((218, 178, 3), np.uint8)
        assert (crop == level).all()


def test_noise_makes_no_picture_brighter_or_darker() -> None:
    noisy = add_noise(flat(110), 3.0, np.random.default_rng(0))
    assert noisy.mean() == pytest.approx(110, abs=0.05)  # cut off, not rounded, it would be half a level less


def test_any_noise_is_mostly_weak_and_sometimes_strong() -> None:
    stds = [add_any_noise(flat(110), np.random.default_rng(seed)).std() for seed in range(80)]
    assert min(stds) < 3
    assert max(stds) > 15
    assert 4 < np.median(stds) < 11


def test_another_lamp_is_warm_or_cool_and_keeps_grey_light() -> None:
    casts = np.array([cast_color(flat(120, (4, 4)), np.random.default_rng(seed))[0, 0] for seed in range(80)], int)
    blue, green, red = casts.T
    assert (red - blue).max() > 50
    assert (red - blue).min() < -50
    assert np.abs(red - blue).mean() > 2 * np.abs(2 * green - red - blue).mean() / 2
    assert np.abs(casts.mean(axis=1) - 120).max() < 25


def test_colours_fade_towards_grey() -> None:
    faded = [fade_color(flat((40, 90, 200), (4, 4)), np.random.default_rng(seed))[0, 0] for seed in range(40)]
    spans = [int(np.ptp(color.astype(int))) for color in faded]
    assert max(spans) <= 160 * 0.7 + 2
    assert min(spans) < 12
    assert all(color[0] <= color[1] <= color[2] for color in faded)


def test_little_light_is_dark_and_noisy() -> None:
    dark = [dim(flat(200), np.random.default_rng(seed)) for seed in range(40)]
    assert max(crop.mean() for crop in dark) < 190
    assert min(crop.mean() for crop in dark) < 110
    assert min(crop.std() for crop in dark) > 3.5


def test_compression_makes_blocks() -> None:
    ramp = np.linspace(60, 180, 176).astype(np.uint8)
    crop = BgrImage(np.ascontiguousarray(np.broadcast_to(ramp[:, None, None], (176, 176, 3))))
    crops = [compress(crop, np.random.default_rng(seed)) for seed in SEEDS]
    worst = max(crops, key=lambda spoilt: np.ptp(np.diff(spoilt[:, 0, 0].astype(int))))
    steps = np.abs(np.diff(worst[:, 0, 0].astype(int)))
    assert steps[7::8].mean() > 2 * np.delete(steps, np.s_[7::8]).mean()


def test_the_longest_smear_is_as_long_as_stated_and_thin() -> None:
    dot = flat(0, (61, 61)).copy()
    dot[30, 30] = 255
    smeared = [smear(BgrImage(dot), np.random.default_rng(seed))[..., 0] for seed in range(80)]
    lengths = [float(np.hypot(*(np.ptp(axis) for axis in np.nonzero(picture > 3)))) for picture in smeared]
    assert 11 < max(lengths) < 17
    assert min(lengths) <= 3.5
    assert max((picture > 3).sum() for picture in smeared) < 3 * 17


def test_noise_is_as_strong_as_asked_in_every_channel() -> None:
    flat = BgrImage(np.full((218, 178, 3), 110, np.uint8))
    noisy = add_noise(flat, 10.0, np.random.default_rng(0))
    assert_allclose(noisy.std(axis=(0, 1)), 10.0, rtol=0.03)


def test_no_change_of_light_leaves_the_crop_as_it_is() -> None:
    crop = noise_image(5, (20, 20))
    assert_array_equal(change_light(crop, FixedDraws([0, 0, 0, (0, 0, 0)])), crop)


@pytest.mark.parametrize(
    ("draws", "expected"),
    [
        ([math.log(2), 0, 0, (0, 0, 0)], [0, 16, 64, 255]),
        ([0, math.log(2), 0, (0, 0, 0)], [0, 0, 128, 255]),
        ([0, 0, 0.1, (0, 0, 0)], [26, 90, 154, 255]),
        ([0, 0, 0, (math.log(0.5),) * 3], [0, 32, 64, 128]),
    ],
    ids=["gamma 2", "twice the contrast", "a tenth brighter", "half the gain"],
)
def test_each_change_of_light_worked_by_hand(draws: list[float | list[float]], expected: list[int]) -> None:
    # The levels are 0, 64, 128 and 255 of 255; gamma 2 squares them: 64 ** 2 / 255 = 16.06.
    crop = np.repeat(np.array([[0, 64, 128, 255]], np.uint8)[:, :, None], 3, axis=2)
    found = change_light(BgrImage(crop), FixedDraws(draws))[0, :, 0]
    assert_allclose(found.astype(int), expected, atol=1)


def test_each_channel_has_a_gain_of_its_own() -> None:
    crop = BgrImage(np.full((1, 1, 3), 100, np.uint8))
    found = change_light(crop, FixedDraws([0, 0, 0, (math.log(0.5), 0, math.log(2))]))
    assert_array_equal(found, [[[50, 100, 200]]])


def test_a_lower_resolution_averages_what_it_cannot_show() -> None:
    checkers = (np.indices((218, 178)).sum(axis=0) % 2 * 254).astype(np.uint8)
    reduced = reduce_size(BgrImage(np.repeat(checkers[:, :, None], 3, axis=2)), 0.5)
    assert_array_equal(reduced, np.full((109, 89, 3), 127))


def spread_by(change: Callable[[BgrImage], BgrImage]) -> npt.NDArray[np.float64]:
    """How far a change moves a dot in the middle of a small image, in pixels."""
    image = np.zeros((61, 51, 3), np.uint8)
    image[28:33, 23:28] = 255
    return dot_in(change(BgrImage(image))) - (25.5, 30.5)


@pytest.mark.parametrize("share", [0.25, 0.37, 0.5, 0.8])
def test_a_lower_resolution_moves_nothing(share: float) -> None:
    assert_allclose(spread_by(lambda image: bring_up(reduce_size(image, share), (51, 61))), (0, 0), atol=0.2)


def test_no_blur_moves_anything() -> None:
    for blur in (defocus, smear):
        moves = [spread_by(lambda image, b=blur, s=seed: b(image, np.random.default_rng(s))) for seed in range(60)]
        assert_allclose(moves, np.zeros((60, 2)), atol=0.3)


@pytest.mark.parametrize("blur", [defocus, smear])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_blur_smears_and_keeps_the_light(
    seed: int, blur: Callable[[BgrImage, np.random.Generator], BgrImage]
) -> None:
    image = np.zeros((61, 51, 3), np.uint8)
    image[28:33, 23:28] = 255
    blurred = blur(BgrImage(image), np.random.default_rng(seed))
    assert (blurred > 0).sum() > (image > 0).sum()
    assert float(blurred.sum()) == pytest.approx(float(image.sum()), rel=0.05)
