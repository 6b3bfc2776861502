"""A stretch of video held in memory, so that a measurement reads no file and plays every frame alike."""

from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from realtime.capture.sources import open_source
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage

GRID_CELLS = 4


@dataclass(frozen=True)
class Clip:
    """Frames of one size.

    Attributes:
        name: of the video.
        frames: (H, W, 3) uint8 each; shared, so never drawn on.
        step_s: from one frame to the next.
    """

    name: str
    frames: list[BgrImage]
    step_s: float

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of every frame."""
        return self.frames[0].shape[1], self.frames[0].shape[0]


def read_clip(spec: str, most_frames: int, size_wh: tuple[int, int] | None = None) -> Clip:
    """The first frames of a video, decoded.

    Args:
        spec: a video's path, or `demo`.
        most_frames: no more are read: 300 of 640x480 are 276 MB.
        size_wh: every frame is scaled to this size.

    Raises:
        SourceError: it cannot be read, or is no recording, or holds less than two frames.
    """
    frames, times_s = [], []
    with open_source(spec) as source:
        if source.is_live or source.is_one_picture:
            raise SourceError(f"{source.name}: a recorded video is needed here, or demo")
        for frame in islice(source, most_frames):
            if frame is None or frame.is_still:
                raise SourceError(f"{source.name}: a recorded video is needed here, or demo")
            image = frame.image_bgr
            frames.append(BgrImage(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)) if size_wh else image)
            times_s.append(frame.time_s)
        if len(frames) < 2:
            raise SourceError(f"{source.name}: holds less than two frames")
        return Clip(source.name, frames, float(np.median(np.diff(times_s))))


def empty_room(size_wh: tuple[int, int], count: int) -> list[BgrImage]:
    """A wall, a floor and a door under a camera's noise: frames without a face."""
    width, height = size_wh
    room = np.empty((height, width, 3), np.float32)
    room[:] = np.linspace(190, 150, width, dtype=np.float32)[None, :, None]
    room[height * 3 // 4 :] *= (0.45, 0.55, 0.6)
    room[height // 4 : height * 3 // 4, width * 2 // 3 : width * 5 // 6] *= (0.6, 0.7, 0.8)
    noise = np.random.default_rng(1)
    return [
        BgrImage(np.clip(room + noise.normal(0, 3, room.shape).astype(np.float32), 0, 255).astype(np.uint8))
        for _ in range(count)
    ]


def put_in_grid(frame_bgr: BgrImage, copies: int, grid_bgr: BgrImage) -> None:
    """Put the same frame into the first cells of a grid of two by two; the other cells stay as they are.

    Args:
        frame_bgr: (H, W, 3). Read, never kept.
        copies: 1 to `GRID_CELLS`.
        grid_bgr: (2 * H, 2 * W, 3), changed in place.
    """
    height, width = frame_bgr.shape[:2]
    for cell in range(copies):
        top, left = cell // 2 * height, cell % 2 * width
        grid_bgr[top : top + height, left : left + width] = frame_bgr
