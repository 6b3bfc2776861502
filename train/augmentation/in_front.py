"""A hand, or a bare arm, before the face: capsules of the face's own skin, shaded round."""

import cv2
import numpy as np

from realtime.core.geometry import Points
from realtime.core.preprocess import BgrImage
from train.augmentation.layer import (
    Alpha,
    FacePlace,
    LabelMap,
    blank,
    hide,
    lay_over,
    shaded,
    skin_color,
    soft_texture,
    stroke,
)

FINGER_WIDTH_MM, FINGER_LENGTH_MM = (14.0, 19.0), (55.0, 80.0)
PALM_WIDTH_MM, ARM_WIDTH_MM = (70.0, 90.0), (50.0, 75.0)
TARGETS_MM = ((-31, 0), (31, 0), (0, 70), (0, 70), (-20, 60), (25, 60), (-55, 40), (55, 40), (0, 30))
"""What finger tips reach for: eyes, mouth, chin and cheeks."""


def cover_with_hand(
    crop: BgrImage, label_map: LabelMap, place: FacePlace, rng: np.random.Generator
) -> tuple[BgrImage, LabelMap]:
    """Fingers that come from below or the sides, side by side or spread; or an arm across."""
    alpha, creases = blank(crop), blank(crop)
    tip = np.array(TARGETS_MM[rng.integers(len(TARGETS_MM))]) + rng.normal(0, 8, 2)
    # From the tip to the wrist: mostly down, never from the hair.
    angle = float(np.clip(rng.normal(np.pi / 2, 0.7), -0.2, np.pi + 0.2))
    if rng.random() < 0.2:
        draw_arm(alpha, place, tip, angle, rng)
    else:
        draw_hand(alpha, creases, place, tip, angle, rng)
    depth = cv2.distanceTransform((alpha > 127).astype(np.uint8) & (creases == 0), cv2.DIST_L2, 3)
    roundness = np.sqrt(np.clip(depth / (0.55 * FINGER_WIDTH_MM[0] * place.px_per_mm), 0, 1))
    cover = shaded(skin_color(crop, place, rng), 0.68 + 0.32 * roundness, soft_texture(crop, rng, 5))
    return lay_over(crop, cover, alpha), hide(label_map, alpha)


def draw_hand(
    alpha: Alpha, creases: Alpha, place: FacePlace, tip_mm: Points, angle: float, rng: np.random.Generator
) -> None:
    """One to four fingers whose tips lie beside each other, the palm and the wrist that they end in."""
    px = place.px_per_mm
    count, width = int(rng.integers(1, 5)), rng.uniform(*FINGER_WIDTH_MM)
    spread = rng.choice([0.0, 0.0, rng.uniform(0.05, 0.25)])
    tip_mm = tip_mm - np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0, 55)  # past what they reach for
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    length = rng.uniform(*FINGER_LENGTH_MM)
    palm = tip_mm + along * (length + 30)
    for number in range(count):
        beside = number - (count - 1) / 2
        end = palm - along * 25 + across * beside * width * 1.02
        lean = beside * spread
        towards = -along * np.cos(lean) + across * np.sin(lean)
        reach = length * (1 - 0.07 * beside**2) + rng.normal(0, 2)
        finger = place.to_crop([end, end + towards * reach])
        stroke(alpha, finger, (width - 1) * px)
        for edge in (-0.5, 0.5):
            stroke(
                creases, place.to_crop([end + across * edge * width, end + towards * reach + across * edge * width]), 1
            )
    palm_width = max(rng.uniform(*PALM_WIDTH_MM), count * width) * 0.5
    stroke(alpha, place.to_crop([palm, palm + along * 40]), 2 * palm_width * px)
    stroke(alpha, place.to_crop([palm, palm + along * 300]), rng.uniform(*ARM_WIDTH_MM) * px)


def draw_arm(alpha: Alpha, place: FacePlace, tip_mm: Points, angle: float, rng: np.random.Generator) -> None:
    """A forearm across the face, without its end."""
    along = 250 * np.array([np.cos(angle), np.sin(angle)])
    stroke(alpha, place.to_crop([tip_mm - 0.1 * along, tip_mm + along]), rng.uniform(*ARM_WIDTH_MM) * place.px_per_mm)
