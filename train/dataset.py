"""Crops and label maps for the segmenter, and which of them are held out."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from realtime.geometry import TIGHT
from realtime.preprocess import BgrImage
from train.augment import AUGMENTATIONS, center_pair
from train.heads import class_index
from train.label_set import MARGIN_PX, LabelledPair, faces_of, read_index
from train.mask_folder import is_mask_folder, read_mask_folder

VALIDATION_SHARE = 0.08


def held_out(group: str, share: float = VALIDATION_SHARE) -> bool:
    """Whether a group is validation; the same for every run, machine and seed."""
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:4]) < share * 2**32


class Pair(Protocol):
    """A face and its labels, wherever they lie."""

    def read_canvas(self) -> BgrImage:
        """(314, 274, 3) uint8: the crop, `MARGIN_PX` wider on every side."""

    def read(self) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
        """The canvas and its (314, 274) uint8 label map."""


def split_faces(
    folders: Sequence[Path], layout: str = TIGHT.name, mask_region: str | None = None
) -> tuple[list[Pair], list[Pair]]:
    """Every training face, and every validation face, of label sets and of folders of photos and masks.

    Args:
        folders: of either kind.
        layout: of all their crops.
        mask_region: what masks of 0 and 255 show, one of `MASK_REGIONS`.

    Raises:
        ValueError: a folder is neither, has other crops, or one side of the split is empty.
    """
    train: list[Pair] = []
    validation: list[Pair] = []
    for folder in folders:
        if is_mask_folder(folder):
            pairs, held = read_mask_folder(folder, mask_region)
            validation += [pair for pair in pairs if held_out(pair.image.stem)] if held is None else held
            train += [pair for pair in pairs if held is not None or not held_out(pair.image.stem)]
            continue
        for photo, face in faces_of(read_index(folder)):
            if photo.layout != layout:
                raise ValueError(f"{folder}: its crops have the layout {photo.layout}, not {layout}")
            (validation if held_out(face.group) else train).append(LabelledPair(folder, face.name))
    if not train or not validation:
        where = ", ".join(map(str, folders))
        raise ValueError(f"{where}: {len(train)} training and {len(validation)} validation faces; both are needed")
    return train, validation


class FaceCrops(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of (218, 178, 3) uint8 crop_bgr and (218, 178) int64 class indices; augmented where asked."""

    def __init__(self, faces: Sequence[Pair], channels: Sequence[str], augment: str = "none") -> None:
        self._faces = faces
        self._index_of = class_index(channels)
        self._augment = AUGMENTATIONS[augment]

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        canvas, label_map = self._faces[index].read()
        if self._augment is not None:
            seed = int(torch.randint(2**62, ()))  # torch seeds each worker, so that runs repeat
            crop, label_map = self._augment(canvas, label_map, np.random.default_rng(seed))
        else:
            crop, label_map = center_pair(canvas, label_map)
        return torch.from_numpy(np.ascontiguousarray(crop)), torch.from_numpy(self._index_of[label_map])


def color_statistics(faces: Sequence[Pair], most: int = 2000) -> tuple[Tensor, Tensor]:
    """(3,) mean and (3,) standard deviation of the levels of all pixels, blue first.

    Args:
        faces: their crops are read, unmoved.
        most: how many, spread over all.
    """
    chosen = [faces[index] for index in np.linspace(0, len(faces) - 1, min(len(faces), most)).astype(int)]
    total, squares = np.zeros(3), np.zeros(3)
    for face in chosen:
        canvas = face.read_canvas()[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX].astype(np.float64)
        total += canvas.mean((0, 1))
        squares += (canvas**2).mean((0, 1))
    mean = total / len(chosen)
    std = np.sqrt(np.maximum(squares / len(chosen) - mean**2, 0))
    return torch.from_numpy(mean).float(), torch.from_numpy(std).float()
