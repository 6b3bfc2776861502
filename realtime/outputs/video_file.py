"""A video being written: H.264, with the time stamps of its frames."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import cv2
import numpy as np

from realtime.core.errors import OutputError
from realtime.core.geometry import BgrImage
from realtime.outputs.sink import FrameCopy

VIDEO_SUFFIXES = {".mp4", ".mkv", ".mov"}
TIME_BASE = Fraction(1, 90_000)
LAST_FRAME_S = Fraction(1, 30)
"""How long the last frame is shown: nobody knows, so FFmpeg takes the nominal rate."""
ENCODER = {"preset": "veryfast", "crf": "20", "bf": "0"}
"""No B-frames: with uneven time stamps they make the duration in MP4's header wrong, by seconds where frames drop."""
# A hard kill leaves what plays but for the last second: MP4 as fragments that become an ordinary file at the end.
SURVIVES_KILL = {
    ".mp4": {"movflags": "hybrid_fragmented", "frag_duration": "1000000", "flush_packets": "1"},
    ".mov": {"movflags": "hybrid_fragmented", "frag_duration": "1000000", "flush_packets": "1"},
    ".mkv": {"cluster_time_limit": "1000", "flush_packets": "1"},
}


class VideoFile(AbstractContextManager["VideoFile"]):
    """An H.264 video with each frame's own time stamp, counted from the first frame.

    The first frame sets the size; later ones are fitted into it. Closing finishes the file, also after an error.

    Args:
        path: .mp4, .mkv or .mov.

    Raises:
        OutputError: the suffix is unknown, or the file cannot be written.
    """

    wants_picture = True
    wants_faces = False

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            raise OutputError(f"{path}: a video is written as {', '.join(sorted(VIDEO_SUFFIXES))}")
        self.path = path
        self.name = str(path)
        self.frames = 0
        self._is_broken = False
        with self._as_output_error():
            path.open("ab").close()  # FFmpeg itself opens the file with its first packet, many frames later
            container = av.open(str(path), "w", options=SURVIVES_KILL[path.suffix.lower()])
        self._container: av.container.OutputContainer | None = container
        self._stream: av.VideoStream | None = None
        self._start_s = 0.0
        self._last_stamp = -1

    @property
    def duration_s(self) -> float:
        """How long the file plays."""
        return float(self._last_stamp * TIME_BASE + LAST_FRAME_S) if self.frames else 0.0

    def write(self, frame_bgr: BgrImage, time_s: float) -> None:
        """Add a frame; one that is not later than the last is put a moment after it.

        Args:
            frame_bgr: (H, W, 3) uint8. Read, never kept.
            time_s: by any clock; the first frame's is where the video starts.

        Raises:
            OutputError: the file cannot be written.
        """
        assert self._container is not None
        if self._stream is None:
            self._stream = _add_stream(self._container, frame_bgr)
            self._start_s = time_s
        encoded = av.VideoFrame.from_numpy_buffer(fit(frame_bgr, (self._stream.width, self._stream.height)), "bgr24")
        self._last_stamp = encoded.pts = max(self._last_stamp + 1, round((time_s - self._start_s) / TIME_BASE))
        encoded.time_base = TIME_BASE
        self._mux(self._container, self._stream, encoded)
        self.frames += 1

    def take(self, frame: FrameCopy) -> None:
        """Add a frame's picture."""
        self.write(frame.picture_bgr, frame.time_s)

    def close(self) -> None:
        """Finish the file; one without a frame is removed, where nothing was there before.

        Raises:
            OutputError: the file cannot be written.
        """
        container, stream = self._container, self._stream
        self._container = self._stream = None  # the encoder's threads and memory go with its last reference
        if container is None:
            return
        try:
            if stream is not None and not self._is_broken:  # FFmpeg crashes where the header could not be written
                self._mux(container, stream, None)
        finally:
            with self._as_output_error():
                container.close()
        if not self.frames and self.path.is_file() and not self.path.stat().st_size:
            self.path.unlink()

    def summary(self) -> str | None:
        """`webcam.mp4 (10.0 s, 300 frames, 1.2 MB)`; None where no frame came."""
        if not self.frames:
            return None
        return f"{self.path} ({self.duration_s:.1f} s, {self.frames} frames, {self.path.stat().st_size / 1e6:.1f} MB)"

    def _mux(
        self, container: av.container.OutputContainer, stream: av.VideoStream, frame: av.VideoFrame | None
    ) -> None:
        with self._as_output_error():
            container.mux(stream.encode(frame))

    @contextmanager
    def _as_output_error(self) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            self._is_broken = True
            raise OutputError(f"{self.path}: cannot be written ({error.strerror or error})") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _add_stream(container: av.container.OutputContainer, frame_bgr: BgrImage) -> av.VideoStream:
    stream = container.add_stream("libx264", rate=1 / LAST_FRAME_S, options=ENCODER)
    stream.width, stream.height = even_size(frame_bgr)
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = TIME_BASE
    return stream


def even_size(frame_bgr: BgrImage) -> tuple[int, int]:
    """The frame's width and height, less the odd pixel that 4:2:0 video cannot have."""
    height, width = frame_bgr.shape[:2]
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def fit(frame_bgr: BgrImage, size_wh: tuple[int, int]) -> BgrImage:
    """The frame in a picture of this size: cut by a pixel where only that is needed, else scaled onto black."""
    width, height = size_wh
    if 0 <= frame_bgr.shape[1] - width <= 1 and 0 <= frame_bgr.shape[0] - height <= 1:
        return BgrImage(frame_bgr[:height, :width])
    scale = min(width / frame_bgr.shape[1], height / frame_bgr.shape[0])
    inner_wh = (max(1, int(frame_bgr.shape[1] * scale)), max(1, int(frame_bgr.shape[0] * scale)))
    picture = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner_wh[0]) // 2, (height - inner_wh[1]) // 2
    picture[top : top + inner_wh[1], left : left + inner_wh[0]] = cv2.resize(frame_bgr, inner_wh)
    return BgrImage(picture)
