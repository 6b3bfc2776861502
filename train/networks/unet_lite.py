"""The live network: a UNet of depthwise-separable blocks that works at half the crop's resolution and below.

Written for ONNX Runtime on a CPU. What is unusual in it was measured there: skips are added, not concatenated;
odd sizes are cut by the padding of a convolution, never by a slice; colour is not centred, only scaled, in the
first weights; and each half-resolution pixel's four sub-pixels are put in place by two plain transposes, where
DepthToSpace or Resize would cost as much as the whole decoder.
"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.normalization import Normalization

COLOR_SCALE = 1 / 64
LOGIT_LIMIT = 30.0
"""Logits stay within it, so that softmax needs no pass for the largest one; exp(30) is far from overflow."""


class ConvBn(nn.Sequential):
    """Convolution without bias, batch norm and, where asked, ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        padding: tuple[int, int] | None = None,
        groups: int = 1,
        relu: bool = True,
    ) -> None:
        conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding or kernel // 2, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(out_channels), *([nn.ReLU(inplace=True)] if relu else []))


def separable(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """Depthwise 3x3, then pointwise 1x1. Source: MobileNet, arXiv:1704.04861."""
    return nn.Sequential(
        ConvBn(in_channels, in_channels, 3, stride, groups=in_channels), ConvBn(in_channels, out_channels, 1)
    )


class UpStage(nn.Module):
    """Twice the size, cut to the skip's size by the depthwise convolution's padding, and the skip added."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.narrow = ConvBn(in_channels, out_channels, 1)
        self.smooth = nn.Conv2d(out_channels, out_channels, 3, groups=out_channels, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)
        self.mix = ConvBn(out_channels, out_channels, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(N, out_channels, H, W), as the skip, from x of half that size, rounded up."""
        x = F.interpolate(self.narrow(x), scale_factor=2, mode="nearest")
        cut_y, cut_x = x.shape[2] - skip.shape[2], x.shape[3] - skip.shape[3]
        x = self.norm(self.smooth(F.pad(x, (1, 1 - cut_x, 1, 1 - cut_y))))
        mixed: Tensor = self.mix(F.relu(x + skip))
        return mixed


class UNetLite(nn.Module):
    """Crops in, logits out; colour scaling is inside, so that training and the model file see the same pixels.

    Args:
        region_count: channels of the output.
        width: channels after the stem; each of the four deeper levels doubles them.
        normalization: of the colours; levels are only scaled by `COLOR_SCALE` without it.
    """

    def __init__(self, region_count: int, width: int = 16, normalization: Normalization | None = None) -> None:
        super().__init__()
        self.normalization = normalization
        widths = [width * 2**level for level in range(5)]
        self.region_count = region_count
        self.stem_conv = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.stem = nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        self.encoder = nn.ModuleList(
            nn.Sequential(separable(narrow, wide, 2), separable(wide, wide)) for narrow, wide in pairwise(widths)
        )
        self.decoder = nn.ModuleList(
            UpStage(wide, narrow) for narrow, wide in zip(widths[-2::-1], widths[:0:-1], strict=True)
        )
        self.refine = separable(width, width)
        self.head = nn.Conv2d(width, 4 * region_count, 1)

    def encoder_stages(self) -> list[nn.Module]:
        """The parts of the encoder, first to last."""
        return [nn.ModuleList([self.stem_conv, self.stem]), *self.encoder]

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """Logits of every pixel.

        Args:
            crop_bgr: (N, H, W, 3) uint8; H and W even.

        Returns:
            (N, region_count, H, W), within `LOGIT_LIMIT`, in the precision of the weights.
        """
        weight = self.stem_conv.weight
        levels = crop_bgr.to(weight.dtype).permute(0, 3, 1, 2)
        if self.normalization is None:
            weight = weight * COLOR_SCALE
        else:
            levels = self.normalization(levels)
        skips = [self.stem(F.conv2d(levels, weight, stride=2, padding=1))]
        for stage in self.encoder:
            skips.append(stage(skips[-1]))
        x = skips.pop()
        for up in self.decoder:
            x = up(x, skips.pop())
        return self.to_full_size(self.head(self.refine(x)).clamp(-LOGIT_LIMIT, LOGIT_LIMIT))

    def to_full_size(self, logits: Tensor) -> Tensor:
        """(N, region_count, 2H, 2W) out of the head's output."""
        return place_subpixels(logits, self.region_count)


def place_subpixels(x: Tensor, channels: int) -> Tensor:
    """(N, channels * 2 * 2, H, W) to (N, channels, 2H, 2W): second factor is row parity, third column parity."""
    height, width = x.shape[2:]
    columns = x.reshape(-1, channels * 2, 2, height * width).transpose(2, 3)
    rows = columns.reshape(-1, channels, 2, height, 2 * width).transpose(2, 3)
    return rows.reshape(-1, channels, 2 * height, 2 * width)
