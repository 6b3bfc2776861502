"""What logits mean under either head, worked by hand."""

import pytest
import torch
from numpy.testing import assert_array_equal

from realtime.core.regions import Region, region_name
from train.networks.heads import (
    SIGMOID,
    SOFTMAX,
    class_map,
    classes_of,
    parse_classes,
    target_masks,
    targets_of,
    to_probs,
)

IRISES = (Region.RIGHT_IRIS, Region.LEFT_IRIS)
LIPS = (Region.UPPER_LIP, Region.LOWER_LIP)


@pytest.mark.parametrize(
    ("text", "head", "expected"),
    [
        ("all", SOFTMAX, tuple(Region)),
        ("all", SIGMOID, tuple(Region)[1:]),
        ("iris", SOFTMAX, (Region.BACKGROUND, *IRISES)),
        ("iris", SIGMOID, IRISES),
        ("background,left_iris", SOFTMAX, (Region.BACKGROUND, Region.LEFT_IRIS)),
        ("background,left_iris", SIGMOID, (Region.LEFT_IRIS,)),
        ("eyes,iris,lips", SIGMOID, (Region.RIGHT_EYE, Region.LEFT_EYE, *IRISES, *LIPS)),
        ("mouth,lower_lip", SOFTMAX, (Region.BACKGROUND, Region.MOUTH_INSIDE, Region.LOWER_LIP)),
    ],
)
def test_regions_are_named_one_by_one_or_in_groups(text: str, head: str, expected: tuple[Region, ...]) -> None:
    assert parse_classes(text, head) == tuple(map(region_name, expected))


def test_regions_joined_by_a_plus_are_one_class() -> None:
    assert parse_classes("right_eye+right_iris,left_eye+left_iris,upper_lip", SOFTMAX) == (
        "background",
        "right_eye+right_iris",
        "left_eye+left_iris",
        "upper_lip",
    )
    assert parse_classes("eyes+iris,lips", SIGMOID) == ("iris+eyes", "upper_lip", "lower_lip")
    assert_array_equal(
        targets_of(["background", "right_eye+right_iris", "left_eye+left_iris"]).index_of[:8], [0, 1, 2, 1, 2, 0, 0, 0]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("background+iris", "background comes first"),
        ("iris+eyes,left_eye", "a region comes twice"),
        ("iris+nose", "unknown region nose"),
        ("nose", "unknown region nose"),
        ("", "unknown region ;"),
        ("left_iris,background", "background comes first"),
        ("background", "at least one region follows"),
        ("iris,left_iris", "a region comes twice in iris,left_iris"),
    ],
)
def test_regions_that_make_no_sense_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_classes(text, SOFTMAX)


def test_class_zero_is_background_under_either_head() -> None:
    assert classes_of(["background", "left_iris"]) == classes_of(["left_iris"]) == ["background", "left_iris"]
    assert_array_equal(targets_of(["left_iris", "upper_lip"]).index_of[:8], [0, 0, 0, 0, 1, 2, 0, 0])
    assert_array_equal(targets_of(["background", "left_iris", "upper_lip"]).index_of[:8], [0, 0, 0, 0, 1, 2, 0, 0])


def test_probabilities_and_targets_worked_by_hand() -> None:
    logits = torch.tensor([0.0, 3.0]).log1p().view(1, 2, 1, 1)  # log 1 and log 4
    assert to_probs(logits, SOFTMAX).flatten().tolist() == pytest.approx([1 / 5, 4 / 5])
    assert to_probs(logits, SIGMOID).flatten().tolist() == pytest.approx([1 / 2, 4 / 5])
    label_map = torch.tensor([[[0, 2, 1]]])
    assert target_masks(label_map, 3, SOFTMAX).tolist() == [[[[1, 0, 0]], [[0, 0, 1]], [[0, 1, 0]]]]
    assert target_masks(label_map, 2, SIGMOID).tolist() == [[[[0, 0, 1]], [[0, 1, 0]]]]


def test_a_pixel_that_no_independent_region_claims_is_background() -> None:
    probs = torch.tensor([[0.6, 0.4, 0.5, 0.8], [0.3, 0.45, 0.2, 0.9]])[None, :, None]
    assert class_map(probs, SIGMOID).tolist() == [[[1, 0, 0, 2]]]
    assert class_map(probs, SOFTMAX).tolist() == [[[0, 1, 0, 1]]]
