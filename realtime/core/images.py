"""Image files: read whatever they hold as uint8 BGR, the right way up; write them back."""

import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.errors import OutputError, SourceError
from realtime.core.geometry import BgrImage

NaturalKey = tuple[list[str | int], str]
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".jp2", ".pgm", ".ppm"}


def natural_key(path: Path) -> NaturalKey:
    """What paths are sorted by so that numbers in names count as numbers: `2.jpg` comes before `10.jpg`."""
    pieces = re.split(r"(\d+)", str(path))
    return [int(piece) if index % 2 else piece for index, piece in enumerate(pieces)], str(path)


def read_image(path: Path) -> BgrImage:
    """The image as 8-bit BGR, turned as its EXIF says; grey is repeated, alpha left out, 16 bits become 8.

    Raises:
        SourceError: the file is missing, or no image that OpenCV reads.
    """
    try:
        contents = np.fromfile(path, np.uint8)  # cv2.imread fails on names outside the code page on Windows
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    try:
        pixels = cv2.imdecode(contents, cv2.IMREAD_COLOR) if contents.size else None
    except cv2.error:  # it claims more pixels than OpenCV allows
        pixels = None
    if pixels is None:
        raise SourceError(f"{path}: not an image that can be read")
    return BgrImage(pixels)


def write_image(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Write (H, W), (H, W, 3) or, with alpha, (H, W, 4) uint8 in the format of the name's suffix.

    Raises:
        OutputError: the format is unknown, or the file cannot be written; then no part of it is left.
    """
    try:
        is_encoded, encoded = cv2.imencode(path.suffix, pixels)
        if not is_encoded:
            raise OutputError(f"{path}: a picture of this size or kind cannot be written as {path.suffix}")
        _write_whole(path, encoded.tobytes())
    except cv2.error:
        raise OutputError(f"{path}: no image format is called {path.suffix or 'nothing'!r}") from None
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from None


def _write_whole(path: Path, contents: bytes) -> None:
    with path.open("wb") as file:
        try:
            file.write(contents)
            file.flush()
        except OSError:
            if path.is_file():  # a device stays
                path.unlink()
            raise


def flatten(picture: npt.NDArray[np.uint8]) -> BgrImage:
    """(H, W, 4) uint8 over black, as (H, W, 3); a picture without alpha as it is."""
    if picture.shape[2] == 3:
        return BgrImage(picture)
    opaque = cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR)
    alpha = cv2.cvtColor(picture[:, :, 3], cv2.COLOR_GRAY2BGR)
    return BgrImage(cv2.multiply(opaque, alpha, dst=opaque, scale=1 / 255))
