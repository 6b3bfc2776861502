"""CPU time at a camera's pace."""

from time import perf_counter, process_time, sleep

import pytest

from realtime.bench.video.clip import Clip, empty_room, read_clip
from realtime.bench.video.idling import measure_idling, watch
from realtime.bench.video.trial import Setup, Trial
from realtime.core.preprocess import BgrImage
from realtime.face import Face
from realtime.inference.session import Provider
from realtime.tracking.smoothing import Smoothing

SETUP = Setup("unet_lite", Provider.CPU, 1, Smoothing.LOW)


def test_what_is_computed_counts_and_what_is_slept_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = read_clip("demo", 2)

    def work_5_ms(_trial: Trial, _frame: BgrImage) -> list[Face]:
        start = process_time()
        while process_time() - start < 0.005:
            pass
        sleep(0.005)
        return []

    monkeypatch.setattr(Trial, "play_frame", work_5_ms)
    start = perf_counter()
    seen = watch(Trial(clip, SETUP), clip, seconds=0.5, settle_s=0.1)
    assert perf_counter() - start >= 0.58  # 18 frames at 30 a second
    assert seen.frames == 15
    assert 5 <= seen.cpu_ms < 8


def test_both_are_watched_and_the_empty_room_stays_empty() -> None:
    clip = read_clip("demo", 5)
    empty = Clip("room", empty_room(clip.size_wh, 3), 1 / 30)
    found = measure_idling(clip, empty, SETUP, seconds=0.2, rounds=1, settle_s=0.1)
    assert found["frames_each"] == found["following_frames_with_face"] == 6
    assert found["idle_frames_with_face"] == 0
    assert found["ratio"] == pytest.approx(found["idle_cpu_ms"] / found["following_cpu_ms"], abs=0.01)
