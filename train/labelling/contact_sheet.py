"""A picture of labelled crops, for the eye to check."""

from pathlib import Path

import cv2
import numpy as np

from realtime.core.preprocess import BgrImage
from train.augmentation.augment import center_pair
from train.data.label_set import faces_of, read_index, read_pair
from train.labelling.tint import tint

COLUMNS, ROWS = 12, 6


def write_contact_sheet(folder: Path) -> Path:
    """Write `contact_sheet.png` into a label set: crops spread evenly over it, their masks laid over them.

    Raises:
        ValueError: the folder is no label set, or holds no crop.
    """
    names = [face.name for _, face in faces_of(read_index(folder))]
    if not names:
        raise ValueError(f"{folder}: no crop in this label set")
    chosen = np.linspace(0, len(names) - 1, min(len(names), COLUMNS * ROWS)).astype(int)
    tiles = []
    for index in chosen:
        crop, label_map = center_pair(*read_pair(folder, names[index]))
        tiles.append(tint(crop, label_map))
    blank = BgrImage(np.zeros_like(tiles[0]))
    tiles += [blank] * (-len(tiles) % COLUMNS)
    sheet = np.vstack([np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)])
    path = folder / "contact_sheet.png"
    cv2.imwrite(str(path), sheet)
    return path
