"""Glasses leave labels alone; dark glasses leave no eyes."""

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_array_equal

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region
from train.augmentation.layer import FacePlace
from train.augmentation.worn import wear_glasses, wear_sunglasses

LabelMap = npt.NDArray[np.uint8]
EYES = (Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS)
SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_frame_goes_round_the_eyes_and_no_label_changes(
    seed: int, crop: BgrImage, face_map: LabelMap, place: FacePlace
) -> None:
    worn, label_map = wear_glasses(crop, face_map, place, np.random.default_rng(seed))
    assert_array_equal(label_map, face_map)
    change = np.abs(worn.astype(int) - crop).max(axis=2)
    assert (change[:60] > 8).sum() == 0  # nothing above the brows
    assert (change[140:] > 8).sum() == 0  # nor at the mouth
    assert 100 < (change[60:130] > 8).sum() < 7000


def test_the_eyes_behind_clear_lenses_can_still_be_seen(crop: BgrImage, face_map: LabelMap, place: FacePlace) -> None:
    pupils = crop.copy()
    pupils[face_map == Region.RIGHT_IRIS] = 20
    for seed in SEEDS:
        worn, _ = wear_glasses(BgrImage(pupils), face_map, place, np.random.default_rng(seed))
        iris, eye = (worn[face_map == region].mean() for region in (Region.RIGHT_IRIS, Region.RIGHT_EYE))
        assert iris < eye - 30


@pytest.mark.parametrize("seed", SEEDS)
def test_behind_dark_glasses_there_are_no_eyes(seed: int, crop: BgrImage, face_map: LabelMap, place: FacePlace) -> None:
    striped = crop.copy()
    striped[::2] = 255 - striped[::2]
    worn, label_map = wear_sunglasses(BgrImage(striped), face_map, place, np.random.default_rng(seed))
    behind = np.isin(face_map, EYES)
    assert np.isin(label_map, EYES).sum() < 0.05 * behind.sum()
    assert_array_equal(label_map[130:], face_map[130:])  # the mouth stays
    stripes = np.abs(np.diff(worn.astype(int), axis=0)).max(axis=2)[np.isin(face_map, EYES[2:])[1:]]
    assert np.median(stripes) < 25  # of 135: nothing shines through


def test_a_face_turned_aside_wears_narrower_glasses(crop: BgrImage, face_map: LabelMap) -> None:
    widths = []
    for eye_distance in (66, 33):
        eyes = [[89 - eye_distance / 2, 88], [89 + eye_distance / 2, 88], [89, 162]]
        place = FacePlace.from_points(np.array(eyes, np.float64))
        worn, _ = wear_sunglasses(crop, face_map, place, np.random.default_rng(1))
        changed = (np.abs(worn.astype(int) - crop).max(axis=2) > 30)[95:105].any(axis=0)
        widths.append(np.ptp(np.flatnonzero(changed)))
    assert widths[1] == pytest.approx(widths[0] / 2, rel=0.1)
