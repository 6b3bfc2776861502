"""What happens to a training crop: moved, mirrored, covered and spoiled, always together with its label map."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, TIGHT, BgrImage, CropLayout, Points, shift_matrix
from train.augmentation import camera_faults
from train.augmentation.in_front import cover_with_hair, cover_with_hand, cover_with_thing
from train.augmentation.layer import FacePlace, LabelMap, find_points
from train.augmentation.worn import cover_with_mask, wear_glasses, wear_sunglasses
from train.data.label_set import MARGIN_PX
from train.data.partial_labels import mirror_labels

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Move:
    """A turn, a scaling and a shift about the crop's centre.

    Attributes:
        angle_deg: counter-clockwise as seen.
        scale: above 1 the picture becomes larger.
        shift_px: (2,) crop pixels by which it goes right and down.
    """

    angle_deg: float = 0.0
    scale: float = 1.0
    shift_px: npt.ArrayLike = (0.0, 0.0)

    def matrix(self) -> Matrix:
        """(2, 3) canvas to crop for cv2.warpAffine."""
        angle = np.deg2rad(self.angle_deg)
        linear = self.scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        center = np.array(CROP_SIZE_WH) / 2
        shift = center + np.asarray(self.shift_px) - linear @ (center + MARGIN_PX)
        return shift_matrix(np.column_stack([linear, shift]), by=0.5)


def bring_back(channels: npt.NDArray[np.float32], matrix: Matrix) -> npt.NDArray[np.float32]:
    """(C, 218, 178) of the moved crop as the unmoved one has it; 0 where the moved one ends.

    Args:
        channels: (C, 218, 178) of the moved crop.
        matrix: (2, 3) canvas to crop, by which it was moved.
    """
    in_crop = matrix.copy()
    in_crop[:, 2] += matrix[:, :2] @ (MARGIN_PX, MARGIN_PX)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    back: npt.NDArray[np.float32] = np.stack(
        [cv2.warpAffine(channel, in_crop, CROP_SIZE_WH, flags=flags) for channel in channels]
    )
    return back


ROTATION_STD_DEG = 9.0
SCALE_STD = 0.09
SHIFT_STD_PX = 6.0
LIGHT_SHIFT_PX = 4

Occlude = Callable[[BgrImage, LabelMap, FacePlace, np.random.Generator], tuple[BgrImage, LabelMap]]
Spoil = Callable[[BgrImage, np.random.Generator], BgrImage]

OCCLUDERS: dict[Occlude, float] = {
    wear_glasses: 0.10,
    wear_sunglasses: 0.04,
    cover_with_mask: 0.10,
    cover_with_hair: 0.07,
    cover_with_hand: 0.08,
    cover_with_thing: 0.08,
}
"""Each with its chance, from the face outwards: six faces of ten stay as they are."""
LIGHT_AND_LENS: dict[Spoil, float] = {
    camera_faults.change_light: 1.0,
    camera_faults.cast_color: 0.2,
    camera_faults.fade_color: 0.15,
    camera_faults.defocus: 0.12,
    camera_faults.smear: 0.12,
    camera_faults.dim: 0.08,
}
"""Each with its chance, before the picture falls on a camera's pixels."""
FEW_PIXELS_CHANCE = 0.3
FEW_PIXELS_SHARE = (0.18, 0.8)
SENSOR_AND_CALL: dict[Spoil, float] = {
    camera_faults.add_any_noise: 0.25,
    camera_faults.compress: 0.3,
}
"""Each with its chance, on the camera's pixels: a tiny face has few, and their noise is brought up with them."""


def augment_pair(
    canvas_bgr: BgrImage, label_map: LabelMap, rng: np.random.Generator, layout: CropLayout = TIGHT
) -> tuple[BgrImage, LabelMap]:
    """One training example from a canvas: as imperfect as a live crop, mirrored half of the time.

    Args:
        canvas_bgr: (314, 274, 3) uint8. Read, never kept.
        label_map: (314, 274) uint8 of the same pixels.
        rng: decides everything.
        layout: where the face stands, for what covers eyes or mouth that are not labelled.

    Returns:
        (218, 178, 3) uint8 crop and its (218, 178) uint8 label map.
    """
    matrix = random_crop_matrix(rng)
    crop = BgrImage(cv2.warpAffine(canvas_bgr, matrix, CROP_SIZE_WH, flags=cv2.INTER_LINEAR))
    label_map = cv2.warpAffine(label_map, matrix, CROP_SIZE_WH, flags=cv2.INTER_NEAREST).astype(np.uint8)
    expected = (layout.points_px + MARGIN_PX - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    if rng.random() < 0.5:
        crop, label_map = mirror_pair(crop, label_map)
        expected = mirror_points(expected)
    crop, label_map = occlude(crop, label_map, expected, rng)
    return spoil(crop, rng), label_map


def occlude(
    crop: BgrImage, label_map: LabelMap, expected: Points, rng: np.random.Generator
) -> tuple[BgrImage, LabelMap]:
    """The crop behind what chance lays over it; what that hides is background.

    Args:
        crop: (218, 178, 3) uint8.
        label_map: (218, 178) uint8.
        expected: (3, 2) where eyes and mouth are if the labels do not tell.
        rng: decides everything.
    """
    chosen = [cover for cover, chance in OCCLUDERS.items() if rng.random() < chance]
    place = FacePlace.from_points(find_points(label_map, expected)) if chosen else None
    for cover in chosen:
        assert place is not None
        crop, label_map = cover(crop, label_map, place, rng)
    return crop, label_map


def spoil(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Light and lens, few pixels, sensor and call, each by chance, as webcams and video calls have them."""
    size_wh = crop.shape[1::-1]
    crop = spoil_by_chance(crop, LIGHT_AND_LENS, rng)
    if rng.random() < FEW_PIXELS_CHANCE:
        crop = camera_faults.reduce_size(crop, rng.uniform(*FEW_PIXELS_SHARE))
    crop = spoil_by_chance(crop, SENSOR_AND_CALL, rng)
    return camera_faults.bring_up(crop, size_wh) if crop.shape[1::-1] != size_wh else crop


def spoil_by_chance(crop: BgrImage, faults: dict[Spoil, float], rng: np.random.Generator) -> BgrImage:
    """Each fault with its chance, one after the other."""
    for fault, chance in faults.items():
        if rng.random() < chance:
            crop = fault(crop, rng)
    return crop


def augment_lightly(
    canvas_bgr: BgrImage, label_map: LabelMap, rng: np.random.Generator, layout: CropLayout = TIGHT
) -> tuple[BgrImage, LabelMap]:
    """One training example that stays as sharp as it is: moved by whole pixels, and lit otherwise.

    For small regions, whose outline a turned label map would lose; and where masks were drawn at rounded places, a
    mirrored one is rounded the other way.
    Arguments and answer are those of `augment_pair`.
    """
    width, height = CROP_SIZE_WH
    left, top = rng.integers(MARGIN_PX - LIGHT_SHIFT_PX, MARGIN_PX + LIGHT_SHIFT_PX + 1, 2)
    inner = np.s_[top : top + height, left : left + width]
    return camera_faults.change_light(BgrImage(canvas_bgr[inner]), rng), label_map[inner]


def center_pair(canvas_bgr: BgrImage, label_map: LabelMap) -> tuple[BgrImage, LabelMap]:
    """The canvas without its margin: the crop as the landmarks place it."""
    inner = slice(MARGIN_PX, -MARGIN_PX)
    return BgrImage(canvas_bgr[inner, inner]), label_map[inner, inner]


AUGMENTATIONS = {"live": augment_pair, "light": augment_lightly, "none": None}


def random_crop_matrix(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(2, 3) canvas to crop for cv2.warpAffine: turned, scaled and shifted about the crop's centre."""
    angle = rng.normal(0, ROTATION_STD_DEG)
    scale = float(np.exp(rng.normal(0, SCALE_STD)))
    return Move(angle, scale, rng.normal(0, SHIFT_STD_PX, 2)).matrix()


def mirror_pair(crop: BgrImage, label_map: LabelMap) -> tuple[BgrImage, LabelMap]:
    """Flipped left to right, with left and right regions swapped."""
    return BgrImage(np.ascontiguousarray(crop[:, ::-1])), np.ascontiguousarray(mirror_labels(label_map))


def mirror_points(points: Points) -> Points:
    """(3, 2) right eye, left eye and mouth of the mirrored crop."""
    mirrored: Points = (points * (-1, 1) + (CROP_SIZE_WH[0], 0))[[1, 0, 2]]
    return mirrored
