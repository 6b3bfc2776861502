"""Lips of other colours: only lips change, by chance, and repeatably."""

import numpy as np
import pytest

from realtime.preprocess import BgrImage
from realtime.regions import Region
from train.lip_colors import DARKEST, LIPS, color_lips

ROWS = {Region.UPPER_LIP: slice(100, 112), Region.LOWER_LIP: slice(112, 128)}
REACH_PX = 12
"""Farther from the lips than any blur goes."""


@pytest.fixture
def mouth() -> tuple[BgrImage, np.ndarray]:
    """A grey crop, and the label map of a closed mouth in it."""
    label_map = np.zeros((218, 178), np.uint8)
    for lip, rows in ROWS.items():
        label_map[rows, 60:120] = lip
    return BgrImage(np.full((218, 178, 3), 120, np.uint8)), label_map


def test_nothing_far_from_the_lips_changes_and_the_crop_is_not_written_to(mouth) -> None:
    crop, label_map = mouth
    colored = color_lips(crop, label_map, np.random.default_rng(0))
    around = np.zeros(label_map.shape, bool)
    around[100 - REACH_PX : 128 + REACH_PX, 60 - REACH_PX : 120 + REACH_PX] = True
    assert (colored[~around] == 120).all()
    assert (crop == 120).all()
    assert (colored.shape, colored.dtype) == (crop.shape, np.uint8)
    assert np.abs(colored[label_map > 0].astype(int) - 120).max() > 10


def test_the_generator_decides_everything(mouth) -> None:
    first, again, other = (color_lips(*mouth, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", ["all", "inner rim", "outer rim"])
def test_the_colour_is_strongest_where_it_is_to_be(mouth, kind: str) -> None:
    class Chosen:
        """A generator that chooses one kind, and dark."""

        choice = staticmethod(lambda _: kind)
        standard_normal = staticmethod(np.zeros)
        uniform = staticmethod(lambda low, high: low if low == DARKEST else high)

    crop, label_map = mouth
    change = 120 - color_lips(crop, label_map, Chosen())[:, 90, 0].astype(int)  # type: ignore[arg-type]
    upper = change[ROWS[Region.UPPER_LIP]]
    far, near = upper[2], upper[-2]
    assert {"all": min(far, near) > 30, "inner rim": near > far + 15, "outer rim": far > near + 15}[kind]
    assert change.min() >= 0


@pytest.mark.parametrize("missing", [LIPS, LIPS[:1], LIPS[1:]])
def test_hidden_lips_are_no_error_and_stay_as_they_are(mouth, missing: tuple[Region, ...]) -> None:
    crop, label_map = mouth
    label_map[np.isin(label_map, missing)] = Region.BACKGROUND
    colored = color_lips(crop, label_map, np.random.default_rng(3))
    assert (np.abs(colored.astype(int) - 120).max() == 0) == (len(missing) == 2)
