"""The overlay as a camera, with a pyvirtualcam that only notes what it is sent."""

import sys
import time
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_array_equal

from realtime.core.errors import OutputError
from realtime.outputs.sink import FrameCopy
from realtime.outputs.virtual_camera import VirtualCamera


class FakeCamera:
    """As pyvirtualcam.Camera."""

    opened: list["FakeCamera"]
    refusal: Exception | None

    def __init__(self, width: int, height: int, fps: float, *, fmt: str) -> None:
        if FakeCamera.refusal:
            raise FakeCamera.refusal
        self.width, self.height, self.fps, self.fmt = width, height, fps, fmt
        self.device = "/dev/video10"
        self.sent: list[npt.NDArray[np.uint8]] = []
        self.sent_at_s: list[float] = []
        self.is_closed = False
        FakeCamera.opened.append(self)

    def send(self, picture: npt.NDArray[np.uint8]) -> None:
        assert picture.shape == (self.height, self.width, 3)
        assert picture.flags.c_contiguous
        if FakeCamera.refusal:
            raise FakeCamera.refusal
        self.sent.append(picture.copy())
        self.sent_at_s.append(time.perf_counter())

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> list[FakeCamera]:
    """Those that were opened."""
    FakeCamera.opened, FakeCamera.refusal = [], None
    fake = SimpleNamespace(Camera=FakeCamera, PixelFormat=SimpleNamespace(BGR="BGR"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", fake)
    return FakeCamera.opened


def frame(value: int, size_wh: tuple[int, int] = (64, 48), time_s: float = 0.0, channels: int = 3) -> FrameCopy:
    picture = np.full((size_wh[1], size_wh[0], channels), value, np.uint8)
    return FrameCopy("one", time_s, size_wh, picture, ())


def test_the_camera_has_the_first_frames_size_and_takes_blue_green_red(cameras: list[FakeCamera]) -> None:
    sink = VirtualCamera(25.0, is_paced=False)
    assert cameras == []
    sink.take(frame(7))
    sink.take(frame(8))
    sink.close()
    sink.close()
    (camera,) = cameras
    assert (camera.width, camera.height, camera.fps, camera.fmt, camera.is_closed) == (64, 48, 25.0, "BGR", True)
    assert_array_equal([picture[0, 0] for picture in camera.sent], [[7] * 3, [8] * 3])
    assert sink.summary() == "virtual camera /dev/video10 (2 frames)"


def test_odd_sizes_lose_a_pixel_later_sizes_are_fitted_in_and_a_cut_out_lies_on_black(
    cameras: list[FakeCamera],
) -> None:
    sink = VirtualCamera(30.0, is_paced=False)
    sink.take(frame(7, (65, 49)))
    sink.take(frame(200, (96, 192)))
    sink.take(frame(100, (65, 49), channels=4))
    sink.close()
    first, second, third = cameras[0].sent
    assert first.shape == (48, 64, 3)
    assert (second[:, 22:42].min(), second[:, :18].max()) == (200, 0)  # 96 x 192 becomes 24 x 48 in the middle
    assert_array_equal(third, round(100 * 100 / 255))


def test_without_the_package_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(OutputError) as refusal:
        VirtualCamera(30.0, is_paced=False)
    assert str(refusal.value) == "virtual camera: needs pyvirtualcam: pip install '.[virtualcam]'"


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("linux", "sudo modprobe v4l2loopback exclusive_caps=1"),
        ("darwin", "install OBS"),
        ("win32", "install OBS, or UnityCapture"),
        ("sunos5", "no driver for this system"),
    ],
)
def test_without_a_driver_one_line_says_which_to_install(
    cameras: list[FakeCamera], platform: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    FakeCamera.refusal = RuntimeError("'a' backend: none found\n'b' backend: none either")
    sink = VirtualCamera(30.0, is_paced=False)
    with pytest.raises(OutputError) as refusal:
        sink.take(frame(7))
    sink.close()
    told = str(refusal.value)
    assert told.startswith("virtual camera: ")
    assert said in told
    assert told.endswith("('a' backend: none found; 'b' backend: none either)")
    assert sink.summary() is None


def test_a_camera_that_goes_away_is_told(cameras: list[FakeCamera]) -> None:
    sink = VirtualCamera(30.0, is_paced=False)
    sink.take(frame(7))
    FakeCamera.refusal = RuntimeError("device removed")
    with pytest.raises(OutputError, match=r"^virtual camera: /dev/video10 takes no more frames \(device removed\)$"):
        sink.take(frame(8))
    sink.close()
    assert cameras[0].is_closed


def test_a_recording_is_sent_at_its_own_pace_and_a_live_source_as_it_comes(cameras: list[FakeCamera]) -> None:
    begun_s = []
    for is_paced in (True, False):
        sink = VirtualCamera(30.0, is_paced=is_paced)
        begun_s.append(time.perf_counter())
        for time_s in (5.0, 5.1, 5.15, 5.3):
            sink.take(frame(7, time_s=time_s))
        sink.close()
    paced, unpaced = (np.subtract(camera.sent_at_s, begun) for camera, begun in zip(cameras, begun_s, strict=True))
    assert (paced >= np.array([0, 0.1, 0.15, 0.3]) - 0.001).all()
    assert paced[-1] < 1.0
    assert unpaced[-1] < 0.25


def test_a_long_gap_and_a_clock_that_goes_back_are_not_waited_for(
    cameras: list[FakeCamera], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    sink = VirtualCamera(30.0, is_paced=True)
    for time_s in (0.0, 3600.0, 0.0):
        sink.take(frame(7, time_s=time_s))
    sink.close()
    assert slept[0] == 0
    assert 0.9 < slept[1] <= 1.0
    assert slept[2] <= 1.0
