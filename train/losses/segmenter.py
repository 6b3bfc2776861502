"""The losses, one function each."""

import torch
import torch.nn.functional as F
from torch import Tensor

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
