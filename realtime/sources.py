"""Where frames come from: a camera, a stream, a video file, images, or the demo."""

import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import cv2
import numpy as np
import numpy.typing as npt

from realtime.demo import FPS as DEMO_FPS
from realtime.demo import demo_frames
from realtime.errors import SourceError
from realtime.images import IMAGE_SUFFIXES, read_image
from realtime.preprocess import BgrImage

LOGGER = logging.getLogger(__name__)
DEMO = "demo"
STREAM_PREFIXES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://", "udp://", "tcp://")
CAMERA_TIMEOUT_S = 5.0
LEAST_SHARE_OF_FRAMES = 0.95
"""A video with fewer of the frames that its header promises is named; a few may be cut away by its edit list."""


@dataclass(frozen=True)
class Frame:
    """One picture and where it belongs.

    Attributes:
        image_bgr: (H, W, 3) uint8; the receiver may draw on it.
        time_s: since the source began, by the source's own clock.
        captured_s: when its pixels were in memory, by `time.perf_counter`.
        name: stem for a file about this frame.
        is_still: it has nothing to do with the frame before.
    """

    image_bgr: BgrImage
    time_s: float
    name: str
    is_still: bool = False
    captured_s: float = field(default_factory=time.perf_counter)


class Source(AbstractContextManager["Source"]):
    """An open source: iterate it for frames, close it when done.

    Attributes:
        name: for messages.
        is_live: frames come when they come; those not taken in time are dropped.
        is_endless: it does not stop by itself.
        is_one_picture: a single still.
        dropped: frames that were not taken in time.
    """

    def __init__(
        self,
        name: str,
        frames: Iterator[Frame],
        *,
        is_live: bool = False,
        is_endless: bool = False,
        is_one_picture: bool = False,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.is_live = is_live
        self.is_endless = is_endless
        self.is_one_picture = is_one_picture
        self._close = close
        self._newest = NewestFrame(frames) if is_live else None
        self._frames = iter(self._newest) if self._newest else frames

    @property
    def dropped(self) -> int:
        """Frames that were not taken in time."""
        return self._newest.dropped if self._newest else 0

    def __iter__(self) -> Iterator[Frame]:
        return self._frames

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._newest:
            self._newest.stop()
        self._close()


class NewestFrame:
    """Reads a live source in a thread and hands out the newest frame only; the reader's error reaches the taker."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self.dropped = 0
        self._frames = frames
        self._ready = threading.Condition()
        self._frame: Frame | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="frame reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; it closes its own end of the source after the frame it waits for."""
        self._ended = True
        self._thread.join(timeout=CAMERA_TIMEOUT_S)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._frame or self._error or self._ended)
                frame, self._frame = self._frame, None
                if frame is None and self._error:
                    raise self._error
                if frame is None:
                    return
            yield frame

    def _read(self) -> None:
        try:
            for frame in self._frames:
                with self._ready:
                    self.dropped += self._frame is not None
                    self._frame = frame
                    self._ready.notify()
                if self._ended:
                    break
        except BaseException as error:  # noqa: BLE001 - whatever it is, the taker must hear of it
            self._error = error
        with self._ready:
            self._ended = True
            self._ready.notify()


def open_source(
    spec: str,
    size_wh: tuple[int, int] | None = None,
    fps: float | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Source:
    """Open what the user named.

    Args:
        spec: `demo`, a camera's number, a stream's URL, or a path of a video, an image or a folder of images.
        size_wh: asked of a camera.
        fps: asked of a camera.
        tell: told when it is lost, and when it is back.

    Raises:
        SourceError: it cannot be opened, or holds no frame; the message says what was tried.
    """
    if spec == DEMO:
        return demo_source()
    if spec.isdecimal():
        return camera_source(int(spec))
    if spec.startswith(STREAM_PREFIXES):
        return video_source(spec, spec.rpartition("@")[2], is_live=True)
    path = Path(spec)
    if path.is_dir():
        return folder_source(path)
    if not path.is_file():
        raise SourceError(f"{spec}: no such file or folder (a camera is a number, 'demo' needs nothing)")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        frame = Frame(read_image(path), 0.0, path.stem, is_still=True)
        return Source(path.name, iter([frame]), is_one_picture=True)
    return video_source(spec, path.name, is_live=False)


def demo_source() -> Source:
    """The moving portrait; never ends, never waits."""
    frames = (Frame(image, index / DEMO_FPS, f"demo_{index:06d}") for index, image in enumerate(demo_frames()))
    return Source(DEMO, frames, is_endless=True)


def camera_source(number: int) -> Source:
    """A camera by its number.

    Raises:
        SourceError: there is no such camera, or it gives no frame.
    """
    camera = cv2.VideoCapture(number)
    image = camera.read()[1] if camera.isOpened() else None
    if image is None:
        camera.release()
        raise SourceError(f"camera {number} cannot be opened{_known_cameras()}")
    return Source(
        f"camera {number}", _camera_frames(camera, number), is_live=True, is_endless=True, close=camera.release
    )


def _camera_frames(camera: cv2.VideoCapture, number: int) -> Iterator[Frame]:
    start = last = time.perf_counter()
    index = 0
    while True:
        is_good, image = camera.read()
        now = time.perf_counter()
        if is_good:
            last = now
            yield Frame(BgrImage(image), now - start, f"camera_{index:06d}")
            index += 1
        elif now - last > CAMERA_TIMEOUT_S:
            raise SourceError(
                f"camera {number} gave no frame for {CAMERA_TIMEOUT_S:.0f} s: unplugged, or taken by another program?"
            )
        else:
            time.sleep(0.05)


def _known_cameras() -> str:
    if not sys.platform.startswith("linux"):
        return ""
    devices = sorted(path.name for path in Path("/dev").glob("video*"))
    return f" (cameras here: {', '.join(devices)})" if devices else " (no camera here: /dev/video* is empty)"


def folder_source(folder: Path) -> Source:
    """The images of a folder, by name; those that cannot be read are named on stderr and left out.

    Raises:
        SourceError: none of them can be read.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise SourceError(f"{folder}: no image in this folder (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
    return Source(str(folder), _folder_frames(folder, paths))


def _folder_frames(folder: Path, paths: list[Path]) -> Iterator[Frame]:
    stems = Counter(path.stem for path in paths)
    read = 0
    for path in paths:
        try:
            image = read_image(path)
        except SourceError as error:
            LOGGER.warning("skipped: %s", error)
            continue
        yield Frame(image, read / DEMO_FPS, path.stem if stems[path.stem] == 1 else path.name, is_still=True)
        read += 1
    if not read:
        raise SourceError(f"{folder}: none of its {len(paths)} images can be read")


def video_source(url: str, name: str, *, is_live: bool) -> Source:
    """A video file or a network stream, decoded by FFmpeg with its own time stamps.

    Args:
        url: what to open.
        name: what to call it in messages: without a password in it.
        is_live: read in a thread, dropping what is not taken in time.

    Raises:
        SourceError: it cannot be opened, or has no picture in it.
    """
    try:
        container = av.open(url, timeout=(CAMERA_TIMEOUT_S, CAMERA_TIMEOUT_S))
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{name}: not a video or image that can be read ({_reason(error)})") from None
    if not container.streams.video:
        container.close()
        raise SourceError(f"{name}: no picture in it, only sound")
    return Source(name, _video_frames(container, name), is_live=is_live, is_endless=is_live, close=container.close)


def _video_frames(container: av.container.InputContainer, name: str) -> Iterator[Frame]:
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    stem = Path(name).stem
    index, start_s = 0, None
    try:
        for decoded in container.decode(stream):
            stamp = decoded.time if decoded.time is not None else index / DEMO_FPS
            start_s = stamp if start_s is None else start_s
            image = cast("npt.NDArray[np.uint8]", decoded.to_ndarray(format="bgr24"))
            if decoded.rotation:
                image = np.ascontiguousarray(np.rot90(image, round(decoded.rotation / 90)))
            yield Frame(BgrImage(image), stamp - start_s, f"{stem}_{index:06d}")
            index += 1
    except av.error.FFmpegError as error:
        raise SourceError(f"{name}: breaks off after {index} frames ({_reason(error)})") from None
    if not index:
        raise SourceError(f"{name}: holds no frame that can be decoded")
    if index < LEAST_SHARE_OF_FRAMES * stream.frames:
        LOGGER.warning("%s: ends after %d of %d frames", name, index, stream.frames)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).split(":")[0]
