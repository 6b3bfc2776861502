"""Where pictures and masks go: a window, a video or picture file, a folder of masks."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from realtime.config import RealtimeConfig
from realtime.errors import OutputError
from realtime.face import Face, frame_label_map
from realtime.images import IMAGE_SUFFIXES, flatten, write_image
from realtime.sources import Frame
from realtime.video_file import VIDEO_SUFFIXES, VideoFile


class Outputs(AbstractContextManager["Outputs"]):
    """Everything that a frame is handed on to; all of it is checked before the first frame.

    Args:
        config: says which outputs are wanted.
        is_live: the source sets its own pace, so that the window need not.
        is_one_picture: the source is a single picture, held on the screen until a key is pressed.

    Raises:
        OutputError: one of them cannot be written.
    """

    def __init__(self, config: RealtimeConfig, *, is_live: bool, is_one_picture: bool) -> None:
        self._config = config
        self._is_one_picture = is_one_picture
        for path in (config.output, config.json):
            if path and not path.parent.is_dir():
                raise OutputError(f"{path}: its folder does not exist")
        for path in (config.output, config.masks, config.json):
            if path and path.exists() and Path(config.source).exists() and path.samefile(config.source):
                raise OutputError(f"{path}: is the source, and would be written over")
        with ExitStack() as stack:
            self._masks = MaskFolder(config.masks) if config.masks else None
            self._picture, self._video = self._open_output(config.output, stack)
            self._stack = stack.pop_all()
        self._frames_written = 0

    def write(self, frame: Frame, picture: npt.NDArray[np.uint8], faces: Sequence[Face]) -> None:
        """Hand on one frame with its overlay drawn."""
        if self._picture:
            write_image(self._picture, picture)
        if self._video:
            self._video.write(flatten(picture), frame.time_s)
        if self._recording:
            self._recording.write(flatten(picture), frame.time_s)
        if self._masks:
            self._masks.write(frame_label_map(faces, (picture.shape[1], picture.shape[0])), frame.name)
        self._frames_written += 1

    dropped = 0
    _recording: VideoFile | None = None
    _extra = 0

    @property
    def is_recording(self) -> bool:
        """A video is being written because a key asked for it."""
        return self._recording is not None

    def snapshot(self, picture: npt.NDArray[np.uint8]) -> Path:
        """Write the picture."""
        self._extra += 1
        path = Path(f"snapshot_{self._extra}.png")
        write_image(path, picture)
        return path

    def start_recording(self) -> Path:
        """Begin a video."""
        self._extra += 1
        self._recording = VideoFile(Path(f"recording_{self._extra}.mp4"))
        return self._recording.path

    def stop_recording(self) -> Path:
        """End it."""
        assert self._recording is not None
        recording, self._recording = self._recording, None
        recording.__exit__(None, None, None)
        return recording.path

    def written(self) -> list[str]:
        """What was written, for the user; files are complete once the outputs are closed."""
        masks = [f"{self._masks.folder} ({self._masks.written} masks)"] if self._masks else []
        paths = (self._picture, self._video and self._video.path) if self._frames_written else ()
        return [str(path) for path in paths if path] + masks

    def _open_output(self, path: Path | None, stack: ExitStack) -> tuple[Path | None, VideoFile | None]:
        if path is None:
            return None, None
        if path.suffix.lower() in VIDEO_SUFFIXES:
            return None, stack.enter_context(VideoFile(path))
        if path.suffix.lower() in IMAGE_SUFFIXES and self._is_one_picture:
            return path, None
        kinds = ", ".join(sorted(VIDEO_SUFFIXES)) + (", .png or .jpg" if self._is_one_picture else "")
        raise OutputError(f"{path}: the output of this source is written as {kinds}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._recording:
            self.stop_recording()
        self._stack.__exit__(kind, error, trace)


class MaskFolder:
    """One single-channel PNG of region ids for each frame, of the frame's own size.

    Args:
        folder: made where it is missing.

    Raises:
        OutputError: it cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.folder = folder
        self.written = 0

    def write(self, label_map: npt.NDArray[np.uint8], name: str) -> None:
        """Write `name`.png."""
        write_image(self.folder / f"{name}.png", label_map)
        self.written += 1


def make_folder(folder: Path) -> None:
    """Make a folder and its parents.

    Raises:
        OutputError: it cannot be made, or is a file, or cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror or error})") from None
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{folder}: cannot be written to")
