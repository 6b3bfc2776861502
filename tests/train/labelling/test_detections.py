"""Several looks at one face: they show what they say, come back to the photo, and their median forgives one of them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region
from train.labelling.detections import (
    MOST_DETECTIONS,
    VIEWS,
    MedianFace,
    View,
    brought_back,
    find_faces,
    look_again,
    look_matrix,
)
from train.labelling.label_maps import eye_openness, face_points
from train.labelling.landmarks import (
    EYE_OUTLINE,
    EYE_POINTS,
    IRIS_CENTER,
    IRIS_EDGE,
    LOWER_LIP_BOTTOM,
    MIRRORED,
    MOUTH_POINTS,
    UPPER_LIP_TOP,
    Landmarks,
)

DrawnFace = Callable[..., Landmarks]
PHOTO = BgrImage(np.zeros((400, 400, 3), np.uint8))
FACE = {"right_eye": (150.0, 180.0), "left_eye": (210.0, 180.0), "mouth": (180.0, 240.0)}


class FaceInEveryLook:
    """A landmarker that knows where a face is in the photo, and errs as it is told: by (x, y) pixels in each look.

    It answers as MediaPipe does: in a mirrored look, what is left there is called left. None: it finds nothing.
    """

    def __init__(self, face: Landmarks, errors: Sequence[tuple[float, float] | None]) -> None:
        self._face, self._errors, self._calls = face, errors, 0

    def find(self, shown_bgr: BgrImage) -> list[Landmarks]:
        error, number = self._errors[self._calls], self._calls - 1
        self._calls += 1
        if error is None:
            return []
        seen: Landmarks = self._face + error
        if number < 0:
            return [seen]
        matrix, side_px = look_matrix(face_points(self._face + (self._errors[0] or 0)), VIEWS[number])
        assert shown_bgr.shape == (side_px, side_px, 3)
        in_look = seen @ matrix[:, :2].T + matrix[:, 2]
        return [in_look[MIRRORED] if VIEWS[number].is_mirrored else in_look]


def found_with(face: Landmarks, errors: Sequence[tuple[float, float] | None]) -> MedianFace:
    (found,) = find_faces(FaceInEveryLook(face, errors), PHOTO, len(errors))  # type: ignore[arg-type]
    return found


def test_the_mirror_swaps_right_and_left_and_undoes_itself() -> None:
    assert_array_equal(MIRRORED[MIRRORED], np.arange(478))
    assert_array_equal(MIRRORED[list(EYE_OUTLINE[Region.RIGHT_EYE])], EYE_OUTLINE[Region.LEFT_EYE])
    assert MIRRORED[IRIS_CENTER[Region.RIGHT_IRIS]] == IRIS_CENTER[Region.LEFT_IRIS]
    assert set(MIRRORED[list(IRIS_EDGE[Region.RIGHT_IRIS])]) == set(IRIS_EDGE[Region.LEFT_IRIS])
    assert_array_equal(MIRRORED[list(UPPER_LIP_TOP)], UPPER_LIP_TOP[::-1])
    assert_array_equal(MIRRORED[list(LOWER_LIP_BOTTOM)], LOWER_LIP_BOTTOM[::-1])


def test_spread_is_of_points_that_are_drawn_each_once() -> None:
    assert (len(EYE_POINTS), len(set(EYE_POINTS))) == (40, 40)
    assert (len(MOUTH_POINTS), len(set(MOUTH_POINTS))) == (40, 40)
    assert not set(EYE_POINTS) & set(MOUTH_POINTS)


@pytest.mark.parametrize(
    ("look", "right_eye", "left_eye", "mouth"),
    [
        (View(False, 0, 5), (80, 80), (120, 80), (100, 120)),
        (View(True, 0, 5), (120, 80), (80, 80), (100, 120)),
        (View(False, 90, 5), (80, 120), (80, 80), (120, 100)),
        (View(False, 0, 10), (180, 180), (220, 180), (200, 220)),
    ],
    ids=["as it is", "mirrored", "a quarter turn", "further away"],
)
def test_each_look_worked_by_hand(
    look: View, right_eye: tuple[float, float], left_eye: tuple[float, float], mouth: tuple[float, float]
) -> None:
    points = np.array([[100.0, 100.0], [140.0, 100.0], [120.0, 140.0]])  # 40 between the eyes; (120, 120) is shown amid
    matrix, side_px = look_matrix(points, look)
    assert side_px == 40 * look.side_per_eye_distance
    assert_allclose(points @ matrix[:, :2].T + matrix[:, 2], [right_eye, left_eye, mouth], atol=1e-9)


def test_a_rolled_face_is_shown_level_and_a_large_one_reduced() -> None:
    points = np.array([[100.0, 100.0], [400.0, 500.0], [50.0, 600.0]])  # 500 between the eyes
    matrix, side_px = look_matrix(points, View(False, 0, 5))
    shown = points @ matrix[:, :2].T + matrix[:, 2]
    assert side_px == 512
    assert_allclose(shown[1] - shown[0], (512 / 5, 0), atol=1e-9)


@pytest.mark.parametrize("look", VIEWS)
def test_landmarks_of_every_look_come_back_to_the_photo(look: View) -> None:
    landmarks = np.random.default_rng(0).uniform(0, 400, (478, 2))
    matrix, _ = look_matrix(np.array([[150.0, 180.0], [210.0, 190.0], [180.0, 240.0]]), look)
    in_look = landmarks @ matrix[:, :2].T + matrix[:, 2]
    seen = in_look[MIRRORED] if look.is_mirrored else in_look
    assert_allclose(brought_back(seen, matrix, is_mirrored=look.is_mirrored), landmarks, atol=1e-9)


def test_the_right_eye_stays_the_right_one_also_by_mirrored_looks(drawn_face: DrawnFace) -> None:
    face = drawn_face(**FACE, right_eye_half_height=3.0)
    found = found_with(face, [(0, 0)] * MOST_DETECTIONS)
    assert_allclose(found.landmarks, face, atol=1e-9)
    assert eye_openness(found.landmarks, Region.RIGHT_EYE) < 0.5 * eye_openness(found.landmarks, Region.LEFT_EYE)
    assert (found.eye_spread, found.mouth_spread, found.missed) == pytest.approx((0, 0, 0))


def test_one_look_that_errs_is_outvoted(drawn_face: DrawnFace) -> None:
    face = drawn_face(**FACE)
    found = found_with(face, [(0, 0), (9, 0), (0, 0)])
    assert_allclose(found.landmarks, face, atol=1e-9)
    assert found.eye_spread == pytest.approx(9 / 3 / 60)  # a third of the looks lies 9 off; 60 between the eyes


def test_two_looks_meet_in_the_middle(drawn_face: DrawnFace) -> None:
    face = drawn_face(**FACE)
    found = found_with(face, [(0, 0), (0, 6)])
    assert_allclose(found.landmarks, face + np.array([0, 3]), atol=1e-9)
    assert (found.eye_spread, found.mouth_spread) == pytest.approx((3 / 60, 3 / 60))


def test_eyes_and_mouth_have_a_spread_of_their_own(drawn_face: DrawnFace) -> None:
    first, again = drawn_face(**FACE), drawn_face(**FACE)
    first[MOUTH_POINTS] += (0, 6)

    class SeesTheMouthElsewhere:
        def find(self, _: BgrImage) -> list[Landmarks]:
            matrix, _ = look_matrix(face_points(first), VIEWS[0])
            return [(again @ matrix[:, :2].T + matrix[:, 2])[MIRRORED]]

    found = look_again(SeesTheMouthElsewhere(), PHOTO, first, 2)  # type: ignore[arg-type]
    assert (found.eye_spread, found.mouth_spread) == pytest.approx((0, 3 / 60))


def test_a_face_that_the_looks_do_not_find_again_is_as_it_was_found(drawn_face: DrawnFace) -> None:
    face = drawn_face(**FACE)
    found = found_with(face, [(0, 0), None, (0, 0), None, None])
    assert found.missed == 3 / 4
    assert_allclose(found.landmarks, face, atol=1e-9)
    alone = found_with(face, [(0, 0), None, None])
    assert (alone.missed, alone.eye_spread) == (1, 0)


def test_another_face_in_a_look_is_not_taken_for_this_one(drawn_face: DrawnFace) -> None:
    face = drawn_face(**FACE)
    found = found_with(face, [(0, 0), (40, 0), (28, 0)])  # 30 pixels are half of the interocular distance
    assert found.missed == 1 / 2
    assert_allclose(found.landmarks, face + np.array([14, 0]), atol=1e-9)


def test_a_photo_without_a_face_is_looked_at_once(drawn_face: DrawnFace) -> None:
    assert find_faces(FaceInEveryLook(drawn_face(**FACE), [None]), PHOTO, MOST_DETECTIONS) == []  # type: ignore[arg-type]
