"""A camera that other programs see and that shows the overlay, by pyvirtualcam."""

import sys
import time
from typing import Any

import numpy as np

from realtime.core.errors import OutputError
from realtime.outputs.sink import FrameCopy
from realtime.outputs.video_file import even_size, fit

DRIVERS = {
    "linux": "install and load v4l2loopback: sudo apt install v4l2loopback-dkms && "
    "sudo modprobe v4l2loopback exclusive_caps=1 card_label=eye-lip-segmenter",
    "darwin": "install OBS 30 or later, start it, press Start Virtual Camera and Stop Virtual Camera once, close it",
    "win32": "install OBS, or UnityCapture",
}
"""What pyvirtualcam sends its frames through, by `sys.platform`."""
LONGEST_WAIT_S = 1.0
"""A longer gap between the frames of a recording is cut short: other programs do not wait for it either."""


class VirtualCamera:
    """The overlay as a camera; the first frame sets the size, later ones are fitted into it.

    Args:
        fps: what is promised to other programs; the real rate may be another.
        is_paced: frames of a recording are sent at their own time stamps.

    Raises:
        OutputError: pyvirtualcam is not installed.
    """

    name = "virtual camera"
    wants_picture = True
    wants_faces = False

    def __init__(self, fps: float, *, is_paced: bool) -> None:
        try:
            import pyvirtualcam  # an extra: nobody else has to install it
        except ImportError:
            raise OutputError("virtual camera: needs pyvirtualcam: pip install '.[virtualcam]'") from None
        self._pyvirtualcam = pyvirtualcam
        self._fps = fps
        self._is_paced = is_paced
        self._camera: Any = None
        self._device = ""
        self._due_s: float | None = None
        self._last_s = 0.0
        self.frames = 0

    def take(self, frame: FrameCopy) -> None:
        """Send a frame; the first one opens the camera.

        Raises:
            OutputError: there is no driver, or it is gone.
        """
        picture = frame.picture_bgr
        if self._camera is None:
            self._open(even_size(picture))
        if self._is_paced:
            self._wait(frame.time_s)
        fitted = np.ascontiguousarray(fit(picture, (self._camera.width, self._camera.height)))
        try:
            self._camera.send(fitted)
        except (RuntimeError, OSError) as error:
            raise OutputError(f"virtual camera: {self._device} takes no more frames ({_one_line(error)})") from None
        self.frames += 1

    def close(self) -> None:
        """Take the camera away from other programs."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def summary(self) -> str | None:
        """`virtual camera /dev/video10 (300 frames)`; None where no frame came."""
        return f"virtual camera {self._device} ({self.frames} frames)" if self.frames else None

    def _open(self, size_wh: tuple[int, int]) -> None:
        pixel_format = self._pyvirtualcam.PixelFormat.BGR
        try:
            self._camera = self._pyvirtualcam.Camera(*size_wh, self._fps, fmt=pixel_format)
        except (RuntimeError, OSError) as error:
            hint = DRIVERS.get(sys.platform, "pyvirtualcam knows no driver for this system")
            raise OutputError(f"virtual camera: {hint} ({_one_line(error)})") from None
        self._device = self._camera.device

    def _wait(self, time_s: float) -> None:
        now = time.perf_counter()
        step = min(max(0.0, time_s - self._last_s), LONGEST_WAIT_S)
        self._due_s = max(now, self._due_s + step) if self._due_s is not None else now
        self._last_s = time_s
        time.sleep(self._due_s - now)


def _one_line(error: Exception) -> str:
    return "; ".join(str(error).splitlines()) or "no reason given"
