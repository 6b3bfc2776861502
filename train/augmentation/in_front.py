"""A hand, or a bare arm, before the face: capsules of the face's own skin, shaded round."""

import cv2
import numpy as np

from realtime.core.geometry import BgrImage, Points
from train.augmentation.layer import (
    Alpha,
    FacePlace,
    LabelMap,
    blank,
    fill,
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


COLORS_BGR = ((18, 18, 20), (24, 30, 42), (35, 50, 75), (50, 80, 120), (110, 150, 185), (120, 122, 125), (40, 60, 130))
"""Black, browns, blond, grey, red."""


def cover_with_hair(
    crop: BgrImage, label_map: LabelMap, place: FacePlace, rng: np.random.Generator
) -> tuple[BgrImage, LabelMap]:
    """Some locks that fall from the forehead or the temples, each of many hairs, and strays beside them."""
    color = np.array(COLORS_BGR[rng.integers(len(COLORS_BGR))], np.float32) * np.float32(rng.uniform(0.7, 1.3))
    locks, strays, bright = blank(crop), blank(crop), blank(crop)
    for _ in range(int(rng.integers(1, 5))):
        middle, width_px = strand_line(place, rng), rng.uniform(3, 12) * place.px_per_mm
        taper = np.linspace(1, rng.uniform(0, 0.6), len(middle))[:, None] * width_px / 2
        across = normals(middle)
        fill(locks, np.concatenate([middle + across * taper, (middle - across * taper)[::-1]]))
        for beside in rng.uniform(-0.9, 0.9, int(width_px / 1.5) + 1):
            stroke(bright, middle + across * taper * beside, rng.uniform(0.3, 1.0))
        for beside in rng.uniform(-4, 4, 3):
            stroke(strays, middle + across * width_px * beside * np.linspace(0.3, 1, len(middle))[:, None], 0.6)
    crop = lay_over(crop, color, strays)
    light = bright * np.float32(rng.uniform(10, 45) / 255)
    cover = shaded(color, np.ones_like(light), light)
    return lay_over(crop, cover, locks), hide(label_map, locks)


def strand_line(place: FacePlace, rng: np.random.Generator) -> Points:
    """(12, 2) crop pixels of a curve from above the forehead, or from a temple, over the face."""
    start = np.array([rng.uniform(-75, 75), -90.0])
    end = np.array([start[0] * rng.uniform(0.3, 1.2) + rng.normal(0, 15), rng.uniform(-20, 110)])
    bend = (start + end) / 2 + rng.normal(0, 22, 2)
    share = np.linspace(0, 1, 12)[:, None]
    return place.to_crop((1 - share) ** 2 * start + 2 * share * (1 - share) * bend + share**2 * end)


def normals(line: Points) -> Points:
    """(N, 2) of length 1, across a line at each of its points."""
    along = np.gradient(line, axis=0)
    across: Points = np.column_stack([-along[:, 1], along[:, 0]])
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    return across


def cover_with_thing(
    crop: BgrImage, label_map: LabelMap, place: FacePlace, rng: np.random.Generator
) -> tuple[BgrImage, LabelMap]:
    """An ellipse or a box of plain or striped colour, anywhere."""
    height, width = crop.shape[:2]
    center = float(rng.uniform(0, width)), float(rng.uniform(0, height))
    size = rng.uniform(14, 90, 2) * place.px_per_mm
    angle = float(rng.uniform(0, 180))
    alpha = blank(crop)
    if rng.random() < 0.5:
        cv2.ellipse(alpha, (center, tuple(size), angle), 255, -1, cv2.LINE_AA)
    else:
        cv2.fillPoly(alpha, [np.round(cv2.boxPoints((center, tuple(size), angle))).astype(np.int32)], 255, cv2.LINE_AA)
    texture = rng.integers(0, 256, (int(rng.integers(1, 8)), int(rng.integers(1, 8)), 3), np.uint8)
    cover = cv2.resize(texture, (width, height), interpolation=cv2.INTER_CUBIC)
    return lay_over(crop, cover, alpha), hide(label_map, alpha)
