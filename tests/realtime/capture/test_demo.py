"""The demo: a face that moves, stays in the picture, and comes back to where it was."""

from itertools import islice

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.capture.demo import FACE_CENTER_PX, FPS, PERIOD_S, demo_frame, demo_frames
from realtime.core.geometry import BgrImage, Points


def place_in_frame(point: Points, time_s: float) -> Points:
    """(2,) where a point of the portrait, (x, y) with the first pixel's centre at 0.5, lies in the demo's frame."""
    portrait = np.zeros((600, 512, 3), np.uint8)
    x, y = (int(value) for value in point)
    portrait[y - 2 : y + 3, x - 2 : x + 3] = 255
    light = demo_frame(BgrImage(portrait), time_s)[:, :, 0]
    rows, columns = np.nonzero(light)
    assert rows.size > 0
    return np.average(np.column_stack([columns, rows]) + 0.5, axis=0, weights=light[rows, columns])


def test_frames_are_a_webcams_and_each_is_the_receivers_own(portrait: BgrImage) -> None:
    frames = list(islice(demo_frames(), 3))
    for index, frame in enumerate(frames):
        assert (frame.shape, frame.dtype) == ((480, 640, 3), np.uint8)
        assert_array_equal(frame, demo_frame(portrait, index / FPS))
    frames[0][:] = 0
    assert_array_equal(next(demo_frames()), demo_frame(portrait, 0.0))


@pytest.mark.parametrize(
    ("time_s", "expected"),
    [
        (0.0, (320 + 40 * np.sin(1), 240)),
        (2.5, (320 + 40 * np.cos(1), 240 - 20)),
        (5.0, (320 - 40 * np.sin(1), 240)),
    ],
    ids=["start", "a quarter", "half way"],
)
def test_the_faces_centre_lies_where_the_motion_says(time_s: float, expected: tuple[float, float]) -> None:
    center = place_in_frame(np.array(FACE_CENTER_PX), time_s)
    assert_allclose(center, np.add(expected, 0.5), atol=0.2)


def test_the_motion_repeats_without_a_jump(portrait: BgrImage) -> None:
    first, again = demo_frame(portrait, 0.0), demo_frame(portrait, PERIOD_S)
    assert np.abs(first.astype(int) - again).max() <= 1


def test_the_face_never_leaves_the_picture(portrait_face: Points) -> None:
    for time_s in np.arange(0, PERIOD_S, 0.5):
        for point in portrait_face:
            x, y = place_in_frame(point, time_s)
            assert 40 < x < 600
            assert 40 < y < 440


def test_the_face_moves_as_a_person_does(portrait_face: Points) -> None:
    places = np.array([place_in_frame(portrait_face[0], index / FPS) for index in range(30)])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    assert 0.3 < steps.mean() < 8
    assert steps.max() < 10
