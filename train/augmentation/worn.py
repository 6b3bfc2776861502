"""Glasses, whose thin frames hide nothing that counts, and dark glasses, behind which there are no eyes."""

import cv2
import numpy as np

from realtime.core.geometry import BgrImage, Points
from train.augmentation.layer import (
    Alpha,
    FacePlace,
    LabelMap,
    Levels,
    Plane,
    blank,
    fill,
    grid_mm,
    hide,
    lay_over,
    shaded,
    soft_texture,
    stroke,
)

FRAME_COLORS_BGR = ((20, 20, 22), (20, 20, 22), (30, 42, 66), (60, 70, 80), (150, 160, 170), (90, 140, 180))
HALF_WIDTH_MM, HALF_HEIGHT_MM = (23.0, 29.0), (15.0, 24.0)
THIN_MM, THICK_MM = 0.8, 3.2
SQUARENESS = (2.0, 4.5)
"""Exponent of the lens's superellipse: 2 is round, 4.5 nearly a rectangle."""


class Shape:
    """One pair's lenses, as drawn for a face."""

    def __init__(self, place: FacePlace, rng: np.random.Generator) -> None:
        width, height = rng.uniform(*HALF_WIDTH_MM), rng.uniform(*HALF_HEIGHT_MM)
        exponent, down = rng.uniform(*SQUARENESS), rng.normal(3, 2)
        apart = max(31.5, width + 7) + rng.normal(0, 0.7)
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        cos, sin = np.cos(angle), np.sin(angle)
        lens = np.column_stack(
            [
                width * np.sign(cos) * np.abs(cos) ** (2 / exponent),
                height * np.sign(sin) * np.abs(sin) ** (2 / exponent),
            ]
        )
        self.lenses: list[Points] = [place.to_crop(lens + np.array([side * apart, down])) for side in (-1, 1)]
        inner, outer, level = apart - width, apart + width, down - 0.35 * height
        self.bridge = place.to_crop([(-inner, level), (-inner / 2, level - 2), (inner / 2, level - 2), (inner, level)])
        self.temples = [place.to_crop([(side * outer, level), (side * 85, level - 6)]) for side in (-1, 1)]

    def draw_frame(self, alpha: Alpha, width_px: float, *, rims: bool) -> None:
        """Cover rims, bridge and temples."""
        for lens in self.lenses if rims else []:
            stroke(alpha, lens, width_px, closed=True)
        for line in (self.bridge, *self.temples):
            stroke(alpha, line, width_px)


def wear_glasses(
    crop: BgrImage, label_map: LabelMap, place: FacePlace, rng: np.random.Generator
) -> tuple[BgrImage, LabelMap]:
    """A frame and clear lenses, with a tint or a reflection; every label stays."""
    shape = Shape(place, rng)
    lenses = blank(crop)
    for lens in shape.lenses:
        fill(lenses, lens)
    if rng.random() < 0.5:
        cover, strength = glare(crop, place, rng), rng.uniform(0.1, 0.4)
        crop = lay_over(crop, np.array([245, 240, 235], np.float32), (lenses * cover * strength).astype(np.uint8))
    if rng.random() < 0.3:
        tint = rng.uniform(20, 200, 3).astype(np.float32)
        crop = lay_over(crop, tint, (lenses * rng.uniform(0.05, 0.3)).astype(np.uint8))
    frame = blank(crop)
    width_px = rng.uniform(THIN_MM, THICK_MM) * place.px_per_mm
    shape.draw_frame(frame, width_px, rims=bool(rng.random() < 0.9))
    return lay_over(crop, frame_color(rng), frame), label_map


def wear_sunglasses(
    crop: BgrImage, label_map: LabelMap, place: FacePlace, rng: np.random.Generator
) -> tuple[BgrImage, LabelMap]:
    """Lenses through which nothing is seen: what lies behind is background."""
    shape = Shape(place, rng)
    lenses = blank(crop)
    for lens in shape.lenses:
        fill(lenses, lens)
    is_mirrored = rng.random() < 0.2
    color = rng.uniform(40, 200, 3) if is_mirrored else rng.uniform(8, 45) * rng.uniform(0.7, 1.2, 3)
    ramp = np.linspace(0, rng.normal(0, 30), crop.shape[0], dtype=np.float32)[:, None]
    light = ramp + np.float32(rng.uniform(0, 70)) * glare(crop, place, rng)
    cover = shaded(
        color.astype(np.float32), np.ones_like(light), light + soft_texture(crop, rng, 12 if is_mirrored else 4)
    )
    crop = lay_over(crop, cover, (lenses * rng.uniform(0.93, 1)).astype(np.uint8))
    shape.draw_frame(frame := blank(crop), rng.uniform(1.5, THICK_MM) * place.px_per_mm, rims=True)
    return lay_over(crop, frame_color(rng), frame), hide(label_map, np.maximum(lenses, frame))


def frame_color(rng: np.random.Generator) -> Levels:
    """(3,) dark, brown, metal; now and then any."""
    any_color = rng.uniform(0, 255, 3)
    color = any_color if rng.random() < 0.2 else FRAME_COLORS_BGR[rng.integers(len(FRAME_COLORS_BGR))]
    return np.array(color, np.float32)


def glare(crop: BgrImage, place: FacePlace, rng: np.random.Generator) -> Plane:
    """(H, W) of 0 to 1: one slanted streak, brightest in its middle."""
    x_mm, y_mm = grid_mm(crop, place)
    angle, offset_mm, reach_mm = rng.uniform(0, np.pi), rng.uniform(-40, 40), rng.uniform(6, 20)
    distance = np.float32(np.cos(angle)) * x_mm + np.float32(np.sin(angle)) * y_mm - np.float32(offset_mm)
    streak: Plane = np.maximum(0, 1 - np.abs(distance) / np.float32(reach_mm))
    return streak


COLORS_BGR = ((215, 190, 140), (225, 205, 170), (240, 240, 240), (235, 238, 240), (35, 33, 32), (60, 58, 58))
"""Surgical blues, whites and blacks; half of the masks have any other colour."""
OUTLINE_MM = ((0, 20), (22, 30), (50, 38), (68, 45), (62, 85), (40, 115), (0, 128))
"""The subject's left half, from the bridge of the nose along the cheek and the jaw to the chin."""

HERSHEY_HEIGHT_PX = 22
"""Of OpenCV's capitals at scale 1."""
PRINT_CHANCE = 0.5
"""Real masks bear seams, the maker's letters, now and then a mouth; a network takes what stands there for lips."""


def cover_with_mask(
    crop: BgrImage, label_map: LabelMap, place: FacePlace, rng: np.random.Generator
) -> tuple[BgrImage, LabelMap]:
    """Nose, mouth and chin under cloth, with folds and the loops to the ears."""
    outline = np.array(OUTLINE_MM) * (rng.uniform(0.92, 1.08), 1) + (0, rng.normal(0, 4))
    outline[:3, 1] += rng.normal(0, 2)
    mirrored = outline[-2:0:-1] * (-1, 1)
    alpha = blank(crop)
    fill(alpha, rounded(place.to_crop(np.concatenate([outline, mirrored]))))
    any_color = rng.uniform(20, 240, 3)
    color = np.array(any_color if rng.random() < 0.5 else COLORS_BGR[rng.integers(len(COLORS_BGR))], np.float32)
    x_mm, y_mm = grid_mm(crop, place)
    slant = float(rng.normal(0, 0.05))
    shade = (1 - 0.28 * (x_mm / 70) ** 2 - np.abs(y_mm - 62) / 500 + slant * x_mm / 70).astype(np.float32)
    if rng.random() < 0.6:
        shade[np.cos(y_mm * float(2 * np.pi / rng.uniform(12, 22))) > 0.8] *= 0.9  # folds
    cover = shaded(color, shade, soft_texture(crop, rng, 4))
    if rng.random() < PRINT_CHANCE:
        cover = print_on(cover, place, rng)
    loops = blank(crop)
    for side in (-1, 1):
        for y, end in ((46, 15), (86, 60)):
            stroke(loops, place.to_crop([(side * 64, y), (side * 110, end)]), 2.5 * place.px_per_mm)
    crop = lay_over(crop, color * np.float32(0.9), loops)
    return lay_over(crop, cover, alpha), hide(label_map, alpha)


def print_on(cloth: BgrImage, place: FacePlace, rng: np.random.Generator) -> BgrImage:
    """The cloth with one to three marks in one ink: letters, seams, spots as large as lips.

    Args:
        cloth: (H, W, 3) uint8. Read, never kept.
        place: of the face that wears it.
        rng: decides everything.
    """
    marks = blank(cloth)
    for _ in range(rng.integers(1, 4)):
        x, y = rng.uniform(-30, 30), rng.uniform(45, 105)
        kind = rng.choice(["letters", "seam", "spot"], p=[0.4, 0.4, 0.2])
        if kind == "letters":
            text = "".join(map(chr, rng.integers(ord("0"), ord("Z") + 1, rng.integers(2, 9))))
            scale = rng.uniform(3, 12) * place.px_per_mm / HERSHEY_HEIGHT_PX
            cv2.putText(marks, text, place.to_crop((x, y)).astype(int).tolist(), cv2.FONT_HERSHEY_SIMPLEX, scale, 255)
        elif kind == "seam":
            along = np.linspace(-1, 1, 9)[:, None] * rng.uniform(10, 60)
            sag = rng.normal(0, 6) * np.linspace(-1, 1, 9)[:, None] ** 2
            stroke(marks, place.to_crop(np.hstack([x / 3 + along, y + sag])), rng.uniform(0.8, 3) * place.px_per_mm)
        else:
            turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)[:, None]
            size = rng.uniform(10, 26), rng.uniform(2, 9)
            fill(marks, place.to_crop(np.hstack([x / 3 + size[0] * np.cos(turn), y + size[1] * np.sin(turn)])))
    return lay_over(cloth, rng.uniform(0, 255, 3), cv2.convertScaleAbs(marks, alpha=rng.uniform(0.4, 1)))


def rounded(polygon: Points) -> Points:
    """The polygon with its corners cut off twice. Source: Chaikin's algorithm."""
    for _ in range(2):
        following = np.roll(polygon, -1, axis=0)
        polygon = np.stack([0.75 * polygon + 0.25 * following, 0.25 * polygon + 0.75 * following], 1).reshape(-1, 2)
    return polygon
