"""Whether a window can be opened, its size and its keys; no real window is opened here."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime.core.geometry import BgrImage
from realtime.screen import window as window_module
from realtime.screen.window import Window, display_problem

PICTURE = BgrImage(np.zeros((48, 64, 3), np.uint8))
FakeScreen = Any
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


@pytest.mark.parametrize(
    ("code", "key"),
    [(-1, None), (ord("q"), ord("q")), (27, 27), (ord("q") + 0x100000, ord("q")), (0xFF51, 0xFF51)],
    ids=["no key", "q", "Esc", "q with a modifier's bits", "an arrow, whose low byte is a Q"],
)
def test_keys_come_as_opencv_names_them(screen: FakeScreen, code: int, key: int | None) -> None:
    screen.keys = [code]
    with Window("title") as window:
        assert window.wait_key(7) == key
        assert not screen.is_destroyed
    assert (screen.waits_ms, screen.is_destroyed) == ([7], True)


def test_a_key_is_never_waited_for_without_end(screen: FakeScreen) -> None:
    Window("title").wait_key(0)  # to OpenCV 0 means for ever
    assert screen.waits_ms == [1]


@pytest.mark.parametrize("raises", [False, True], ids=["GTK", "Qt"])
def test_closing_it_with_the_mouse_is_noticed_and_it_does_not_come_back(screen: FakeScreen, raises: bool) -> None:
    screen.raises_when_closed = raises
    window = Window("title")
    window.show(PICTURE)
    window.wait_key(1)
    assert not window.is_closed
    screen.is_visible = False
    window.wait_key(1)
    assert window.is_closed
    window.show(PICTURE)
    assert len(screen.pictures) == 1


@pytest.mark.parametrize(
    ("picture_wh", "window_wh"),
    [((64, 48), (64, 48)), ((1280, 800), (1280, 800)), ((3840, 2160), (1280, 720)), ((100, 8000), (10, 800))],
)
def test_it_begins_at_the_pictures_size_as_far_as_a_screen_has_room_and_then_is_the_users(
    screen: FakeScreen, picture_wh: tuple[int, int], window_wh: tuple[int, int]
) -> None:
    window = Window("title")
    for _ in range(2):
        window.show(BgrImage(np.zeros((*picture_wh[::-1], 3), np.uint8)))
    assert screen.sizes == [window_wh]


def test_qt_is_given_fonts_that_exist(screen: FakeScreen) -> None:
    Window("title")
    assert list(Path(os.environ["QT_QPA_FONTDIR"]).glob("*.ttf"))


def test_fonts_that_are_there_are_left_alone(
    screen: FakeScreen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QT_QPA_FONTDIR", str(tmp_path))
    Window("title")
    assert os.environ["QT_QPA_FONTDIR"] == str(tmp_path)
