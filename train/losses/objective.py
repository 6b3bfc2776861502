"""What a segmenter's training makes small: the losses by the names that `--loss` takes."""

from collections.abc import Callable

from torch import Tensor

from train.losses.segmenter import (
    bce_logits_loss,
    bce_loss,
    cross_entropy_loss,
    dice_of_masks_loss,
    focal_loss,
    known_pixels,
    soft_dice_loss,
    tversky_loss,
)
from train.networks.heads import SIGMOID, SOFTMAX, target_masks, to_probs

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
