"""Several regions as one class, and the place in the crop that tells them apart again."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from realtime.core.geometry import CELEBA, LAYOUTS, TIGHT
from realtime.core.regions import REGION_GROUPS, Region
from train.data.one_class import Place, class_name, nearest_point, regions_of
from train.networks.heads import parse_classes, targets_of


@pytest.mark.parametrize(
    ("regions", "name"),
    [
        (REGION_GROUPS["iris"], "iris"),
        ((Region.UPPER_LIP, Region.LEFT_EYE, Region.LOWER_LIP, Region.RIGHT_EYE), "eyes+lips"),
        ((Region.LEFT_IRIS,), "left_iris"),
        ((Region.LEFT_IRIS, *REGION_GROUPS["lips"]), "lips+left_iris"),
    ],
)
def test_a_class_is_called_after_its_groups_and_its_name_gives_its_regions(
    regions: tuple[Region, ...], name: str
) -> None:
    assert class_name(regions) == name
    assert set(regions_of(name)) == set(regions)


def test_a_name_that_is_no_region_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown region nose"):
        regions_of("iris+nose")


def test_one_class_is_one_channel_and_every_member_is_its_truth() -> None:
    assert parse_classes("eyes+iris+lips", "sigmoid") == ("iris+eyes+lips",)
    assert parse_classes("right_iris+left_iris", "softmax") == ("background", "iris")
    assert_array_equal(targets_of(["background", "iris+lips"]).index_of[:8], [0, 0, 0, 1, 1, 1, 1, 0])
    assert_array_equal(targets_of(["lips", "left_iris"]).index_of[:8], [0, 0, 0, 0, 2, 1, 1, 0])


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_a_pixel_is_of_the_nearest_point(layout) -> None:  # type: ignore[no-untyped-def]
    nearest = nearest_point(layout.points_px)
    for index, (x, y) in enumerate(layout.points_px):
        assert nearest[int(y), int(x)] == index


def test_irises_go_to_the_side_that_they_are_on() -> None:
    place = Place(["background", "iris"], CELEBA)
    assert place.regions == [Region.BACKGROUND, Region.RIGHT_IRIS, Region.LEFT_IRIS]
    probs = torch.rand(2, 2, 218, 178) + 0.1
    placed = place(probs)
    assert_array_equal(placed[:, 0], probs[:, 0])
    assert_array_equal(placed[:, 1, :, :89], probs[:, 1, :, :89])
    assert_array_equal(placed[:, 2, :, 89:], probs[:, 1, :, 89:])
    assert not placed[:, 1, :, 89:].any()
    assert not placed[:, 2, :, :89].any()


def test_eyes_and_lips_go_to_three_regions_and_no_pixel_is_lost() -> None:
    place = Place(["iris+eyes+lips"], TIGHT)
    assert place.regions == [Region.RIGHT_EYE, Region.LEFT_EYE, Region.UPPER_LIP]
    probs = torch.rand(1, 1, 218, 178)
    assert_array_equal(place(probs).sum(1), probs[:, 0])
    assert_array_equal(place(probs)[0, 2, 130:, 89], probs[0, 0, 130:, 89])


def test_classes_of_one_region_are_left_alone() -> None:
    names = ["background", "right_eye", "mouth_inside"]
    probs = torch.rand(1, 3, 218, 178)
    place = Place(names, TIGHT)
    assert place(probs) is probs
    assert place.regions == [Region.BACKGROUND, Region.RIGHT_EYE, Region.MOUTH_INSIDE]
    assert np.size(Place([], TIGHT).regions) == 0
