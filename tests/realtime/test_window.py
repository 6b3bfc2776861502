"""Whether a window can be opened, and what ends it; no real window is opened here."""

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from realtime import window as window_module
from realtime.preprocess import BgrImage
from realtime.window import Window, display_problem

PICTURE = BgrImage(np.zeros((48, 64, 3), np.uint8))
NO_KEY = -1
UNUSED_DISPLAY = 50_000 + os.getpid() % 10_000
ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X servers are looked for on Linux only")


def has_gui(name: str) -> str:
    return f"\n  GUI:                           {name}\n    GTK+: NO\n"


@pytest.mark.parametrize(
    ("build", "platform", "environment", "problem"),
    [
        ("NONE", "linux", {"DISPLAY": ":0"}, "this OpenCV is the headless build"),
        ("NONE", "darwin", {}, "this OpenCV is the headless build"),
        ("COCOA", "darwin", {}, None),
        ("WIN32UI", "win32", {}, None),
        ("QT5", "linux", {}, "DISPLAY is not set"),
        ("QT5", "linux", {"DISPLAY": ""}, "DISPLAY is not set"),
        ("QT5", "linux", {"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, "QT_QPA_PLATFORM is offscreen"),
        ("QT5", "linux", {"DISPLAY": ":0"}, "no X server answers at DISPLAY=:0"),
        ("QT5", "linux", {"DISPLAY": "answers:7.1", "QT_QPA_PLATFORM": "xcb"}, None),
    ],
    ids=["headless", "headless on a Mac", "Mac", "Windows", "none", "empty", "offscreen", "nobody answers", "answers"],
)
def test_why_no_window_can_be_opened(
    build: str, platform: str, environment: dict[str, str], problem: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: has_gui(build))
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(window_module, "_answers_x11", lambda display: display.startswith("answers"))
    assert display_problem() == problem


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@ON_LINUX
@pytest.mark.parametrize("address", ["{0}", "{0}.1", "unix{0}"])
def test_a_local_x_server_is_heard(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: has_gui("QT5"))
    monkeypatch.setenv("DISPLAY", address.format(f":{UNUSED_DISPLAY}"))
    assert str(display_problem()).startswith("no X server answers")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{UNUSED_DISPLAY}")
        server.listen()
        assert display_problem() is None


@ON_LINUX
def test_an_x_server_behind_ssh_is_heard(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: has_gui("QT5"))
    monkeypatch.setenv("DISPLAY", f"127.0.0.1:{listener.getsockname()[1] - 6000}.0")
    assert display_problem() is None
    listener.close()
    assert str(display_problem()).startswith("no X server answers")


@ON_LINUX
def test_an_x_server_at_a_sockets_path_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: has_gui("QT5"))
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    monkeypatch.setenv("DISPLAY", "socket")
    assert str(display_problem()).startswith("no X server answers")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert display_problem() is None


@pytest.mark.parametrize("display", ["nonsense", ":", "a:b", ":0x1"])
def test_a_display_that_is_none_is_no_display(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: has_gui("QT5"))
    monkeypatch.setenv("DISPLAY", display)
    assert display_problem() == f"no X server answers at DISPLAY={display}"


@dataclass
class FakeScreen:
    """OpenCV's window functions, without a screen: says which keys are pressed, notes how long is waited."""

    keys: list[int] = field(default_factory=list)
    is_visible: bool = True
    now_s: float = 100.0
    shown: int = 0
    sizes: list[tuple[int, int]] = field(default_factory=list)
    waits_ms: list[int] = field(default_factory=list)
    is_destroyed: bool = False

    def wait_key(self, wait_ms: int) -> int:
        self.waits_ms.append(wait_ms)
        self.now_s += wait_ms / 1e3
        return self.keys.pop(0) if self.keys else NO_KEY

    def show(self, *_: object) -> None:
        self.shown += 1

    def destroy(self) -> None:
        self.is_destroyed = True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> FakeScreen:
    fake = FakeScreen()
    monkeypatch.setenv("QT_QPA_FONTDIR", "missing")  # put back after the test
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "resizeWindow", lambda _, width, height: fake.sizes.append((width, height)))
    monkeypatch.setattr(cv2, "imshow", fake.show)
    monkeypatch.setattr(cv2, "waitKey", fake.wait_key)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0 if fake.is_visible else 0.0)
    monkeypatch.setattr(cv2, "destroyAllWindows", fake.destroy)
    monkeypatch.setattr(window_module, "time", SimpleNamespace(perf_counter=lambda: fake.now_s))
    return fake


@pytest.mark.parametrize(
    ("key", "goes_on"),
    [(NO_KEY, True), (ord("q"), False), (27, False), (ord("x"), True), (ord("q") + 0x100000, False)],
    ids=["no key", "q", "Esc", "another key", "q with a modifier's bits"],
)
def test_q_and_esc_end_it(screen: FakeScreen, key: int, goes_on: bool) -> None:
    screen.keys = [key]
    with Window("title", is_paced=False) as window:
        assert window.show(PICTURE, 0.0) is goes_on
        assert not screen.is_destroyed
    assert (screen.shown, screen.sizes, screen.is_destroyed) == (1, [(64, 48)], True)


def test_closing_it_with_the_mouse_ends_it(screen: FakeScreen) -> None:
    window = Window("title", is_paced=False)
    assert window.show(PICTURE, 0.0)
    screen.is_visible = False
    assert not window.show(PICTURE, 0.0)
    assert screen.sizes == [(64, 48)]  # resized once: after that its size is the user's own


def test_a_single_picture_is_held_until_a_key_is_pressed(screen: FakeScreen) -> None:
    screen.keys = [NO_KEY, NO_KEY, NO_KEY, ord("x"), NO_KEY]
    assert Window("title", is_paced=True).show(PICTURE, 0.0, hold=True)
    assert screen.keys == [NO_KEY]


def test_a_live_source_is_never_waited_for(screen: FakeScreen) -> None:
    window = Window("title", is_paced=False)
    for time_s in (0.0, 5.0, 9.0):
        window.show(PICTURE, time_s)
    assert screen.waits_ms == [1, 1, 1]


def test_a_recording_is_shown_at_its_own_pace_and_caught_up_with(screen: FakeScreen) -> None:
    window = Window("title", is_paced=True)
    window.show(PICTURE, 3.0)
    screen.now_s += 0.019  # spent on the next frame; 0.001 was waited
    window.show(PICTURE, 3.1)
    screen.now_s += 0.5
    window.show(PICTURE, 3.2)  # late
    screen.now_s += 0.099
    window.show(PICTURE, 4.0)
    # 100 - 20; late: 1; the third frame ends 0.601 after the first: 4.0 is due at 1.0, it is 0.7.
    assert screen.waits_ms == [1, 80, 1, 300]


def test_qt_is_given_fonts_that_exist(screen: FakeScreen) -> None:
    Window("title", is_paced=False)
    assert list(Path(os.environ["QT_QPA_FONTDIR"]).glob("*.ttf"))


def test_fonts_that_are_there_are_left_alone(
    screen: FakeScreen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QT_QPA_FONTDIR", str(tmp_path))
    Window("title", is_paced=False)
    assert os.environ["QT_QPA_FONTDIR"] == str(tmp_path)
