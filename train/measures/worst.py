"""A picture of the held-out crops that went worst, for the eye to find out why."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from realtime.preprocess import BgrImage
from realtime.regions import COLORS_BGR, Region
from train.augment import center_pair
from train.measures.held_out import HeldOutFace
from train.prediction import PhotoSegmenter

WORST, COLUMNS = 40, 8
ENLARGED = 2
TEXT_HEIGHT_PX = 36
WHITE = (255, 255, 255)


def worst_faces(dice: npt.NDArray[np.float64], most: int = WORST) -> list[int]:
    """Indices of the faces of the lowest Dice, the worst first; those that have none, NaN, are left out.

    Args:
        dice: (F,) of the faces.
        most: how many.
    """
    order = [int(index) for index in np.argsort(dice, kind="stable")]
    return [index for index in order if np.isfinite(dice[index])][:most]


def draw_worst(segmenter: PhotoSegmenter, faces: Sequence[HeldOutFace], dice: Sequence[float]) -> BgrImage:
    """Tiles of crops: the labels' outlines in white, the predicted ones in their regions' colours.

    Args:
        segmenter: of the network.
        faces: at least one.
        dice: of each; written under its tile with its name and source.
    """
    tiles = []
    for face, one_dice in zip(faces, dice, strict=True):
        crop_bgr, truth = center_pair(*face.pair.read())
        crop_bgr = BgrImage(np.ascontiguousarray(crop_bgr))
        tile = _enlarge(crop_bgr, cv2.INTER_CUBIC)
        _draw_outlines(tile, truth, dict.fromkeys(Region, WHITE))
        _draw_outlines(tile, segmenter.segment_crop(crop_bgr), COLORS_BGR)
        tiles.append(_with_text(BgrImage(tile), (face.name, f"{face.source}  Dice {one_dice:.3f}")))
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
