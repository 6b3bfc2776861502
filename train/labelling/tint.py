"""A label map laid over its picture, for the eye."""

import numpy as np
import numpy.typing as npt

from realtime.core.preprocess import BgrImage
from realtime.core.regions import COLORS_BGR, Region

COLOR_SHARE = 0.55
KNOWN_IN_PART_BGR = (255, 255, 255)
"""Of pixels that may be one of several regions."""


def tint(photo_bgr: BgrImage, label_map: npt.NDArray[np.uint8]) -> BgrImage:
    """The photo with each region's colour laid over it."""
    color_of = np.full((256, 3), KNOWN_IN_PART_BGR, np.uint8)
    color_of[: len(Region)] = [COLORS_BGR[region] for region in Region]
    color_bgr = color_of[label_map]
    blended = photo_bgr * (1 - COLOR_SHARE) + color_bgr * COLOR_SHARE
    return BgrImage(np.where(label_map[:, :, None] > 0, blended, photo_bgr).astype(np.uint8))
