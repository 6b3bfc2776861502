"""A picture of the crops that went worst, for the eye to find out why."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage
from realtime.core.regions import COLORS_BGR, Region
from train.augmentation.augment import center_pair
from train.evaluation.held_out import HeldOutFace
from train.prediction import LabelMap, PhotoSegmenter

WORST, COLUMNS = 40, 8
ENLARGED = 2
TEXT_HEIGHT_PX = 36
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class JudgedCrop:
    """A crop, how it should be labelled, and how well it was.

    Attributes:
        crop_bgr: (218, 178, 3) uint8.
        truth: (218, 178) uint8 region ids.
        name, source: of the face or its photo.
        dice: of all regions as one.
    """

    crop_bgr: BgrImage
    truth: LabelMap
    name: str
    source: str
    dice: float

    @classmethod
    def of_face(cls, face: HeldOutFace, dice: float) -> "JudgedCrop":
        """That of a held-out face."""
        crop_bgr, truth = center_pair(*face.pair.read())
        return cls(BgrImage(np.ascontiguousarray(crop_bgr)), truth, face.name, face.source, dice)


def worst_faces(dice: npt.NDArray[np.float64], most: int = WORST) -> list[int]:
    """Indices of the faces of the lowest Dice, the worst first; those that have none, NaN, are left out.

    Args:
        dice: (F,) of the faces.
        most: how many.
    """
    order = [int(index) for index in np.argsort(dice, kind="stable")]
    return [index for index in order if np.isfinite(dice[index])][:most]


def draw_worst(segmenter: PhotoSegmenter, crops: Sequence[JudgedCrop]) -> BgrImage:
    """Tiles of crops, one at least: the true outlines in white, the predicted ones in their regions' colours."""
    tiles = []
    for crop in crops:
        tile = _enlarge(crop.crop_bgr, cv2.INTER_CUBIC)
        _draw_outlines(tile, crop.truth, dict.fromkeys(Region, WHITE))
        _draw_outlines(tile, segmenter.segment_crop(crop.crop_bgr), COLORS_BGR)
        tiles.append(_with_text(BgrImage(tile), (crop.name, f"{crop.source}  Dice {crop.dice:.3f}")))
    tiles += [BgrImage(np.zeros_like(tiles[0]))] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    return BgrImage(np.vstack(rows))


def _enlarge(pixels: npt.NDArray[np.uint8], interpolation: int) -> npt.NDArray[np.uint8]:
    size_wh = (pixels.shape[1] * ENLARGED, pixels.shape[0] * ENLARGED)
    enlarged: npt.NDArray[np.uint8] = cv2.resize(pixels, size_wh, interpolation=interpolation)
    return enlarged


def _draw_outlines(
    tile: npt.NDArray[np.uint8], label_map: npt.NDArray[np.uint8], colors: dict[Region, tuple[int, int, int]]
) -> None:
    for region in tuple(Region)[1:]:
        mask = _enlarge((label_map == region).astype(np.uint8), cv2.INTER_NEAREST)
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(tile, contours, -1, colors[region], 1)


def _with_text(tile: BgrImage, lines: Sequence[str]) -> BgrImage:
    tile = BgrImage(cv2.copyMakeBorder(tile, 0, TEXT_HEIGHT_PX, 0, 0, cv2.BORDER_CONSTANT))
    for number, line in enumerate(lines):
        foot = (4, tile.shape[0] - TEXT_HEIGHT_PX + 14 + 16 * number)
        cv2.putText(tile, line[:48], foot, cv2.FONT_HERSHEY_SIMPLEX, 0.42, WHITE, 1, cv2.LINE_AA)
    return tile
