"""Delays of tracks that are known, to a part of a frame."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from realtime.bench.video.lag import lag_frames


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
