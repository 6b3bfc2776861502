"""Linux's cameras: which give pictures, what they are called, and why one cannot be used."""

import errno
import os
import struct
import sys
from pathlib import Path

import pytest

from realtime.capture import cameras

if sys.platform != "linux":
    pytest.skip("V4L2 is Linux's own", allow_module_level=True)

CAPTURE, CAPTURE_PLANES, METADATA = 0x1, 0x1000, 0x00800000
STREAMING = 0x04000000


class FakeDevices:
    """Files that answer as V4L2 devices do."""

    def __init__(self, folder: Path) -> None:
        self.devices, self.descriptions = folder / "dev", folder / "sys"
        self.devices.mkdir()
        self.descriptions.mkdir()
        self.capabilities: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self.asked: list[tuple[int, int, bytes]] = []

    def add(self, number: int, name: str | None, capabilities: int = CAPTURE, error: int = 0) -> None:
        path = self.devices / f"video{number}"
        path.touch()
        self.capabilities[str(path)], self.errors[str(path)] = capabilities, error
        if name is not None:
            (self.descriptions / path.name).mkdir()
            (self.descriptions / path.name / "name").write_text(name + "\n")

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        self.asked.append((descriptor, request, argument))
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        if request == cameras.QUERYCAP:
            # struct v4l2_capability: driver, card, bus, version, capabilities of the whole, capabilities of the device
            every = CAPTURE | METADATA | STREAMING
            return struct.pack(
                "=16s32s32s6I", b"uvcvideo", b"card", b"usb", 1, every, self.capabilities[path] | STREAMING, 0, 0, 0
            )
        if self.errors[path]:
            raise OSError(self.errors[path], os.strerror(self.errors[path]))
        return argument


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDevices:
    devices = FakeDevices(tmp_path)
    monkeypatch.setattr(cameras, "DEVICES", devices.devices)
    monkeypatch.setattr(cameras, "DESCRIPTIONS", devices.descriptions)
    monkeypatch.setattr(cameras.fcntl, "ioctl", devices.ioctl)
    return devices


def test_devices_that_give_pictures_are_listed_by_number(fake: FakeDevices) -> None:
    fake.add(10, "HDMI grabber", CAPTURE_PLANES)
    fake.add(0, "Laptop camera: front")
    fake.add(1, "Laptop camera: front", METADATA)
    fake.add(2, None)
    (fake.devices / "video-card").touch()
    assert cameras.capture_devices() == [(0, "Laptop camera: front"), (2, "video2"), (10, "HDMI grabber")]


def test_the_requests_are_those_of_the_kernels_header() -> None:
    # Source: asm-generic/ioctl.h: direction << 30 | size of the struct << 16 | type << 8 | number.
    assert (2 << 30 | 104 << 16 | ord("V") << 8 | 0) == cameras.QUERYCAP
    assert (3 << 30 | 20 << 16 | ord("V") << 8 | 8) == cameras.REQBUFS
    assert struct.calcsize("=16s32s32s6I") == cameras.CAPABILITY_BYTES


def test_a_device_without_permission_is_listed(fake: FakeDevices, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.add(0, "Laptop camera")
    monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(errno.EACCES, "no")))
    assert cameras.capture_devices() == [(0, "Laptop camera")]
    assert cameras.problem(0).startswith(f"no permission for {fake.devices / 'video0'}: your user must be in the group")


@pytest.mark.parametrize(
    ("number", "error", "said"),
    [
        (0, 0, "{dev}/video0 is there, but gives no frame"),
        (0, errno.EBUSY, "taken by another program"),
        (0, errno.EINVAL, "{dev}/video0 is there, but gives no frame"),
        (3, 0, "cameras here: 0 Laptop camera"),
    ],
    ids=["mute", "busy", "not asked so", "not there"],
)
def test_why_a_camera_cannot_be_used(fake: FakeDevices, number: int, error: int, said: str) -> None:
    fake.add(0, "Laptop camera", error=error)
    assert cameras.problem(number) == said.format(dev=fake.devices)


def test_where_there_is_no_camera_that_is_said(fake: FakeDevices) -> None:
    assert cameras.capture_devices() == []
    assert cameras.problem(0) == "no camera here: /dev/video* is empty"


def test_asking_leaves_no_descriptor_open_and_asks_for_no_buffers(fake: FakeDevices) -> None:
    fake.add(0, "Laptop camera", error=errno.EBUSY)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - iterdir would hold a descriptor of its own
    cameras.capture_devices()
    cameras.problem(0)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above
    (request,) = [argument for _, request, argument in fake.asked if request == cameras.REQBUFS]
    assert struct.unpack("=5I", request)[0] == 0
