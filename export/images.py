"""Real pictures that a model is compared on, and those that its integers are calibrated on."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from export.onnx_graph import model_kind
from export.public_images import Images, input_size_wh, public_images, read_photo
from realtime.core.geometry import LAYOUTS, BgrImage, thumbnail
from realtime.core.images import IMAGE_SUFFIXES, natural_key
from realtime.inference.session import FACE_FINDER
from train.checkpoint import NetworkSpec
from train.data.crops import faces_by_side, side_of
from train.data.folders import Pair
from train.data.label_set import INDEX_NAME, MARGIN_PX, TRAIN, VAL, read_index

MOST_IMAGES = 256
"""Enough that a single face weighs less than the half percent that fp16 may disagree on."""
LEAST_CALIBRATION = 300
"""That many are needed, and that many are taken, spread over all that are there."""


def public_images_for(spec: NetworkSpec) -> Images:
    """(16, H, W, 3) uint8, as a network of this specification wants them."""
    return public_images(model_kind(spec), LAYOUTS[spec.layout])


def held_out_images(spec: NetworkSpec, folder: Path, mask_region: str | None = None) -> Images:
    """At most `MOST_IMAGES` held-out crops of a folder of faces; for the finder, thumbnails of a label set's photos.

    Raises:
        ValueError: the folder is of no kind, one of its files is broken, or it holds nothing out.
    """
    if model_kind(spec) == FACE_FINDER:
        images = [_read_thumbnail(path) for path in _photos_of_side(folder, VAL)[:MOST_IMAGES]]
    else:
        images = [_read_crop(face) for face in held_out_faces(spec, folder, mask_region)]
    if not images:
        raise ValueError(f"{folder}: no photo with a face is held out for validation")
    return np.stack(images)


def held_out_faces(spec: NetworkSpec, folder: Path, mask_region: str | None = None) -> Sequence[Pair]:
    """The faces whose crops `held_out_images` gives, in the same order. Raises as that does."""
    return faces_by_side([folder], spec.layout, mask_region)[VAL].pairs[:MOST_IMAGES]


def calibration_images(spec: NetworkSpec, folder: Path) -> Images:
    """`LEAST_CALIBRATION` training crops of a folder of faces, or the pictures of the model's own size in a folder.

    Raises:
        ValueError: there are too few, or one is unreadable or of another size; the message names it.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    read: list[Callable[[], BgrImage]]
    paths = sorted((path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES), key=natural_key)
    if not (folder / INDEX_NAME).is_file() and (paths or not any(folder.iterdir())):
        size_wh = input_size_wh(model_kind(spec))
        read = [partial(_read_sized, path, size_wh) for path in paths]
    elif model_kind(spec) == FACE_FINDER:
        read = [partial(_read_thumbnail, path) for path in _photos_of_side(folder, TRAIN)]
    else:
        read = [partial(_read_crop, face) for face in faces_by_side([folder], spec.layout)[TRAIN].pairs]
    if len(read) < LEAST_CALIBRATION:
        raise ValueError(f"{folder}: {len(read)} pictures to calibrate on, at least {LEAST_CALIBRATION} are needed")
    return np.stack([read[index]() for index in np.linspace(0, len(read) - 1, LEAST_CALIBRATION).astype(int)])


def _read_crop(face: Pair) -> BgrImage:
    return BgrImage(face.read_canvas()[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])


def _read_thumbnail(photo: Path) -> BgrImage:
    return thumbnail(read_photo(photo))[0]


def _read_sized(path: Path, size_wh: tuple[int, int]) -> BgrImage:
    picture = read_photo(path)
    if picture.shape[1::-1] != size_wh:
        found, wanted = ("x".join(map(str, size)) for size in (picture.shape[1::-1], size_wh))
        raise ValueError(f"{path}: {found}, where pictures to calibrate on must be {wanted}")
    return picture


def _photos_of_side(folder: Path, side: str) -> list[Path]:
    rows = read_index(folder)
    return [Path(row.photo) for row in rows if any(side_of(row.split, [face.group]) == side for face in row.faces)]
