"""Crops and label maps for the segmenter, and which of them are held out."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from realtime.regions import Region
from train.augment import augment_pair, center_pair
from train.heads import region_index
from train.label_set import LabelledFace, LabelledPhoto, faces_of, read_index, read_pair

VALIDATION_SHARE = 0.08


def held_out(group: str, share: float = VALIDATION_SHARE) -> bool:
    """Whether a group is validation; the same for every run, machine and seed."""
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:4]) < share * 2**32


def split_faces(folders: Sequence[Path]) -> tuple[list[tuple[Path, str]], list[tuple[Path, str]]]:
    """(folder, crop name) of every training face, and of every validation face.

    Raises:
        ValueError: a folder is no label set, or one side of the split is empty.
    """
    faces: list[tuple[Path, LabelledPhoto, LabelledFace]] = [
        (folder, photo, face) for folder in folders for photo, face in faces_of(read_index(folder))
    ]
    train = [(folder, face.name) for folder, _, face in faces if not held_out(face.group)]
    validation = [(folder, face.name) for folder, _, face in faces if held_out(face.group)]
    if not train or not validation:
        where = ", ".join(map(str, folders))
        raise ValueError(f"{where}: {len(train)} training and {len(validation)} validation faces; both are needed")
    return train, validation


class FaceCrops(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of (218, 178, 3) uint8 crop_bgr and (218, 178) int64 class indices; augmented where asked."""

    def __init__(self, faces: Sequence[tuple[Path, str]], regions: Sequence[Region], augmented: bool) -> None:
        self._faces = faces
        self._index_of = region_index(regions)
        self._augmented = augmented

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        canvas, label_map = read_pair(*self._faces[index])
        if self._augmented:
            seed = int(torch.randint(2**62, ()))  # torch seeds each worker, so that runs repeat
            crop, label_map = augment_pair(canvas, label_map, np.random.default_rng(seed))
        else:
            crop, label_map = center_pair(canvas, label_map)
        return torch.from_numpy(np.ascontiguousarray(crop)), torch.from_numpy(self._index_of[label_map])
