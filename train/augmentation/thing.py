"""Any thing before the face: a phone, a cup, a microphone, nothing in particular."""

import cv2
import numpy as np

from realtime.core.preprocess import BgrImage
from train.augmentation.layer import FacePlace, LabelMap, blank, hide, lay_over


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
