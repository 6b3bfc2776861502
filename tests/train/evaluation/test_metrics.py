"""Scores from counts, worked by hand."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from train.evaluation.metrics import RegionScore, confusion_matrix, score_of, scores_per_class

PAIRS = hnp.arrays(np.uint8, st.tuples(st.just(2), st.integers(0, 6), st.integers(0, 6)), elements=st.integers(0, 3))


def test_rows_are_the_truth_and_columns_the_prediction() -> None:
    truth = np.array([[0, 0, 1], [1, 1, 2]], np.uint8)
    predicted = np.array([[0, 1, 1], [1, 0, 1]], np.uint8)
    assert_array_equal(confusion_matrix(truth, predicted, 3), [[1, 1, 0], [1, 2, 0], [0, 1, 0]])


@settings(deadline=None)
@given(PAIRS)
def test_every_pixel_is_counted_once_under_its_two_ids(pair: npt.NDArray[np.uint8]) -> None:
    truth, predicted = pair
    counts = confusion_matrix(truth, predicted, 4)
    assert counts.sum() == truth.size
    assert_array_equal(counts.sum(axis=1), np.bincount(truth.ravel(), minlength=4))
    assert_array_equal(counts.sum(axis=0), np.bincount(predicted.ravel(), minlength=4))
    assert_array_equal(confusion_matrix(predicted, truth, 4), counts.T)


def test_many_classes_of_small_ints_do_not_overflow() -> None:
    truth = np.array([200], np.uint8)
    counts = confusion_matrix(truth, truth, 201)
    assert counts[200, 200] == counts.sum() == 1


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"truth is \(2, 3\), the prediction is \(3, 2\)"):
        confusion_matrix(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8), 2)


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [([0, 255], [0, 1]), ([0, 1], [0, 2]), ([-1, 0], [0, 0]), ([0, 0], [0, -1])],
    ids=["a mask of 0 and 255", "an id too large", "a negative id", "a negative prediction"],
)
def test_ids_out_of_range_are_refused(truth: list[int], predicted: list[int]) -> None:
    with pytest.raises(ValueError, match=r"ids must lie in 0\.\.1"):
        confusion_matrix(truth, predicted, 2)


@pytest.mark.parametrize(
    ("overlap", "truth", "predicted", "dice", "iou"),
    [
        (3, 4, 5, 6 / 9, 3 / 6),
        (0, 4, 5, 0, 0),
        (4, 4, 4, 1, 1),
        (0, 4, 0, 0, 0),
        (0, 0, 5, 0, 0),
    ],
    ids=["partly", "apart", "the same", "missed", "made up"],
)
def test_dice_and_iou_worked_by_hand(overlap: float, truth: float, predicted: float, dice: float, iou: float) -> None:
    assert score_of(overlap, truth, predicted) == RegionScore(pytest.approx(dice), pytest.approx(iou))


def test_a_region_that_is_nowhere_has_no_score() -> None:
    score = score_of(0, 0, 0)
    assert math.isnan(score.dice)
    assert math.isnan(score.iou)


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_iou_follows_from_dice(overlap: int, missed: int, made_up: int) -> None:
    score = score_of(overlap, overlap + missed, overlap + made_up)
    assert 0 < score.iou <= score.dice <= 1
    assert score.iou == pytest.approx(score.dice / (2 - score.dice))


def test_each_class_is_scored_from_its_row_and_column() -> None:
    scores = scores_per_class(np.array([[5, 1, 0, 0], [2, 3, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0]]))
    assert_allclose([score.dice for score in scores], [10 / 13, 6 / 13, 0, np.nan])
    assert_allclose([score.iou for score in scores], [5 / 8, 3 / 10, 0, np.nan])
