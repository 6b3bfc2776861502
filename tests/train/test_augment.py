"""Augmentation moves the picture and its label map together, and its spoiling moves nothing."""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from realtime.preprocess import BgrImage
from realtime.regions import MIRROR, Region
from train import augment
from train.augment import (
    LIGHT_SHIFT_PX,
    add_noise,
    augment_lightly,
    augment_pair,
    blur,
    center_pair,
    change_light,
    cover_part,
    lower_resolution,
    mirror_pair,
    random_crop_matrix,
    spoil,
)
from train.label_set import MARGIN_PX

SEEDS = range(12)
PALETTE = np.array([[i % 2 * 255, i // 2 % 2 * 255, i // 4 * 255] for i in range(len(Region))], np.uint8)
"""A colour for each region id, as far from the others as eight colours can be."""


class FixedDraws(np.random.Generator):
    """A generator whose `normal` answers what it was told, one call after the other."""

    def __init__(self, normals: Sequence[float | Sequence[float]]) -> None:
        super().__init__(np.random.PCG64(0))
        self._normals = iter(normals)

    def normal(self, *_: object, **__: object) -> npt.NDArray[np.float64]:
        return np.array(next(self._normals), np.float64)


def noise_image(seed: int, shape_hw: tuple[int, int] = (314, 274)) -> BgrImage:
    return BgrImage(np.random.default_rng(seed).integers(0, 256, (*shape_hw, 3), np.uint8))


def dot_in(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(2,) where the light of an image has its centre; the first pixel's is (0.5, 0.5)."""
    light = image.reshape(*image.shape[:2], -1).astype(np.float64).sum(axis=2)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
    return np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()


@pytest.fixture
def unspoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Augmentation that only moves and mirrors: colours tell which pixel is which."""
    monkeypatch.setattr(augment, "spoil", lambda crop, _: crop)
    monkeypatch.setattr(augment, "cover_part", lambda crop, label_map, _: (crop, label_map))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_gives_the_same_example(seed: int, striped_label_map: npt.NDArray[np.uint8]) -> None:
    canvas = noise_image(1)
    one = augment_pair(canvas, striped_label_map, np.random.default_rng(seed))
    two = augment_pair(canvas, striped_label_map, np.random.default_rng(seed))
    assert_array_equal(one[0], two[0])
    assert_array_equal(one[1], two[1])


def test_an_example_is_of_the_networks_size_and_type_and_the_canvas_is_left_alone(
    striped_label_map: npt.NDArray[np.uint8],
) -> None:
    canvas = noise_image(1)
    before = canvas.copy(), striped_label_map.copy()
    for seed in SEEDS:
        crop, label_map = augment_pair(canvas, striped_label_map, np.random.default_rng(seed))
        assert (crop.shape, crop.dtype) == ((218, 178, 3), np.uint8)
        assert (label_map.shape, label_map.dtype) == ((218, 178), np.uint8)
        assert label_map.max() <= max(Region)
        crop[:], label_map[:] = 0, 0
    assert_array_equal(canvas, before[0])
    assert_array_equal(striped_label_map, before[1])


@pytest.mark.usefixtures("unspoilt")
def test_picture_and_label_map_stay_together_and_both_sides_are_seen(
    striped_label_map: npt.NDArray[np.uint8],
) -> None:
    canvas = BgrImage(PALETTE[striped_label_map])
    mirrored_id = np.array([MIRROR.get(region, region) for region in Region])
    mirrored_count = 0
    for seed in range(40):
        crop, label_map = augment_pair(canvas, striped_label_map, np.random.default_rng(seed))
        away_from_edges = cv2.dilate(label_map, np.ones((5, 5))) == cv2.erode(label_map, np.ones((5, 5)))
        away_from_edges[:, [0, 1, -2, -1]] = False  # a stripe's edge may be just outside
        upright = (crop == PALETTE[label_map]).all(axis=2)[away_from_edges].all()
        mirrored = (crop == PALETTE[mirrored_id[label_map]]).all(axis=2)[away_from_edges].all()
        assert upright != mirrored
        assert away_from_edges.mean() > 0.5
        mirrored_count += mirrored
    assert 10 <= mirrored_count <= 30


@pytest.mark.usefixtures("unspoilt")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_dot_of_the_picture_stays_on_its_dot_of_the_label_map(seed: int) -> None:
    canvas, label_map = np.zeros((314, 274, 3), np.uint8), np.zeros((314, 274), np.uint8)
    canvas[150:155, 120:125] = 255
    label_map[150:155, 120:125] = Region.UPPER_LIP
    crop, moved = augment_pair(BgrImage(canvas), label_map, np.random.default_rng(seed))
    assert_allclose(dot_in(moved), dot_in(crop), atol=0.35)  # whole pixels against shades of grey


def test_moving_a_label_map_makes_up_no_region() -> None:
    label_map = np.zeros((314, 274), np.uint8)
    label_map[::9, ::7] = Region.MOUTH_INSIDE
    for seed in SEEDS:
        _, moved = augment_pair(noise_image(1), label_map, np.random.default_rng(seed))
        assert set(np.unique(moved)) == {Region.BACKGROUND, Region.MOUTH_INSIDE}


def test_the_middle_of_the_canvas_is_the_crop_as_it_was_placed(striped_label_map: npt.NDArray[np.uint8]) -> None:
    canvas = noise_image(2)
    crop, label_map = center_pair(canvas, striped_label_map)
    assert_array_equal(crop, canvas[48:266, 48:226])
    assert_array_equal(label_map, striped_label_map[48:266, 48:226])


def test_no_turn_no_scale_and_no_shift_take_the_middle_of_the_canvas() -> None:
    assert_allclose(random_crop_matrix(FixedDraws([0, 0, (0, 0)])), [[1, 0, -48], [0, 1, -48]])


def test_a_quarter_turn_at_twice_the_size_worked_by_hand() -> None:
    # About the centre (89, 109), then 3 right and 5 down. 1 right of it on the canvas comes 2 above it in the crop.
    matrix = random_crop_matrix(FixedDraws([90, math.log(2), (3, 5)]))
    points = np.array([[89 + 48, 109 + 48, 1.0], [90 + 48, 109 + 48, 1.0], [89 + 48, 110 + 48, 1.0]])
    points[:, :2] -= 0.5  # OpenCV's pixel centres
    assert_allclose(points @ matrix.T + 0.5, [[92, 114], [92, 112], [94, 114]], atol=1e-9)


def test_crops_are_moved_about_as_much_as_stated() -> None:
    matrices = [random_crop_matrix(np.random.default_rng(seed)) for seed in range(400)]
    degrees = [math.degrees(math.atan2(matrix[0, 1], matrix[0, 0])) for matrix in matrices]
    scales = [math.hypot(matrix[0, 0], matrix[0, 1]) for matrix in matrices]
    centers = [matrix @ (89 + 48 - 0.5, 109 + 48 - 0.5, 1) + 0.5 for matrix in matrices]
    assert np.std(degrees) == pytest.approx(9, rel=0.2)
    assert np.std(np.log(scales)) == pytest.approx(0.09, rel=0.2)
    assert_allclose(np.mean(centers, axis=0), (89, 109), atol=1)
    assert_allclose(np.std(centers, axis=0), (6, 6), rtol=0.2)


def test_a_mirrored_pair_worked_by_hand() -> None:
    crop = np.array([[[1, 2, 3], [4, 5, 6], [7, 8, 9]]], np.uint8)
    label_map = np.array([[Region.LEFT_EYE, Region.BACKGROUND, Region.LOWER_LIP]], np.uint8)
    mirrored, mirrored_map = mirror_pair(BgrImage(crop), label_map)
    assert_array_equal(mirrored, [[[7, 8, 9], [4, 5, 6], [1, 2, 3]]])
    assert_array_equal(mirrored_map, [[Region.LOWER_LIP, Region.BACKGROUND, Region.RIGHT_EYE]])


@settings(deadline=None)
@given(hnp.arrays(np.uint8, (4, 5, 3)), hnp.arrays(np.uint8, (4, 5), elements=st.integers(0, 7)))
def test_mirrored_twice_a_pair_is_itself(crop: npt.NDArray[np.uint8], label_map: npt.NDArray[np.uint8]) -> None:
    again, map_again = mirror_pair(*mirror_pair(BgrImage(crop), label_map))
    assert_array_equal(again, crop)
    assert_array_equal(map_again, label_map)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_covered_becomes_background_and_the_rest_stays(seed: int) -> None:
    crop = BgrImage(np.full((218, 178, 3), 90, np.uint8))
    label_map = np.full((218, 178), Region.LOWER_LIP, np.uint8)
    covered, covered_map = cover_part(crop, label_map, np.random.default_rng(seed))
    is_covered = covered_map != label_map
    assert 20 < is_covered.sum() < 0.5 * is_covered.size
    assert (covered_map[is_covered] == Region.BACKGROUND).all()
    far = cv2.dilate(is_covered.astype(np.uint8), np.ones((11, 11))) == 0
    assert_array_equal(covered[far], crop[far])
    deep = cv2.erode(is_covered.astype(np.uint8), np.ones((11, 11)), borderValue=0) > 0
    assert (covered[deep] != 90).any(axis=1).mean() > 0.8
    assert (label_map == Region.LOWER_LIP).all()
    assert (crop == 90).all()


def test_some_examples_are_covered_and_most_are_not(
    monkeypatch: pytest.MonkeyPatch, striped_label_map: npt.NDArray[np.uint8]
) -> None:
    monkeypatch.setattr(augment, "spoil", lambda crop, _: crop)
    covers: list[int] = []

    def count(crop: BgrImage, label_map: npt.NDArray[np.uint8], rng: np.random.Generator) -> tuple[object, object]:
        covers.append(1)
        return cover_part(crop, label_map, rng)

    monkeypatch.setattr(augment, "cover_part", count)
    for seed in range(100):
        augment_pair(noise_image(1), striped_label_map, np.random.default_rng(seed))
    assert 10 <= len(covers) <= 40


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("level", [0, 255], ids=["black", "white"])
def test_a_spoilt_crop_keeps_its_size_and_type(seed: int, level: int) -> None:
    crop = BgrImage(np.full((218, 178, 3), level, np.uint8))
    spoilt = spoil(crop, np.random.default_rng(seed))
    assert (spoilt.shape, spoilt.dtype) == ((218, 178, 3), np.uint8)
    assert (crop == level).all()


def test_spoiling_changes_every_crop_another_way() -> None:
    crop = noise_image(4, (218, 178))
    spoilt = [spoil(crop, np.random.default_rng(seed)).tobytes() for seed in SEEDS]
    assert len({crop.tobytes(), *spoilt}) == len(SEEDS) + 1


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
    reduced = lower_resolution(BgrImage(np.repeat(checkers[:, :, None], 3, axis=2)), 0.5)
    assert_array_equal(reduced, np.full((218, 178, 3), 127))


def spread_by(change: Callable[[BgrImage], BgrImage]) -> npt.NDArray[np.float64]:
    """How far a change moves a dot in the middle of a small image, in pixels."""
    image = np.zeros((61, 51, 3), np.uint8)
    image[28:33, 23:28] = 255
    return dot_in(change(BgrImage(image))) - (25.5, 30.5)


@pytest.mark.parametrize("share", [0.25, 0.37, 0.5, 0.8])
def test_a_lower_resolution_moves_nothing(share: float) -> None:
    assert_allclose(spread_by(lambda image: lower_resolution(image, share)), (0, 0), atol=0.2)


def test_no_blur_moves_anything() -> None:
    moves = [spread_by(lambda image, s=seed: blur(image, np.random.default_rng(s))) for seed in range(60)]
    assert_allclose(moves, np.zeros((60, 2)), atol=0.3)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_blur_smears_and_keeps_the_light(seed: int) -> None:
    image = np.zeros((61, 51, 3), np.uint8)
    image[28:33, 23:28] = 255
    blurred = blur(BgrImage(image), np.random.default_rng(seed))
    assert (blurred > 0).sum() > (image > 0).sum()
    assert float(blurred.sum()) == pytest.approx(float(image.sum()), rel=0.05)


def test_light_augmentation_moves_by_whole_pixels_and_keeps_every_label() -> None:
    rng = np.random.default_rng(3)
    canvas = BgrImage(np.repeat(rng.integers(0, 256, (314, 274, 1), np.uint8), 3, axis=2))
    label_map = rng.integers(0, 8, (314, 274), np.uint8)
    places = set()
    for _ in range(40):
        crop, moved = augment_lightly(canvas, label_map, rng)
        assert crop.shape == (218, 178, 3)
        (place,) = [
            (x, y)
            for y in range(MARGIN_PX - LIGHT_SHIFT_PX, MARGIN_PX + LIGHT_SHIFT_PX + 1)
            for x in range(MARGIN_PX - LIGHT_SHIFT_PX, MARGIN_PX + LIGHT_SHIFT_PX + 1)
            if np.array_equal(moved, label_map[y : y + 218, x : x + 178])
        ]
        x, y = place
        order = np.corrcoef(crop[..., 0].ravel(), canvas[y : y + 218, x : x + 178, 0].ravel())[0, 1]
        assert order > 0.8  # the same picture, lit otherwise
        places.add(place)
    assert len(places) > 25
