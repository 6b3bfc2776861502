"""Flicker and lag of the demo, whose motion is known."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from realtime.bench.video.clip import Clip, read_clip
from realtime.bench.video.steadiness import Seen, lag_frames, measure_steadiness, motions_to_middle
from realtime.bench.video.trial import Setup
from realtime.core.geometry import BgrImage, CropTransform, Points
from realtime.face import Face
from realtime.inference.session import Provider
from realtime.tracking.smoothing import Smoothing

SETUP = Setup("unet_lite", Provider.CPU, 1, Smoothing.OFF)


@pytest.fixture(scope="module")
def demo() -> Clip:
    return read_clip("demo", 50)


def test_smoothing_halves_the_flicker_of_the_demo_and_lags_less_than_a_frame(demo: Clip) -> None:
    found = measure_steadiness(demo, SETUP)
    assert found["frames"] == 48
    assert found["levels"]["high"]["all"]["flicker_mean"] < found["levels"]["off"]["all"]["flicker_mean"] / 2
    assert abs(found["lag_frames"]["high"]["place"]) < 1


def test_a_smoothed_mask_of_a_picture_that_stands_still_hardly_flickers(demo: Clip) -> None:
    found = measure_steadiness(Clip("still", demo.frames[:1] * 20, 1 / 30), SETUP)
    assert found["motion_px"] == pytest.approx(0, abs=0.01)
    assert found["levels"]["high"]["all"]["flicker_p50"] < 0.01
    assert found["lag_frames"]["high"]["place"] is None


def test_a_clip_without_a_face_says_nothing() -> None:
    room = BgrImage(np.full((120, 160, 3), 128, np.uint8))
    found = measure_steadiness(Clip("room", [room] * 4, 1 / 30), SETUP)
    assert found["frames"] == 0
    assert found["motion_px"] is None
    assert found["levels"]["off"] == {}


def test_both_neighbours_are_carried_to_the_middle_frame(portrait: BgrImage, portrait_face: Points) -> None:
    """The portrait goes 4 px to the right, then 3 px down: so the first goes right, and the last goes back up."""
    gray = cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY)
    window = []
    for x, y in ((0.0, 0.0), (4.0, 0.0), (4.0, 3.0)):
        moved = cv2.warpAffine(
            gray, np.array([[1, 0, x], [0, 1, y]]), gray.shape[::-1], borderMode=cv2.BORDER_REPLICATE
        )
        face = Face(
            1, CropTransform.from_points(np.add(portrait_face, (x, y))), np.zeros((0, 218, 178), np.float32), ()
        )
        window.append(Seen(moved, dict.fromkeys(Smoothing, face)))
    motions = motions_to_middle(window)
    assert motions is not None
    np.testing.assert_allclose([motion[:, 2] for motion in motions], [(4, 0), (0, 0), (0, -3)], atol=0.3)
    window[2].followed.pop(Smoothing.LOW)
    assert motions_to_middle(window) is None


def nod(frames: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Twenty pixels up and down in 40 frames."""
    return 20 * np.sin(2 * math.pi * frames / 40)


TIMES = np.arange(120.0)


@pytest.mark.parametrize("delay", [0.0, 0.5, 1.0, 2.3, -1.0])
def test_a_delayed_track_is_as_late_as_it_was_made(delay: float) -> None:
    assert lag_frames(nod(TIMES - delay), nod(TIMES)) == pytest.approx(delay, abs=0.02)


def test_a_straight_walk_is_worked_out_exactly() -> None:
    # 3 px a frame and 1.5 px behind: the squared differences at delays 0, 1 and 2 are 2.25, 2.25 and 20.25.
    assert lag_frames(3 * TIMES - 1.5, 3 * TIMES) == pytest.approx(0.5)


def test_an_average_with_half_the_old_mean_comes_one_frame_later() -> None:
    raw = nod(TIMES)
    mean = [raw[0]]
    for value in raw[1:]:
        mean.append(0.5 * mean[-1] + 0.5 * value)
    assert lag_frames(np.array(mean), raw) == pytest.approx(1.0, abs=0.05)


def test_frames_without_a_face_are_left_out() -> None:
    smoothed, raw = nod(TIMES - 1), nod(TIMES)
    raw[50:60] = np.nan
    smoothed[52:61] = np.nan
    assert lag_frames(smoothed, raw) == pytest.approx(1.0, abs=0.02)


def test_both_coordinates_count() -> None:
    raw = np.column_stack([nod(TIMES), np.zeros(120)])
    assert lag_frames(np.column_stack([nod(TIMES - 1), np.zeros(120)]), raw) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    "track",
    [np.zeros(120), np.random.default_rng(1).normal(size=120), np.arange(30.0)],
    ids=["stands still", "noise", "too short"],
)
def test_a_track_that_tells_nothing_has_no_lag(track: npt.NDArray[np.float64]) -> None:
    other = np.random.default_rng(2).normal(size=len(track)) * track.std()
    assert math.isnan(lag_frames(other, track))
