"""The first seed's network: the classic UNet with batch norm and transposed convolutions."""

import torch
from torch import Tensor, nn

from train.networks.normalization import Normalization, pad_to_multiple, read_levels
from train.networks.unet_lite import LOGIT_LIMIT, ConvBn

STRIDE = 16
"""Of the deepest level: the crop is padded to divide by it, and the logits are cut back."""


def double_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """Twice a 3x3 convolution with batch norm and ReLU."""
    return nn.Sequential(ConvBn(in_channels, out_channels, 3), ConvBn(out_channels, out_channels, 3))


class UNet(nn.Module):
    """Four halvings and four doublings of the crop; skips are concatenated.

    Args:
        region_count: channels of the output.
        width: channels of the first level; at 64, as in the seed, the levels have 64, 128, 256, 512 and 1024 and the
            network 31.0 million parameters.
        normalization: of the colours; levels are only brought to 0..1 without it.

    Source: arXiv:1505.04597, with batch norm, and zeros around each convolution so that sizes stay.
    """

    def __init__(self, region_count: int, width: int = 64, normalization: Normalization | None = None) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        self.normalization = normalization
        self.encoder = nn.ModuleList(
            double_conv(narrow, wide) for narrow, wide in zip([3, *widths[:-1]], widths, strict=True)
        )
        self.halve = nn.MaxPool2d(2)
        self.doublings = nn.ModuleList(nn.ConvTranspose2d(2 * wide, wide, 2, 2) for wide in widths[-2::-1])
        self.decoder = nn.ModuleList(double_conv(2 * wide, wide) for wide in widths[-2::-1])
        self.head = nn.Conv2d(width, region_count, 1)

    def encoder_stages(self) -> list[nn.Module]:
        """The parts of the encoder, first to last."""
        return list(self.encoder)

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """Logits of every pixel.

        Args:
            crop_bgr: (N, H, W, 3) uint8, of any size.

        Returns:
            (N, region_count, H, W), within `LOGIT_LIMIT`, in the precision of the weights.
        """
        height, width = crop_bgr.shape[1:3]
        x = pad_to_multiple(read_levels(crop_bgr, self.head.weight.dtype, self.normalization), STRIDE)
        skips: list[Tensor] = []
        for stage in self.encoder:
            x = stage(self.halve(skips[-1]) if skips else x)
            skips.append(x)
        skips.pop()
        for double, stage in zip(self.doublings, self.decoder, strict=True):
            x = stage(torch.cat([skips.pop(), double(x)], 1))
        logits: Tensor = self.head(x)[:, :, :height, :width]
        return logits.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
