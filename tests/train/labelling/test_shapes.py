"""What is drawn of a face, from landmarks and from people's outlines. MediaPipe itself is not needed."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import CROP_SIZE_WH, TIGHT, CropTransform
from realtime.core.regions import Region
from tests.train.pictures import area_of, outlined_ring
from train.data.partial_labels import LEFT_EYE_WHOLE, MOUTH_WHOLE, RIGHT_EYE_WHOLE, UNKNOWN
from train.labelling.label_maps import draw_label_map
from train.labelling.landmarks import EYE_OUTLINE
from train.labelling.outlines import Outlines
from train.labelling.shapes import IRIS_SHARE, FaceShapes, grow, shapes_of_landmarks, shapes_of_outlines

Drawn = Callable[..., npt.NDArray[np.float64]]
LabelMap = npt.NDArray[np.uint8]

RIGHT_EYE, LEFT_EYE, MOUTH = (56.0, 88.0), (122.0, 88.0), (89.0, 162.0)
"""As a drawn face has them, and the crop: a face's crop is its photo."""
PLACE = CropTransform.from_points(np.array([RIGHT_EYE, LEFT_EYE, MOUTH]), TIGHT)
IRISES = {"right_iris": outlined_ring(RIGHT_EYE, 6, 6), "left_iris": outlined_ring(LEFT_EYE, 6, 6)}
LIPS = {Region.UPPER_LIP, Region.LOWER_LIP}
EYES_AND_IRISES = {Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS}
EYE_ROWS, MOUTH_ROWS = slice(78, 98), slice(148, 176)


def outlined(
    inside_half_height: float | None = 4.0, mouth_y: float = 162.0, irises: Outlines | None = None
) -> Outlines:
    """People's outlines of the drawn face; no inner lips where their height is None."""
    outlines = {
        "right_eye": outlined_ring(RIGHT_EYE, 15, 8),
        "left_eye": outlined_ring(LEFT_EYE, 15, 8),
        "lips_outer": outlined_ring((89, mouth_y), 26, 12),
        **(irises or {}),
    }
    if inside_half_height is not None:
        outlines["lips_inner"] = outlined_ring((89, mouth_y), 22, inside_half_height)
    return outlines


def drawn(shapes: FaceShapes) -> LabelMap:
    return shapes.label_map(PLACE, CROP_SIZE_WH)


def run_lengths(column: LabelMap) -> list[tuple[int, int]]:
    """Each id and how many pixels it goes on, from top to bottom."""
    starts = [0, *(np.flatnonzero(np.diff(column.astype(int))) + 1)]
    return [
        (int(column[start]), int(end - start)) for start, end in zip(starts, [*starts[1:], len(column)], strict=True)
    ]


@pytest.mark.parametrize("is_reversed", [False, True], ids=["clockwise", "the other way"])
def test_growing_worked_by_hand(is_reversed: bool) -> None:
    order = slice(None, None, -1 if is_reversed else 1)
    square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    # Each corner moves along its diagonal.
    expected = [[-1, -1], [11, -1], [11, 11], [-1, 11]]
    assert_allclose(grow(square[order], np.sqrt(2)), expected[order])
    assert_allclose(grow(square[order], -np.sqrt(2)), [[1, 1], [9, 1], [9, 9], [1, 9]][order])
    circle = outlined_ring((50, 60), 10, 10, 24)[order]
    assert_allclose(np.linalg.norm(grow(circle, 2.5) - (50, 60), axis=1), 12.5)
    assert_allclose(grow(circle, 0), circle)


def test_points_that_were_set_twice_stay_finite() -> None:
    square = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    assert np.isfinite(grow(square, 1.0)).all()


def test_landmarks_that_are_not_grown_are_drawn_as_they_always_were_but_for_the_irises_size(drawn_face: Drawn) -> None:
    face = drawn_face()
    shapes = shapes_of_landmarks(face, 0.0)
    found, expected = drawn(shapes), draw_label_map(face, CROP_SIZE_WH)
    assert shapes.doubts == []
    eye_of = np.array([0, 1, 2, 1, 2, 5, 6, 7])
    assert_array_equal(eye_of[found], eye_of[expected])
    irises = [int((label_map == Region.RIGHT_IRIS).sum()) for label_map in (found, expected)]
    assert irises[0] == pytest.approx(np.pi * (6 * IRIS_SHARE) ** 2, rel=0.06)
    assert irises[1] == pytest.approx(np.pi * 6**2, rel=0.03)


@pytest.mark.parametrize("eye", [Region.RIGHT_EYE, Region.LEFT_EYE], ids=["right", "left"])
@pytest.mark.parametrize("growth", [0.03, -0.03], ids=["outwards", "inwards"])
def test_lids_move_by_a_share_of_the_distance_between_the_eyes(drawn_face: Drawn, eye: Region, growth: float) -> None:
    face = drawn_face()
    moved = shapes_of_landmarks(face, growth).eyes[eye] - face[list(EYE_OUTLINE[eye])]
    assert_allclose(moved[[4, 12]], [[0, 66 * growth], [0, -66 * growth]], atol=1e-9)
    outwards = -1 if eye == Region.RIGHT_EYE else 1
    assert_allclose(moved[[0, 8]], [[outwards * 66 * growth, 0], [-outwards * 66 * growth, 0]], atol=1e-9)


@pytest.mark.parametrize(
    ("half_height", "among_closed_eyes", "is_drawn", "is_in_doubt"),
    [
        (0.8, False, False, False),
        (1.8, False, True, True),
        (3.0, False, True, False),
        (0.8, True, False, False),
        (1.3, False, True, True),
        (1.3, True, False, False),
        (3.0, True, True, True),
        (5.0, True, True, False),
    ],
    ids=[
        "closed",
        "narrow or closed",
        "narrow",
        "closed among closed ones",
        "hardly open",
        "hardly open among closed ones",
        "narrow among closed ones",
        "open among closed ones",
    ],
)
def test_an_eye_is_closed_in_doubt_or_open_by_how_far_its_lids_are_apart(
    half_height: float, among_closed_eyes: bool, is_drawn: bool, is_in_doubt: bool, drawn_face: Drawn
) -> None:
    # Openness is 2 * 0.949 / 30 = 0.0633 a pixel: 0.05, 0.08, 0.11, 0.19 and 0.32.
    shapes = shapes_of_landmarks(drawn_face(left_eye_half_height=half_height), among_closed_eyes=among_closed_eyes)
    assert set(shapes.eyes) == {Region.RIGHT_EYE, *([Region.LEFT_EYE] if is_drawn else [])}
    assert [label_id for label_id, _ in shapes.doubts] == [UNKNOWN] * is_in_doubt
    left, right = drawn(shapes)[:, 100:], drawn(shapes)[:, :80]
    assert np.isin(left, (Region.LEFT_EYE, Region.LEFT_IRIS)).any() == (is_drawn and not is_in_doubt)
    assert (left == UNKNOWN).any() == is_in_doubt
    assert np.isin(right, (Region.RIGHT_EYE, Region.RIGHT_IRIS)).sum() > 300
    assert not (right == UNKNOWN).any()


def test_doubt_reaches_past_the_lids(drawn_face: Drawn) -> None:
    column = drawn(shapes_of_landmarks(drawn_face(left_eye_half_height=1.8)))[EYE_ROWS, 122]
    # 1.8 and a fiftieth of 66 above and below row 88: 84.88 to 91.12.
    assert run_lengths(column) == [(0, 7), (UNKNOWN, 6), (0, 7)]


@pytest.mark.parametrize(
    ("inside_half_height", "column"),
    [
        (0.9, [(0, 2), (Region.UPPER_LIP, 12), (Region.LOWER_LIP, 12), (0, 2)]),
        (2.0, [(0, 2), (Region.UPPER_LIP, 9), (MOUTH_WHOLE, 6), (Region.LOWER_LIP, 9), (0, 2)]),
        (4.0, [(0, 2), (Region.UPPER_LIP, 8), (Region.MOUTH_INSIDE, 8), (Region.LOWER_LIP, 8), (0, 2)]),
    ],
    ids=["closed", "in doubt", "open"],
)
def test_between_the_lips_of_landmarks_worked_by_hand(
    inside_half_height: float, column: list[tuple[int, int]], drawn_face: Drawn
) -> None:
    # Of openness 0.0395, 0.09 and 0.18. Doubt reaches 1.32 past the inner edges, to 3.32 above and below row 162.
    label_map = drawn(shapes_of_landmarks(drawn_face(inside_half_height=inside_half_height)))
    assert run_lengths(label_map[MOUTH_ROWS, 89]) == column


def test_a_face_that_people_drew_whole_needs_no_landmarks() -> None:
    shapes = shapes_of_outlines(outlined(irises=IRISES), None, 0.0)
    assert_allclose(shapes.points, [RIGHT_EYE, LEFT_EYE, MOUTH], atol=1e-9)
    assert shapes.doubts == []
    label_map = drawn(shapes)
    assert set(np.unique(label_map)) == set(Region)
    assert run_lengths(label_map[EYE_ROWS, 56]) == [
        (0, 2), (Region.RIGHT_EYE, 2), (Region.RIGHT_IRIS, 12), (Region.RIGHT_EYE, 2), (0, 2)
    ]  # fmt: skip
    assert run_lengths(label_map[MOUTH_ROWS, 89]) == [
        (0, 2), (Region.UPPER_LIP, 8), (Region.MOUTH_INSIDE, 8), (Region.LOWER_LIP, 8), (0, 2)
    ]  # fmt: skip


def test_what_people_drew_is_drawn_whatever_the_landmarks_say(drawn_face: Drawn) -> None:
    face = drawn_face(iris_radius=3.0, inside_half_height=0.5, left_eye_half_height=0.5)
    expected, found = (shapes_of_outlines(outlined(irises=IRISES), landmarks, 0.0) for landmarks in (None, face))
    assert_array_equal(drawn(found), drawn(expected))


def test_without_irises_an_eye_is_an_eye_or_its_iris() -> None:
    label_map = drawn(shapes_of_outlines(outlined(), None, 0.0))
    assert set(np.unique(label_map)) == {0, *LIPS, Region.MOUTH_INSIDE, RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE}
    assert run_lengths(label_map[EYE_ROWS, 56]) == [(0, 2), (RIGHT_EYE_WHOLE, 16), (0, 2)]
    assert run_lengths(label_map[EYE_ROWS, 122]) == [(0, 2), (LEFT_EYE_WHOLE, 16), (0, 2)]


def test_irises_that_nobody_drew_are_the_landmarks(drawn_face: Drawn) -> None:
    label_map = drawn(shapes_of_outlines(outlined(), drawn_face(iris_radius=5.0), 0.0))
    assert set(np.unique(label_map)) == set(Region)
    assert (label_map == Region.LEFT_IRIS).sum() == pytest.approx(np.pi * (5 * IRIS_SHARE) ** 2, rel=0.05)


def test_an_eye_is_grown_from_where_people_drew_it() -> None:
    column = drawn(shapes_of_outlines(outlined(), None, 2 / 66))[EYE_ROWS, 56]
    assert run_lengths(column) == [(RIGHT_EYE_WHOLE, 20)]


def test_without_inner_lips_and_landmarks_a_mouth_is_some_part_of_it() -> None:
    shapes = shapes_of_outlines(outlined(None), None, 0.0)
    assert shapes.mouth == {}
    label_map = drawn(shapes)
    assert run_lengths(label_map[MOUTH_ROWS, 89]) == [(0, 2), (MOUTH_WHOLE, 24), (0, 2)]
    assert not np.isin(label_map, [*LIPS, Region.MOUTH_INSIDE]).any()


@pytest.mark.parametrize(
    ("inside_half_height", "column"),
    [
        (0.9, [(0, 2), (Region.UPPER_LIP, 12), (Region.LOWER_LIP, 12), (0, 2)]),
        (2.0, [(0, 2), (Region.UPPER_LIP, 9), (MOUTH_WHOLE, 6), (Region.LOWER_LIP, 9), (0, 2)]),
        (4.0, [(0, 2), (Region.UPPER_LIP, 7), (MOUTH_WHOLE, 10), (Region.LOWER_LIP, 7), (0, 2)]),
    ],
    ids=["closed", "hardly open", "open"],
)
def test_between_lips_whose_outer_edge_alone_was_drawn_lies_what_landmarks_leave_open(
    inside_half_height: float, column: list[tuple[int, int]], drawn_face: Drawn
) -> None:
    # The lips' outer edges are people's, 12 from row 162; landmarks have them at 14.
    face = drawn_face(inside_half_height=inside_half_height, mouth_half_height=14.0)
    label_map = drawn(shapes_of_outlines(outlined(None), face, 0.0))
    assert run_lengths(label_map[MOUTH_ROWS, 89]) == column
    mouth = np.isin(label_map, [*LIPS, MOUTH_WHOLE])
    assert_array_equal(mouth, drawn(shapes_of_outlines(outlined(None), None, 0.0)) == MOUTH_WHOLE)


@pytest.mark.parametrize(
    ("inside_half_height", "is_open"), [(0.0, False), (0.4, False), (0.6, True)], ids=["one line", "a slit", "open"]
)
def test_inner_lips_that_touch_leave_nothing_between_them(inside_half_height: float, is_open: bool) -> None:
    # The slits have 0.75 * pi * 22 * half height or so; of the mouth's 52 pixels squared 0.012 are 32.
    shapes = shapes_of_outlines(outlined(inside_half_height, mouth_y=162.5), None, 0.0)
    assert (Region.MOUTH_INSIDE in shapes.mouth) == is_open
    assert (area_of(outlined_ring(MOUTH, 22, inside_half_height)) > 0.012 * 52**2) == is_open
    column = drawn(shapes)[:, 89]
    lips = column[152:173]
    assert set(lips) == (LIPS | {Region.MOUTH_INSIDE} if is_open else LIPS)
    assert (lips[:9] == Region.UPPER_LIP).all()
    assert (lips[12:] == Region.LOWER_LIP).all()


def test_lips_that_touch_may_have_more_points_below_than_above() -> None:
    outlines = outlined(0.4, mouth_y=162.5)
    outlines["lips_inner"] = np.insert(outlines["lips_inner"], 5, outlines["lips_inner"][4:6].mean(axis=0), axis=0)
    label_map = drawn(shapes_of_outlines(outlines, None, 0.0))
    assert set(np.unique(label_map[153:172, 75:103])) == LIPS


@pytest.mark.parametrize("is_swapped", [False, True], ids=["drawn larger", "drawn smaller"])
def test_where_two_differ_about_an_eye_nothing_is_known(drawn_face: Drawn, is_swapped: bool) -> None:
    large = shapes_of_landmarks(drawn_face(), 0.0)
    small = shapes_of_landmarks(
        drawn_face(right_eye_half_height=4.0, left_eye_half_height=0.5, iris_radius=3.0, inside_half_height=2.0), 0.0
    )
    ours, other = (small, large) if is_swapped else (large, small)
    agreed, alone = ours.agreeing(other, PLACE, CROP_SIZE_WH), ours.label_map(PLACE, CROP_SIZE_WH)
    # Rows 80 to 96 are the large eye's, 84 to 92 the small one's.
    right = run_lengths(agreed[EYE_ROWS, 56])
    assert [right[0], right[1], right[-2], right[-1]] == [(0, 2), (UNKNOWN, 4), (UNKNOWN, 4), (0, 2)]
    assert set(np.unique(agreed[84:92, 56])) <= {Region.RIGHT_EYE, Region.RIGHT_IRIS}
    assert run_lengths(agreed[EYE_ROWS, 122]) == [(0, 2), (UNKNOWN, 16), (0, 2)]
    known = agreed != UNKNOWN
    assert_array_equal(agreed[known], alone[known])  # the irises' size and the mouth are ours
    assert known[110:].all()


def test_faces_that_agree_are_known_all_over() -> None:
    shapes = shapes_of_outlines(outlined(), None, 0.0)
    with_irises = shapes_of_outlines(outlined(irises=IRISES), None, 0.0)
    # An eye is an eye, whether or not its iris is told apart.
    assert_array_equal(shapes.agreeing(with_irises, PLACE, CROP_SIZE_WH), drawn(shapes))
    assert set(np.unique(with_irises.agreeing(shapes, PLACE, CROP_SIZE_WH))) >= EYES_AND_IRISES
