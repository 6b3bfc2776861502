"""Cameras: which there are, and what one gives."""

import errno
import os
import re
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from realtime.capture.live import FeedLost, StampedImage
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage

LOST_S = 2.0
"""A camera that gave nothing good for so long is gone; single spoilt frames are ordinary."""
PAUSE_S = 0.01
"""After a bad one: a camera that is gone fails at once, and would keep a core busy."""
SELECT_TIMEOUT_S = 2
"""Of one read in OpenCV's V4L2 code, which waits 10 s by itself; read once, with the first camera."""
MOST_PROBED = 10
USB2_BYTES_PER_S = 30e6
"""What USB 2 carries of uncompressed pictures; above it a webcam that is not asked for MJPG gives few frames."""
BYTES_PER_PIXEL = 2
"""Of YUYV, which a webcam gives where nothing else is asked."""
FRAME_BUFFERS = 3
"""One being written, one waiting, one with the receiver."""


@dataclass(frozen=True)
class Camera:
    """A camera of this machine.

    Attributes:
        number: for `--source`.
        name: as the system knows it; on Linux also for `--source`.
    """

    number: int
    name: str


def list_cameras() -> list[Camera]:
    """The cameras here. Linux tells their names; elsewhere each number is tried, and a camera's lamp may light up."""
    if sys.platform.startswith("linux"):
        return [Camera(number, name) for number, name in capture_devices()]
    cameras = []
    for number in range(MOST_PROBED):
        capture = cv2.VideoCapture(number)
        is_open = capture.isOpened()
        capture.release()
        if not is_open:
            break
        cameras.append(Camera(number, f"camera {number} (this system does not tell its name)"))
    return cameras


def find_camera(spec: str) -> Camera | None:
    """The camera that is meant: by its number, its device (`/dev/video0`), its name or a part of it; None for none.

    Raises:
        SourceError: the name fits several.
    """
    if spec.isdecimal():
        names = dict(capture_devices())
        return Camera(int(spec), names.get(int(spec), ""))
    if not sys.platform.startswith("linux"):
        return None
    device = re.fullmatch(rf"{re.escape(str(DEVICES))}/video(\d+)", str(Path(spec).resolve()))
    if device:
        return find_camera(device[1])
    cameras = list_cameras()
    wanted = spec.casefold()
    exact = [camera for camera in cameras if camera.name.casefold() == wanted]
    fitting = exact or [camera for camera in cameras if wanted in camera.name.casefold()]
    if len(fitting) > 1:
        several = ", ".join(f"{camera.number} {camera.name}" for camera in fitting)
        raise SourceError(f"{spec}: the name of several cameras ({several}): give the number")
    return fitting[0] if fitting else None


class CameraFeed:
    """An open camera.

    Args:
        number: of the camera.
        size_wh: asked of it, in pixels; it gives the nearest it has.
        fps: asked of it.
        spare: images to write over, taken from the left; at most `FRAME_BUFFERS` are ever made.

    Attributes:
        size_wh: what it gives.
        fps: what it says it gives; None where it does not say.

    Raises:
        SourceError: it cannot be opened, or gives no frame.
    """

    def __init__(self, number: int, size_wh: tuple[int, int] | None, fps: float | None, spare: deque[BgrImage]) -> None:
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(SELECT_TIMEOUT_S))
        self._capture = cv2.VideoCapture(number)
        self._spare = spare
        self._last_good_s = time.perf_counter()
        first = self._first_image(size_wh, fps) if self._capture.isOpened() else None
        if first is None:
            self.close()
            raise SourceError(f"camera {number} cannot be opened ({_problem(number)})")
        self.size_wh = (first.shape[1], first.shape[0])
        self.fps: float | None = self._capture.get(cv2.CAP_PROP_FPS) or None
        spare.append(first)

    def read(self) -> StampedImage | None:
        """The next image, with no stamp of its own; None for a spoilt one.

        Raises:
            FeedLost: nothing good came for `LOST_S`.
        """
        image = self._read_image()
        now_s = time.perf_counter()
        if image is not None:
            self._last_good_s = now_s
            return image, None
        if now_s - self._last_good_s > LOST_S:
            raise FeedLost("gives no frames (unplugged, or taken by another program?)")
        time.sleep(PAUSE_S)
        return None

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()

    def _first_image(self, size_wh: tuple[int, int] | None, fps: float | None) -> BgrImage | None:
        self._ask_for(size_wh, fps)
        while (image := self._read_image()) is None and time.perf_counter() - self._last_good_s < LOST_S:
            time.sleep(PAUSE_S)  # some fail once or twice while they wake up
        return image

    def _ask_for(self, size_wh: tuple[int, int] | None, fps: float | None) -> None:
        if size_wh and size_wh[0] * size_wh[1] * BYTES_PER_PIXEL * (fps or 30) > USB2_BYTES_PER_S:
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"MJPG"))  # before the size: V4L2 wants it so
        if size_wh:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_wh[0])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_wh[1])
        if fps:
            self._capture.set(cv2.CAP_PROP_FPS, fps)

    def _read_image(self) -> BgrImage | None:
        buffer = self._spare.popleft() if self._spare else None
        try:
            is_good, image = self._capture.read(image=buffer)
        except cv2.error:  # an MJPG picture that was cut off
            is_good, image = False, None
        if is_good and image is not None:
            return BgrImage(np.asarray(image))
        if buffer is not None:
            self._spare.append(buffer)
        return None


def _problem(number: int) -> str:
    if sys.platform.startswith("linux"):
        return problem(number)
    if sys.platform == "darwin":
        return "not there, in use, or not allowed: System Settings, Privacy & Security, Camera"
    return "not there, in use by another program, or not allowed in the privacy settings"


if sys.platform == "linux":
    import fcntl

DEVICES = Path("/dev")
DESCRIPTIONS = Path("/sys/class/video4linux")
# Source of the numbers: linux/videodev2.h.
QUERYCAP = 0x80685600
CAPABILITY_BYTES = 104
DEVICE_CAPS_AT = 88
REQBUFS = 0xC0145608
ANY_CAPTURE = 0x00000001 | 0x00001000
"""V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_CAPTURE_MPLANE: a webcam has a second device, for metadata only."""
NO_BUFFERS_OF_A_CAMERA = struct.pack("=5I", 0, 1, 1, 0, 0)
"""struct v4l2_requestbuffers: count 0, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP; changes nothing."""
BUSY = "taken by another program"


def capture_devices() -> list[tuple[int, str]]:
    """Number and name of each device that gives pictures, in the order of the numbers."""
    paths = [path for path in DEVICES.glob("video*") if path.name.removeprefix("video").isdecimal()]
    numbers = sorted(int(path.name.removeprefix("video")) for path in paths)
    return [(number, _name(number)) for number in numbers if _may_capture(number)]


def problem(number: int) -> str:
    """Why the camera of this number gives no frame, in a few words."""
    device = DEVICES / f"video{number}"
    if not device.exists():
        known = ", ".join(f"{number} {name}" for number, name in capture_devices())
        return f"cameras here: {known}" if known else "no camera here: /dev/video* is empty"
    try:
        _ask(device, REQBUFS, NO_BUFFERS_OF_A_CAMERA)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return BUSY
        if error.errno in (errno.EACCES, errno.EPERM):
            return f"no permission for {device}: your user must be in the group that owns it, mostly 'video'"
    return f"{device} is there, but gives no frame"


def _name(number: int) -> str:
    try:
        return (DESCRIPTIONS / f"video{number}" / "name").read_text(errors="replace").strip() or f"video{number}"
    except OSError:
        return f"video{number}"


def _may_capture(number: int) -> bool:
    try:
        reply = _ask(DEVICES / f"video{number}", QUERYCAP, bytes(CAPABILITY_BYTES))
    except OSError as error:
        return error.errno in (errno.EACCES, errno.EPERM, errno.EBUSY)  # it may; `problem` says what is in the way
    (capabilities,) = struct.unpack_from("=I", reply, DEVICE_CAPS_AT)
    return bool(capabilities & ANY_CAPTURE)


def _ask(device: Path, request: int, argument: bytes) -> bytes:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "not Linux")
    descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    try:
        return fcntl.ioctl(descriptor, request, argument)
    finally:
        os.close(descriptor)
