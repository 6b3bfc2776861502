"""A single picture, written as one."""

from pathlib import Path

from realtime.core.images import write_image
from realtime.outputs.sink import FrameCopy


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
