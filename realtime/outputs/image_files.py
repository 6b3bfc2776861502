"""A folder of masks: one PNG of region ids for each frame."""

import os
from pathlib import Path

from realtime.core.errors import OutputError
from realtime.core.images import write_image
from realtime.outputs.sink import FrameCopy


class MaskFolder:
    """One single-channel PNG of region ids for each frame, of the frame's own size.

    Args:
        folder: made where it is missing.

    Raises:
        OutputError: it cannot be made or written to.
    """

    wants_picture = False
    wants_faces = True

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.folder = folder
        self.name = str(folder)
        self.written = 0

    def take(self, frame: FrameCopy) -> None:
        """Write the frame's mask under its name."""
        write_image(self.folder / f"{frame.name}.png", frame.label_map)
        self.written += 1

    def close(self) -> None:
        """Nothing: each mask is complete as soon as it is written."""

    def summary(self) -> str:
        """`masks (300 masks)`."""
        return f"{self.folder} ({self.written} mask{'' if self.written == 1 else 's'})"


def make_folder(folder: Path) -> None:
    """Make a folder and its parents.

    Raises:
        OutputError: it cannot be made, or is a file, or cannot be written to.
    """
    if folder.is_file():
        raise OutputError(f"{folder}: is a file, and a folder is needed")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror or error})") from None
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{folder}: cannot be written to")


class PictureFile:
    """A single picture.

    Args:
        path: of a kind that OpenCV writes; only a PNG keeps the alpha of a cut-out.
    """

    wants_picture = True
    wants_faces = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self._is_written = False

    def take(self, frame: FrameCopy) -> None:
        """Write the picture; a later one in its place."""
        is_png = self.path.suffix.lower() == ".png"
        write_image(self.path, frame.picture if is_png and frame.picture is not None else frame.picture_bgr)
        self._is_written = True

    def close(self) -> None:
        """Nothing: the picture is complete as soon as it is written."""

    def summary(self) -> str | None:
        """`webcam.png`; None where no frame came."""
        return str(self.path) if self._is_written else None
