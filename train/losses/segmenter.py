"""The losses, one function each."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from train.networks.heads import SIGMOID, SOFTMAX, target_masks, to_probs

FOCAL_GAMMA = 2.0
TVERSKY_FALSE_POSITIVE, TVERSKY_FALSE_NEGATIVE = 0.3, 0.7


def cross_entropy_loss(logits: Tensor, label_map: Tensor, candidates: Tensor) -> Tensor:
    """Mean negative log likelihood of what is known of each pixel, over all pixels.

    A pixel of a known class counts by that class's probability. A pixel that may be one of several classes counts by
    their summed probability, and teaches nothing about how they divide it: nothing at all where all are possible.

    Args:
        logits: (N, C, H, W) float32, before softmax.
        label_map: (N, H, W) int64 class indices; from C on rows of `candidates`, plus C.
        candidates: (K, C) bool: which classes a pixel may be.

    Returns:
        () float32, 0 or more.

    Source: learning from partial labels, Cour, Sapp and Taskar, JMLR 12 (2011), by the classes' summed likelihood.
    """
    class_count = logits.shape[1]
    is_partial = label_map >= class_count
    if not is_partial.any():
        return F.cross_entropy(logits, label_map)
    known = F.cross_entropy(logits, label_map.masked_fill(is_partial, -1), ignore_index=-1, reduction="sum")
    pixels = logits.permute(0, 2, 3, 1)[is_partial]
    possible = candidates[label_map[is_partial] - class_count]
    partial = pixels.logsumexp(1) - pixels.masked_fill(~possible, float("-inf")).logsumexp(1)
    return (known + partial.sum()) / label_map.numel()


def known_pixels(logits: Tensor, label_map: Tensor, class_count: int) -> tuple[Tensor, Tensor]:
    """The pixels whose class is known, for a loss that sums over pixels: all of them, or those in one column.

    Args:
        logits: (N, C, H, W).
        label_map: (N, H, W) int64; indices from `class_count` on are known in part.
        class_count: number of classes, background with them.

    Returns:
        the arguments as they are where all is known; else (1, C, M, 1) and (1, M, 1) of M pixels.
    """
    is_known = label_map < class_count
    if is_known.all():
        return logits, label_map
    return logits.permute(0, 2, 3, 1)[is_known].T[None, :, :, None], label_map[is_known][None, :, None]


def soft_dice_loss(logits: Tensor, label_map: Tensor) -> Tensor:
    """One minus the mean soft Dice over the regions present in the batch, background left out.

    Args:
        logits: (N, C, H, W) float32, before softmax.
        label_map: (N, H, W) int64 region indices.

    Returns:
        () float32 in [0, 1]; 0 where no region is present.

    Raises:
        ValueError: the spatial sizes differ.

    Source: V-Net, arXiv:1606.04797, without the squares in the denominator.
    """
    if logits.shape[2:] != label_map.shape[1:]:
        raise ValueError(f"logits are {tuple(logits.shape[2:])}, the label map is {tuple(label_map.shape[1:])}")
    probs = logits.softmax(1)
    labels = label_map.flatten()
    prob_of_truth = probs.gather(1, label_map[:, None]).flatten()
    truth_area = torch.bincount(labels, minlength=logits.shape[1])[1:]
    overlap = probs.new_zeros(logits.shape[1]).index_add(0, labels, prob_of_truth)[1:]
    present = truth_area > 0
    dice = (2 * overlap / (probs.sum((0, 2, 3))[1:] + truth_area))[present]
    return 1 - dice.mean() if present.any() else dice.sum()


def bce_loss(probs: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy over all pixels and channels, of probabilities.

    Args:
        probs: (N, C, H, W) float32 in [0, 1].
        target: (N, C, H, W) float32, 0 or 1.

    Returns:
        () float32, 0 or more; torch holds each logarithm above -100.
    """
    return F.binary_cross_entropy(probs, target)


def bce_logits_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Mean binary cross-entropy over all pixels and channels, of logits: exact also where a sigmoid is 0 or 1.

    Args:
        logits: (N, C, H, W) float32, before sigmoid.
        target: (N, C, H, W) float32, 0 or 1.

    Returns:
        () float32, 0 or more.
    """
    return F.binary_cross_entropy_with_logits(logits, target)


def dice_of_masks_loss(probs: Tensor, target: Tensor) -> Tensor:
    """One minus the mean soft Dice over the channels that have pixels in the batch: `soft_dice_loss` for any masks.

    Args:
        probs: (N, C, H, W) float32 in [0, 1], background left out.
        target: (N, C, H, W) float32, 0 or 1.

    Returns:
        () float32 in [0, 1]; 0 where no channel has any.
    """
    overlap, truth_area = (probs * target).sum((0, 2, 3)), target.sum((0, 2, 3))
    present = truth_area > 0
    dice = (2 * overlap / (probs.sum((0, 2, 3)) + truth_area))[present]
    return 1 - dice.mean() if present.any() else dice.sum()


def focal_loss(probs: Tensor, target: Tensor, *, is_exclusive: bool) -> Tensor:
    """Cross-entropy that counts a pixel less the surer the network is of its truth, by (1 - p) squared.

    Args:
        probs: (N, C, H, W) float32 in [0, 1].
        target: (N, C, H, W) float32, 0 or 1.
        is_exclusive: each pixel has one channel (softmax), whose probability alone counts; else each channel counts.

    Returns:
        () float32, 0 or more: the mean over pixels, or over pixels and channels.

    Source: arXiv:1708.02002, equation 4, with its gamma of 2, without alpha.
    """
    of_truth = (probs * target).sum(1) if is_exclusive else torch.where(target > 0, probs, 1 - probs)
    return (-of_truth.clamp(min=1e-7).log() * (1 - of_truth) ** FOCAL_GAMMA).mean()


def tversky_loss(probs: Tensor, target: Tensor) -> Tensor:
    """One minus the mean Tversky index over the channels that have pixels in the batch: Dice that minds misses more.

    Args:
        probs: (N, C, H, W) float32 in [0, 1], background left out.
        target: (N, C, H, W) float32, 0 or 1.

    Returns:
        () float32 in [0, 1]; 0 where no channel has any.

    Source: arXiv:1706.05721, equation 3, with its best alpha of 0.3 and beta of 0.7.
    """
    hit = (probs * target).sum((0, 2, 3))
    false_positive = (probs * (1 - target)).sum((0, 2, 3)) * TVERSKY_FALSE_POSITIVE
    false_negative = ((1 - probs) * target).sum((0, 2, 3)) * TVERSKY_FALSE_NEGATIVE
    present = target.sum((0, 2, 3)) > 0
    index = (hit / (hit + false_positive + false_negative))[present]
    return 1 - index.mean() if present.any() else index.sum()


def soft_target_loss(logits: Tensor, teacher_probs: Tensor, *, is_exclusive: bool) -> Tensor:
    """Mean cross-entropy between a teacher's probabilities and the network's: least where both are the same.

    Args:
        logits: (N, C, H, W) float32, before the head.
        teacher_probs: (N, C, H, W) float32 in [0, 1].
        is_exclusive: each pixel has one channel (softmax); else each channel counts by itself.

    Returns:
        () float32, 0 or more: the mean over pixels, or over pixels and channels.

    Source: arXiv:1503.02531, section 2, at a temperature of 1.
    """
    if is_exclusive:
        return F.cross_entropy(logits, teacher_probs)
    return F.binary_cross_entropy_with_logits(logits, teacher_probs)


def face_finder_loss(output: Tensor, score_target: Tensor, point_target: Tensor, point_weight: Tensor) -> Tensor:
    """Penalty-reduced focal loss of the score map, plus the points' mean error as a share of interocular distance.

    Args:
        output: (N, 7, H, W) float32: score logit, then x and y offsets of the three points in cells.
        score_target: (N, H, W) float32 in [0, 1], 1 in a face's own cell, falling off around it.
        point_target: (N, 6, H, W) float32 offsets in cells.
        point_weight: (N, H, W) float32: 0 where no face is near, else one over its interocular distance in cells.

    Returns:
        () float32, 0 or more.

    Source: focal loss as in CenterNet, arXiv:1904.07850, equation 1.
    """
    logit = output[:, 0]
    prob = logit.sigmoid().clamp(1e-5, 1 - 1e-5)
    is_face = score_target == 1
    hit = -F.logsigmoid(logit) * (1 - prob) ** 2
    false_alarm = -F.logsigmoid(-logit) * prob**2 * (1 - score_target) ** 4
    face_count = is_face.sum().clamp(min=1)
    score_loss = torch.where(is_face, hit, false_alarm).sum() / face_count
    error = F.smooth_l1_loss(output[:, 1:], point_target, reduction="none", beta=0.2).sum(1)
    point_loss = (error * point_weight).sum() / (point_weight > 0).sum().clamp(min=1)
    return score_loss + point_loss


LossOfHead = Callable[[Tensor, Tensor, str], Tensor]
"""Of logits and class indices, all of them known, under a head."""
DICE_AND_CROSS_ENTROPY = "dice+cross-entropy"
CROSS_ENTROPY = "cross_entropy"
"""The term that learns from pixels that are known in part, too; all others pass them over."""


def _regions_only(logits: Tensor, label_map: Tensor, head: str) -> tuple[Tensor, Tensor]:
    """Probabilities and masks of all channels but the background."""
    first = 0 if head == SIGMOID else 1
    return to_probs(logits, head)[:, first:], target_masks(label_map, logits.shape[1], head)[:, first:]


def _dice(logits: Tensor, label_map: Tensor, head: str) -> Tensor:
    if head == SOFTMAX:
        return soft_dice_loss(logits, label_map)
    return dice_of_masks_loss(*_regions_only(logits, label_map, head))


def _tversky(logits: Tensor, label_map: Tensor, head: str) -> Tensor:
    return tversky_loss(*_regions_only(logits, label_map, head))


def _focal(logits: Tensor, label_map: Tensor, head: str) -> Tensor:
    masks = target_masks(label_map, logits.shape[1], head)
    return focal_loss(to_probs(logits, head), masks, is_exclusive=head == SOFTMAX)


def _bce(logits: Tensor, label_map: Tensor, head: str) -> Tensor:
    return bce_loss(to_probs(logits, head), target_masks(label_map, logits.shape[1], head))


def _bce_logits(logits: Tensor, label_map: Tensor, head: str) -> Tensor:
    return bce_logits_loss(logits, target_masks(label_map, logits.shape[1], head))


_DICE: dict[str, LossOfHead] = {"dice_loss": _dice}
_BCE_LOGITS: dict[str, LossOfHead] = {"bce_logits_loss": _bce_logits}
LOSSES: dict[str, dict[str, LossOfHead | None]] = {
    DICE_AND_CROSS_ENTROPY: {**_DICE, CROSS_ENTROPY: None},
    "dice": {**_DICE},
    "cross-entropy": {CROSS_ENTROPY: None},
    "bce": {"bce_loss": _bce},
    "bce-logits": {**_BCE_LOGITS},
    "dice+bce": {**_DICE, **_BCE_LOGITS},
    "focal": {"focal_loss": _focal},
    "tversky": {"tversky_loss": _tversky},
}
"""The terms of each loss, which are added, by the names that the log has them under; None for `CROSS_ENTROPY`."""
ONLY_HEAD = {DICE_AND_CROSS_ENTROPY: SOFTMAX, "cross-entropy": SOFTMAX} | dict.fromkeys(
    ("bce", "bce-logits", "dice+bce"), SIGMOID
)
"""The head that a loss needs, where it needs one."""


def loss_terms(name: str, logits: Tensor, label_map: Tensor, head: str, candidates: Tensor) -> dict[str, Tensor]:
    """Each term of a loss; their sum is what training makes small.

    Args:
        name: one of `LOSSES`.
        logits: (N, C, H, W) float32, before the head.
        label_map: (N, H, W) int64 class indices as `train.data.partial_labels.Targets` has them.
        head: of the network.
        candidates: (K, classes) bool, as there.
    """
    known = known_pixels(logits, label_map, candidates.shape[1])
    return {
        term: cross_entropy_loss(logits, label_map, candidates) if loss is None else loss(*known, head)
        for term, loss in LOSSES[name].items()
    }


def check_loss(name: str, head: str) -> None:
    """Refuse a loss that does not exist, or not for this head.

    Raises:
        ValueError: so it is; the message says what would do.
    """
    if name not in LOSSES:
        raise ValueError(f"{name!r} is none of {', '.join(LOSSES)}")
    needed = ONLY_HEAD.get(name, head)
    if needed != head:
        fitting = ", ".join(loss for loss in LOSSES if ONLY_HEAD.get(loss, head) == head)
        raise ValueError(f"{name} needs --head {needed}; for {head} there are {fitting}")
