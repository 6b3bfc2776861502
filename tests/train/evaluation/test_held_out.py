"""Pixels counted face by face, and what becomes of the counts."""

import math

import numpy as np
import pytest

from realtime.core.regions import Region, region_name
from train.data.crops import Side
from train.data.label_set import LabelledFace, LabelledPhoto
from train.evaluation.held_out import ClassCounter, FaceCounts, HeldOut, HeldOutFace, count_faces, group_classes, spread

NAMES = ["background", "right_iris", "left_iris", "upper_lip"]
COUNTS = FaceCounts(
    NAMES,
    np.array(
        [
            # Of 4 right iris pixels 1 was taken for left iris, 1 for background.
            [[90, 0, 0, 0], [1, 2, 1, 0], [0, 0, 4, 0], [0, 0, 0, 2]],
            [[96, 0, 0, 4], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
            [[100, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
        ]
    ),
)


def test_left_and_right_are_one_in_a_group() -> None:
    groups = COUNTS.groups()
    assert list(groups) == ["iris", "lips"]
    assert groups["iris"].dice == pytest.approx(2 * 7 / (8 + 7))  # the iris on the wrong side is an iris
    assert groups["lips"].iou == pytest.approx(2 / 6)
    assert COUNTS.scores()["right_iris"].dice == pytest.approx(2 * 2 / (4 + 2))


def test_a_face_without_any_region_on_either_side_has_no_dice() -> None:
    dice = COUNTS.face_dice()
    assert dice[:2].tolist() == pytest.approx([2 * 9 / (10 + 9), 0])
    assert math.isnan(dice[2])


def test_some_faces_are_scored_by_themselves() -> None:
    assert COUNTS.chosen([True, False, False]).groups()["lips"].dice == 1


@pytest.mark.parametrize(
    ("names", "coarser", "merged"),
    [
        (["background", "right_eye", "left_eye", "mouth_inside"], ["background", "eyes", "mouth_inside"], [0, 1, 1, 2]),
        (["background", "right_eye+right_iris", "left_eye+left_iris"], ["background", "iris+eyes"], [0, 1, 1]),
        (["background", "iris"], ["background", "iris"], [0, 1]),
    ],
    ids=["sides", "whole eyes", "one class already"],
)
def test_groups_have_their_own_names(names: list[str], coarser: list[str], merged: list[int]) -> None:
    assert group_classes(names) == (coarser, merged)


def test_a_network_that_is_right_has_a_dice_of_one(spec, reads_ids, painted, striped_label_map) -> None:
    side = Side(
        [painted(striped_label_map)] * 40,
        {(): None},
        [(LabelledPhoto("", "here" if index % 2 else "there"), LabelledFace(str(index), [])) for index in range(40)],
    )
    held_out = HeldOut.of_side(side, spec.regions)
    assert held_out.faces[3] == HeldOutFace(side.pairs[3], "3", "here")
    seen: list[None] = []
    counts = count_faces(reads_ids, spec, held_out, lambda: seen.append(None))
    assert len(seen) == 40  # more than a batch
    scores = counts.scores()
    assert {name: scores[name].dice for name in map(region_name, list(Region)[1:7])} == dict.fromkeys(
        map(region_name, list(Region)[1:7]), 1
    )
    assert HeldOut.of_side(side, spec.regions, most=5).faces[-1].name == "39"


@pytest.mark.parametrize(
    ("most", "chosen"), [(0, [0, 1, 2, 3, 4]), (7, [0, 1, 2, 3, 4]), (3, [0, 2, 4])], ids=["all", "fewer", "spread"]
)
def test_spread_takes_both_ends_and_what_lies_between(most: int, chosen: list[int]) -> None:
    assert spread(range(5), most) == chosen


def test_pixels_known_in_part_are_not_counted() -> None:
    counted = ClassCounter(["background", "right_iris", "left_iris"], {"iris": ("right_iris", "left_iris")})
    assert counted.names == ["background", "iris"]
    # Classes 0, 1 and 2 are known; 3 and 4 are not, whatever is predicted there.
    truth = np.array([[0, 1, 2, 1, 3, 4]])
    assert counted(truth, np.array([[0, 1, 2, 0, 1, 0]])).tolist() == [[1, 0], [1, 2]]
    assert counted(np.array([[3, 4]]), np.array([[1, 0]])).tolist() == [[0, 0], [0, 0]]
