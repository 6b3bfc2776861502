"""What the first convolution sees: colour levels less a mean, over a deviation, inside the network and its graph."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NORMALIZATIONS = ("none", "dataset", "imagenet")
IMAGENET_MEAN_BGR = (0.406, 0.456, 0.485)
IMAGENET_STD_BGR = (0.225, 0.224, 0.229)
"""In levels over 255, blue first. Source: torchvision's ImageNet transforms, there red first."""


class Normalization(nn.Module):
    """(x - mean) / std for each colour; both are buffers, so that checkpoints and model files carry them.

    Fresh, it holds ImageNet's statistics; `set_statistics` puts others in their place.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", 255 * torch.tensor(IMAGENET_MEAN_BGR).view(3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(IMAGENET_STD_BGR).view(3, 1, 1))

    def set_statistics(self, mean_bgr: Tensor, std_bgr: Tensor) -> None:
        """Take these (3,) statistics, in levels from 0 to 255, blue first.

        Raises:
            ValueError: a deviation is not above 0: every picture has the same colour.
        """
        if not bool((std_bgr > 0).all()):
            raise ValueError("a colour is the same in every pixel of the data: its deviation cannot be divided by")
        self.mean.copy_(mean_bgr.view(3, 1, 1))
        self.std.copy_(std_bgr.view(3, 1, 1))

    def forward(self, levels: Tensor) -> Tensor:
        """(N, 3, H, W) of (N, 3, H, W) levels."""
        return (levels - self.mean) / self.std


def build_normalization(name: str) -> Normalization | None:
    """What `--normalize` asks for; None for `none`, where each network scales in its own way.

    Raises:
        ValueError: the name is none of `NORMALIZATIONS`.
    """
    if name not in NORMALIZATIONS:
        raise ValueError(f"unknown normalization {name}; known: {', '.join(NORMALIZATIONS)}")
    return None if name == "none" else Normalization()


def read_levels(crop_bgr: Tensor, dtype: torch.dtype, normalization: Normalization | None) -> Tensor:
    """(N, 3, H, W) network input of (N, H, W, 3) uint8 crops: normalized, or from 0 to 1."""
    levels = crop_bgr.to(dtype).permute(0, 3, 1, 2)
    return levels / 255 if normalization is None else normalization(levels)


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """The same with zeros at the right and the bottom, so that H and W divide."""
    height, width = x.shape[2:]
    pad_right = math.ceil(width / multiple) * multiple - width
    pad_bottom = math.ceil(height / multiple) * multiple - height
    return F.pad(x, (0, pad_right, 0, pad_bottom))
