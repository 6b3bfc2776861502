"""What a segmenter's logits mean: one region a pixel (softmax), or each region by itself (sigmoid)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from realtime.core.regions import Region, region_name
from train.data.one_class import JOINT, class_name, regions_of
from train.data.partial_labels import Targets

SOFTMAX, SIGMOID = "softmax", "sigmoid"
HEADS = (SOFTMAX, SIGMOID)
ALL = "all"
BACKGROUND = region_name(Region.BACKGROUND)


def parse_classes(text: str, head: str) -> tuple[str, ...]:
    """The names of a segmenter's channels, in order.

    Args:
        text: names between commas: of regions, of groups (iris, eyes, lips, mouth), or `all`; those joined by + are one
            class. Background may stand first; softmax has it either way, sigmoid never.
        head: one of `HEADS`.

    Raises:
        ValueError: a name is unknown or comes twice, background is not first, or nothing else is there.
    """
    regions: list[Region] = []
    classes: list[str] = []
    for name in text.split(","):
        group = tuple(Region)[1:] if name == ALL else regions_of(name)
        regions += group
        classes += [class_name(group)] if JOINT in name else map(region_name, group)
    if Region.BACKGROUND in regions[1:] or classes == [BACKGROUND] or (regions[0] == 0) != (classes[0] == BACKGROUND):
        raise ValueError("background comes first, and at least one region follows")
    if len(set(regions)) < len(regions):
        raise ValueError(f"a region comes twice in {text}")
    classes = [name for name in classes if name != BACKGROUND]
    return tuple(classes) if head == SIGMOID else (BACKGROUND, *classes)


def classes_of(channels: Sequence[str]) -> list[str]:
    """Names of what a pixel can be: background, then the channels that are not."""
    return [BACKGROUND, *(name for name in channels if name != BACKGROUND)]


def targets_of(channels: Sequence[str]) -> Targets:
    """What label map ids are to a network with these channels; background and all that it does not have is class 0."""
    return Targets.of_classes([regions_of(name) for name in classes_of(channels)])


def to_probs(logits: Tensor, head: str) -> Tensor:
    """(N, C, H, W) probabilities of (N, C, H, W) logits."""
    return logits.sigmoid() if head == SIGMOID else logits.softmax(1)


def target_masks(label_map: Tensor, channels: int, head: str) -> Tensor:
    """What the probabilities should be.

    Args:
        label_map: (N, H, W) int64 class indices, 0 for background.
        channels: C of the head.
        head: one of `HEADS`.

    Returns:
        (N, C, H, W) float32, 0 or 1.
    """
    one_hot = F.one_hot(label_map, channels + (head == SIGMOID)).permute(0, 3, 1, 2).float()
    return one_hot[:, 1:] if head == SIGMOID else one_hot


def class_map(probs: Tensor, head: str) -> Tensor:
    """(N, H, W) int64 class indices of (N, C, H, W) probabilities; background where no independent one is over 0.5."""
    best, index = probs.max(1)
    return torch.where(best > 0.5, index + 1, 0) if head == SIGMOID else index
