"""Augmentation moves the picture and its label map together, and its spoiling moves nothing."""

import math
from collections import Counter

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import LAYOUTS, BgrImage, CropLayout
from realtime.core.regions import MIRROR, Region
from tests.train.pictures import FixedDraws, dot_in, noise_image
from train.augmentation import augment
from train.augmentation.augment import (
    LIGHT_SHIFT_PX,
    OCCLUDERS,
    augment_lightly,
    augment_pair,
    center_pair,
    mirror_pair,
    mirror_points,
    random_crop_matrix,
    spoil,
)
from train.augmentation.worn import cover_with_mask, wear_sunglasses
from train.data.label_set import MARGIN_PX

SEEDS = range(12)
PALETTE = np.array([[i % 2 * 255, i // 2 % 2 * 255, i // 4 * 255] for i in range(len(Region))], np.uint8)
"""A colour for each region id, as far from the others as eight colours can be."""


@pytest.fixture
def unspoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Augmentation that only moves and mirrors: colours tell which pixel is which."""
    monkeypatch.setattr(augment, "spoil", lambda crop, _: crop)
    monkeypatch.setattr(augment, "OCCLUDERS", {})


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


def test_the_places_of_eyes_and_mouth_move_with_the_crop_worked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # (33, 21) off the centre comes (2 * 21, -2 * 33) off it, then to (92, 114); this generator mirrors nothing.
    places: list[npt.NDArray[np.float64]] = []

    def remember(
        crop: BgrImage, label_map: npt.NDArray[np.uint8], expected: npt.NDArray[np.float64], _: np.random.Generator
    ) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
        places.append(expected)
        return crop, label_map

    monkeypatch.setattr(augment, "occlude", remember)
    monkeypatch.setattr(augment, "spoil", lambda crop, _: crop)
    draws = FixedDraws([90, math.log(2), (3, 5)])
    augment_pair(noise_image(1), np.zeros((314, 274), np.uint8), draws, LAYOUTS["tight"])
    assert_allclose(places[0], [[92 - 42, 114 + 66], [92 - 42, 114 - 66], [92 + 106, 114]], atol=1e-9)


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


def test_light_augmentation_is_the_same_in_every_layout(striped_label_map: npt.NDArray[np.uint8]) -> None:
    one, two = (
        augment_lightly(noise_image(1), striped_label_map, np.random.default_rng(4), layout)
        for layout in LAYOUTS.values()
    )
    assert_array_equal(one[0], two[0])


def test_the_points_of_a_mirrored_crop_worked_by_hand() -> None:
    points = np.array([[50.0, 80.0], [120.0, 84.0], [90.0, 160.0]])
    assert_allclose(mirror_points(points), [[58, 84], [128, 80], [88, 160]])


@pytest.mark.usefixtures("unspoilt")
def test_each_occluder_comes_as_often_as_stated(
    monkeypatch: pytest.MonkeyPatch, striped_label_map: npt.NDArray[np.uint8]
) -> None:
    seen: Counter[str] = Counter()

    def counting(name: str) -> augment.Occlude:
        def count(
            crop: BgrImage, label_map: npt.NDArray[np.uint8], *_: object
        ) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
            seen[name] += 1
            return crop, label_map

        return count

    monkeypatch.setattr(augment, "OCCLUDERS", {counting("often"): 0.5, counting("seldom"): 0.1, counting("never"): 0.0})
    for seed in range(300):
        augment_pair(noise_image(1), striped_label_map, np.random.default_rng(seed))
    assert 120 < seen["often"] < 180
    assert 12 < seen["seldom"] < 50
    assert not seen["never"]


def test_most_faces_stay_uncovered() -> None:
    assert 0.55 < math.prod(1 - chance for chance in OCCLUDERS.values()) < 0.75


@pytest.mark.parametrize("layout", list(LAYOUTS.values()), ids=list(LAYOUTS))
@pytest.mark.parametrize("cover", [wear_sunglasses, cover_with_mask])
def test_occluders_go_where_the_face_is_when_nothing_of_it_is_labelled(
    cover: augment.Occlude, layout: CropLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Closed eyes and a covered mouth: only the layout tells. Both sides, so that a wrong mirror would show.
    monkeypatch.setattr(augment, "OCCLUDERS", {cover: 1.0})
    monkeypatch.setattr(augment, "spoil", lambda crop, _: crop)
    for index in (0, 1) if cover is wear_sunglasses else (2,):
        canvas = np.full((314, 274, 3), 90, np.uint8)
        x, y = (layout.points_px[index] + MARGIN_PX).astype(int)
        canvas[y - 2 : y + 3, x - 2 : x + 3] = (0, 255, 0)
        for seed in SEEDS:
            nothing = np.zeros((314, 274), np.uint8)
            crop, _ = augment_pair(BgrImage(canvas), nothing, np.random.default_rng(seed), layout)
            green = crop.astype(int)[..., 1] - crop.astype(int)[..., [0, 2]].max(axis=2)
            assert (green > 150).sum() == 0


def test_a_face_of_few_pixels_has_their_noise_and_blocks_brought_up(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, ...]] = []

    def remember(crop: BgrImage, _: np.random.Generator) -> BgrImage:
        sizes.append(crop.shape)
        return crop

    monkeypatch.setattr(augment, "LIGHT_AND_LENS", {})
    monkeypatch.setattr(augment, "SENSOR_AND_CALL", {remember: 1.0})
    monkeypatch.setattr(augment, "FEW_PIXELS_CHANCE", 1.0)
    for seed in range(60):
        assert spoil(noise_image(4, (218, 178)), np.random.default_rng(seed)).shape == (218, 178, 3)
    heights = [shape[0] for shape in sizes]
    assert 36 <= min(heights) < 60  # a fifth to four fifths
    assert 150 < max(heights) <= 176
