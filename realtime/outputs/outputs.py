"""Where finished frames go: video or picture, masks, a virtual camera; what the keys record and keep."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from realtime.capture.sources import path_of
from realtime.config import RealtimeConfig
from realtime.core.errors import OutputError
from realtime.core.images import IMAGE_SUFFIXES, write_image
from realtime.face import Face
from realtime.frame import Frame
from realtime.outputs.image_files import MaskFolder, PictureFile
from realtime.outputs.mask_lines import MaskLines
from realtime.outputs.sink import Sink
from realtime.outputs.video_file import VIDEO_SUFFIXES, VideoFile
from realtime.outputs.virtual_camera import VirtualCamera
from realtime.outputs.writer import Writer

CAMERA_FPS = 30.0


class Outputs(AbstractContextManager["Outputs"]):
    """Everything that a frame is written to, in a thread of its own; all of it is checked before the first frame.

    Leaving it finishes every file, after an error and through a second Ctrl-C too.

    Args:
        config: says which outputs are wanted.
        is_live: a frame that comes while the writing lags is left out; else `write` waits.
        is_one_picture: the source is a single picture, and may be written as one.

    Raises:
        OutputError: one of them cannot be written.
    """

    def __init__(self, config: RealtimeConfig, *, is_live: bool, is_one_picture: bool) -> None:
        _check_paths(config)
        self._writer = Writer(waits=not is_live)
        self._recording: VideoFile | None = None
        self._snapshots: list[Path] = []
        try:
            self._open(config, is_live, is_one_picture)
        except BaseException:  # an interrupt too: what is open already is closed
            self._writer.stop()
            raise

    def write(self, frame: Frame, picture: npt.NDArray[np.uint8], faces: Sequence[Face]) -> None:
        """Hand on a frame; what is wanted of it is copied, so that the caller may use all three again.

        Args:
            frame: says when it was taken, its name and its size.
            picture: (H, W, 3) or, cut out, (H, W, 4) uint8 as it is to be seen: drawn on, mirrored or not.
            faces: on the frame as it was taken, never mirrored.

        Raises:
            OutputError: an earlier frame could not be written.
        """
        self._writer.write(frame, picture, faces)

    def snapshot(self, picture: npt.NDArray[np.uint8]) -> Path:
        """Write this picture, a cut-out with its alpha, as a PNG in the current folder, and say its name.

        Raises:
            OutputError: it cannot be written.
        """
        path = _new_file("snapshot", ".png")
        write_image(path, picture)
        self._snapshots.append(path)
        return path

    def start_recording(self) -> Path:
        """Write the pictures from now on to a new video in the current folder, and say its name.

        Raises:
            OutputError: it cannot be written, or an earlier frame could not.
        """
        assert self._recording is None
        recording = VideoFile(_new_file("recording", ".mp4"))
        self._writer.add(recording)
        self._recording = recording
        return recording.path

    def stop_recording(self) -> Path:
        """Finish the video, and say its name; what still waits to be written gets into it."""
        assert self._recording is not None
        recording, self._recording = self._recording, None
        self._writer.remove(recording)
        return recording.path

    @property
    def is_recording(self) -> bool:
        """Between `start_recording` and `stop_recording`."""
        return self._recording is not None

    @property
    def dropped(self) -> int:
        """Frames of a live source left out because the writing lagged."""
        return self._writer.dropped

    def written(self) -> list[str]:
        """What is complete, a line for each, for the user; all of it once the outputs are closed."""
        lines = []
        for sink in self._writer.finished:
            left_out = self._writer.left_out[sink]
            if summary := sink.summary():
                lines.append(summary + (f", {left_out} frames left out to keep up" if left_out else ""))
        return lines + [str(path) for path in self._snapshots]

    def _open(self, config: RealtimeConfig, is_live: bool, is_one_picture: bool) -> None:
        if config.output:
            self._writer.add(_open_output(config.output, is_one_picture))
        if config.masks:
            self._writer.add(MaskFolder(config.masks))
        if config.jsonl:
            self._writer.add(MaskLines(config.jsonl))
        if config.virtual_camera:
            self._writer.add(VirtualCamera(config.fps or CAMERA_FPS, is_paced=not is_live))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        untold = self._writer.stop()
        if untold is not None and error is None:
            raise untold


def _open_output(path: Path, is_one_picture: bool) -> Sink:
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return VideoFile(path)
    if path.suffix.lower() in IMAGE_SUFFIXES and is_one_picture:
        return PictureFile(path)
    kinds = ", ".join(sorted(VIDEO_SUFFIXES)) + (", .png or .jpg" if is_one_picture else "")
    raise OutputError(f"{path}: the output of this source is written as {kinds}")


def _check_paths(config: RealtimeConfig) -> None:
    files = [path for path in (config.output, config.jsonl, config.json) if path]
    for path in files:
        if not path.parent.is_dir():
            raise OutputError(f"{path}: its folder does not exist")
        if files.count(path) > 1:
            raise OutputError(f"{path}: is named for two outputs")
    if config.json:  # written last: hours of a run would be over before it is refused
        place = config.json if config.json.exists() else config.json.parent
        problem = "a folder" if config.json.is_dir() else "" if os.access(place, os.W_OK) else "not allowed"
        if problem:
            raise OutputError(f"{config.json}: cannot be written ({problem})")
    source = path_of(config.source)
    masks = [config.masks, config.masks / f"{source.stem}.png"] if config.masks and source else []
    for path in files + masks:
        if source and path.exists() and path.samefile(source):
            raise OutputError(f"{path}: is the source, and would be written over")


def _new_file(kind: str, suffix: str) -> Path:
    """An empty file of this second's name in the current folder, with a number where the name is taken."""
    stem = f"{kind}_{datetime.now():%Y%m%d_%H%M%S}"
    for number in count(1):
        path = Path(f"{stem}{suffix}" if number == 1 else f"{stem}_{number}{suffix}")
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None
        return path
    raise AssertionError  # counting does not end
