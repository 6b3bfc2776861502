"""The window's keys do what they say, recordings keep their speed, and a pause is a pause."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.capture.sources import Source
from realtime.config import RealtimeConfig
from realtime.core.errors import OutputError
from realtime.core.geometry import BgrImage
from realtime.drawing.painter import Painter, Picture
from realtime.screen import viewer as viewer_module
from realtime.screen.controls import Controls
from realtime.screen.hud import Hud
from realtime.screen.viewer import Viewer
from realtime.screen.window import Window

FakeScreen = Any
VIDEO = Source("video", iter(()))
PICTURE = Source("picture", iter(()), is_one_picture=True)


@pytest.fixture
def live() -> Source:
    source = Source("camera", iter(()))
    source.is_live = True  # without a thread that reads it
    return source


@dataclass
class FakeOutputs:
    """Notes what it is asked to keep; refuses where the disk is full."""

    is_full: bool = False
    is_recording: bool = False
    dropped: int = 0
    snapshots: list[Picture] = field(default_factory=list)
    recordings: int = 0

    def snapshot(self, picture: Picture) -> Path:
        self._refuse("snapshot_1.png")
        self.snapshots.append(picture.copy())
        return Path(f"snapshot_{len(self.snapshots)}.png")

    def start_recording(self) -> Path:
        self._refuse("recording_1.mp4")
        self.is_recording = True
        self.recordings += 1
        return Path(f"recording_{self.recordings}.mp4")

    def stop_recording(self) -> Path:
        self.is_recording = False
        return Path(f"recording_{self.recordings}.mp4")

    def _refuse(self, name: str) -> None:
        if self.is_full:
            raise OutputError(f"{name}: cannot be written (No space left on device)")


class Stage:
    """A viewer and all it works with, on a screen that is none."""

    def __init__(self, source: Source, config: RealtimeConfig | None = None) -> None:
        self.controls = Controls(config or RealtimeConfig())
        self.painter = Painter(self.controls)
        self.outputs = FakeOutputs()
        self.is_stopping = False
        self.viewer = Viewer(
            Window("title"),
            self.controls,
            self.painter,
            self.outputs,  # type: ignore[arg-type]
            Hud("unet_lite", "fp32", "cpu"),
            source,
            lambda: self.is_stopping,
        )

    def show(self, image: BgrImage | None = None, time_s: float = 0.0) -> bool:
        return self.viewer.show(self.painter.paint(image_bgr() if image is None else image, []), time_s, 0, 3.0)


def image_bgr() -> BgrImage:
    """Bright on its left half."""
    image = np.full((480, 640, 3), 20, np.uint8)
    image[:, :320] = 220
    return BgrImage(image)


@pytest.fixture
def stage(screen: FakeScreen, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    monkeypatch.setattr(viewer_module, "time", SimpleNamespace(perf_counter=lambda: screen.now_s))
    return Stage


def bottom(pictures: Sequence[BgrImage]) -> list[BgrImage]:
    """Without the messages."""
    return [BgrImage(picture[300:]) for picture in pictures]


@pytest.mark.parametrize("key", ["q", 27])
def test_quitting_ends_the_show_of_a_video_and_of_a_camera(
    stage: Callable[..., Stage], screen: FakeScreen, live: Source, key: str | int
) -> None:
    for source in (VIDEO, live):
        screen.press([key, "x"])
        assert not stage(source).show()
        assert screen.keys == [ord("x")]
        screen.keys.clear()


def test_closing_the_window_ends_it(stage: Callable[..., Stage], screen: FakeScreen, live: Source) -> None:
    camera = stage(live)
    assert camera.show()
    assert camera.viewer.attend()
    screen.is_visible = False
    assert not camera.viewer.attend()


def test_a_signal_to_stop_ends_what_is_held(stage: Callable[..., Stage], screen: FakeScreen) -> None:
    still = stage(PICTURE)
    still.is_stopping = True
    assert not still.show()


def test_a_camera_is_never_waited_for(stage: Callable[..., Stage], screen: FakeScreen, live: Source) -> None:
    camera = stage(live)
    for time_s in (0.0, 5.0, 9.0):
        assert camera.show(time_s=time_s)
    assert screen.waits_ms == [1, 1, 1]


def test_a_recording_is_shown_at_its_own_pace_and_caught_up_with(
    stage: Callable[..., Stage], screen: FakeScreen
) -> None:
    video = stage(VIDEO)
    ends = []
    for time_s, spent_s in ((3.0, 0.0), (3.04, 0.02), (3.08, 0.5), (3.12, 0.0), (4.0, 0.1)):
        screen.now_s += spent_s  # on the frame, before it can be shown
        video.show(time_s=time_s)
        ends.append(round(screen.now_s - 100, 3))
    # The first is shown at 0; the third is late, the fourth at once behind it; the last is due at 1.
    assert ends == pytest.approx([0.001, 0.04, 0.541, 0.542, 1.0], abs=0.002)
    assert max(screen.waits_ms) <= 50  # keys are looked for in between


def test_a_pause_holds_a_recording_and_it_does_not_rush_afterwards(
    stage: Callable[..., Stage], screen: FakeScreen
) -> None:
    video = stage(VIDEO)
    video.show(time_s=0.0)
    screen.press([" ", *"xxx", " "])
    assert video.show(time_s=0.04)
    paused_until = screen.now_s
    assert paused_until > 100.15
    for time_s in (0.08, 0.12, 0.16):
        video.show(time_s=time_s)
    assert screen.now_s - paused_until == pytest.approx(0.08, abs=0.003)


def test_a_still_is_held_until_one_quits_and_keys_work_on_it(stage: Callable[..., Stage], screen: FakeScreen) -> None:
    screen.press([-1, "x", "m", " ", " ", -1, "q"])
    assert not stage(PICTURE).show()
    assert screen.keys == []
    first, *_, last = bottom(screen.pictures)
    assert_array_equal(last, first[:, ::-1])


def test_a_paused_camera_keeps_its_picture_while_the_source_writes_over_it(
    stage: Callable[..., Stage], screen: FakeScreen, live: Source
) -> None:
    camera, image = stage(live), image_bgr()
    screen.press([" "])
    assert camera.show(image)
    image[:] = 0  # the source's next frame
    screen.press("m")
    assert camera.viewer.attend()
    assert_array_equal(bottom(screen.pictures)[-1], image_bgr()[300:, ::-1])


def test_while_it_is_paused_only_what_changes_is_shown_again(
    stage: Callable[..., Stage], screen: FakeScreen, live: Source
) -> None:
    camera = stage(live)
    screen.press([" "])
    camera.show()
    shown = len(screen.pictures)
    for _ in range(5):
        camera.viewer.attend()
    assert len(screen.pictures) == shown


def test_keys_are_heard_before_the_first_frame(stage: Callable[..., Stage], screen: FakeScreen, live: Source) -> None:
    camera = stage(live)
    screen.press("msvq")
    assert [camera.viewer.attend() for _ in range(4)] == [True, True, True, False]
    assert camera.controls.is_mirrored
    assert screen.pictures == []


def test_a_pause_while_a_pipe_has_nothing_holds_it(stage: Callable[..., Stage], screen: FakeScreen) -> None:
    pipe = stage(VIDEO)
    screen.press(" m +q")  # all but the last within one look after the keys
    assert pipe.viewer.attend()
    assert pipe.controls.is_mirrored
    assert screen.keys == [ord("+"), ord("q")]


def test_s_keeps_the_picture_without_what_lies_over_it(stage: Callable[..., Stage], screen: FakeScreen) -> None:
    video = stage(VIDEO, RealtimeConfig(hud=True, mirror=True))
    screen.press("?s")
    video.show()
    video.show()
    (kept,) = video.outputs.snapshots
    assert_array_equal(kept, image_bgr()[:, ::-1])
    assert video.controls.message.text == "kept snapshot_1.png"


def test_v_starts_and_stops_a_recording(stage: Callable[..., Stage], screen: FakeScreen, live: Source) -> None:
    camera = stage(live)
    recording = []
    for key in "vxvv":
        screen.press([key])
        camera.show()
        recording.append((camera.outputs.is_recording, camera.outputs.recordings))
    assert recording == [(True, 1), (True, 1), (False, 1), (True, 2)]
    assert camera.controls.message.text == "recording recording_2.mp4"


def test_of_a_still_no_video_is_made(stage: Callable[..., Stage], screen: FakeScreen) -> None:
    still = stage(PICTURE)
    screen.press("vq")
    still.show()
    assert still.outputs.recordings == 0
    assert still.controls.message.text == "a still: s keeps it"


@pytest.mark.parametrize("key", ["s", "v"])
def test_what_cannot_be_kept_is_said_and_the_show_goes_on(
    stage: Callable[..., Stage], screen: FakeScreen, live: Source, key: str
) -> None:
    camera = stage(live)
    camera.outputs.is_full = True
    screen.press(key)
    assert camera.show()
    assert camera.controls.message.text.endswith("cannot be written (No space left on device)")
    camera.outputs.is_full = False
    assert camera.show()  # and it is not tried again by itself
    assert (camera.outputs.snapshots, camera.outputs.recordings) == ([], 0)


def test_h_and_the_question_mark_lie_over_the_picture_and_go_again(
    stage: Callable[..., Stage], screen: FakeScreen
) -> None:
    screen.press("hh??q")
    stage(PICTURE).show()
    plain, numbers, again, help_shown, last = screen.pictures[:5]
    assert (plain == image_bgr()).all()
    assert (numbers != plain).any(axis=2)[20:150, 20:130].mean() > 0.95
    assert (help_shown != plain).any(axis=2)[200:280, 200:440].mean() > 0.95
    for picture in (again, last):
        assert_array_equal(picture, plain)
