"""A camera is found, asked for a size, read without new memory, waited for when it is gone, and let go."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.capture import cameras
from realtime.capture import live as feed_module
from realtime.capture.cameras import Camera, CameraFeed, find_camera, list_cameras
from realtime.capture.sources import open_source
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.frame import Frame

WAIT_S = 30.0
"""For another thread, which on a busy machine comes late; nobody waits so long who does not fail."""


class FakeCapture:
    """A camera of OpenCV: each image is one brighter than the last; False is a spoilt one, the end its unplugging."""

    def __init__(
        self, frames: list[bool] | None = None, is_open: bool = True, size_wh: tuple[int, int] = (64, 48)
    ) -> None:
        self._left = frames
        self._is_open = is_open
        self._size_wh = size_wh
        self.asked: list[tuple[int, float]] = []
        self.good = self.released = self.made = 0
        self.readers: set[str] = set()

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._is_open

    def set(self, key: int, value: float) -> None:
        self.asked.append((key, value))

    def get(self, key: int) -> float:
        return {cv2.CAP_PROP_FPS: 30.0}[key]

    def read(self, image: BgrImage | None = None) -> tuple[bool, BgrImage | None]:
        self.readers.add(threading.current_thread().name)
        if self._left is not None and not (self._left and self._left.pop(0)):
            return False, None
        if image is None:
            self.made += 1
            image = BgrImage(np.empty((self._size_wh[1], self._size_wh[0], 3), np.uint8))
        image[:] = self.good % 256
        self.good += 1
        time.sleep(0.001)
        return True, image

    def release(self) -> None:
        self.released += 1


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Opening a camera gives these, one after another, the last for ever; returns the numbers that were opened."""

    def give(*captures: FakeCapture) -> list[int]:
        left, opened = list(captures), []

        def open_capture(number: int) -> FakeCapture:
            opened.append(number)
            return left.pop(0) if len(left) > 1 else left[0]

        monkeypatch.setattr(cv2, "VideoCapture", open_capture)
        return opened

    return give


@pytest.fixture(autouse=True)
def no_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own cameras stay out of it; waits are short."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cameras, "capture_devices", list)
    monkeypatch.setattr(cameras, "DEVICES", Path("/nowhere"))
    monkeypatch.setattr(cameras, "LOST_S", 0.05)
    monkeypatch.setattr(feed_module, "FIRST_WAIT_S", 0.01)


def test_a_camera_gives_live_frames_and_is_released(plug: Callable[..., list[int]]) -> None:
    capture = FakeCapture()
    opened = plug(capture)
    with open_source("0") as source:
        assert (source.name, source.is_live, source.is_endless) == ("camera 0", True, True)
        assert (source.size_wh, source.fps) == ((64, 48), 30.0)
        frames = list(islice((frame for frame in source if frame), 3))
    assert opened == [0]
    assert capture.released == 1
    assert capture.asked == []  # its own way, unless told otherwise
    assert frames[0].time_s < frames[1].time_s < frames[2].time_s
    assert frames[0].name.startswith("camera_")


@pytest.mark.parametrize(
    ("capture", "problem"),
    [
        (FakeCapture(is_open=False), "no camera here"),
        (FakeCapture([]), "taken by another program"),
    ],
    ids=["not there", "gives no frame"],
)
def test_a_camera_that_cannot_be_used_is_released_and_named(
    capture: FakeCapture, problem: str, plug: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras, "problem", lambda number: problem)
    opened = plug(capture)
    with pytest.raises(SourceError, match=rf"^camera 3 cannot be opened \({problem}\)$"):
        open_source("3")
    assert opened == [3]
    assert capture.released == 1


def test_a_camera_that_wakes_up_slowly_is_used(plug: Callable[..., list[int]]) -> None:
    plug(FakeCapture([False, True, True]))
    with open_source("0") as source:
        assert next(frame for frame in source if frame).image_bgr.max() == 1


MJPG = cv2.VideoWriter_fourcc(*"MJPG")


@pytest.mark.parametrize(
    ("size_wh", "fps", "asked"),
    [
        (None, 15.0, [(cv2.CAP_PROP_FPS, 15.0)]),
        ((640, 480), None, [(cv2.CAP_PROP_FRAME_WIDTH, 640), (cv2.CAP_PROP_FRAME_HEIGHT, 480)]),
        (
            (1280, 720),
            30.0,
            [
                (cv2.CAP_PROP_FOURCC, MJPG),
                (cv2.CAP_PROP_FRAME_WIDTH, 1280),
                (cv2.CAP_PROP_FRAME_HEIGHT, 720),
                (cv2.CAP_PROP_FPS, 30.0),
            ],
        ),
        (
            (640, 480),
            60.0,
            [
                (cv2.CAP_PROP_FOURCC, MJPG),
                (cv2.CAP_PROP_FRAME_WIDTH, 640),
                (cv2.CAP_PROP_FRAME_HEIGHT, 480),
                (cv2.CAP_PROP_FPS, 60.0),
            ],
        ),
    ],
    ids=["rate", "size", "a size that USB 2 carries only compressed", "a rate likewise"],
)
def test_what_is_asked_of_a_camera_and_what_it_gives(
    size_wh: tuple[int, int] | None, fps: float | None, asked: list[tuple[int, float]], plug: Callable[..., list[int]]
) -> None:
    capture = FakeCapture(size_wh=(320, 240))
    plug(capture)
    with open_source("0", size_wh, fps) as source:
        assert (source.size_wh, source.fps) == ((320, 240), 30.0)
    assert capture.asked == asked


def test_no_more_than_three_images_are_made_and_the_receivers_is_left_alone(plug: Callable[..., list[int]]) -> None:
    capture = FakeCapture()
    plug(capture)
    seen = 0
    with open_source("0") as source:
        for frame in source:
            if frame:
                value = int(frame.image_bgr[0, 0, 0])
                time.sleep(0.003 if seen % 2 else 0)
                assert np.all(frame.image_bgr == value)
                frame.image_bgr[:] = 255
                seen += 1
            if seen == 50:
                break
    assert capture.made == 3
    assert source.dropped > 0


def test_opencv_writes_into_the_image_it_is_given(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "v.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48))
    for value in (10, 200):
        writer.write(np.full((48, 64, 3), value, np.uint8))
    writer.release()
    capture = cv2.VideoCapture(str(tmp_path / "v.avi"))
    image = capture.read()[1]
    buffer = np.zeros_like(image)
    is_good, filled = capture.read(image=buffer)
    assert is_good
    assert filled is buffer
    assert buffer.min() > 190
    assert capture.read(image=buffer) == (False, None)
    capture.release()


def test_an_unplugged_camera_is_told_and_used_again_when_it_is_back(plug: Callable[..., list[int]]) -> None:
    first, absent, second = FakeCapture([True] * 4), FakeCapture(is_open=False), FakeCapture()
    opened = plug(first, absent, absent, second)
    told: list[str] = []
    with open_source("0", tell=told.append) as source:
        times_s, names, nothing = [], [], 0
        for frame in source:
            nothing += frame is None
            if frame:
                times_s.append(frame.time_s)
                names.append(frame.name)
            if second.good > 3 and frame:
                break
    assert told[0] == "camera 0: gives no frames (unplugged, or taken by another program?); waiting for it to come back"
    assert told[1].startswith("camera 0: back after ")
    assert len(told) == 2
    assert opened == [0, 0, 0, 0]
    assert (first.released, second.released) == (1, 1)
    assert times_s == sorted(set(times_s))
    assert names == sorted(set(names))
    assert nothing > 0


def test_a_camera_that_does_not_come_back_is_given_up_with_the_reason(
    plug: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "RETRY_S", 0.05)
    monkeypatch.setattr(cameras, "problem", lambda number: "no camera here")
    plug(FakeCapture([True] * 3), FakeCapture(is_open=False))
    source = open_source("0", tell=lambda line: None)
    with source, pytest.raises(SourceError, match=r"^camera 0 cannot be opened \(no camera here\); given up after"):
        list(source)


def test_single_spoilt_images_are_left_out_without_a_word(
    plug: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras, "LOST_S", WAIT_S)
    pattern = [True, True, False, True, False, False, True]
    capture = FakeCapture(pattern * 3 + [True] * 10_000)
    plug(capture)
    told: list[str] = []
    with open_source("0", tell=told.append) as source:
        while capture.good < 20:
            next(iter(source))
    assert told == []
    assert capture.made == 3  # a spoilt one's buffer is not lost


def test_what_opencv_raises_about_a_spoilt_image_is_a_spoilt_image() -> None:
    class Raising(FakeCapture):
        def read(self, image: BgrImage | None = None) -> tuple[bool, BgrImage | None]:
            if self.good == 2:
                self.good += 1
                raise cv2.error("imdecode")
            return super().read(image)

    capture = Raising()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cv2, "VideoCapture", lambda number: capture)
        feed = CameraFeed(0, None, None, deque())
    assert feed.read() is not None
    assert feed.read() is None
    assert feed.read() is not None


def test_a_camera_that_hangs_does_not_hold_up_the_end(
    plug: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.capture.live.STOP_S", 0.1)
    go_on = threading.Event()

    class Hanging(FakeCapture):
        def read(self, image: BgrImage | None = None) -> tuple[bool, BgrImage | None]:
            if self.good == 3:
                go_on.wait(WAIT_S)
            return super().read(image)

    capture = Hanging()
    plug(capture)
    source = open_source("0")
    begin = time.perf_counter()
    assert [next(iter(source)) for _ in range(9)].count(None) > 4  # the window lives on
    source.close()
    assert time.perf_counter() - begin < WAIT_S / 2
    assert capture.released == 0  # never under the hands of the thread that reads
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "frame reader"]
    go_on.set()
    thread.join(WAIT_S)
    assert capture.released == 1


def test_cameras_are_read_and_closed_by_one_thread_and_none_is_left(plug: Callable[..., list[int]]) -> None:
    capture = FakeCapture()
    plug(capture)
    before = threading.enumerate()
    with open_source("0") as source:
        next(iter(source))
        assert len(threading.enumerate()) == len(before) + 1
    assert threading.enumerate() == before
    assert capture.readers == {"MainThread", "frame reader"}  # the first image, to see whether it works


HERE = [(0, "HD Webcam"), (2, "HDMI grabber: hd"), (4, "Webcam")]


@pytest.mark.parametrize(
    ("spec", "camera"),
    [
        ("0", Camera(0, "HD Webcam")),
        ("7", Camera(7, "")),
        ("/dev/video2", Camera(2, "HDMI grabber: hd")),
        ("Webcam", Camera(4, "Webcam")),
        ("hd webcam", Camera(0, "HD Webcam")),
        ("grabber", Camera(2, "HDMI grabber: hd")),
        ("clip.mp4", None),
        ("/dev/null", None),
    ],
    ids=["number", "number not there", "device", "whole name", "other case", "part", "no camera", "another device"],
)
def test_a_camera_is_found_by_number_device_and_name(
    spec: str, camera: Camera | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cameras, "capture_devices", lambda: HERE)
    monkeypatch.setattr(cameras, "DEVICES", Path("/dev"))
    assert find_camera(spec) == camera


def test_a_name_that_fits_several_cameras_is_refused_with_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "capture_devices", lambda: HERE)
    with pytest.raises(
        SourceError, match=r"^hd: the name of several cameras \(0 HD Webcam, 2 HDMI grabber: hd\): give the number$"
    ):
        open_source("hd")


def test_a_camera_opened_by_name_is_found_again_under_another_number(
    plug: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = [(0, "HD Webcam")]
    monkeypatch.setattr(cameras, "capture_devices", lambda: here)
    second = FakeCapture()
    opened = plug(FakeCapture([True] * 3), second)
    with open_source("HD Webcam", tell=lambda line: here.__setitem__(0, (1, "HD Webcam"))) as source:
        assert source.name == "camera 0 (HD Webcam)"
        while second.good < 2:
            next(iter(source))
    assert opened[0] == 0
    assert opened[-1] == 1


def test_on_linux_cameras_are_listed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "capture_devices", lambda: HERE)
    assert list_cameras() == [Camera(0, "HD Webcam"), Camera(2, "HDMI grabber: hd"), Camera(4, "Webcam")]


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_each_number_is_tried_and_no_name_is_made_up(
    platform: str, plug: Callable[..., list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    first, second, none = FakeCapture(), FakeCapture(), FakeCapture(is_open=False)
    plug(first, second, none)
    assert [camera.number for camera in list_cameras()] == [0, 1]
    assert all("does not tell its name" in camera.name for camera in list_cameras())
    assert first.released == second.released == 1
    assert find_camera("HD Webcam") is None
    with pytest.raises(SourceError, match=r"^camera 0 cannot be opened \(not there, "):
        open_source("0")


def test_frames_have_the_moment_when_they_were_in_memory(plug: Callable[..., list[int]]) -> None:
    plug(FakeCapture())
    before = time.perf_counter()
    with open_source("0") as source:
        frame = next(frame for frame in source if isinstance(frame, Frame))
    assert before < frame.captured_s < time.perf_counter()
