"""Label ids that rule out only some regions: what they are to networks of any classes, and in a mirror."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from numpy.testing import assert_array_equal

from realtime.core.regions import Region, mirror_label_map, region_name
from train.data.partial_labels import (
    CANDIDATES,
    LEFT_EYE_WHOLE,
    MOUTH_WHOLE,
    RIGHT_EYE_WHOLE,
    UNKNOWN,
    mirror_labels,
)
from train.networks.heads import targets_of

PARTIAL = [RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE, MOUTH_WHOLE, UNKNOWN]
ALL = [region_name(region) for region in Region]


def possible(channels: list[str], label_id: int) -> list[int]:
    """The classes that a pixel with this id may be."""
    targets = targets_of(channels)
    count = targets.candidates.shape[1]
    index = int(targets.index_of[label_id])
    found: list[int] = [index] if index < count else np.flatnonzero(targets.candidates[index - count]).tolist()
    return found


@pytest.mark.parametrize(
    ("channels", "right_eye", "left_eye", "mouth", "unknown"),
    [
        (ALL, [1, 3], [2, 4], [5, 6, 7], [*range(8)]),
        (ALL[1:], [1, 3], [2, 4], [5, 6, 7], [*range(8)]),
        (["background", "right_iris", "left_iris"], [0, 1], [0, 2], [0], [0, 1, 2]),
        (["right_iris", "left_iris"], [0, 1], [0, 2], [0], [0, 1, 2]),
        (["background", "right_eye+right_iris", "left_eye+left_iris"], [1], [2], [0], [0, 1, 2]),
        (["background", "iris", "eyes", "lips"], [1, 2], [1, 2], [0, 3], [0, 1, 2, 3]),
        (["lips+mouth"], [0], [0], [1], [0, 1]),
    ],
    ids=[
        "all regions",
        "all regions, each by itself",
        "irises",
        "irises, each by itself",
        "eye and iris as one",
        "both sides as one",
        "the mouth as one",
    ],
)
def test_what_a_pixel_may_be_follows_from_the_networks_classes(
    channels: list[str], right_eye: list[int], left_eye: list[int], mouth: list[int], unknown: list[int]
) -> None:
    assert [possible(channels, label_id) for label_id in PARTIAL] == [right_eye, left_eye, mouth, unknown]


def test_the_table_worked_by_hand() -> None:
    targets = targets_of(["background", "right_eye+right_iris", "left_iris"])
    # Of three classes: the right eye is one of them, the left one and the whole face are open, the mouth is none.
    assert_array_equal(targets.index_of[:11], [0, 1, 0, 1, 2, 0, 0, 0, 1, 3, 0])
    assert targets.index_of[UNKNOWN] == 4
    assert_array_equal(targets.candidates, [[True, False, True], [True, True, True]])
    assert targets.candidates.dtype == bool


def test_ids_of_regions_are_below_those_that_are_known_in_part() -> None:
    assert set(CANDIDATES) == set(PARTIAL)
    assert not set(CANDIDATES) & set(Region)


@given(
    some.arrays(
        np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.sampled_from([*Region, *PARTIAL])
    )
)
def test_twice_mirrored_is_as_it_was(label_map: npt.NDArray[np.uint8]) -> None:
    mirrored = mirror_labels(label_map)
    assert_array_equal(mirror_labels(mirrored), label_map)
    regions_alone = np.where(label_map < len(Region), label_map, 0).astype(np.uint8)
    assert_array_equal(mirror_labels(regions_alone), mirror_label_map(regions_alone))


def test_in_a_mirror_the_right_eye_is_the_left_one_and_stands_on_the_other_side() -> None:
    label_map = np.array([[8, 1, 3, 0], [10, 255, 5, 9]], np.uint8)
    assert_array_equal(mirror_labels(label_map), [[0, 4, 2, 9], [8, 5, 255, 10]])
    assert mirror_labels(label_map).dtype == np.uint8
