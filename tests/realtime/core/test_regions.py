"""Region ids are a contract, and a mirror swaps the subject's left and right."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from realtime.core.regions import (
    COLORS_BGR,
    MIRROR,
    REGION_GROUPS,
    Region,
    mirror_label_map,
    region_name,
    regions_from_names,
)

NAMES_BY_ID = [
    "background",
    "right_eye",
    "left_eye",
    "right_iris",
    "left_iris",
    "upper_lip",
    "lower_lip",
    "mouth_inside",
]
LABEL_MAPS = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=4, max_side=6),
    elements=st.integers(0, len(Region) - 1),
)


@pytest.mark.parametrize(("region_id", "name"), list(enumerate(NAMES_BY_ID)), ids=NAMES_BY_ID)
def test_each_id_and_name_is_the_one_in_the_contract(region_id: int, name: str) -> None:
    assert region_name(Region(region_id)) == name
    assert regions_from_names([name]) == (region_id,)


def test_there_are_no_other_regions() -> None:
    assert [region_name(region) for region in Region] == NAMES_BY_ID


def test_every_region_has_a_colour_of_its_own_and_background_is_black() -> None:
    assert set(COLORS_BGR) == set(Region)
    assert len(set(COLORS_BGR.values())) == len(Region)
    assert COLORS_BGR[Region.BACKGROUND] == (0, 0, 0)


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("iris", ["right_iris", "left_iris"]),
        ("eyes", ["right_eye", "left_eye"]),
        ("lips", ["upper_lip", "lower_lip"]),
        ("mouth", ["mouth_inside"]),
    ],
    ids=["iris", "eyes", "lips", "mouth"],
)
def test_each_group_holds_its_regions(group: str, names: list[str]) -> None:
    assert REGION_GROUPS[group] == regions_from_names(names)


def test_every_region_but_background_is_in_exactly_one_group() -> None:
    grouped = [region for regions in REGION_GROUPS.values() for region in regions]
    assert sorted(grouped) == [region for region in Region if region is not Region.BACKGROUND]


@given(st.permutations(list(Region)), st.integers(0, len(Region)))
def test_regions_come_back_from_their_names_in_order(regions: list[Region], count: int) -> None:
    chosen = tuple(regions[:count])
    assert regions_from_names(region_name(region) for region in chosen) == chosen


def test_names_read_from_an_iterator_keep_their_order() -> None:
    assert regions_from_names(iter(["upper_lip", "background"])) == (Region.UPPER_LIP, Region.BACKGROUND)


def test_unknown_names_are_refused_with_the_known_ones_listed() -> None:
    with pytest.raises(ValueError, match=r"unknown region nose, ear; known: background, right_eye, .*mouth_inside"):
        regions_from_names(["left_eye", "nose", "ear"])


@settings(deadline=None)
@given(LABEL_MAPS)
def test_mirrored_twice_a_label_map_is_itself(label_map: npt.NDArray[np.uint8]) -> None:
    assert_array_equal(mirror_label_map(mirror_label_map(label_map)), label_map)


@settings(deadline=None)
@given(LABEL_MAPS)
def test_a_mirror_keeps_the_area_of_every_region_under_its_mirrored_id(label_map: npt.NDArray[np.uint8]) -> None:
    mirrored = mirror_label_map(label_map)
    assert mirrored.dtype == np.uint8
    for region in Region:
        assert (mirrored == MIRROR.get(region, region)).sum() == (label_map == region).sum()


def test_a_mirror_flips_left_to_right_and_swaps_left_and_right() -> None:
    label_map = np.array(
        [
            [Region.LEFT_EYE, Region.BACKGROUND, Region.UPPER_LIP],
            [Region.RIGHT_IRIS, Region.LOWER_LIP, Region.MOUTH_INSIDE],
        ],
        np.uint8,
    )
    mirrored = [
        [Region.UPPER_LIP, Region.BACKGROUND, Region.RIGHT_EYE],
        [Region.MOUTH_INSIDE, Region.LOWER_LIP, Region.LEFT_IRIS],
    ]
    assert_array_equal(mirror_label_map(label_map), mirrored)


def test_a_batch_of_label_maps_is_mirrored_map_by_map() -> None:
    batch = np.array([[[1, 0]], [[0, 4]]], np.uint8)
    assert_array_equal(mirror_label_map(batch), [[[0, 2]], [[3, 0]]])


def test_a_mirror_leaves_its_input_alone() -> None:
    label_map = np.array([[1, 2]], np.uint8)
    mirror_label_map(label_map)[:] = 7
    assert_array_equal(label_map, [[1, 2]])
