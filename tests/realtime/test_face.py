"""What a face of the Python API offers."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import CropTransform
from realtime.core.regions import Region, regions_from_names
from realtime.face import (
    Face,
    Probs,
    frame_label_map,
    label_crop,
    measure_parts,
    part_channels,
    region_polygons,
)

REGIONS = (Region.BACKGROUND, Region.UPPER_LIP, Region.LOWER_LIP)
AS_THE_FRAME = CropTransform((89.0, 88.0), 1.0, 0.0)
"""The crop lies on the frame's top left corner, pixel upon pixel."""


def face_with(region: Region, rows: slice, columns: slice, transform: CropTransform = AS_THE_FRAME) -> Face:
    """A face with one rectangle of one region."""
    probs = np.zeros((3, 218, 178), np.float32)
    probs[0] = 1
    probs[:, rows, columns] = 0
    probs[REGIONS.index(region), rows, columns] = 1
    return Face(1, transform, probs, REGIONS)


def test_the_label_map_is_the_crops() -> None:
    label_map = face_with(Region.LOWER_LIP, slice(10, 14), slice(20, 30)).label_map
    assert label_map.shape == (218, 178)
    assert (label_map[10:14, 20:30] == Region.LOWER_LIP).all()
    assert np.count_nonzero(label_map) == 40


def test_polygons_are_in_frame_pixels_and_only_of_what_is_seen() -> None:
    twice_as_large = CropTransform((178.0, 176.0), 0.5, 0.0)
    polygons = face_with(Region.LOWER_LIP, slice(10, 14), slice(20, 30), twice_as_large).polygons
    assert list(polygons) == [Region.LOWER_LIP]
    (outline,) = polygons[Region.LOWER_LIP]
    assert_array_equal([outline.min(axis=0), outline.max(axis=0)], [[40, 20], [60, 28]])


def test_the_frames_label_map_holds_all_faces_the_later_on_top() -> None:
    first = face_with(Region.UPPER_LIP, slice(10, 14), slice(20, 30))
    second = face_with(Region.LOWER_LIP, slice(10, 14), slice(26, 36))
    label_map = frame_label_map([first, second], (200, 240))
    assert label_map.shape == (240, 200)
    assert_array_equal(label_map[12, 18:38], [0] * 2 + [Region.UPPER_LIP] * 6 + [Region.LOWER_LIP] * 10 + [0] * 2)


def test_a_copy_keeps_its_probabilities() -> None:
    face = face_with(Region.UPPER_LIP, slice(10, 14), slice(20, 30))
    kept = face.copy()
    face.probs[:] = 0
    assert np.count_nonzero(kept.label_map == Region.UPPER_LIP) == 40


def test_filling_all_outlines_gives_the_region_with_its_hole() -> None:
    face = face_with(Region.UPPER_LIP, slice(10, 30), slice(20, 60))
    face.probs[:, 15:20, 30:50] = np.array([1, 0, 0], np.float32)[:, None, None]
    outlines = face.polygons[Region.UPPER_LIP]
    assert len(outlines) == 2
    filled = np.zeros((218, 178), np.uint8)
    fine = [np.round((outline - 0.5) * 256).astype(np.int32) for outline in outlines]  # OpenCV's centre is (0, 0)
    cv2.fillPoly(filled, fine, 1, shift=8)
    wrong = np.count_nonzero((filled == 1) != (face.label_map == Region.UPPER_LIP))
    assert wrong <= 2 * (20 + 40) + 2 * (5 + 20)  # fillPoly paints the rim too
    assert filled[17, 40] == 0


ALL = tuple(Region)
EYES_AND_LIPS = (Region.RIGHT_EYE, Region.LEFT_EYE, Region.UPPER_LIP, Region.LOWER_LIP)
AS_IT_IS = CropTransform((189.0, 138.0), 1.0, 0.0)
"""Crop pixel (x, y) is frame pixel (x + 100, y + 50)."""


def probs_of(regions: tuple[Region, ...], *boxes: tuple[Region, tuple[int, int, int, int], float]) -> Probs:
    """(C, 218, 178) with a probability for each (region, box_xyxy); the rest is background, where there is one."""
    probs = np.zeros((len(regions), 218, 178), np.float32)
    for region, (left, top, right, bottom), prob in boxes:
        probs[regions.index(region), top:bottom, left:right] = prob
    if Region.BACKGROUND in regions:
        probs[regions.index(Region.BACKGROUND)] = 1 - probs.sum(axis=0)
    return probs


@pytest.mark.parametrize(
    ("names", "channels"),
    [
        ([region.name.lower() for region in Region], [[1, 3], [2, 4], [5, 6, 7]]),
        (["right_eye", "left_eye", "upper_lip", "lower_lip"], [[0], [1], [2, 3]]),
        (["background", "mouth_inside", "left_iris", "right_iris"], [[3], [2], [1]]),
        (["background", "right_iris", "left_iris"], None),
        (["background", "right_eye", "upper_lip"], None),
        ([], None),
    ],
    ids=["ours", "eyes and lips", "another order", "irises alone", "one eye", "none"],
)
def test_a_face_is_followed_by_the_channels_of_both_eyes_and_the_mouth(
    names: list[str], channels: list[list[int]] | None
) -> None:
    assert part_channels(regions_from_names(names)) == channels


def test_parts_measured_by_hand() -> None:
    boxes = [
        (Region.RIGHT_EYE, (50, 80, 60, 90), 0.9),
        (Region.LEFT_EYE, (120, 85, 121, 99), 0.8),
        (Region.UPPER_LIP, (80, 150, 100, 156), 0.7),
        (Region.LOWER_LIP, (80, 160, 100, 166), 0.9),
    ]
    parts = measure_parts(probs_of(EYES_AND_LIPS, *boxes), [[0], [1], [2, 3]])
    # The lower lip is twice as far above one half as the upper: the mouth is at (153 + 2 * 163) / 3.
    assert_allclose(parts.points, [[55, 85], [120.5, 92], [90, 479 / 3]], rtol=1e-6)
    assert_array_equal(parts.areas_px, [100, 14, 240])
    assert_allclose(parts.certainty, [0.9, 0.8, 0.8], rtol=1e-6)


def test_an_iris_is_part_of_its_eye_and_their_probabilities_add_up() -> None:
    probs = probs_of(ALL, (Region.RIGHT_EYE, (50, 80, 60, 90), 0.4), (Region.RIGHT_IRIS, (50, 80, 70, 90), 0.4))
    parts = measure_parts(probs, part_channels(ALL) or [])
    assert_allclose(parts.points[0], [55, 85])  # where both are: 0.8; the iris alone is 0.4
    assert (parts.areas_px[0], parts.certainty[0]) == (100, pytest.approx(0.8))


@pytest.mark.parametrize(("width", "is_seen"), [(11, False), (12, True)])
def test_a_part_of_a_few_pixels_is_not_seen(width: int, is_seen: bool) -> None:
    parts = measure_parts(probs_of(EYES_AND_LIPS, (Region.LEFT_EYE, (10, 20, 10 + width, 21), 0.9)), [[0], [1], [2]])
    assert parts.areas_px[1] == width
    assert np.isfinite(parts.points[1]).all() == is_seen
    assert (parts.certainty[1] > 0) == is_seen
    assert np.isnan(parts.points[[0, 2]]).all()
    assert_array_equal(parts.certainty[[0, 2]], 0)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 150), st.integers(0, 190), st.integers(4, 28), st.integers(4, 28))
def test_the_centroid_of_a_box_is_its_middle(left: int, top: int, width: int, height: int) -> None:
    box = (left, top, left + width, top + height)
    parts = measure_parts(probs_of(EYES_AND_LIPS, (Region.RIGHT_EYE, box, 0.9)), [[0], [1], [2]])
    assert_allclose(parts.points[0], [left + width / 2, top + height / 2])


def test_measuring_leaves_the_probabilities_alone() -> None:
    probs = probs_of(ALL, (Region.RIGHT_EYE, (50, 80, 60, 90), 0.9))
    kept = probs.copy()
    measure_parts(probs, part_channels(ALL) or [])
    assert_array_equal(probs, kept)


def test_each_pixel_gets_the_id_of_its_most_probable_region() -> None:
    probs = np.array([[[0.5, 0.2, 0.1]], [[0.3, 0.45, 0.0]], [[0.2, 0.35, 0.9]]], np.float32)
    regions = (Region.BACKGROUND, Region.LEFT_IRIS, Region.UPPER_LIP)
    assert_array_equal(label_crop(probs, regions), [[0, 4, 5]])
    assert label_crop(probs, regions).dtype == np.uint8


def test_a_model_without_background_is_unsure_below_a_half() -> None:
    probs = np.array([[[0.49, 0.5, 0.9]], [[0.1, 0.2, 0.95]]], np.float32)
    assert_array_equal(label_crop(probs, (Region.LEFT_EYE, Region.LOWER_LIP)), [[0, 2, 6]])


def test_an_outline_runs_between_the_pixels_where_two_regions_are_equally_probable() -> None:
    # From 0.9 at column 90 to 0.3 at column 91 the lip falls as fast as the background rises from 0.1 to 0.7: they are
    # equal two thirds of the way, at 90.5 + 2 / 3 in points whose first pixel's centre is (0.5, 0.5).
    probs = probs_of((Region.BACKGROUND, Region.UPPER_LIP), (Region.UPPER_LIP, (80, 100, 91, 120), 0.9))
    probs[:, 100:120, 91] = [[0.7], [0.3]]
    (outline,) = region_polygons(probs, CropTransform((89.0, 88.0), 1.0, 0.0), (Region.BACKGROUND, Region.UPPER_LIP))[
        Region.UPPER_LIP
    ]
    assert outline[:, 0].max() == pytest.approx(90.5 + 2 / 3, abs=1e-4)
    assert not np.array_equal(outline[0], outline[-1])  # closed without saying its first point twice


def test_outlines_of_a_model_without_background_are_where_it_is_unsure() -> None:
    probs = probs_of((Region.RIGHT_IRIS,), (Region.RIGHT_IRIS, (10, 10, 20, 20), 1.0))
    outlines = region_polygons(probs, AS_IT_IS, (Region.RIGHT_IRIS,))[Region.RIGHT_IRIS]
    assert_allclose([outlines[0].min(axis=0), outlines[0].max(axis=0)], [[110, 60], [120, 70]], atol=1e-6)


def test_a_region_at_the_crops_rim_has_a_closed_outline_and_pieces_come_largest_first() -> None:
    boxes = [(Region.LEFT_EYE, (0, 0, 4, 4), 1.0), (Region.LEFT_EYE, (50, 50, 70, 60), 1.0)]
    large, small = region_polygons(probs_of(ALL, *boxes), AS_IT_IS, ALL)[Region.LEFT_EYE]
    assert_allclose([large.min(axis=0), large.max(axis=0)], [[150, 100], [170, 110]], atol=1e-6)
    assert small.min() < 101


def test_what_is_not_seen_has_no_outline() -> None:
    assert region_polygons(probs_of(ALL), AS_IT_IS, ALL) == {}
