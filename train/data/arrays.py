"""Crops and label maps as two NumPy arrays: a packed label set, or what somebody else saved. Read by memory mapping.

images.npy    (N, 314, 274, 3) uint8 canvases or (N, 218, 178, 3) crops, red first; floats are 0 to 1
masks.npy     (N, 314, 274) or (N, 218, 178), a last axis of 1 may follow: uint8 region ids, or one region as 0 and 255,
              as bools, or as floats of which those over 0.5 are inside
index.jsonl   as in every label set, its faces in the arrays' order; `pack` writes it, and somebody else's arrays may
              lie without it, also as `train/` and `val/`
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, BgrImage
from train.data.label_set import CANVAS_SIZE_WH, INDEX_NAME, faces_of, read_index
from train.data.mask_folder import LabelMap, to_label_map, with_margin

IMAGES_NAME, MASKS_NAME = "images.npy", "masks.npy"
SHAPES_HW = {CANVAS_SIZE_WH[::-1], CROP_SIZE_WH[::-1]}
KINDS_OF_IMAGES, KINDS_OF_MASKS = ("uint8", "float"), ("uint8", "bool", "float")


@dataclass(frozen=True)
class ArrayPair:
    """One face of a folder of arrays.

    Attributes:
        folder: where they lie.
        number: of the face in them, from 0.
        labeller: who drew the masks.
        mask_region: of `MASK_REGIONS`, what a mask of one region shows; None where masks hold ids.
    """

    folder: Path
    number: int
    labeller: str = ""
    mask_region: str | None = None

    @property
    def photo(self) -> str:
        """The file that holds it."""
        return str(self.folder / IMAGES_NAME)

    @property
    def name(self) -> str:
        """Its number, as a word."""
        return str(self.number)

    def read_canvas(self) -> BgrImage:
        """(314, 274, 3) uint8; a crop's edge is repeated all round.

        Raises:
            ValueError: the array cannot be used, or a value is none of a picture's; the message names it.
        """
        image = _open_arrays(self.folder)[0][self.number]
        if image.dtype != np.uint8:
            image = _levels(image, f"{self.folder / IMAGES_NAME}[{self.number}]")
        canvas = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        is_canvas = canvas.shape[:2] == CANVAS_SIZE_WH[::-1]
        return BgrImage(canvas if is_canvas else with_margin(canvas, cv2.BORDER_REPLICATE))

    def read(self) -> tuple[BgrImage, LabelMap]:
        """(314, 274, 3) uint8 canvas and (314, 274) uint8 label map, background in a margin that was not saved.

        Raises:
            ValueError: as `read_canvas`, and of the masks.
        """
        mask = _open_arrays(self.folder)[1][self.number]
        if (self.folder / INDEX_NAME).is_file():  # of a label set: its ids are ours, those known in part with them
            label_map = np.array(mask, np.uint8)
        else:
            label_map = to_label_map(mask, f"{self.folder / MASKS_NAME}[{self.number}]", self.mask_region)
        is_canvas = label_map.shape == CANVAS_SIZE_WH[::-1]
        return self.read_canvas(), label_map if is_canvas else with_margin(label_map, cv2.BORDER_CONSTANT)


def has_arrays(folder: Path) -> bool:
    """Whether a folder holds arrays, packed or somebody else's, or a split of them."""
    return (folder / IMAGES_NAME).is_file() or (folder / "train" / IMAGES_NAME).is_file()


def read_arrays(folder: Path, mask_region: str | None) -> list[tuple[str, ArrayPair]]:
    """Every face of somebody else's arrays, and its side of the split: train or val, empty where there is no split.

    Raises:
        ValueError: as `count_faces`.
    """
    splits = ("",) if (folder / IMAGES_NAME).is_file() else ("train", "val")
    return [
        (split, ArrayPair(folder / split, number, f"masks of {folder.name}", mask_region))
        for split in splits
        for number in range(count_faces(folder / split))
    ]


def count_faces(folder: Path) -> int:
    """How many faces a folder's arrays hold.

    Raises:
        ValueError: an array is missing, broken, of a wrong shape or kind, or as long as neither the other nor the
            index; the message names it.
    """
    images, masks = _open_arrays(folder)
    indexed = len(list(faces_of(read_index(folder)))) if (folder / INDEX_NAME).is_file() else len(images)
    if indexed != len(images):
        raise ValueError(f"{folder / IMAGES_NAME}: {len(images)} faces, {INDEX_NAME} beside it has {indexed}")
    if len(images) != len(masks):
        raise ValueError(f"{folder / MASKS_NAME}: {len(masks)} masks for {len(images)} images")
    return len(images)


@lru_cache(maxsize=64)
def _open_arrays(folder: Path) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
    """(N, H, W, 3) images and (N, H, W) masks, mapped once in each process."""
    images = _open_array(folder / IMAGES_NAME, KINDS_OF_IMAGES)
    if images.ndim != 4 or images.shape[1:3] not in SHAPES_HW or images.shape[3] != 3:
        raise ValueError(f"{folder / IMAGES_NAME}: its shape is {images.shape}, not (N, 218, 178, 3)")
    masks = _open_array(folder / MASKS_NAME, KINDS_OF_MASKS)
    shape = masks.shape
    if masks.ndim == 4 and masks.shape[3] == 1:
        masks = masks[:, :, :, 0]
    if masks.shape[1:] != images.shape[1:3]:
        raise ValueError(f"{folder / MASKS_NAME}: its shape is {shape}, not that of its images, {images.shape[:3]}")
    return images, masks


def _open_array(path: Path, kinds: tuple[str, ...]) -> npt.NDArray[np.generic]:
    try:
        array: npt.NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (ValueError, EOFError, AttributeError) as error:
        raise ValueError(f"{path}: not a whole array of numbers ({str(error).splitlines()[0]})") from None
    if not any(array.dtype == kind or (kind == "float" and array.dtype.kind == "f") for kind in kinds):
        raise ValueError(f"{path}: its numbers are {array.dtype}, not {' or '.join(kinds)}")
    return array


def _levels(image: npt.NDArray[np.generic], where: str) -> npt.NDArray[np.uint8]:
    levels = np.asarray(image, np.float32)
    if not (levels.min() >= 0 and levels.max() <= 1):
        raise ValueError(f"{where}: its floats go from {levels.min():g} to {levels.max():g}, not from 0 to 1")
    return np.round(levels * 255).astype(np.uint8)
