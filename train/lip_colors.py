"""Lips of other colours, as by lipstick or the pigment of dark lips, whose edges are no edges of an open mouth."""

import cv2
import numpy as np
import numpy.typing as npt

from realtime.preprocess import BgrImage
from realtime.regions import Region
from train.occluders.layer import LabelMap

LIPS = (Region.UPPER_LIP, Region.LOWER_LIP)
DARKEST, LIGHTEST = 0.4, 1.15
COLOR_STD = 0.06
SOFTNESS_PX = (1.0, 3.0)
RIM_SHARE = (0.15, 0.7)
"""Of a lip's thickness, over which the colour of its inner or outer rim fades."""


def color_lips(crop_bgr: BgrImage, label_map: LabelMap, rng: np.random.Generator) -> BgrImage:
    """Each lip times a colour of its own, all of it, or strongest along its inner or its outer rim.

    Args:
        crop_bgr: (H, W, 3) uint8. Read, never kept.
        label_map: (H, W) uint8 of the same pixels.
        rng: decides everything.
    """
    factor = np.ones(crop_bgr.shape, np.float32)
    for lip, other in (LIPS, LIPS[::-1]):
        mask = label_map == lip
        if mask.any():
            color = rng.uniform(DARKEST, LIGHTEST) + COLOR_STD * rng.standard_normal(3)
            strength = _strength(mask, label_map == other, rng)
            factor += (strength[:, :, None] * (np.maximum(color, 0.1) - 1)).astype(np.float32)
    factor = cv2.GaussianBlur(factor, (0, 0), rng.uniform(*SOFTNESS_PX))
    return BgrImage((crop_bgr * factor).clip(0, 255).astype(np.uint8))


def _strength(
    lip: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(H, W) in [0, 1]: how much of the colour each pixel of a lip gets."""
    kind = rng.choice(["all", "inner rim", "outer rim"])
    if kind == "all" or not other.any():
        return lip.astype(np.float64)
    distance = cv2.distanceTransform((~other).astype(np.uint8), cv2.DIST_L2, 3)
    share = distance / max(float(distance[lip].max()), 1.0)  # 0 where the lips meet, 1 at the far rim
    from_rim = share if kind == "inner rim" else 1 - share
    fading: npt.NDArray[np.float64] = lip * np.clip(1 - from_rim / rng.uniform(*RIM_SHARE), 0, 1)
    return fading
