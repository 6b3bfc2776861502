"""What Linux knows of its cameras: their names, and why one cannot be used."""

import errno
import os
import struct
import sys
from pathlib import Path

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
