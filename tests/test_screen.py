"""The program in a real window on a virtual screen, its keys pressed from outside."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

import run_webcam

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool (apt install both)"
    ),
]
TIMEOUT_S = 60.0


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A screen of its own, and DISPLAY set to it."""
    read_end, write_end = os.pipe()
    arguments = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(arguments, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    with os.fdopen(read_end) as numbers:
        name = f":{numbers.readline().strip()}"
    monkeypatch.setenv("DISPLAY", name)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    yield name
    server.terminate()
    server.wait(TIMEOUT_S)


class Shown:
    """The program, running in its window."""

    def __init__(self, line: str, folder: Path) -> None:
        command = [sys.executable, run_webcam.__file__, "--threads", "1", "--jsonl", "shown.jsonl", *line.split()]
        environment = os.environ | {"PYTHONFAULTHANDLER": "1"}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.log = folder / "shown.jsonl"
        self.window = ""

    def wait_for_first_frame(self) -> None:
        give_up = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None and time.monotonic() < give_up:
            found = xdotool("search", "--onlyvisible", "--name", "eye-lip-segmenter").split()
            if found and self.log.is_file() and self.log.stat().st_size:
                self.window = found[-1]
                time.sleep(0.5)  # Qt takes keys a moment after the window is there
                return
            time.sleep(0.05)
        self.process.send_signal(signal.SIGABRT)  # tells where each thread is
        stdout, stderr = self.process.communicate(timeout=TIMEOUT_S)
        windows = xdotool("search", "--name", ".*")
        pytest.fail(f"no window; exit {self.process.returncode}\n{stdout}\n{stderr}\nwindows: {windows}")

    def press(self, key: str) -> None:
        xdotool("key", "--window", self.window, key)

    def end(self) -> str:
        stdout, stderr = self.process.communicate(timeout=TIMEOUT_S)
        assert (self.process.returncode, stderr) == (0, "")
        return stdout


@pytest.fixture
def show(display: str, tmp_path: Path) -> Iterator[Callable[[str], Shown]]:
    """Starts the program in an empty folder; it is ended in any case."""
    started: list[Shown] = []

    def start(line: str) -> Shown:
        started.append(Shown(line, tmp_path))
        started[-1].wait_for_first_frame()
        return started[-1]

    yield start
    for shown in started:
        if shown.process.poll() is None:
            shown.process.kill()
            shown.process.communicate()


def xdotool(*words: str) -> str:
    return subprocess.run(["xdotool", *words], capture_output=True, text=True, check=False).stdout


def wait_for(get: Callable[[], list[str]]) -> list[str]:
    give_up = time.monotonic() + TIMEOUT_S
    while not (found := get()) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert found
    return found


def test_keys_pressed_on_a_screen_reach_the_program(show: Callable[[str], Shown], tmp_path: Path) -> None:
    shown = show("--source demo --hud --json run.json")
    shown.press("s")
    wait_for(lambda: [path.name for path in tmp_path.glob("*.png")])
    shown.press("v")
    wait_for(lambda: [path.name for path in tmp_path.glob("*.mp4")])
    for key in ("m", "e", "r", "plus", "minus", "h", "question", "question", "Left", "F1"):
        shown.press(key)
    time.sleep(2.0)  # of recording
    shown.press("v")
    shown.press("space")
    time.sleep(0.3)
    shown.press("e")
    shown.press("space")
    shown.press("Escape")
    assert "frames, " in shown.end()
    (recording,) = tmp_path.glob("*.mp4")
    with av.open(str(recording)) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert 0.8 < times[-1] - times[0] < 20
    assert json.loads((tmp_path / "run.json").read_text())["frames"] >= len(times)


class CloseRequest(ctypes.Structure):
    """X11's message for a click on a window's cross; it has the size of the largest kind of event."""

    _fields_ = [
        ("kind", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("is_sent", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("words", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 12),
    ]


def close_with_the_mouse(window: str) -> None:
    """What a window manager does; this xdotool has no command for it."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    screen = ctypes.c_void_p(x11.XOpenDisplay(None))
    protocols, closing = (x11.XInternAtom(screen, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    client_message = 33
    request = CloseRequest(client_message, 0, 1, screen, int(window), protocols, 32, (ctypes.c_long * 5)(closing))
    assert x11.XSendEvent(screen, ctypes.c_ulong(int(window)), 0, 0, ctypes.byref(request))
    x11.XCloseDisplay(screen)


@pytest.mark.parametrize("key", ["x", "space"], ids=["running", "paused"])
def test_closing_the_window_ends_the_program(show: Callable[[str], Shown], key: str) -> None:
    shown = show("--source demo")
    shown.press(key)
    time.sleep(0.3)
    close_with_the_mouse(shown.window)
    assert "frames, " in shown.end()


def test_ctrl_c_ends_the_program_while_it_is_paused(show: Callable[[str], Shown]) -> None:
    shown = show("--source demo --output x.mp4")
    shown.press("space")
    time.sleep(0.3)
    shown.process.send_signal(signal.SIGINT)
    assert "wrote x.mp4" in shown.end()
