"""Folders of faces, written as the two arrays of `train/data/arrays.py`: no file is opened for each face."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from realtime.core.geometry import CROP_SIZE_WH
from train.augmentation.augment import center_pair
from train.data.arrays import IMAGES_NAME, MASKS_NAME, has_arrays
from train.data.folders import FolderOfFaces
from train.data.label_set import CANVAS_SIZE_WH, INDEX_NAME, write_index


def pack_folders(folders: Sequence[FolderOfFaces], out: Path, on_face: Callable[[], None], *, with_margin: bool) -> int:
    """Write `images.npy`, `masks.npy` and `index.jsonl`; the index last, when the arrays are whole.

    Args:
        folders: whose faces, groups and splits become one packed set.
        out: folder to write to; made where it is missing.
        on_face: called after each face.
        with_margin: whether canvases are written, from which augmentation makes the same as from the folders; else
            crops alone, whose pixels cannot be moved in from beyond their edge.

    Returns:
        the number of faces.

    Raises:
        ValueError: there is no face at all, one cannot be read, or a label set lies in `out`; nothing is changed.
        OSError: the disk is full, or the like.
    """
    pairs = [pair for folder in folders for pair in folder.pairs]
    if not pairs:
        raise ValueError("no face to pack")
    if (out / INDEX_NAME).is_file() and not has_arrays(out):
        raise ValueError(f"{out}: a label set lies there; give the packed one a folder of its own")
    out.mkdir(parents=True, exist_ok=True)
    width, height = CANVAS_SIZE_WH if with_margin else CROP_SIZE_WH
    partial = [out / f"{name}.partial" for name in (IMAGES_NAME, MASKS_NAME)]
    with ExitStack() as files:
        for path in partial:
            files.callback(path.unlink, missing_ok=True)
        images, masks = (files.enter_context(path.open("wb")) for path in partial)
        _write_header(images, (len(pairs), height, width, 3))
        _write_header(masks, (len(pairs), height, width))
        for pair in pairs:
            canvas, label_map = pair.read() if with_margin else center_pair(*pair.read())
            images.write(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB).tobytes())
            masks.write(label_map.tobytes())
            on_face()
        images.close()
        masks.close()
        (out / INDEX_NAME).unlink(missing_ok=True)  # of an earlier packed set; from here to the new one there is none
        for path in partial:
            path.replace(path.with_suffix(""))
    write_index(out, [photo for folder in folders for photo in folder.photos])
    return len(pairs)


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Open a .npy file of uint8. Written as a stream: a full disk is an error there, and ends a process that maps."""
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
