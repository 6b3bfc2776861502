"""Outlines that people drew: the yardstick that no labeller's habits enter.

Source: Face Research Lab London Set, DeBruine and Jones, 2017, CC BY 4.0. A folder holds `contours.json` (photo name to
`right_eye`, `left_eye`, `lips_outer`, `lips_inner` polygons in photo pixels) and `images/`. Never trained on.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.geometry import CROP_SIZE_WH, CropTransform
from realtime.preprocess import BgrImage
from realtime.regions import Region
from train.masks import fill_polygon, reduce_label_map

OUTLINES = ("right_eye", "left_eye", "lips_outer", "lips_inner")
COMPARED: dict[str, tuple[Region, ...]] = {
    "eyes": (Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS),
    "lips": (Region.UPPER_LIP, Region.LOWER_LIP),
}
"""What the outlines can tell apart: eyes with their irises, and lips without the open mouth between them."""


@dataclass(frozen=True)
class ContourPhoto:
    """One photo and its outlines, each (K, 2) in photo pixels."""

    path: Path
    outlines: dict[str, npt.NDArray[np.float64]]

    def read(self) -> BgrImage:
        """The photo.

        Raises:
            ValueError: it is missing or unreadable.
        """
        pixels = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if pixels is None:
            raise ValueError(f"{self.path}: missing or unreadable")
        return BgrImage(pixels)

    def crop_label_map(self, crop: CropTransform, size_wh: tuple[int, int] = CROP_SIZE_WH) -> npt.NDArray[np.uint8]:
        """`label_map` of an aligned crop of this size: (H, W)."""
        outlines = {name: crop.to_crop(outline) for name, outline in self.outlines.items()}
        return ContourPhoto(self.path, outlines).label_map(size_wh)

    def label_map(self, size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """(H, W) uint8: right and left eye with their irises, both lips as `UPPER_LIP`, the mouth between them."""
        enlarged = np.zeros((size_wh[1] * 4, size_wh[0] * 4), np.uint8)
        for region, name in (
            (Region.RIGHT_EYE, "right_eye"),
            (Region.LEFT_EYE, "left_eye"),
            (Region.UPPER_LIP, "lips_outer"),
            (Region.MOUTH_INSIDE, "lips_inner"),
        ):
            enlarged[fill_polygon(self.outlines[name], enlarged.shape)] = region
        return reduce_label_map(enlarged)


def read_contours(folder: Path) -> list[ContourPhoto]:
    """Every photo of a folder with outlines.

    Raises:
        ValueError: there is no `contours.json`, or it is not what this module describes.
    """
    path = folder / "contours.json"
    try:
        rows = json.loads(path.read_text())
        return [
            ContourPhoto(
                folder / "images" / name, {outline: np.array(row[outline], np.float64) for outline in OUTLINES}
            )
            for name, row in rows.items()
        ]
    except FileNotFoundError:
        raise ValueError(f"{folder}: no contours.json here") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a file of outlines ({error})") from None
