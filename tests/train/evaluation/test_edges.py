"""Distances of outlines, worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.evaluation.edges import Mask, edge_distance_px, outline


def box(left: int, top: int, right: int, bottom: int) -> Mask:
    mask = np.zeros((20, 30), bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("one", "other", "distance_px"),
    [
        (box(3, 3, 9, 9), box(3, 3, 9, 9), 0),
        (box(3, 3, 4, 4), box(6, 7, 7, 8), 5),
        # Of three pixels in a row two lie one and two from the single pixel; back it is none: (1 + 0) / 2.
        (box(3, 3, 6, 4), box(3, 3, 4, 4), 0.5),
        (box(0, 0, 30, 1), box(0, 4, 30, 5), 4),
    ],
    ids=["the same", "3 and 4 apart", "longer", "along the border"],
)
def test_distances_worked_by_hand(one: Mask, other: Mask, distance_px: float) -> None:
    assert edge_distance_px(one, other) == pytest.approx(distance_px)


def test_an_outline_is_what_has_a_neighbour_outside_and_a_hole_has_one_too() -> None:
    ring = box(2, 2, 11, 11) & ~box(6, 6, 7, 7)
    edge = outline(ring)
    assert edge.sum() == 4 * 8 + 4
    assert edge_distance_px(ring, box(2, 2, 11, 11)) > 0


def test_without_an_outline_there_is_no_distance() -> None:
    assert math.isnan(edge_distance_px(box(0, 0, 0, 0), box(3, 3, 9, 9)))


@given(st.integers(0, 8), st.integers(0, 8), st.integers(1, 8), st.integers(1, 8))
def test_it_is_the_same_both_ways(left: int, top: int, width: int, height: int) -> None:
    one, other = box(left, top, left + width, top + height), box(5, 5, 12, 9)
    assert edge_distance_px(one, other) == pytest.approx(edge_distance_px(other, one))
