"""Made frames: the face is as high and as rolled as it says, and lies where its points are."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import BgrImage
from train.augmentation.scenes import PhotoPool
from train.data.label_set import LabelledFace, LabelledPhoto
from train.evaluation import finder_frames
from train.evaluation.finder_frames import (
    FRAME_WH,
    HEIGHT_SHARE,
    MOST_ROLL_DEG,
    FrameFace,
    empty_frames,
    faces_in,
    made_frames,
    webcam_place,
)

POINTS = [[120.5, 130.5], [180.5, 130.5], [150.5, 200.5]]


def write_photo(path: Path, faces: int, grey: int = 70) -> LabelledPhoto:
    """A plain photo with a red, a green and a blue dot where eyes and mouth are."""
    photo = np.full((320, 300, 3), grey, np.uint8)
    for (x, y), color in zip(POINTS, ((0, 0, 255), (0, 255, 0), (255, 0, 0)), strict=True):
        if faces:
            cv2.circle(photo, (int(x), int(y)), 13, color, -1)
    assert cv2.imwrite(str(path), photo)
    labelled = [LabelledFace("", POINTS)] * faces
    return LabelledPhoto(str(path), "s", 300, 320, rejected="" if faces else "no face", faces=labelled)


@pytest.fixture
def pool(tmp_path: Path) -> PhotoPool:
    faces = [write_photo(tmp_path / f"{name}.png", 1) for name in "abcdefgh"]
    return PhotoPool([*faces, write_photo(tmp_path / "two.png", 2)], [write_photo(tmp_path / "none.png", 0, 120)])


def test_faces_lie_where_their_points_are(pool: PhotoPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder_frames, "spoil_scene", lambda scene, _: scene)
    frames = list(made_frames(pool, None))
    assert len(frames) == 8  # a photo of two faces is no subject
    assert any(len(frame.faces) > 1 for frame in frames)
    for frame in frames:
        assert frame.frame_bgr.shape == (*FRAME_WH[::-1], 3)
        for face in frame.faces:
            assert HEIGHT_SHARE[0] - 1e-6 <= face.height_share <= HEIGHT_SHARE[1] + 1e-6
            assert abs(face.roll_deg) <= MOST_ROLL_DEG + 1e-6
            assert math.isnan(face.yaw_deg)
            x, y = face.points[2].astype(int)
            assert frame.frame_bgr[y, x].argmax() == 0  # the mouth is blue
            assert int(frame.frame_bgr[y, x, 0]) - int(frame.frame_bgr[y, x, 2]) > 60


def test_they_are_the_same_in_every_run_and_as_many_as_asked_for(pool: PhotoPool) -> None:
    first, second = (list(made_frames(pool, None, 3)) for _ in range(2))
    assert len(first) == 3
    for one, other in zip(first, second, strict=True):
        assert_array_equal(one.frame_bgr, other.frame_bgr)


def test_yaw_is_the_landmarkers(pool: PhotoPool, drawn_face, told_landmarker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder_frames, "head_yaw_deg", lambda points: float(points[33, 0]))
    # Of two faces that are seen the nearer to the labelled one counts: eyes at 120 and 180.
    near = drawn_face(right_eye=(121.0, 130.0), left_eye=(181.0, 130.0), mouth=(150.0, 200.0))
    frame = next(made_frames(pool, told_landmarker([drawn_face(), near]), 1))
    assert frame.faces[0].yaw_deg == pytest.approx(121 - 15)


def test_a_face_of_a_real_frame_is_measured_by_its_landmarks(drawn_face, told_landmarker) -> None:
    frame = faces_in(BgrImage(np.full((218, 178, 3), 50, np.uint8)), told_landmarker([drawn_face()]))
    assert_allclose(frame.faces[0].points, [[56, 88], [122, 88], [89, 162]], atol=0.5)
    assert frame.faces[0].height_share == pytest.approx(66 * 2.9 / 218, rel=0.01)
    assert frame.faces[0].roll_deg == pytest.approx(0, abs=0.1)
    assert frame.faces[0].yaw_deg == 0


def test_roll_is_of_the_eye_line() -> None:
    face = FrameFace.of_points(np.array([[0.0, 0.0], [10.0, 10.0], [0.0, 15.0]]), 480)
    assert face.roll_deg == pytest.approx(45)


def test_placed_faces_lie_within_the_frame_and_use_the_whole_ranges() -> None:
    placed = []
    for seed in range(100):
        place = webcam_place(np.array(POINTS), FRAME_WH, np.random.default_rng(seed))
        inside = place.to_crop(np.array(POINTS))
        assert (inside >= 0).all()
        assert (inside < FRAME_WH).all()
        placed.append(FrameFace.of_points(inside, FRAME_WH[1]))
    rolls, heights = [face.roll_deg for face in placed], [face.height_share for face in placed]
    assert min(rolls) < -40
    assert max(rolls) > 40
    assert min(heights) < 0.1
    assert max(heights) > 0.7


def test_empty_photos_that_hold_a_face_are_left_out(pool: PhotoPool) -> None:
    assert len(list(empty_frames(pool.empty, frozenset()))) == 1
    assert list(empty_frames(pool.empty, frozenset({"s/none.png"}))) == []
