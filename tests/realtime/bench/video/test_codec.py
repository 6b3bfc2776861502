"""Reading and writing of video, timed frame by frame."""

from pathlib import Path

import numpy as np
import pytest

from realtime.bench.video import codec
from realtime.bench.video.clip import Clip, empty_room, read_clip
from realtime.bench.video.codec import CodecTrial
from realtime.capture.sources import Source, open_source
from realtime.outputs.video_file import VideoFile


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

    monkeypatch.setattr(codec, "open_source", remember)
    CodecTrial(Clip("room", empty_room((64, 48), 3), 1 / 30), video if spec == "video" else spec).play()
    assert opened == [suffix]
