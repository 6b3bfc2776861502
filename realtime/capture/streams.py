"""Video files and network streams, decoded by FFmpeg with their own time stamps."""

import logging
import re
import time
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import PurePosixPath
from typing import cast

import av
import av.logging
import numpy as np
import numpy.typing as npt
from av.format import Flags
from av.video.reformatter import VideoReformatter

from realtime.capture.credentials import redact
from realtime.capture.live import FeedLost, StampedImage
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.frame import Frame

LOGGER = logging.getLogger(__name__)
OPEN_TIMEOUT_S = 10.0
"""An RTSP camera may send its first whole picture some seconds after the connection."""
READ_TIMEOUT_S = 5.0
"""A stream that sends nothing, or nothing that can be decoded, for so long is lost."""
STREAM_OPTIONS = {"analyzeduration": "1000000", "rtsp_flags": "prefer_tcp"}
"""A second (in microseconds) is enough to look a live stream over; and over UDP many RTSP pictures come spoilt."""
DEFAULT_FPS = 30.0
LEAST_SHARE = 0.95
"""A video with less than its header promises is named; a few frames may be cut away by its edit list."""
LONGEST_FRAME_S = 0.5
"""The last one's own length counts to that of the video, and is not told."""


def is_url(spec: str) -> bool:
    """Whether it names something on the network, and no file."""
    return "://" in spec


class Video:
    """An open video file or stream.

    Args:
        url: as the user gave it.
        name: what to call it in messages.

    Attributes:
        pictures: image and time stamp of each frame, the right way up; None where a packet gave none. To be read by one
            thread at a time; FFmpegError where reading fails, TimeoutError where nothing comes.
        is_live: a network stream that does not say how long it is, and so has no end of its own.
        size_wh: of its first frame, in pixels.
        fps: the mean that its header tells; None where it tells none.
        frames: that its header promises; 0 where it promises none.
        length_s: that its header promises; None where it promises none.
        undecodable: frames that were spoilt, and left out.

    Raises:
        SourceError: it cannot be opened, or has no picture in it.
    """

    def __init__(self, url: str, name: str) -> None:
        av.logging.set_level(None)  # FFmpeg's own lines hold the URL, password and all
        self._name = name
        is_network = is_url(url)
        try:
            self._container = (
                av.open(url, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S), options=STREAM_OPTIONS)
                if is_network
                else av.open(f"file:{url}")  # else a file called "a:b.mp4" is taken for a protocol
            )
        except (av.error.FFmpegError, OSError) as error:
            kind = "cannot be opened" if is_network else "not a video or image that can be read"
            raise SourceError(f"{name}: {kind} ({reason(error)})") from None
        self.is_live = is_network and self._container.duration is None
        self._has_stamps = not (self.is_live and Flags.no_timestamps in Flags(self._container.format.flags))
        self.undecodable = 0
        self._reformatter = VideoReformatter()
        try:
            stream = self._video_stream()
            self._decoding = self._decode(stream)
            first = self._first_picture()
        except SourceError:
            self._container.close()
            raise
        self.pictures: Iterator[StampedImage | None] = chain([first], self._decoding)
        self.size_wh = (first[0].shape[1], first[0].shape[0])
        self.fps = float(stream.average_rate) if stream.average_rate else None
        self.frames = stream.frames
        is_alone = len(self._container.streams) == 1  # else the length may be that of the sound
        self.length_s = self._container.duration / av.time_base if is_alone and self._container.duration else None

    def close(self) -> None:
        """Let go of the file or connection; may be called twice."""
        self._decoding.close()
        self._container.close()

    def _video_stream(self) -> av.VideoStream:
        stream = self._container.streams.best("video")
        if not isinstance(stream, av.VideoStream):
            raise SourceError(f"{self._name}: no picture in it, only sound")
        if stream.codec_context is None:
            raise SourceError(f"{self._name}: its pictures are coded in a way that is not known here")
        # Whole frames in parallel are fastest, but each thread holds one back, which a live picture cannot afford.
        stream.thread_type = "SLICE" if self.is_live else "AUTO"
        return stream

    def _first_picture(self) -> StampedImage:
        why, until_s = "", time.perf_counter() + OPEN_TIMEOUT_S
        try:
            for picture in self._decoding:
                if picture is not None:
                    return picture
                if self.is_live and time.perf_counter() > until_s:
                    break
        except (av.error.FFmpegError, OSError) as error:
            why = f" ({reason(error)})"
        raise SourceError(f"{self._name}: holds no frame that can be decoded{why}")

    def _decode(self, stream: av.VideoStream) -> Generator[StampedImage | None, None, None]:
        for packet in self._container.demux(stream):
            try:
                decoded = packet.decode()
            except av.error.FFmpegError:
                self.undecodable += 1
                decoded = []
            # Of a live picture a half is better than none; in a file it would be taken for what was filmed.
            whole = decoded if self.is_live else [frame for frame in decoded if not frame.is_corrupt]
            self.undecodable += len(decoded) - len(whole)
            if not whole:
                yield None
            for frame in whole:
                yield self._to_bgr(frame), frame.time if self._has_stamps else None  # else counted, not measured

    def _to_bgr(self, frame: av.VideoFrame) -> BgrImage:
        # One reformatter for all frames, and one thread: `to_ndarray(format="bgr24")` sets up both anew for each frame.
        bgr = self._reformatter.reformat(frame, format="bgr24", threads=1)
        image = cast("npt.NDArray[np.uint8]", bgr.to_ndarray())
        if frame.rotation:
            image = np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)))
        return BgrImage(image)


def recorded_frames(video: Video, name: str, stem: str) -> Generator[Frame, None, None]:
    """The frames of a recording, with its own time stamps, counted from the first; spoilt ones are left out.

    Args:
        video: open.
        name: of the source, in messages.
        stem: of the frames' names.

    Raises:
        SourceError: it breaks off.
    """
    index, start_s, time_s = 0, None, 0.0
    try:
        for picture in video.pictures:
            if picture is None:
                continue
            image, stamp_s = picture
            stamp_s = index / (video.fps or DEFAULT_FPS) if stamp_s is None else stamp_s
            start_s = stamp_s if start_s is None else start_s
            time_s = stamp_s - start_s
            yield Frame(image, time_s, f"{stem}_{index:06d}")
            index += 1
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{name}: breaks off after {index} frames ({reason(error)})") from None
    if video.undecodable:
        LOGGER.warning("%s: %d of its frames could not be decoded", name, video.undecodable)
    elif index < LEAST_SHARE * video.frames:
        LOGGER.warning("%s: ends after %d of %d frames", name, index, video.frames)
    elif not video.frames and video.length_s and time_s + LONGEST_FRAME_S < LEAST_SHARE * video.length_s:
        LOGGER.warning("%s: ends after %.1f of %.1f s", name, time_s, video.length_s)


class StreamFeed:
    """A live stream, as `live_frames` reads it.

    Args:
        video: open.
    """

    def __init__(self, video: Video) -> None:
        self._video = video
        self._last_good_s = time.perf_counter()

    def read(self) -> StampedImage | None:
        """The next image with its stamp; None where a packet gave none.

        Raises:
            FeedLost: it ended, broke off, or gave nothing for `READ_TIMEOUT_S`.
        """
        try:
            picture = next(self._video.pictures)
        except StopIteration:
            raise FeedLost("the stream has ended") from None
        except (av.error.FFmpegError, OSError) as error:
            raise FeedLost(f"the stream broke off ({reason(error)})") from None
        now_s = time.perf_counter()
        if picture is not None:
            self._last_good_s = now_s
        elif now_s - self._last_good_s > READ_TIMEOUT_S:
            raise FeedLost("the stream holds nothing that can be decoded")
        return picture

    def close(self) -> None:
        """Close the connection."""
        self._video.close()


def stream_stem(url: str) -> str:
    """A name for files about this stream: the last part of its path, or its host; no query, no credentials."""
    address = re.split(r"[?#;]", redact(url).partition("://")[2])[0].rpartition("@")[2]
    return re.sub(r"[^\w-]+", "_", PurePosixPath(address).stem).strip("_") or "stream"


def reason(error: Exception) -> str:
    """What FFmpeg or the system says, without the URL that its text ends in."""
    if isinstance(error, av.error.ExitError):  # of PyAV's own time-out
        return "it sends nothing"
    return str(getattr(error, "strerror", None) or type(error).__name__)
