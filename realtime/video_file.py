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

from realtime.errors import OutputError
from realtime.preprocess import BgrImage

VIDEO_SUFFIXES = {".mp4", ".mkv", ".mov"}
TIME_BASE = Fraction(1, 90_000)


class VideoFile(AbstractContextManager["VideoFile"]):
    """An H.264 video with each frame's own time stamp.

    The first frame sets the size; later ones are fitted into it. Closing finishes the file, also after an error.

    Args:
        path: .mp4, .mkv or .mov.

    Raises:
        OutputError: the suffix is unknown, or the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            raise OutputError(f"{path}: a video is written as {', '.join(sorted(VIDEO_SUFFIXES))}")
        self.path = path
        self._is_broken = False
        with self._as_output_error():
            path.open("ab").close()  # FFmpeg itself opens the file with its first packet, many frames later
            self._container = av.open(str(path), "w")
        self._stream: av.VideoStream | None = None
        self._last_stamp = -1

    def write(self, frame_bgr: BgrImage, time_s: float) -> None:
        """Add a frame; one that is not later than the last is put a moment after it."""
        if self._stream is None:
            self._stream = self._add_stream(frame_bgr)
        image = _fit(frame_bgr, (self._stream.width, self._stream.height))
        encoded = av.VideoFrame.from_ndarray(image, format="bgr24")
        self._last_stamp = encoded.pts = max(self._last_stamp + 1, round(time_s / TIME_BASE))
        encoded.time_base = TIME_BASE
        self._mux(encoded)

    def _add_stream(self, frame_bgr: BgrImage) -> av.VideoStream:
        height, width = frame_bgr.shape[:2]
        stream = self._container.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height = max(2, width // 2 * 2), max(2, height // 2 * 2)
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        return stream

    def _mux(self, frame: av.VideoFrame | None) -> None:
        assert self._stream is not None
        with self._as_output_error():
            self._container.mux(self._stream.encode(frame))

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
        try:
            if self._stream is not None and not self._is_broken:  # FFmpeg crashes where the header could not be written
                self._mux(None)
        finally:
            with self._as_output_error():
                self._container.close()


def _fit(frame_bgr: BgrImage, size_wh: tuple[int, int]) -> BgrImage:
    """The frame in a picture of this size: cut by a pixel where only that is needed, else scaled onto black."""
    width, height = size_wh
    if 0 <= frame_bgr.shape[1] - width <= 1 and 0 <= frame_bgr.shape[0] - height <= 1:
        return BgrImage(np.ascontiguousarray(frame_bgr[:height, :width]))
    scale = min(width / frame_bgr.shape[1], height / frame_bgr.shape[0])
    inner_wh = (max(1, int(frame_bgr.shape[1] * scale)), max(1, int(frame_bgr.shape[0] * scale)))
    picture = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner_wh[0]) // 2, (height - inner_wh[1]) // 2
    picture[top : top + inner_wh[1], left : left + inner_wh[0]] = cv2.resize(frame_bgr, inner_wh)
    return BgrImage(picture)
