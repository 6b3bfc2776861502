"""Reading and writing of video, timed frame by frame."""

from pathlib import Path
from time import perf_counter, process_time, sleep

import numpy as np
import pytest

from realtime.bench.video import end_to_end
from realtime.bench.video.clip import Clip, empty_room, read_clip
from realtime.bench.video.end_to_end import CodecTrial, measure_idling, watch
from realtime.bench.video.trial import Setup, Trial
from realtime.capture.sources import Source, open_source
from realtime.core.geometry import BgrImage
from realtime.face import Face
from realtime.inference.session import Provider
from realtime.outputs.video_file import VideoFile
from realtime.tracking.smoothing import Smoothing


@pytest.fixture
def video(tmp_path: Path) -> str:
    path = tmp_path / "room.mp4"
    with VideoFile(path) as file:
        for index, frame in enumerate(empty_room((64, 48), 6)):
            file.write(frame, index / 30)
    return str(path)


def test_every_frame_of_a_pass_has_its_times(video: str) -> None:
    clip = read_clip(video, 4, (32, 24))
    before = [frame.copy() for frame in clip.frames]
    played = CodecTrial(clip, video).play()
    assert {name: len(times) for name, times in played.stages_ms.items()} == {"decode": 4, "encode": 4}
    assert min(played.stages_ms["encode"] + played.stages_ms["decode"]) > 0
    np.testing.assert_array_equal(before, clip.frames)


@pytest.mark.parametrize(("spec", "suffix"), [("demo", "clip.mp4"), ("video", "room.mp4")])
def test_the_file_itself_is_read_and_of_the_demo_what_was_written(
    spec: str, suffix: str, video: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def remember(spec: str) -> Source:
        opened.append(Path(spec).name)
        return open_source(spec)

    monkeypatch.setattr(end_to_end, "open_source", remember)
    CodecTrial(Clip("room", empty_room((64, 48), 3), 1 / 30), video if spec == "video" else spec).play()
    assert opened == [suffix]


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
