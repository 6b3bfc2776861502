"""Landmarks to label map: areas, centres and lids, checked on faces made of ellipses."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import CROP_SIZE_WH, BgrImage
from realtime.core.regions import COLORS_BGR, Region, mirror_label_map
from train.data.partial_labels import MOUTH_WHOLE, UNKNOWN
from train.labelling.label_maps import (
    CLOSED_EYE_OPENNESS,
    CLOSED_MOUTH_OPENNESS,
    COLOR_SHARE,
    OPEN_MOUTH_OPENNESS,
    OVERSAMPLING,
    close_lips,
    draw_label_map,
    eye_openness,
    face_points,
    fill_polygon,
    iris_disc,
    mouth_is_in_doubt,
    mouth_openness,
    polygon_centroid,
    reduce_label_map,
    tint,
)
from train.labelling.landmarks import LOWER_LIP_TOP, UPPER_LIP_BOTTOM

DrawnFace = Callable[..., npt.NDArray[np.float64]]
WIDTH, HEIGHT = CROP_SIZE_WH


@pytest.mark.parametrize(
    ("polygon", "centroid"),
    [
        ([[0, 0], [4, 0], [4, 2], [0, 2]], (2, 1)),
        ([[0, 4], [2, 4], [2, 2], [4, 2], [4, 0], [0, 0]], (5 / 3, 5 / 3)),
        ([[0, 0], [6, 0], [0, 3]], (2, 1)),
        ([[0, 0], [4, 0], [4, 2], [2, 2], [2, 4], [0, 4]], (5 / 3, 5 / 3)),
        ([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 2], [0, 2]], (2, 1)),
        ([[0, 0], [1, 0], [5, 0]], (2, 0)),
        ([[7, 7], [7, 7], [7, 7]], (7, 7)),
    ],
    ids=["rectangle", "an L the other way round", "triangle", "an L", "more corners on one side", "flat", "one point"],
)
def test_the_centroid_is_that_of_the_area(polygon: list[list[float]], centroid: tuple[float, float]) -> None:
    assert_allclose(polygon_centroid(np.array(polygon, np.float64)), centroid, atol=1e-12)


@settings(deadline=None)
@given(st.floats(-1000, 1000), st.floats(-1000, 1000), st.floats(0.1, 10), st.integers(0, 5))
def test_the_centroid_moves_with_its_polygon_wherever_the_polygon_starts(
    x: float, y: float, scale: float, start: int
) -> None:
    polygon = np.array([[0, 0], [4, 0], [4, 2], [2, 2], [2, 4], [0, 4]], np.float64)
    moved = np.roll(polygon * scale + (x, y), start, axis=0)
    assert_allclose(polygon_centroid(moved), (5 / 3 * scale + x, 5 / 3 * scale + y), atol=1e-6)


def test_the_face_points_are_right_eye_left_eye_and_mouth(drawn_face: DrawnFace) -> None:
    landmarks = drawn_face(right_eye=(50, 80), left_eye=(120, 84), mouth=(86, 160), right_eye_half_height=3)
    assert_allclose(face_points(landmarks), [[50, 80], [120, 84], [86, 160]], atol=1e-9)


@pytest.mark.parametrize("half_height", [0.0, 1.5, 7.5])
def test_eye_openness_is_the_lids_mean_distance_over_the_eyes_width(half_height: float, drawn_face: DrawnFace) -> None:
    # The middle pair of points is at the ellipse's top and bottom, the two beside it at 67.5 degrees.
    landmarks = drawn_face(eye_half_width=15, left_eye_half_height=half_height, right_eye_half_height=9)
    lid_distance = 2 * half_height * (1 + 2 * math.sin(math.radians(67.5))) / 3
    assert eye_openness(landmarks, Region.LEFT_EYE) == pytest.approx(lid_distance / 30)


def test_each_region_is_drawn_where_it_is_on_the_face(drawn_face: DrawnFace) -> None:
    label_map = draw_label_map(drawn_face(), CROP_SIZE_WH)
    assert label_map.shape == (HEIGHT, WIDTH)
    assert label_map.dtype == np.uint8
    at = {
        (10, 10): Region.BACKGROUND,
        (88, 56): Region.RIGHT_IRIS,
        (88, 122): Region.LEFT_IRIS,
        (88, 46): Region.RIGHT_EYE,
        (88, 66): Region.RIGHT_EYE,
        (88, 112): Region.LEFT_EYE,
        (88, 132): Region.LEFT_EYE,
        (88, 89): Region.BACKGROUND,
        (154, 89): Region.UPPER_LIP,
        (170, 89): Region.LOWER_LIP,
        (162, 89): Region.MOUTH_INSIDE,
        (140, 89): Region.BACKGROUND,
    }
    assert {place: Region(label_map[place]) for place in at} == at


def test_each_region_covers_the_area_of_its_shape(drawn_face: DrawnFace) -> None:
    areas = np.bincount(draw_label_map(drawn_face(), CROP_SIZE_WH).ravel(), minlength=len(Region))
    # An eye's outline is a polygon of 16 corners: 8 sin(22.5 degrees) a b, in place of pi a b.
    eye = 8 * math.sin(math.radians(22.5)) * 15 * 8
    iris = math.pi * 6**2
    sixth_of_ten_corners = 10 / 2 * math.sin(math.radians(18))
    inside = 2 * sixth_of_ten_corners * 22 * 4
    lip = sixth_of_ten_corners * (26 * 12 - 22 * 4)
    expected = [eye - iris, eye - iris, iris, iris, lip, lip, inside]
    assert_allclose(areas[1:], expected, rtol=0.03)


def test_every_region_is_centred_where_its_shape_is(drawn_face: DrawnFace) -> None:
    label_map = draw_label_map(drawn_face(), CROP_SIZE_WH)
    for region, center in (
        (Region.RIGHT_IRIS, (56, 88)),
        (Region.LEFT_IRIS, (122, 88)),
        (Region.RIGHT_EYE, (56, 88)),
        (Region.LEFT_EYE, (122, 88)),
        (Region.MOUTH_INSIDE, (89, 162)),
    ):
        rows, columns = np.nonzero(label_map == region)
        assert_allclose((columns.mean() + 0.5, rows.mean() + 0.5), center, atol=0.25)


def test_a_lid_covers_the_iris_that_is_larger_than_the_opening(drawn_face: DrawnFace) -> None:
    landmarks = drawn_face(iris_radius=7.0, right_eye_half_height=4.0)
    label_map = draw_label_map(landmarks, CROP_SIZE_WH)
    rows, _ = np.nonzero(label_map == Region.RIGHT_IRIS)
    assert rows.min() >= 88 - 4 - 1
    assert rows.max() <= 88 + 4
    rows, _ = np.nonzero(label_map == Region.LEFT_IRIS)
    assert (rows.min(), rows.max()) == (88 - 7, 88 + 6)


def test_a_closed_eye_is_background_and_the_other_keeps_its_own(drawn_face: DrawnFace) -> None:
    label_map = draw_label_map(drawn_face(right_eye_half_height=1.0), CROP_SIZE_WH)
    assert not np.isin(label_map, [Region.RIGHT_EYE, Region.RIGHT_IRIS]).any()
    assert (label_map == Region.LEFT_EYE).any()
    assert (label_map == Region.LEFT_IRIS).any()


def test_whole_irises_are_drawn_under_the_lid_and_in_closed_eyes_too(drawn_face: DrawnFace) -> None:
    landmarks = drawn_face(left_eye_half_height=0.5, iris_radius=7.0)
    label_map = draw_label_map(landmarks, (WIDTH, HEIGHT), whole_irises=True)
    assert (label_map == Region.LEFT_IRIS).sum() == pytest.approx(math.pi * 49, rel=0.05)
    assert not (draw_label_map(landmarks, (WIDTH, HEIGHT)) == Region.LEFT_IRIS).any()


@pytest.mark.parametrize(
    ("openness", "has_iris"),
    [(CLOSED_EYE_OPENNESS - 0.002, False), (CLOSED_EYE_OPENNESS + 0.002, True)],
    ids=["just closed", "just open"],
)
def test_an_iris_is_drawn_from_the_stated_openness_on(openness: float, has_iris: bool, drawn_face: DrawnFace) -> None:
    half_height = openness * 30 / (2 * (1 + 2 * math.sin(math.radians(67.5))) / 3)
    label_map = draw_label_map(drawn_face(left_eye_half_height=half_height), CROP_SIZE_WH)
    assert (label_map == Region.LEFT_IRIS).any() == has_iris


def test_a_closed_mouth_has_no_inside_and_no_gap_between_the_lips(drawn_face: DrawnFace) -> None:
    label_map = draw_label_map(drawn_face(inside_half_height=0.0), CROP_SIZE_WH)
    assert not (label_map == Region.MOUTH_INSIDE).any()
    middle = label_map[152:172, 89]
    assert set(middle[:10]) == {Region.UPPER_LIP}
    assert set(middle[11:]) == {Region.LOWER_LIP}


def test_a_face_past_the_border_is_cut_off_there(drawn_face: DrawnFace) -> None:
    label_map = draw_label_map(drawn_face(right_eye=(-40, 88), left_eye=(178, 88)), CROP_SIZE_WH)
    assert not np.isin(label_map, [Region.RIGHT_EYE, Region.RIGHT_IRIS]).any()
    rows, columns = np.nonzero(np.isin(label_map, [Region.LEFT_EYE, Region.LEFT_IRIS]))
    assert (columns.min(), columns.max()) == (178 - 15, 177)
    assert abs(rows.mean() + 0.5 - 88) < 0.3


@settings(deadline=None, max_examples=25)
@given(
    st.floats(0, 10),
    st.floats(0, 10),
    st.floats(0, 8),
    st.tuples(st.floats(40, 70), st.floats(75, 100)),
)
def test_the_mirrored_face_has_the_mirrored_label_map(
    drawn_face: DrawnFace, half_height: float, other: float, inside: float, eye: tuple[float, float]
) -> None:
    face = drawn_face(
        right_eye=eye,
        right_eye_half_height=half_height,
        left_eye_half_height=other,
        inside_half_height=inside,
    )
    mirrored = drawn_face(
        right_eye=(WIDTH - 122, 88),
        left_eye=(WIDTH - eye[0], eye[1]),
        right_eye_half_height=other,
        left_eye_half_height=half_height,
        inside_half_height=inside,
    )
    one, two = draw_label_map(mirrored, CROP_SIZE_WH), mirror_label_map(draw_label_map(face, CROP_SIZE_WH))
    assert (one != two).sum() <= 8  # pixels that two regions share to the last bit; one to the side would be 66 or more


def test_a_polygon_covers_the_enlarged_pixels_whose_centres_lie_inside() -> None:
    # (1, 1) to (3, 2) is columns 4 to 11 and rows 4 to 7 of the enlarged map.
    filled = fill_polygon(np.array([[1, 1], [3, 1], [3, 2], [1, 2]], np.float64), (16, 20))
    expected = np.zeros((16, 20), bool)
    expected[4:8, 4:12] = True
    assert_array_equal(filled, expected)
    assert_array_equal(np.argwhere(reduce_label_map(filled.astype(np.uint8))), [[1, 1], [1, 2]])


@settings(deadline=None, max_examples=50)
@example(np.array([[0, 0], [2.75, 2.75], [2.75, 2.75], [2.75, 2.75]]))
@given(hnp.arrays(np.float64, (4, 2), elements=st.floats(-3, 8)))
def test_two_triangles_of_a_shape_share_no_pixel_and_leave_none_out(corners: npt.NDArray[np.float64]) -> None:
    one, other = (fill_polygon(corners[order], (20, 20)) for order in ([0, 1, 2], [0, 2, 3]))
    assert_array_equal(one ^ other, fill_polygon(corners, (20, 20)))


@pytest.mark.parametrize(
    "polygon",
    [
        [[0, 0], [2.75, 2.75], [2.75, 2.75]],
        [[1.3, 0.2], [4.1, 4.9], [1.3, 0.2]],
        [[1, 3], [4, 3], [2, 3]],
        [[2, 2]] * 3,
    ],
    ids=["two corners in one place", "there and back", "along a row", "a point"],
)
def test_a_polygon_without_area_covers_nothing(polygon: list[list[float]]) -> None:
    assert not fill_polygon(np.array(polygon, np.float64), (20, 20)).any()


def test_a_polygon_is_cut_off_at_the_maps_border() -> None:
    filled = fill_polygon(np.array([[-5, -5], [1, -5], [1, 50], [-5, 50]], np.float64), (12, 20))
    assert filled[:, :4].all()
    assert not filled[:, 4:].any()
    assert not fill_polygon(np.array([[30, 1], [40, 1], [40, 2]], np.float64), (12, 20)).any()


def test_an_iris_disc_is_whole_even_under_the_lid(drawn_face: DrawnFace) -> None:
    landmarks = drawn_face(left_eye_half_height=0.5, iris_radius=7.0)
    disc = iris_disc(landmarks, Region.LEFT_IRIS, (HEIGHT * OVERSAMPLING, WIDTH * OVERSAMPLING))
    assert disc.sum() / OVERSAMPLING**2 == pytest.approx(math.pi * 49, rel=0.04)


@pytest.mark.parametrize(
    ("shares", "winner"),
    [
        ({Region.UPPER_LIP: 9, Region.LOWER_LIP: 7}, Region.UPPER_LIP),
        ({Region.UPPER_LIP: 7, Region.LOWER_LIP: 9}, Region.LOWER_LIP),
        ({Region.RIGHT_EYE: 8, Region.RIGHT_IRIS: 8}, Region.RIGHT_EYE),
        ({Region.BACKGROUND: 8, Region.MOUTH_INSIDE: 8}, Region.BACKGROUND),
        ({Region.BACKGROUND: 5, Region.LEFT_EYE: 5, Region.LEFT_IRIS: 6}, Region.LEFT_IRIS),
    ],
    ids=["more above", "more below", "a tie of two", "a tie with background", "the largest, not half"],
)
def test_a_pixel_goes_to_the_region_with_the_largest_share_of_it(shares: dict[Region, int], winner: Region) -> None:
    block = np.repeat([int(region) for region in shares], list(shares.values())).astype(np.uint8).reshape(4, 4)
    assert_array_equal(reduce_label_map(block), [[winner]])


@settings(deadline=None)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 7)))
def test_an_enlarged_label_map_is_reduced_to_itself(label_map: npt.NDArray[np.uint8]) -> None:
    enlarged = np.kron(label_map, np.ones((OVERSAMPLING, OVERSAMPLING), np.uint8))
    reduced = reduce_label_map(enlarged)
    assert reduced.dtype == np.uint8
    assert_array_equal(reduced, label_map)


Drawn = Callable[..., npt.NDArray[np.float64]]
SIZE_WH = (178, 218)


def slit(drawn_face: Drawn, openness: float) -> npt.NDArray[np.float64]:
    """A face whose lips are so far apart."""
    wide = mouth_openness(drawn_face(inside_half_height=4.0))
    return drawn_face(inside_half_height=4.0 * openness / wide)


@pytest.mark.parametrize("turn_deg", [0, 90, 200])
@pytest.mark.parametrize("size", [0.5, 3])
def test_openness_is_the_lips_distance_over_the_mouths_width(drawn_face: Drawn, turn_deg: int, size: float) -> None:
    angle = np.deg2rad(turn_deg)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = drawn_face(mouth_half_width=26.0, inside_half_height=4.0)
    inside = face[list(UPPER_LIP_BOTTOM)], face[list(LOWER_LIP_TOP)]
    expected = np.abs(inside[0] - inside[1])[4:7, 1].mean() / np.ptp(inside[0][:, 0])
    assert mouth_openness(face @ turn.T) == pytest.approx(expected)
    assert expected > CLOSED_MOUTH_OPENNESS


def test_a_slit_is_closed_in_its_middle_and_the_lips_share_it(drawn_face: Drawn) -> None:
    face = slit(drawn_face, 0.9 * CLOSED_MOUTH_OPENNESS)
    closed = close_lips(face)
    assert_allclose(closed[list(UPPER_LIP_BOTTOM)], closed[list(LOWER_LIP_TOP)])
    others = np.setdiff1d(np.arange(len(face)), [*UPPER_LIP_BOTTOM, *LOWER_LIP_TOP])
    assert_allclose(closed[others], face[others], atol=0)
    before, after = (draw_label_map(points, SIZE_WH) for points in (face, closed))
    assert (before == Region.MOUTH_INSIDE).any()
    assert not (after == Region.MOUTH_INSIDE).any()
    mouth = [Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE]
    assert np.array_equal(np.isin(before, mouth), np.isin(after, mouth))


def test_an_open_mouth_stays_as_it_is(drawn_face: Drawn) -> None:
    face = slit(drawn_face, 1.1 * CLOSED_MOUTH_OPENNESS)
    assert_allclose(close_lips(face), face, atol=0)


def test_no_mouth_at_all_is_no_error() -> None:
    assert_allclose(close_lips(np.zeros((478, 2))), 0)


@pytest.mark.parametrize(
    ("openness", "is_in_doubt"),
    [(0.9 * CLOSED_MOUTH_OPENNESS, False), (0.07, True), (1.05 * OPEN_MOUTH_OPENNESS, False)],
)
def test_a_mouth_that_is_hardly_open_may_be_closed(drawn_face: Drawn, openness: float, *, is_in_doubt: bool) -> None:
    assert mouth_is_in_doubt(slit(drawn_face, openness)) is is_in_doubt


def test_regions_have_their_colours_and_pixels_known_in_part_are_whitened() -> None:
    photo = BgrImage(np.full((1, 4, 3), 100, np.uint8))
    label_map = np.array([[Region.BACKGROUND, Region.LEFT_IRIS, MOUTH_WHOLE, UNKNOWN]], np.uint8)
    iris = [int(100 * (1 - COLOR_SHARE) + level * COLOR_SHARE) for level in COLORS_BGR[Region.LEFT_IRIS]]
    white = [int(100 * (1 - COLOR_SHARE) + 255 * COLOR_SHARE)] * 3
    assert_array_equal(tint(photo, label_map), [[[100, 100, 100], iris, white, white]])
