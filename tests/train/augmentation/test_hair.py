"""Locks hide what lies behind them; single hairs change the picture alone."""

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import TIGHT, BgrImage
from realtime.core.regions import Region
from train.augmentation.in_front import cover_with_hair, normals, strand_line
from train.augmentation.layer import FacePlace

LabelMap = npt.NDArray[np.uint8]


@pytest.mark.parametrize("seed", range(12))
def test_what_locks_hide_is_background_and_looks_like_hair(
    seed: int, crop: BgrImage, face_map: LabelMap, place: FacePlace
) -> None:
    everywhere = np.full_like(face_map, Region.LOWER_LIP)
    covered, label_map = cover_with_hair(crop, everywhere, place, np.random.default_rng(seed))
    hidden = label_map == Region.BACKGROUND
    assert 0 < hidden.mean() < 0.4
    assert (label_map[~hidden] == Region.LOWER_LIP).all()
    change = np.abs(covered.astype(int) - crop).max(axis=2)
    assert (change[hidden] > 12).mean() > 0.85
    assert (change > 12).sum() > hidden.sum()  # single hairs beside


def test_a_strand_starts_above_the_forehead(place: FacePlace) -> None:
    for seed in range(20):
        line = strand_line(place, np.random.default_rng(seed))
        assert line.shape == (12, 2)
        assert line[0, 1] == pytest.approx(TIGHT.mid_eye_px[1] - 90 * 74 / 70)
        assert line[-1, 1] > line[0, 1]


def test_normals_stand_across_the_line() -> None:
    assert_allclose(normals(np.array([[0.0, 0.0], [5.0, 0.0], [10.0, 0.0]])), [[0, 1]] * 3)
    assert_array_equal(normals(np.zeros((3, 2))), np.zeros((3, 2)))
