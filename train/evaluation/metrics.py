"""Scores of label maps: Dice (F1) and IoU per region, from one confusion matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class RegionScore:
    """Overlap of one region, pooled over every pixel counted; NaN where truth and prediction are both empty."""

    dice: float
    iou: float


def confusion_matrix(truth: npt.ArrayLike, predicted: npt.ArrayLike, class_count: int) -> npt.NDArray[np.int64]:
    """(C, C) pixel counts: rows are the truth, columns the prediction.

    Args:
        truth: any shape of ids below `class_count`.
        predicted: the same shape.
        class_count: C.

    Raises:
        ValueError: the shapes differ, or an id is out of range.
    """
    truth, predicted = np.asarray(truth, np.int64), np.asarray(predicted, np.int64)
    if truth.shape != predicted.shape:
        raise ValueError(f"truth is {truth.shape}, the prediction is {predicted.shape}")
    if truth.size and not 0 <= min(truth.min(), predicted.min()) <= max(truth.max(), predicted.max()) < class_count:
        raise ValueError(f"ids must lie in 0..{class_count - 1}; is this mask made of 0 and 255?")
    counts = np.bincount((truth * class_count + predicted).ravel(), minlength=class_count**2)
    return counts.reshape(class_count, class_count)


def merge_classes(confusion: npt.NDArray[np.int64], merged: Sequence[int]) -> npt.NDArray[np.int64]:
    """(K, K) counts of coarser classes.

    Args:
        confusion: (C, C) counts.
        merged: for each of the C classes which of the K it becomes part of; all K are named.
    """
    part_of = np.eye(max(merged) + 1, dtype=np.int64)[list(merged)]
    counts: npt.NDArray[np.int64] = part_of.T @ confusion @ part_of
    return counts


def score_of(overlap: float, truth_area: float, predicted_area: float) -> RegionScore:
    """Dice and IoU from three areas."""
    union = truth_area + predicted_area - overlap
    if union == 0:
        return RegionScore(float("nan"), float("nan"))
    return RegionScore(2 * overlap / (truth_area + predicted_area), overlap / union)


def scores_per_class(confusion: npt.NDArray[np.int64]) -> list[RegionScore]:
    """One score a class, in order."""
    return [
        score_of(float(overlap), float(truth), float(predicted))
        for overlap, truth, predicted in zip(np.diag(confusion), confusion.sum(1), confusion.sum(0), strict=True)
    ]


def any_region_score(confusion: npt.NDArray[np.int64]) -> RegionScore:
    """Of all regions as one: whether a pixel is background or not. The first class is background."""
    return score_of(*map(float, (confusion[1:, 1:].sum(), confusion[1:].sum(), confusion[:, 1:].sum())))
