"""Every kind of folder that holds faces, read as one: label sets, packed or not, arrays, and photos with masks."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage
from realtime.core.regions import region_name
from train.data.arrays import ArrayPair, count_faces, has_arrays, read_arrays
from train.data.label_set import INDEX_NAME, LabelledFace, LabelledPair, LabelledPhoto, faces_of, read_index
from train.data.mask_folder import MASK_REGIONS, MaskPair, is_mask_folder, read_mask_folder


class Pair(Protocol):
    """A face and its labels, wherever they lie."""

    @property
    def labeller(self) -> str:
        """Who drew the labels, as far as the files say."""

    def read_canvas(self) -> BgrImage:
        """(314, 274, 3) uint8: the crop, `MARGIN_PX` wider on every side."""

    def read(self) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
        """The canvas and its (314, 274) uint8 label map."""


class FolderOfFaces(NamedTuple):
    """What a folder holds: the rows of its index, and the faces in the order in which `faces_of` gives them."""

    photos: list[LabelledPhoto]
    pairs: Sequence[Pair]


def read_folder(folder: Path, layout: str, mask_region: str | None) -> FolderOfFaces:
    """Every face of a folder of any kind.

    Args:
        folder: a label set, arrays, or photos and masks.
        layout: that its crops must have; of those that somebody else made, it is taken to be theirs.
        mask_region: what masks of 0 and 255 show, one of `MASK_REGIONS`.

    Raises:
        ValueError: the folder is of no kind, broken, or has other crops.
    """
    if (folder / INDEX_NAME).is_file() or not (has_arrays(folder) or is_mask_folder(folder)):
        return _read_label_set(folder, layout)
    splits_and_pairs: Sequence[tuple[str, ArrayPair | MaskPair]] = (
        read_arrays(folder, mask_region) if has_arrays(folder) else read_mask_folder(folder, mask_region)
    )
    row = LabelledPhoto(
        photo="",
        source=folder.name,
        layout=layout,
        classes=[region_name(region) for region in MASK_REGIONS[mask_region]] if mask_region else [],
    )
    photos = [
        replace(
            row, photo=pair.photo, labeller=pair.labeller, split=split, faces=[LabelledFace(pair.name, [], pair.name)]
        )
        for split, pair in splits_and_pairs
    ]
    return FolderOfFaces(photos, [pair for _, pair in splits_and_pairs])


def _read_label_set(folder: Path, layout: str) -> FolderOfFaces:
    photos = read_index(folder)
    for photo, _ in faces_of(photos):
        if photo.layout != layout:
            raise ValueError(f"{folder}: its crops have the layout {photo.layout}, not {layout}")
    named = [(photo.labeller, face.name) for photo, face in faces_of(photos)]
    if not has_arrays(folder):
        return FolderOfFaces(photos, [LabelledPair(folder, name, labeller) for labeller, name in named])
    count_faces(folder)
    return FolderOfFaces(photos, [ArrayPair(folder, number, labeller) for number, (labeller, _) in enumerate(named)])


def check_pairs(faces: Iterable[Pair]) -> None:
    """Read each face that somebody else made once, so that a bad one is named before training starts.

    Args:
        faces: those of label sets are left alone: `label`, `import` and `pack` wrote them.

    Raises:
        ValueError: a file cannot be used; the message names it.
    """
    for face in faces:
        if isinstance(face, MaskPair) or (isinstance(face, ArrayPair) and not (face.folder / INDEX_NAME).is_file()):
            face.read()
