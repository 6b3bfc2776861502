"""Pictures that every installation has: the face of a public photo placed in many ways, and noise."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from matplotlib import get_data_path

from realtime.core.geometry import CROP_SIZE_WH, FINDER_SIDE_PX, BgrImage, CropLayout, CropTransform, Points, crop_face
from realtime.inference.session import FACE_FINDER

Images = npt.NDArray[np.uint8]

PUBLIC_PHOTO = "grace_hopper.jpg"
"""In matplotlib's sample data; a work of the US Navy, in the public domain."""
PUBLIC_FACE: Points = np.array([[222.5, 190.0], [305.5, 186.0], [266.0, 277.0]])
"""Right eye, left eye and mouth centre in that photo, in pixels, read off by hand."""
PUBLIC_CROPS, RANDOM_IMAGES = 12, 4


def input_size_wh(kind: str) -> tuple[int, int]:
    """Of the pictures that a model of this kind takes."""
    return (FINDER_SIDE_PX, FINDER_SIDE_PX) if kind == FACE_FINDER else CROP_SIZE_WH


def public_images(kind: str, layout: CropLayout) -> Images:
    """(16, H, W, 3) uint8 for a model of this kind and layout; the last `RANDOM_IMAGES` are noise."""
    rng = np.random.default_rng(0)
    size_wh = input_size_wh(kind)
    photo = read_photo(Path(get_data_path()) / "sample_data" / PUBLIC_PHOTO)
    images = []
    for index in range(PUBLIC_CROPS):
        placed = _thumbnail_layout(index) if kind == FACE_FINDER else layout
        crop = CropTransform.from_points(PUBLIC_FACE + rng.normal(0, 4, (3, 2)), placed)
        images.append(crop_face(photo, crop, size_wh))
    noise = rng.integers(0, 256, (RANDOM_IMAGES, *size_wh[::-1], 3), np.uint8)
    return np.concatenate([np.stack(images), noise])


def read_photo(path: Path) -> BgrImage:
    """(H, W, 3) uint8.

    Raises:
        ValueError: the file is missing or unreadable.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path}: missing or unreadable")
    return BgrImage(pixels)


def _thumbnail_layout(index: int) -> CropLayout:
    """The face somewhere in a thumbnail, with 8 to 60 pixels between the eyes."""
    eye_distance = float(np.geomspace(8, 60, PUBLIC_CROPS)[index])
    return CropLayout("thumbnail", (50.0 + 5 * index, 60.0), eye_distance, eye_distance * 1.2)
