"""What the finder network says becomes faces in the frame's own pixels, each of them once."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import BgrImage, Points
from realtime.inference.session import Session
from realtime.tracking.finder import MIN_SCORE, FaceFinder, is_same_face
from realtime.tracking.tracker import MIN_SCORE_ALONE

FACES = hnp.arrays(np.float64, (3, 2), elements=st.floats(-1000, 1000))


class SaidFaces:
    """A finder network that says always the same."""

    def __init__(self, *rows: list[float]) -> None:
        self.rows = rows
        self.seen: list[npt.NDArray[np.uint8]] = []

    def run(self, images_bgr: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        self.seen.append(images_bgr)
        return np.array([self.rows], np.float32).reshape(1, -1, 7)


def row(score: float, x: float, y: float = 50.0) -> list[float]:
    """A face whose eyes are 20 thumbnail pixels apart."""
    return [score, x - 10, y - 8, x + 10, y - 8, x, y + 16]


def frame(width: int, height: int) -> BgrImage:
    return BgrImage(np.full((height, width, 3), 200, np.uint8))


@pytest.mark.parametrize(
    ("size_wh", "expected"),
    [
        ((640, 480), [[160, 168], [240, 168], [200, 264]]),
        ((480, 640), [[160, 168], [240, 168], [200, 264]]),
        ((160, 90), [[40, 42], [60, 42], [50, 66]]),
        ((80, 80), [[20, 21], [30, 21], [25, 33]]),
    ],
    ids=["wide", "tall", "as small as the thumbnail", "smaller"],
)
def test_points_come_back_in_the_frames_own_pixels(size_wh: tuple[int, int], expected: list[list[float]]) -> None:
    network = SaidFaces(row(0.9, 50))
    (face,) = FaceFinder(network).find(frame(*size_wh))
    assert_allclose(face.points, expected)
    assert face.score == pytest.approx(0.9)
    assert network.seen[0].shape == (1, 160, 160, 3)


def test_finds_come_in_the_networks_order_less_those_with_a_low_score() -> None:
    rows = [row(0.9, 120), row(MIN_SCORE + 0.01, 60), row(MIN_SCORE - 0.01, 20), row(float("nan"), 90)]
    found = FaceFinder(SaidFaces(*rows)).find(frame(160, 160))
    assert [face.points[2, 0] for face in found] == [120, 60]


def test_the_weaker_of_two_finds_on_one_face_is_left_out() -> None:
    # 0.6 of 20 pixels is 12.
    rows = [row(0.98, 50), row(0.94, 61), row(0.9, 63), row(0.86, 74)]
    found = FaceFinder(SaidFaces(*rows)).find(frame(160, 160))
    assert [face.points[2, 0] for face in found] == [50, 63]


def test_a_network_that_finds_nothing_gives_no_face() -> None:
    assert FaceFinder(SaidFaces()).find(frame(64, 48)) == []


def test_the_frame_is_read_and_not_changed() -> None:
    picture = frame(64, 48)
    FaceFinder(SaidFaces(row(0.9, 50))).find(picture)
    assert_array_equal(picture, frame(64, 48))


@pytest.mark.parametrize(
    ("shift", "is_same"),
    [((0, 0), True), ((39, 0), True), ((41, 0), False), ((29, 29), False), ((0, -39), True)],
    ids=["itself", "less than 0.6 of 66 aside", "more", "more, slantwise", "above"],
)
def test_faces_are_the_same_within_a_share_of_the_eye_distance(shift: tuple[float, float], is_same: bool) -> None:
    face = np.array([[56.0, 88.0], [122.0, 88.0], [89.0, 162.0]])
    assert is_same_face(face, face + shift) is is_same


def test_the_larger_of_two_faces_sets_the_distance() -> None:
    large = np.array([[0.0, 0.0], [100.0, 0.0], [50.0, 110.0]])
    small = np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 11.0]])
    assert is_same_face(large, small + large.mean(axis=0) - small.mean(axis=0) + (59, 0))
    assert not is_same_face(large, small + large.mean(axis=0) - small.mean(axis=0) + (61, 0))


@settings(deadline=None)
@given(FACES, FACES)
def test_being_the_same_face_is_mutual(one: Points, other: Points) -> None:
    assert is_same_face(one, other) == is_same_face(other, one)


def test_the_shipped_finder_is_sure_of_the_portrait_alone(
    finder_session: Session, portrait: BgrImage, portrait_face: Points
) -> None:
    face, *others = FaceFinder(finder_session).find(portrait)
    assert face.score >= MIN_SCORE_ALONE
    assert all(other.score < MIN_SCORE_ALONE for other in others)  # the badge of the cap
    eye_distance = np.linalg.norm(portrait_face[1] - portrait_face[0])
    assert np.abs(face.points - portrait_face).max() < 0.2 * eye_distance


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_the_shipped_finder_finds_nothing_on_an_even_wall(finder_session: Session, grey: int) -> None:
    assert FaceFinder(finder_session).find(BgrImage(np.full((480, 640, 3), grey, np.uint8))) == []
