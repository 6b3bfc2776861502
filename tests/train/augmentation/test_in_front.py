"""Hands and arms: of the face's skin, from below or the sides, hiding what lies behind."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_array_equal

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region
from train.augmentation.in_front import cover_with_hand, cover_with_thing
from train.augmentation.layer import FacePlace

LabelMap = npt.NDArray[np.uint8]
GREEN = (40, 200, 40)


@pytest.fixture
def hands(face_map: LabelMap, place: FacePlace) -> list[tuple[BgrImage, LabelMap]]:
    """60 hands before a green wall that is skin between the eyes alone, all of it labelled."""
    wall = np.full((218, 178, 3), GREEN, np.uint8)
    wall[78:104, 76:102] = (120, 150, 200)
    lips = np.full_like(face_map, Region.LOWER_LIP)
    return [cover_with_hand(BgrImage(wall), lips, place, np.random.default_rng(seed)) for seed in range(60)]


def test_what_a_hand_hides_is_background_and_of_skin(hands: list[tuple[BgrImage, LabelMap]]) -> None:
    for covered, label_map in hands:
        hidden = label_map == Region.BACKGROUND
        assert (label_map[~hidden] == Region.LOWER_LIP).all()
        assert (covered[~hidden] == GREEN).all(axis=1).mean() > 0.9
        blue, green, red = covered[hidden].astype(float).T
        if hidden.sum() > 50:
            assert (red + 12 > green).mean() > 0.9
            assert (green + 12 > blue).mean() > 0.9
            assert np.ptp(red) > 10  # round, not flat


def test_hands_are_of_many_sizes_and_leave_most_of_the_face(hands: list[tuple[BgrImage, LabelMap]]) -> None:
    shares = [(label_map == 0).mean() for _, label_map in hands]
    assert np.median(shares) > 0.04
    assert max(shares) < 0.7
    assert np.std(shares) > 0.04


def test_hands_reach_both_eyes_and_the_mouth_and_come_from_below(
    hands: list[tuple[BgrImage, LabelMap]], face_map: LabelMap
) -> None:
    for region in (Region.RIGHT_EYE, Region.LEFT_EYE, Region.LOWER_LIP):
        touched = [(label_map[face_map == region] == 0).mean() > 0.3 for _, label_map in hands]
        assert np.mean(touched) > 0.03, region
    hidden = np.mean([label_map == 0 for _, label_map in hands], axis=0)
    assert hidden[150:].mean() > 2 * hidden[:60].mean()


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
