"""Hair before the face: locks that hide what lies behind, and single hairs that do not."""

import numpy as np

from realtime.core.geometry import Points
from realtime.core.preprocess import BgrImage
from train.augmentation.layer import FacePlace, LabelMap, blank, fill, hide, lay_over, shaded, stroke

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
