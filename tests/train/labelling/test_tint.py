"""A region's colour laid over a photo."""

import numpy as np
from numpy.testing import assert_array_equal

from realtime.core.preprocess import BgrImage
from realtime.core.regions import COLORS_BGR, Region
from train.data.partial_labels import MOUTH_WHOLE, UNKNOWN
from train.labelling.tint import COLOR_SHARE, tint


def test_regions_have_their_colours_and_pixels_known_in_part_are_whitened() -> None:
    photo = BgrImage(np.full((1, 4, 3), 100, np.uint8))
    label_map = np.array([[Region.BACKGROUND, Region.LEFT_IRIS, MOUTH_WHOLE, UNKNOWN]], np.uint8)
    iris = [int(100 * (1 - COLOR_SHARE) + level * COLOR_SHARE) for level in COLORS_BGR[Region.LEFT_IRIS]]
    white = [int(100 * (1 - COLOR_SHARE) + 255 * COLOR_SHARE)] * 3
    assert_array_equal(tint(photo, label_map), [[[100, 100, 100], iris, white, white]])
