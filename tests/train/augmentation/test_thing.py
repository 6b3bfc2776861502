"""Things of any colour, anywhere."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.core.preprocess import BgrImage
from realtime.core.regions import Region
from train.augmentation.layer import FacePlace
from train.augmentation.thing import cover_with_thing


@pytest.mark.parametrize("seed", range(16))
def test_what_is_covered_becomes_background_and_the_rest_stays(seed: int, crop: BgrImage, place: FacePlace) -> None:
    label_map = np.full((218, 178), Region.LOWER_LIP, np.uint8)
    covered, covered_map = cover_with_thing(crop, label_map, place, np.random.default_rng(seed))
    is_covered = covered_map != label_map
    assert 20 < is_covered.sum() < 0.5 * is_covered.size
    assert (covered_map[is_covered] == Region.BACKGROUND).all()
    far = cv2.dilate(is_covered.astype(np.uint8), np.ones((11, 11))) == 0
    assert_array_equal(covered[far], crop[far])
    deep = cv2.erode(is_covered.astype(np.uint8), np.ones((7, 7)), borderValue=0) > 0
    assert (covered[deep] != crop[0, 0]).any(axis=1).mean() > 0.8
    assert (label_map == Region.LOWER_LIP).all()
