"""Where frames come from: a camera, a stream, a video file, images, stdin, or the demo."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from realtime.capture.cameras import FRAME_BUFFERS, Camera, CameraFeed, find_camera
from realtime.capture.credentials import redact
from realtime.capture.demo import FPS as DEMO_FPS
from realtime.capture.demo import SIZE_WH as DEMO_SIZE_WH
from realtime.capture.demo import demo_frames
from realtime.capture.live import NewestFrame, live_frames
from realtime.capture.raw_video import DEFAULT_FPS, open_stdin, raw_frames
from realtime.capture.streams import StreamFeed, Video, is_url, recorded_frames, stream_stem
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.core.images import IMAGE_SUFFIXES, natural_key, read_image
from realtime.frame import Frame

LOGGER = logging.getLogger(__name__)
DEMO = "demo"
STDIN = "-"
Tell = Callable[[str], None]
Size = tuple[int, int]


class Source(AbstractContextManager["Source"]):
    """An open source: iterate it for frames, close it when done.

    It gives None some times a second while a live source, or stdin, has nothing new.

    Args:
        frames: what it gives. Of a live source they are read, and closed, by a thread, and may hold lines for the user.
        tell: called with those lines, by whoever takes the frames.
        recycle: given each image of a live source that nobody looks at any more.
        close: called once the source is closed, for what no thread reads.

    Attributes:
        name: for messages; holds no credentials.
        is_live: frames come when they come; those not taken in time are dropped.
        is_endless: it does not stop by itself.
        is_one_picture: a single still.
        size_wh: of its frames as far as known, in pixels: what a camera really gives, not what was asked of it.
        fps: likewise.
        dropped: frames that were not taken in time.
    """

    def __init__(
        self,
        name: str,
        frames: Iterator[Frame | str | None],
        *,
        is_live: bool = False,
        is_endless: bool = False,
        is_one_picture: bool = False,
        size_wh: Size | None = None,
        fps: float | None = None,
        tell: Tell = LOGGER.warning,
        recycle: Callable[[BgrImage], None] = lambda image: None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.is_live = is_live
        self.is_endless = is_endless
        self.is_one_picture = is_one_picture
        self.size_wh = size_wh
        self.fps = fps
        self._close = close
        self._newest = NewestFrame(frames, tell, recycle) if is_live else None
        self._frames = iter(self._newest) if self._newest else cast("Iterator[Frame | None]", frames)

    @property
    def dropped(self) -> int:
        """Frames that were not taken in time."""
        return self._newest.dropped if self._newest else 0

    def close(self) -> None:
        """Let go of the camera, connection, file and thread; may be called twice."""
        if self._newest:
            self._newest.stop()
        self._close()

    def __iter__(self) -> Iterator[Frame | None]:
        return self._frames

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(
    spec: str, size_wh: Size | None = None, fps: float | None = None, tell: Tell = LOGGER.warning
) -> Source:
    """Open what the user named.

    Args:
        spec: `demo`, a camera's number or name, a stream's URL, `-` for raw video on stdin, or a path of a video, an
            image or a folder of images.
        size_wh: asked of a camera; that of raw video, which does not tell it.
        fps: likewise; raw video has 30 by default.
        tell: called with a line when a camera or stream is lost, and when it is back.

    Raises:
        SourceError: it cannot be opened, or holds no frame; the message says what was tried.
    """
    if not spec:  # a path would take it for the current folder
        raise SourceError("the source is empty: give a camera, a video, an image, a folder, a URL, '-' or 'demo'")
    if spec == STDIN:
        return stdin_source(size_wh, fps)
    path = path_of(spec)
    if spec.isdecimal() or not (path or is_url(spec) or spec == DEMO):
        return camera_source(spec, size_wh, fps, tell)
    if size_wh or fps:
        tell(f"{redact(spec)}: has its own size and rate; --size and --fps are for cameras and for '-'")
    if spec == DEMO:
        return demo_source()
    if path is None:
        return video_source(spec, redact(spec), stream_stem(spec), tell)
    if path.is_dir():
        return folder_source(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        image = read_image(path)
        frame = Frame(image, 0.0, path.stem, is_still=True)
        return Source(path.name, iter([frame]), is_one_picture=True, size_wh=(image.shape[1], image.shape[0]))
    return video_source(spec, path.name, path.stem, tell)


def path_of(spec: str) -> Path | None:
    """The file or folder that a source is; None where it is a camera, a URL, stdin or the demo."""
    if is_url(spec) or spec in (STDIN, DEMO):
        return None
    path = Path(spec)
    try:
        return path if path.exists() and not path.is_char_device() else None
    except OSError:  # a name that is too long for any file
        return None


def demo_source() -> Source:
    """The moving portrait; never ends, never waits."""
    frames = (Frame(image, index / DEMO_FPS, f"demo_{index:06d}") for index, image in enumerate(demo_frames()))
    return Source(DEMO, frames, is_endless=True, size_wh=DEMO_SIZE_WH, fps=DEMO_FPS)


def camera_source(
    spec: str, size_wh: Size | None = None, fps: float | None = None, tell: Tell = LOGGER.warning
) -> Source:
    """A camera by its number or name; when it goes away it is waited for.

    Raises:
        SourceError: there is no such camera, or it gives no frame.
    """
    spare: deque[BgrImage] = deque(maxlen=FRAME_BUFFERS)

    def find() -> Camera:
        camera = find_camera(spec)
        if camera is None:
            raise SourceError(f"{redact(spec)}: no such file or folder, and no camera is called so")
        return camera

    def connect() -> CameraFeed:
        return CameraFeed(find().number, size_wh, fps, spare)  # one that is plugged in again may have another number

    camera = find()
    name = f"camera {camera.number}" + (f" ({camera.name})" if camera.name else "")
    feed = connect()
    return Source(
        name,
        live_frames(name, "camera", feed, connect),
        is_live=True,
        is_endless=True,
        size_wh=feed.size_wh,
        fps=feed.fps,
        tell=tell,
        recycle=spare.append,
    )


def video_source(url: str, name: str, stem: str, tell: Tell = LOGGER.warning) -> Source:
    """A video file or a network stream, decoded by FFmpeg with its own time stamps.

    A stream that tells its length is a recording: it is read to its end, in order. Any other is live: when it stops or
    breaks off it is asked for anew.

    Args:
        url: what to open.
        name: what to call it in messages: without credentials.
        stem: of the frames' names.
        tell: called with a line when a stream is lost, and when it is back.

    Raises:
        SourceError: it cannot be opened, or has no picture in it.
    """
    video = Video(url, name)
    if video.is_live:
        frames = live_frames(name, stem, StreamFeed(video), lambda: StreamFeed(Video(url, name)))
        return Source(name, frames, is_live=True, is_endless=True, size_wh=video.size_wh, fps=video.fps, tell=tell)
    recorded = recorded_frames(video, name, stem)

    def close() -> None:
        recorded.close()
        video.close()

    return Source(name, recorded, size_wh=video.size_wh, fps=video.fps, close=close)


def stdin_source(size_wh: Size | None, fps: float | None) -> Source:
    """Raw bgr24 video on standard input, in order: the program at its other end waits where this one is slower.

    Raises:
        SourceError: its size is not known, or nothing is piped in.
    """
    if size_wh is None:
        raise SourceError("raw video on stdin does not tell its size: say it with --size WIDTHxHEIGHT")
    return Source("stdin", raw_frames(open_stdin(), size_wh, fps), size_wh=size_wh, fps=fps or DEFAULT_FPS)


def folder_source(folder: Path) -> Source:
    """The images of a folder, by name; those that cannot be read are named on stderr and left out.

    Raises:
        SourceError: none of them can be read.
    """
    paths = sorted((path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES), key=natural_key)
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
