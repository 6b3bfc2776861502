"""Glasses, whose thin frames hide nothing that counts, and dark glasses, behind which there are no eyes."""

import numpy as np

from realtime.core.geometry import Points
from realtime.core.preprocess import BgrImage
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
