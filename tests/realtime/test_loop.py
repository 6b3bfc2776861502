"""The loop's ends: by itself, by the user, by an error; outputs are finished in every case."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import av
import pytest

from realtime import loop
from realtime.capture.sources import Source, demo_source
from realtime.config import RealtimeConfig
from realtime.core.errors import SourceError
from realtime.drawing.painter import Picture
from realtime.frame import Frame
from realtime.inference.session import Provider

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
        monkeypatch.setattr(loop, "open_source", lambda spec, size_wh, fps, tell: source)

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
    assert set(stages) == {"read", "find", "crop", "infer", "measure", "smooth", "draw", "write", "whole"}
    parts = sum(percentiles["p50"] for name, percentiles in stages.items() if name != "whole")
    assert parts <= stages["whole"]["p50"] + 0.01


@pytest.mark.parametrize("frames", [0, 2], ids=["before the first frame", "after two"])
def test_ctrl_c_is_an_ordinary_end(play: Callable[[Source], None], frames: int, tmp_path: Path) -> None:
    play(demo_that_ends(frames, KeyboardInterrupt()))
    lines: list[str] = []
    report = loop.run(replace(HEADLESS, output=tmp_path / "v.mp4"), lines.append)
    assert report.frames == frames
    assert (report.fps > 0) == (frames > 0)
    assert lines[-1].startswith(f"{frames} frames, " if frames else "no frame came")
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


def test_a_signal_while_files_are_being_opened_ends_the_program_as_one_before_the_first_frame(
    play: Callable[[Source], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    play(demo_that_ends(9))
    opened = loop.Outputs.__init__

    def open_and_signal(outputs: loop.Outputs, *rest: Any, **named: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        opened(outputs, *rest, **named)

    monkeypatch.setattr(loop.Outputs, "__init__", open_and_signal)
    with pytest.raises(KeyboardInterrupt):
        loop.run(replace(HEADLESS, output=tmp_path / "v.mp4"), lambda line: None)
    assert not (tmp_path / "v.mp4").exists()


def test_without_a_camera_at_0_the_demo_plays_and_a_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_camera(spec: str, *_: object) -> Source:
        raise SourceError(f"camera {spec} cannot be opened")

    monkeypatch.setattr(loop, "open_source", no_camera)
    lines: list[str] = []
    assert loop.open_source_or_demo(RealtimeConfig(), lines.append).name == "demo"
    assert lines == ["camera 0 cannot be opened: playing the demo instead"]
    with pytest.raises(SourceError, match="camera 1 cannot be opened"):
        loop.open_source_or_demo(RealtimeConfig("1"), lines.append)


def test_size_and_rate_reach_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(loop, "open_source", lambda *words: asked.append(words[:3]))
    loop.open_source_or_demo(RealtimeConfig("3", size_wh=(1280, 720), fps=60.0), lambda line: None)
    assert asked == [("3", (1280, 720), 60.0)]


def test_latency_counts_from_the_capture_of_a_frame(play: Callable[[Source], None]) -> None:
    def old_frames() -> Iterator[Frame]:
        for frame in demo_that_ends(4):
            yield replace(frame, captured_s=frame.captured_s - 5.0)

    play(Source("slow", old_frames()))
    report = loop.run(HEADLESS, lambda line: None)
    assert 5000 < report.latency_ms["p50"] < 6000
    assert report.stages_ms["whole"]["p50"] < 1000
    assert f"latency {report.latency_ms['p50']:.1f} ms" in report.summary()


def test_while_a_live_source_has_nothing_new_the_loop_waits(play: Callable[[Source], None]) -> None:
    frames = list(demo_that_ends(2))
    play(Source("camera", iter([None, frames[0], None, None, frames[1], None])))
    assert loop.run(HEADLESS, lambda line: None).frames == 2


class SetClock:
    """A clock that stands still unless it is set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s


def test_the_pause_of_a_camera_is_no_part_of_the_frame_rate(
    play: Callable[[Source], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two frames of a second each; between them a frame that is drained, a hundred seconds later: 1 fps.
    clock, controls = SetClock(), loop.Controls(HEADLESS)

    def frames_with_a_pause() -> Iterator[Frame]:
        for frame, seconds, controls.is_paused in zip(
            demo_that_ends(3), (1, 100, 1), (False, True, False), strict=True
        ):
            assert frame is not None
            clock.now_s += seconds
            yield frame

    play(Source("camera", frames_with_a_pause()))
    monkeypatch.setattr(loop, "time", clock)
    monkeypatch.setattr(loop, "Controls", lambda config: controls)
    report = loop.run(HEADLESS, lambda line: None)
    assert (report.frames, report.fps) == (2, 1.0)


def test_an_error_of_ours_in_the_source_is_not_swallowed(play: Callable[[Source], None], tmp_path: Path) -> None:
    play(demo_that_ends(2, ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError, match="ours"):
        loop.run(replace(HEADLESS, output=tmp_path / "v.mp4"), lambda line: None)
    assert count_frames(tmp_path / "v.mp4") == 2


def test_a_signal_while_a_frame_is_worked_on_ends_the_run(
    play: Callable[[Source], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That frame is left out; a second signal, while the files are being finished, changes nothing."""
    play(demo_that_ends(9))
    close, paint, painted = loop.Outputs.__exit__, loop.Painter.paint, []

    def paint_and_signal(painter: loop.Painter, *rest: Any) -> Picture:
        painted.append(rest)
        if len(painted) == 2:
            signal.raise_signal(signal.SIGTERM)
        return paint(painter, *rest)

    def close_and_signal(outputs: loop.Outputs, *error: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        close(outputs, *error)

    monkeypatch.setattr(loop.Outputs, "__exit__", close_and_signal)
    monkeypatch.setattr(loop.Painter, "paint", paint_and_signal)
    lines: list[str] = []
    report = loop.run(replace(HEADLESS, output=tmp_path / "v.mp4"), lines.append)
    assert report.frames == 1
    assert count_frames(tmp_path / "v.mp4") == 1
    assert [line.split(" (")[0] for line in lines] == [f"wrote {tmp_path / 'v.mp4'}", report.summary().split(" (")[0]]


ENDLESS = Source("demo", iter(()), is_endless=True)
CAMERA = Source("camera", iter(()), is_endless=True)
CAMERA.is_live = True  # without a thread that reads it
VIDEO = Source("video", iter(()))
PICTURE = Source("picture", iter(()), is_one_picture=True)
SHOWN = replace(HEADLESS, headless=False)
CALLED = replace(SHOWN, virtual_camera=True)


@pytest.mark.parametrize(
    ("config", "source", "problem", "expected"),
    [
        (SHOWN, CAMERA, None, SHOWN),
        (SHOWN, VIDEO, "none", replace(HEADLESS, output=Path("webcam.mp4"))),
        (SHOWN, PICTURE, "none", replace(HEADLESS, output=Path("webcam.png"))),
        (SHOWN, CAMERA, "none", replace(HEADLESS, output=Path("webcam.mp4"), max_frames=300)),
        (replace(SHOWN, max_frames=7), CAMERA, "none", replace(HEADLESS, output=Path("webcam.mp4"), max_frames=7)),
        (replace(SHOWN, output=Path("a.mkv")), VIDEO, "none", replace(HEADLESS, output=Path("a.mkv"))),
        (CALLED, CAMERA, "none", replace(CALLED, headless=True)),
        (HEADLESS, VIDEO, "none", HEADLESS),
        (HEADLESS, ENDLESS, None, replace(HEADLESS, max_frames=300)),
        (HEADLESS, CAMERA, None, HEADLESS),
        (replace(CALLED, headless=True), ENDLESS, None, replace(CALLED, headless=True)),
        (replace(HEADLESS, max_frames=9000), ENDLESS, None, replace(HEADLESS, max_frames=9000)),
    ],
    ids=[
        "a display",
        "video",
        "picture",
        "camera",
        "camera, so many frames",
        "video with an output",
        "virtual camera",
        "headless video",
        "headless demo",
        "headless camera",
        "headless virtual camera",
        "headless demo, so many frames",
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
    if config.headless or problem is None:
        assert lines == []
    elif config.virtual_camera:
        assert lines == ["no display (none): no window"]
    else:
        assert lines == [f"no display (none): writing {expected.output} instead of opening a window"]
