"""The window on the screen, and whether there can be one."""

import os
import socket
import sys
import time
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from realtime.preprocess import BgrImage

X11_TIMEOUT_S = 1.0


class Window(AbstractContextManager["Window"]):
    """The overlay on the screen; `display_problem` must have found none.

    Args:
        title: shown in its bar.
        is_paced: frames of a recording are shown at their own time stamps.
    """

    QUIT_KEYS = frozenset((ord("q"), 27))

    def __init__(self, title: str, is_paced: bool) -> None:
        self._title = title
        self._is_paced = is_paced
        self._start: float | None = None
        _give_qt_fonts()
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        self._is_sized = False

    def show(self, frame_bgr: BgrImage, time_s: float, hold: bool = False) -> bool:
        """Show a frame; False when the user asked to stop (q, Esc, or the window closed).

        Args:
            frame_bgr: the picture.
            time_s: its time stamp, waited for where the source is a recording.
            hold: wait for a key: a picture with nothing after it.
        """
        if not self._is_sized:
            cv2.resizeWindow(self._title, frame_bgr.shape[1], frame_bgr.shape[0])
            self._is_sized = True
        cv2.imshow(self._title, frame_bgr)
        wait_ms = 1
        if self._is_paced:
            now = time.perf_counter()
            self._start = now - time_s if self._start is None else self._start
            wait_ms = max(1, round((self._start + time_s - now) * 1e3))
        while True:
            key = cv2.waitKey(50 if hold else wait_ms) & 0xFF
            is_closed = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
            if key in self.QUIT_KEYS or is_closed:
                return False
            if not hold or key != 0xFF:
                return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cv2.destroyAllWindows()


def _give_qt_fonts() -> None:
    """Qt complains at length about the font folder that OpenCV names and does not ship; matplotlib has fonts."""
    matplotlib = find_spec("matplotlib")
    if matplotlib and matplotlib.origin and not Path(os.environ.get("QT_QPA_FONTDIR", "missing")).is_dir():
        os.environ["QT_QPA_FONTDIR"] = str(Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf")


def display_problem() -> str | None:
    """Why no window can be opened here, in a few words; None where one can.

    Looked for before the first window: without a display OpenCV's Qt aborts the process, it does not raise.
    """
    if "GUI:                           NONE" in cv2.getBuildInformation():
        return "this OpenCV is the headless build"
    if not sys.platform.startswith("linux"):
        return None
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return "QT_QPA_PLATFORM is offscreen"
    display = os.environ.get("DISPLAY")
    if not display:
        return "DISPLAY is not set"
    return None if _answers_x11(display) else f"no X server answers at DISPLAY={display}"


def _answers_x11(display: str) -> bool:
    host, _, number = display.rpartition(":")
    number = number.split(".")[0]
    if not number.isdecimal():
        return Path(display).is_socket()  # the other kind of address that Qt's xcb knows
    local = [f"/tmp/.X11-unix/X{number}", f"\0/tmp/.X11-unix/X{number}"]  # X11's own well-known addresses
    for address in local if host in ("", "unix") else []:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(X11_TIMEOUT_S)
            if probe.connect_ex(address) == 0:
                return True
    if host in ("", "unix"):
        return False
    try:
        socket.create_connection((host, 6000 + int(number)), timeout=X11_TIMEOUT_S).close()
    except OSError:
        return False
    return True
