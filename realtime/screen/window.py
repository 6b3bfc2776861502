"""The window on the screen, and whether there can be one."""

import os
import socket
import sys
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from realtime.core.geometry import BgrImage

X11_TIMEOUT_S = 1.0
LARGEST_WH = (1280, 800)
"""A larger picture begins reduced to it: few screens have more room. The user can drag the window to any size."""
MODIFIER_BITS = ~0xFFFF
"""Some of OpenCV's toolkits set them for Num Lock and the like."""


class Window(AbstractContextManager["Window"]):
    """A picture on the screen, and the keys pressed there; `display_problem` must have found none.

    Args:
        title: shown in its bar.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        _give_qt_fonts()
        cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        self._is_sized = False
        self.is_closed = False

    def show(self, picture_bgr: BgrImage) -> None:
        """Show a picture; it may change afterwards. The first one sets the size."""
        if self.is_closed:  # to show it would open a new window
            return
        if not self._is_sized:
            height, width = picture_bgr.shape[:2]
            reduced = min(1.0, LARGEST_WH[0] / width, LARGEST_WH[1] / height)
            cv2.resizeWindow(self._title, max(1, round(width * reduced)), max(1, round(height * reduced)))
            self._is_sized = True
        cv2.imshow(self._title, picture_bgr)

    def wait_key(self, wait_ms: int) -> int | None:
        """The key that is pressed within this time, as OpenCV names it; None where none is.

        Notices also that the user closed the window.
        """
        code = cv2.waitKeyEx(max(1, wait_ms))
        self.is_closed = self.is_closed or not self._is_visible()
        return None if code < 0 else code & ~MODIFIER_BITS

    def _is_visible(self) -> bool:
        try:
            return bool(cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1)
        except cv2.error:  # Qt has put all away with its last window
            return False

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
