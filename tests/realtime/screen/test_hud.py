"""Numbers, marks, messages and help lie over the picture, and leave it as it was."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.config import RealtimeConfig
from realtime.core.geometry import BgrImage
from realtime.screen import hud as hud_module
from realtime.screen.controls import KEYS, Controls
from realtime.screen.hud import HELP_ROWS, MESSAGE_S, Hud, RecentFrames, Status
from realtime.screen.panel import PanelLine

WHITE = BgrImage(np.full((480, 640, 3), 255, np.uint8))


class Clock(SimpleNamespace):
    now_s = 50.0

    def perf_counter(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(hud_module, "time", clock)
    return clock


@pytest.fixture
def hud() -> Hud:
    return Hud("unet_lite", "fp32", "cpu")


def laid(hud: Hud, picture: BgrImage = WHITE) -> BgrImage:
    """The picture as one sees it; afterwards it is as it was."""
    below = BgrImage(picture.copy())
    with hud.over(below):
        seen = BgrImage(below.copy())
    assert_array_equal(below, picture)
    return seen


def covered(hud: Hud, size_wh: tuple[int, int] = (640, 480)) -> tuple[int, int, int, int] | None:
    """Box (left, top, right, bottom) of what does not show white; None for nothing."""
    white = BgrImage(np.full((*size_wh[::-1], 3), 255, np.uint8))
    ys, xs = np.nonzero((laid(hud, white) != 255).any(axis=2))
    return (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) if len(xs) else None


def test_fps_counts_the_intervals_between_frames() -> None:
    frames = RecentFrames()
    rates = []
    for now_s in (10.0, 10.1, 10.2, 10.7):
        frames.add(now_s, 4.0)
        rates.append(round(frames.fps(), 6))
    assert rates == [0.0, 10.0, 10.0, round(3 / 0.7, 6)]


def test_only_the_last_seconds_count() -> None:
    frames = RecentFrames()
    frames.add(0.0, 900.0)
    for index in range(5):
        frames.add(10.0 + index, float(index))
    assert frames.fps() == 1.0  # those at 11, 12, 13 and 14
    assert frames.latency_ms()["p50"] == 2.5
    frames.clear()
    assert frames.fps() == 0.0


def test_without_anything_to_say_nothing_is_drawn(hud: Hud) -> None:
    hud.refresh(Controls(RealtimeConfig()), Status(faces=1))
    assert covered(hud) is None


def test_the_numbers_are_those_of_the_run(hud: Hud, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(31):
        hud.frames.add(clock.now_s - 1 + index / 30, 3.0 + (index == 30))
    hud.refresh(Controls(RealtimeConfig(hud=True)), Status(faces=2, dropped=5, unwritten=1))
    shown: list[PanelLine] = []
    real_panel = hud_module.Panel

    def noted(rows: tuple[PanelLine, ...], zoom: float, *, is_list: bool) -> hud_module.Panel:
        shown.extend(rows)
        return real_panel(rows, zoom, is_list=is_list)

    monkeypatch.setattr(hud_module, "Panel", noted)
    laid(hud)
    assert {row.left: row.right for row in shown} == {
        "fps": "30.0",
        "latency": "3.0 ms",
        "p95": "3.0 ms",
        "faces": "2",
        "dropped": "5, unwritten 1",
        "model": "unet_lite",
        "runs on": "cpu, fp32",
    }


def test_the_numbers_lie_in_the_corner_at_the_top_left(hud: Hud) -> None:
    hud.refresh(Controls(RealtimeConfig(hud=True)), Status())
    box = covered(hud)
    assert box is not None
    assert box[:2] == (10, 10)
    assert box[2] < 240
    assert box[3] < 240


def test_numbers_change_a_few_times_a_second_and_not_while_the_picture_is_held(hud: Hud, clock: Clock) -> None:
    controls = Controls(RealtimeConfig(hud=True))
    assert hud.refresh(controls, Status(faces=1))
    clock.now_s += 0.01
    assert not hud.refresh(controls, Status(faces=2))
    clock.now_s += 0.5
    assert not hud.refresh(controls, Status(faces=2), is_held=True)
    assert hud.refresh(controls, Status(faces=2))


def test_of_a_camera_that_is_lost_no_old_rate_is_told(hud: Hud, clock: Clock) -> None:
    for index in range(31):
        hud.frames.add(clock.now_s - 1 + index / 30, 3.0)
    rates = []
    for _ in range(3):
        hud.refresh(Controls(RealtimeConfig(hud=True)), Status())
        rates.append([row.right for row in hud._rows["numbers"][:3]])
        clock.now_s += 2
    assert rates == [["30.0", "3.0 ms", "3.0 ms"], ["30.0", "3.0 ms", "3.0 ms"], ["-", "-", "-"]]


def test_a_message_stays_for_a_moment_also_without_the_numbers(hud: Hud, clock: Clock) -> None:
    controls = Controls(RealtimeConfig())
    controls.say("kept snapshot_1.png")
    assert hud.refresh(controls, Status())
    box = covered(hud)
    assert box is not None
    assert box[:2] == (10, 10)
    clock.now_s += MESSAGE_S - 0.01
    assert not hud.refresh(controls, Status())
    clock.now_s += 0.02
    assert hud.refresh(controls, Status())
    assert covered(hud) is None


def test_a_long_message_is_seen_to_its_end(hud: Hud, monkeypatch: pytest.MonkeyPatch) -> None:
    real_panel, controls, shown = hud_module.Panel, Controls(RealtimeConfig()), []

    def noted(rows: tuple[PanelLine, ...], zoom: float, *, is_list: bool) -> hud_module.Panel:
        shown.append([row.left for row in rows])
        return real_panel(rows, zoom, is_list=is_list)

    monkeypatch.setattr(hud_module, "Panel", noted)
    controls.say("recording_20260101_120000.mp4: cannot be written (Read-only file system)")
    hud.refresh(controls, Status())
    laid(hud)
    assert shown[-1] == ["recording_20260101_120000.mp4: cannot be written (Read-only", "file system)"]
    controls.say("on and on " * 40)
    hud.refresh(controls, Status())
    laid(hud)
    assert len(shown[-1]) == 3
    assert shown[-1][-1].endswith(" ...")


def test_with_the_numbers_the_message_lies_below_them(hud: Hud) -> None:
    controls = Controls(RealtimeConfig(hud=True))
    hud.refresh(controls, Status())
    alone = laid(hud)
    controls.say("mirror on")
    hud.refresh(controls, Status())
    ys, xs = np.nonzero((laid(hud) != alone).any(axis=2))
    assert ys.min() > 140
    assert xs.min() == 10


def test_recording_and_pause_are_marked_at_the_right_with_the_numbers_off(hud: Hud, clock: Clock) -> None:
    controls = Controls(RealtimeConfig())
    hud.refresh(controls, Status(is_recording=False))
    clock.now_s += 75
    assert hud.refresh(controls, Status(is_recording=True))
    recording = covered(hud)
    assert recording is not None
    assert recording[0] > 500
    assert recording[1:3] == (10, 630)
    red = (laid(hud) == (60, 60, 235)).all(axis=2)
    assert red.sum() > 20
    controls.is_paused = True
    hud.refresh(controls, Status(is_recording=True))
    both = covered(hud)
    assert both is not None
    assert both[3] > recording[3]


def test_the_recording_tells_its_own_time(hud: Hud, clock: Clock) -> None:
    controls = Controls(RealtimeConfig())
    for step_s, is_recording, expected in ((9, False, None), (0, True, "rec 0:00"), (75.2, True, "rec 1:15")):
        clock.now_s += step_s
        hud.refresh(controls, Status(is_recording=is_recording))
        assert [row.left for row in hud._rows["marks"]] == ([expected] if expected else [])


def test_the_help_names_every_key_and_lies_in_the_middle_alone(hud: Hud) -> None:
    controls = Controls(RealtimeConfig(hud=True))
    controls.shows_help = True
    controls.say("mirror on")
    hud.refresh(controls, Status())
    left, top, right, bottom = covered(hud) or (0, 0, 0, 0)
    assert abs((left + right) / 2 - 320) <= 1
    assert abs((top + bottom) / 2 - 240) <= 1
    assert [(row.left, row.right) for row in HELP_ROWS] == [("  ".join(key.names), key.does) for key in KEYS]


@pytest.mark.parametrize("size_wh", [(320, 240), (640, 480), (480, 640), (1920, 1080), (3840, 2160)])
def test_all_of_it_fits_into_pictures_of_every_size(hud: Hud, size_wh: tuple[int, int]) -> None:
    controls = Controls(RealtimeConfig(hud=True))
    controls.say("a long line: " + "camera 0 gives no frames " * 9)
    for controls.shows_help in (False, True):
        hud.refresh(controls, Status(is_recording=True))
        left, top, right, bottom = covered(hud, size_wh) or (0, 0, 0, 0)
        assert 0 < left < right < size_wh[0]
        assert 0 < top < bottom < size_wh[1]


@pytest.mark.parametrize("size_wh", [(1, 1), (5, 3), (64, 48), (10, 4000)])
def test_on_a_tiny_picture_it_is_cut_off(hud: Hud, size_wh: tuple[int, int]) -> None:
    controls = Controls(RealtimeConfig(hud=True))
    for controls.shows_help in (False, True):
        hud.refresh(controls, Status(is_recording=True))
        covered(hud, size_wh)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_it_is_readable_on_any_ground(hud: Hud, grey: int) -> None:
    hud.refresh(Controls(RealtimeConfig(hud=True)), Status())
    picture = BgrImage(np.full((480, 640, 3), grey, np.uint8))
    card = laid(hud, picture)[14:150, 14:130].astype(int).mean(axis=2)
    assert card.max() > 210
    assert np.median(card) < 90
