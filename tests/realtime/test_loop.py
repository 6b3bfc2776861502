"""The loop's ends: by itself, by the user, by an error; outputs are finished in every case."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import pytest

from realtime import loop
from realtime.config import RealtimeConfig
from realtime.errors import SourceError
from realtime.session import Provider
from realtime.sources import Frame, Source, demo_source

HEADLESS = RealtimeConfig("demo", provider=Provider.CPU, headless=True, threads=1)


def demo_that_ends(count: int, error: BaseException | None = None) -> Source:
    """So many frames of the demo, then an end or an error."""

    def frames() -> Iterator[Frame]:
        with demo_source() as demo:
            yield from islice(demo, count)
        if error:
            raise error

    return Source("demo that ends", frames())


def count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Source], None]:
    def play_source(source: Source) -> None:
        monkeypatch.setattr(loop, "open_source", lambda spec: source)

    return play_source


def test_a_source_that_ends_ends_the_run(play: Callable[[Source], None], tmp_path: Path) -> None:
    play(demo_that_ends(3))
    lines: list[str] = []
    config = replace(HEADLESS, output=tmp_path / "v.mp4", json=tmp_path / "run.json")
    report = loop.run(config, lines.append)
    assert (report.frames, report.frames_with_face, report.dropped) == (3, 3, 0)
    assert (report.provider, report.model, report.precision, report.source) == (
        "cpu",
        "unet_lite",
        "fp32",
        "demo that ends",
    )
    assert report.fps > 0
    assert report.latency_ms["p50"] < report.stages_ms["whole"]["p50"]
    assert lines[0].startswith(f"wrote {tmp_path / 'v.mp4'} (0.1 s, 3 frames, ")
    assert lines[1:] == [report.summary(), f"wrote {tmp_path / 'run.json'}"]


def test_the_stages_of_a_frame_add_up_to_the_whole(play: Callable[[Source], None], tmp_path: Path) -> None:
    play(demo_that_ends(1))
    stages = loop.run(replace(HEADLESS, output=tmp_path / "v.mp4"), lambda line: None).stages_ms
    assert set(stages) == {"read", "find", "crop", "infer", "smooth", "draw", "write", "whole"}
    parts = sum(percentiles["p50"] for name, percentiles in stages.items() if name != "whole")
    assert parts <= stages["whole"]["p50"] + 0.01


@pytest.mark.parametrize("frames", [0, 2], ids=["before the first frame", "after two"])
def test_ctrl_c_is_an_ordinary_end(play: Callable[[Source], None], frames: int, tmp_path: Path) -> None:
    play(demo_that_ends(frames, KeyboardInterrupt()))
    lines: list[str] = []
    report = loop.run(replace(HEADLESS, output=tmp_path / "v.mp4"), lines.append)
    assert report.frames == frames
    assert (report.fps > 0) == (frames > 0)
    assert lines[-1].startswith(f"{frames} frames, ")
    assert len(lines) == 1 + bool(frames)
    if frames:
        assert lines[0].startswith(f"wrote {tmp_path / 'v.mp4'} (")
        assert count_frames(tmp_path / "v.mp4") == frames


def test_a_camera_lost_while_recording_leaves_the_video_and_is_told(
    play: Callable[[Source], None], tmp_path: Path
) -> None:
    play(demo_that_ends(3, SourceError("camera 0 gave no frame")))
    lines: list[str] = []
    with pytest.raises(SourceError, match="gave no frame"):
        loop.run(replace(HEADLESS, output=tmp_path / "v.mp4"), lines.append)
    assert len(lines) == 1
    assert lines[0].startswith(f"wrote {tmp_path / 'v.mp4'} (0.1 s, 3 frames, ")
    assert count_frames(tmp_path / "v.mp4") == 3


def test_no_more_frames_are_taken_than_wanted(play: Callable[[Source], None]) -> None:
    source = demo_that_ends(5)
    play(source)
    assert loop.run(replace(HEADLESS, max_frames=2), lambda line: None).frames == 2
    assert next(iter(source)).name == "demo_000002"


def test_without_a_camera_at_0_the_demo_plays_and_a_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_camera(spec: str) -> Source:
        raise SourceError(f"camera {spec} cannot be opened")

    monkeypatch.setattr(loop, "open_source", no_camera)
    lines: list[str] = []
    assert loop.open_source_or_demo("0", lines.append).name == "demo"
    assert lines == ["camera 0 cannot be opened: playing the demo instead"]
    with pytest.raises(SourceError, match="camera 1 cannot be opened"):
        loop.open_source_or_demo("1", lines.append)


ENDLESS = Source("camera", iter(()), is_endless=True)
VIDEO = Source("video", iter(()))
PICTURE = Source("picture", iter(()), is_one_picture=True)
SHOWN = replace(HEADLESS, headless=False)


@pytest.mark.parametrize(
    ("config", "source", "problem", "expected"),
    [
        (SHOWN, ENDLESS, None, SHOWN),
        (SHOWN, VIDEO, "none", replace(HEADLESS, output=Path("webcam.mp4"))),
        (SHOWN, PICTURE, "none", replace(HEADLESS, output=Path("webcam.png"))),
        (SHOWN, ENDLESS, "none", replace(HEADLESS, output=Path("webcam.mp4"), max_frames=300)),
        (replace(SHOWN, max_frames=7), ENDLESS, "none", replace(HEADLESS, output=Path("webcam.mp4"), max_frames=7)),
        (replace(SHOWN, output=Path("a.mkv")), VIDEO, "none", replace(HEADLESS, output=Path("a.mkv"))),
        (HEADLESS, VIDEO, "none", HEADLESS),
        (HEADLESS, ENDLESS, None, replace(HEADLESS, max_frames=300)),
        (replace(HEADLESS, max_frames=9000), ENDLESS, None, replace(HEADLESS, max_frames=9000)),
    ],
    ids=[
        "a display",
        "video",
        "picture",
        "camera",
        "camera, so many frames",
        "video with an output",
        "headless video",
        "headless camera",
        "headless camera, so many frames",
    ],
)
def test_without_a_display_a_file_is_written_and_the_run_ends(
    config: RealtimeConfig,
    source: Source,
    problem: str | None,
    expected: RealtimeConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "display_problem", lambda: problem)
    lines: list[str] = []
    assert loop.without_display(config, source, lines.append) == expected
    told = not config.headless and problem is not None
    assert lines == ([f"no display (none): writing {expected.output} instead of opening a window"] if told else [])
