"""Places on a face, and what lies over a crop."""

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import TIGHT, BgrImage
from realtime.core.regions import Region
from train.augmentation.layer import (
    FacePlace,
    find_points,
    grid_mm,
    hide,
    lay_over,
    shaded,
    skin_color,
    soft_texture,
    stroke,
)

LabelMap = npt.NDArray[np.uint8]


def test_millimetres_on_a_face_worked_by_hand() -> None:
    # 126 px between the eyes are 2 a millimetre across, 70 px down to the mouth 1 a millimetre.
    place = FacePlace.from_points(np.array([[10.0, 20.0], [136.0, 20.0], [73.0, 90.0]]))
    assert_allclose(place.to_crop([(0, 0), (31.5, 0), (0, 70), (-10, 10)]), [(73, 20), (136, 20), (73, 90), (53, 30)])
    assert place.px_per_mm == pytest.approx(2)


def test_a_rolled_face_has_rolled_millimetres(crop: BgrImage) -> None:
    place = FacePlace.from_points(np.array([[89.0, 40.0], [89.0, 103.0], [19.0, 71.5]]))  # a quarter turn clockwise
    assert_allclose(place.to_crop([(31.5, 0), (0, 70)]), [(89, 103), (19, 71.5)], atol=1e-9)
    x_mm, y_mm = grid_mm(crop, place)
    assert (x_mm[102, 88], y_mm[102, 88]) == pytest.approx((31, 0.5), abs=1e-4)  # pixel centres: (88.5, 102.5)
    assert x_mm.dtype == y_mm.dtype == np.float32


def test_labels_tell_where_eyes_and_mouth_are_and_expectation_where_they_do_not(face_map: LabelMap) -> None:
    expected = np.array([[41.0, 82.0], [133.0, 84.0], [85.0, 176.0]])
    assert_allclose(find_points(face_map, expected), TIGHT.points_px, atol=0.3)
    closed = np.where(np.isin(face_map, [Region.LEFT_EYE, Region.LEFT_IRIS]), 0, face_map)
    assert_allclose(find_points(closed, expected)[1], (133, 84))
    assert_allclose(find_points(closed, expected)[[0, 2]], TIGHT.points_px[[0, 2]], atol=0.3)
    assert_array_equal(expected, [[41, 82], [133, 84], [85, 176]])


def test_labels_that_span_no_face_are_not_believed(face_map: LabelMap) -> None:
    expected = TIGHT.points_px + 2
    in_a_row = np.zeros_like(face_map)
    for column, region in ((20, Region.RIGHT_EYE), (80, Region.LEFT_EYE), (140, Region.LOWER_LIP)):
        in_a_row[100:110, column : column + 10] = region
    assert_array_equal(find_points(in_a_row, expected), expected)
    assert_array_equal(find_points(np.ascontiguousarray(face_map[:, ::-1]), expected), expected)  # right is left


def test_a_cover_is_seen_where_it_covers_and_nowhere_else(crop: BgrImage) -> None:
    alpha = np.zeros((218, 178), np.uint8)
    alpha[50:100, 60:120] = 255
    cover = np.full((218, 178, 3), (10, 20, 30), np.uint8)
    before = crop.copy()
    for covered in (lay_over(crop, cover, alpha), lay_over(crop, np.array([10, 20, 30], np.float32), alpha)):
        assert_array_equal(covered[54:96, 64:116], cover[54:96, 64:116])
        outside = np.ones((218, 178), bool)
        outside[46:104, 56:124] = False
        assert_array_equal(covered[outside], before[outside])
    assert_array_equal(crop, before)
    half = lay_over(crop, cover, np.full((218, 178), 128, np.uint8))
    assert_allclose(half[0, 0], (np.array([10, 20, 30]) + crop[0, 0]) / 2, atol=1)


def test_nothing_laid_over_changes_nothing(crop: BgrImage) -> None:
    assert_array_equal(lay_over(crop, np.zeros(3, np.float32), np.zeros((218, 178), np.uint8)), crop)


def test_what_is_more_than_half_covered_is_background() -> None:
    label_map = np.full((1, 4), Region.LOWER_LIP, np.uint8)
    alpha = np.array([[0, 127, 128, 255]], np.uint8)
    assert_array_equal(hide(label_map, alpha), [[Region.LOWER_LIP, Region.LOWER_LIP, 0, 0]])


def test_a_colour_is_shaded_and_added_to_and_stays_a_level() -> None:
    shade, added = np.array([[1.0, 0.5, 2.0]], np.float32), np.array([[0.0, 10.0, 0.0]], np.float32)
    found = shaded(np.array([100, 40, 200], np.float32), shade, added)
    assert_array_equal(found, [[[100, 40, 200], [60, 30, 110], [200, 80, 255]]])


@pytest.mark.parametrize("width_px", [0.5, 1.0, 6.0])
def test_a_stroke_is_as_wide_as_asked(width_px: float) -> None:
    alpha = np.zeros((40, 40), np.uint8)
    stroke(alpha, np.array([[-10.0, 20.0], [50.0, 20.0]]), width_px)
    assert alpha[:, 20].sum() / 255 == pytest.approx(width_px, rel=0.45)  # cv2's thinnest line is 1.4 wide


def test_the_skins_colour_is_that_between_the_eyes(crop: BgrImage, place: FacePlace) -> None:
    colors = np.array([skin_color(crop, place, np.random.default_rng(seed)) for seed in range(60)])
    own = np.abs(colors / colors.sum(axis=1, keepdims=True) - np.array([120, 150, 200]) / 470).max(axis=1) < 0.03
    assert 0.6 < own.mean() < 0.97  # some hands are another person's
    outside = skin_color(BgrImage(np.zeros_like(crop)), place, np.random.default_rng(3))
    assert outside.max() > 30  # black is no skin


def test_texture_varies_slowly_and_as_strongly_as_asked(crop: BgrImage) -> None:
    texture = soft_texture(crop, np.random.default_rng(0), 5)
    assert texture.shape == (218, 178)
    assert 3 < texture.std() < 7
    assert np.abs(np.diff(texture, axis=0)).max() < 5
