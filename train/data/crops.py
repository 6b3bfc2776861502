"""Crops and label maps for the segmenter, and which of them are held out."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from realtime.core.geometry import LAYOUTS, TIGHT
from train.augmentation.augment import AUGMENTATIONS, center_pair
from train.data.classes import Classes, check_classes
from train.data.folders import Pair, read_folder
from train.data.label_set import MARGIN_PX, SIDES, TRAIN, VAL, LabelledFace, LabelledPhoto, faces_of
from train.networks.heads import targets_of

VALIDATION_SHARE = 0.08


def held_out(group: str, share: float = VALIDATION_SHARE) -> bool:
    """Whether a group is validation; the same for every run, machine and seed."""
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:4]) < share * 2**32


def side_of(split: str, groups: Iterable[str]) -> str:
    """Which side of the split faces lie on.

    Args:
        split: what their photo's source says; the groups decide where it is empty.
        groups: of the faces.

    Returns:
        one of `SIDES`, or ``neither`` where the groups lie on several.
    """
    if split:
        return split
    sides = {VAL if held_out(group) else TRAIN for group in groups}
    return sides.pop() if len(sides) == 1 else "neither"


class Side(NamedTuple):
    """One side of a split.

    Attributes:
        pairs: its faces.
        classes: what their labels tell apart, each with a folder of such.
        owners: of each face its photo and itself, as the index has them.
    """

    pairs: list[Pair]
    classes: dict[Classes, Path]
    owners: list[tuple[LabelledPhoto, LabelledFace]]


def faces_by_side(folders: Sequence[Path], layout: str = TIGHT.name, mask_region: str | None = None) -> dict[str, Side]:
    """Every face of folders, by side of the split.

    Args:
        folders: of any kind that `read_folder` knows.
        layout: of all their crops.
        mask_region: what masks of 0 and 255 show, one of `MASK_REGIONS`.

    Raises:
        ValueError: a folder is of no kind, broken, or has other crops.
    """
    sides = {side: Side([], {}, []) for side in SIDES}
    for folder in folders:
        photos, pairs = read_folder(folder, layout, mask_region)
        for (photo, face), pair in zip(faces_of(photos), pairs, strict=True):
            side = sides[side_of(photo.split, [face.group])]
            side.pairs.append(pair)
            side.owners.append((photo, face))
            side.classes.setdefault(tuple(photo.classes), folder)
    return sides


def split_faces(
    folders: Sequence[Path],
    layout: str = TIGHT.name,
    mask_region: str | None = None,
    channels: Sequence[str] = (),
) -> tuple[Side, Side]:
    """Every training face, and every validation face.

    Args:
        folders: as of `faces_by_side`.
        layout: as there.
        mask_region: as there.
        channels: of the segmenter that learns from them.

    Raises:
        ValueError: as there, one side of the split is empty, or a folder's labels cannot give the channels.
    """
    sides = faces_by_side(folders, layout, mask_region)
    train, validation = sides[TRAIN], sides[VAL]
    if not train.pairs or not validation.pairs:
        where = ", ".join(map(str, folders))
        counts = f"{len(train.pairs)} training and {len(validation.pairs)} validation faces"
        raise ValueError(f"{where}: {counts}; both are needed")
    for classes, folder in (train.classes | validation.classes).items():
        check_classes(folder, classes, channels)
    return train, validation


class FaceCrops(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of (218, 178, 3) uint8 crop_bgr and (218, 178) int64 class indices of `Targets`; augmented where asked."""

    def __init__(
        self, faces: Sequence[Pair], channels: Sequence[str], augment: str = "none", layout: str = TIGHT.name
    ) -> None:
        self._faces = faces
        self._index_of = targets_of(channels).index_of
        self._augment = AUGMENTATIONS[augment]
        self._layout = LAYOUTS[layout]

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        canvas, label_map = self._faces[index].read()
        if self._augment is not None:
            seed = int(torch.randint(2**62, ()))  # torch seeds each worker, so that runs repeat
            crop, label_map = self._augment(canvas, label_map, np.random.default_rng(seed), self._layout)
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
