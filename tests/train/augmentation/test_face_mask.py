"""A mask hides nose and mouth, never the eyes."""

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_array_equal

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region
from train.augmentation import worn
from train.augmentation.layer import FacePlace
from train.augmentation.worn import cover_with_mask, rounded

LabelMap = npt.NDArray[np.uint8]
MOUTH = (Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE)
EYES = (Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS)


@pytest.mark.parametrize("seed", range(12))
def test_the_mouth_is_hidden_in_picture_and_labels_and_the_eyes_stay(
    seed: int, crop: BgrImage, face_map: LabelMap, place: FacePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worn, "PRINT_CHANCE", 0)  # else the print has edges of its own
    striped = crop.copy()
    striped[:, ::2] = 255 - striped[:, ::2]
    covered, label_map = cover_with_mask(BgrImage(striped), face_map, place, np.random.default_rng(seed))
    assert not np.isin(label_map, MOUTH).any()
    assert_array_equal(np.where(np.isin(face_map, EYES), face_map, 0), label_map)
    stripes = np.abs(np.diff(covered.astype(int), axis=1)).max(axis=2)
    assert stripes[np.isin(face_map, MOUTH)[:, 1:]].max() < 30
    assert_array_equal(covered[:80], striped[:80])


def test_masks_differ_in_colour(crop: BgrImage, face_map: LabelMap, place: FacePlace) -> None:
    colors = {
        tuple(cover_with_mask(crop, face_map, place, np.random.default_rng(seed))[0][160, 89] // 32)
        for seed in range(12)
    }
    assert len(colors) >= 6


def test_what_is_printed_stays_on_the_mask(
    crop: BgrImage, face_map: LabelMap, place: FacePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = []
    for seed in range(24):
        seen = []
        for chance in (0.0, 1.0):
            monkeypatch.setattr(worn, "PRINT_CHANCE", chance)
            seen.append(cover_with_mask(crop, face_map, place, np.random.default_rng(seed)))
        (plain, plain_map), (printed, printed_map) = seen
        assert_array_equal(plain_map, printed_map)
        differs = np.abs(plain.astype(int) - printed).max(axis=2) > 2
        assert not differs[:95].any()  # above the mask
        marked.append(differs.mean())
    assert np.mean(np.array(marked) > 0.002) > 0.7
    assert max(marked) < 0.25


def test_a_rounded_square_has_its_corners_cut_off() -> None:
    corners = rounded(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]))
    assert len(corners) == 16
    assert np.abs(corners - 2).sum(axis=1).max() == pytest.approx(3)  # once cut: (1, 0) and (3, 0); the rest is within
