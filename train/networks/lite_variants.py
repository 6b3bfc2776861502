"""`unet-lite` changed in one thing each, as `python -m train study networks` compares them."""

import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.normalization import Normalization
from train.networks.unet_lite import COLOR_SCALE, LOGIT_LIMIT, ConvBn, UNetLite, separable

FINE_CHANNELS = 8


class LargeKernels(UNetLite):
    """Depthwise 5x5 in the encoder, where the live network has 3x3."""

    def __init__(self, region_count: int, width: int = 16, normalization: Normalization | None = None) -> None:
        super().__init__(region_count, width, normalization)
        for part in [part for part in self.encoder.modules() if isinstance(part, ConvBn)]:
            was = part[0]
            if isinstance(was, nn.Conv2d) and was.groups > 1:
                size = was.in_channels
                part[0] = nn.Conv2d(size, size, 5, was.stride[0], 2, groups=size, bias=False)


class Attentive(UNetLite):
    """Channel attention behind the two deepest levels."""

    def __init__(self, region_count: int, width: int = 16, normalization: Normalization | None = None) -> None:
        super().__init__(region_count, width, normalization)
        for level, channels in ((-2, 8 * width), (-1, 16 * width)):
            self.encoder[level] = nn.Sequential(self.encoder[level], ChannelAttention(channels))


class ChannelAttention(nn.Module):
    """Squeeze and excitation. Source: arXiv:1709.01507."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W), each channel times a share in [0, 1]."""
        share: Tensor = self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))).sigmoid()
        return x * share


class Shallow(UNetLite):
    """Without the deepest level."""

    def __init__(self, region_count: int, width: int = 16, normalization: Normalization | None = None) -> None:
        super().__init__(region_count, width, normalization)
        self.encoder = self.encoder[:-1]
        self.decoder = self.decoder[1:]


class Refined(UNetLite):
    """A second block at half resolution behind the decoder."""

    def __init__(self, region_count: int, width: int = 16, normalization: Normalization | None = None) -> None:
        super().__init__(region_count, width, normalization)
        self.refine = nn.Sequential(self.refine, separable(width, width))


class FineSkip(UNetLite):
    """A thin skip at full resolution: two convolutions of the crop itself, added to the logits."""

    def __init__(self, region_count: int, width: int = 16, normalization: Normalization | None = None) -> None:
        super().__init__(region_count, width, normalization)
        self.fine = nn.Sequential(ConvBn(3, FINE_CHANNELS, 3), nn.Conv2d(FINE_CHANNELS, region_count, 1))

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """As of `UNetLite`."""
        levels = crop_bgr.to(self.stem_conv.weight.dtype).permute(0, 3, 1, 2) * COLOR_SCALE
        logits: Tensor = super().forward(crop_bgr) + self.fine(levels)
        return logits.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)


class Bilinear(UNetLite):
    """Logits at half resolution, made twice as large, where the live network has sub-pixels."""

    def __init__(self, region_count: int, width: int = 16, normalization: Normalization | None = None) -> None:
        super().__init__(region_count, width, normalization)
        self.head = nn.Conv2d(width, region_count, 1)

    def to_full_size(self, logits: Tensor) -> Tensor:
        """(N, region_count, 2H, 2W)."""
        return F.interpolate(logits, scale_factor=2, mode="bilinear")


VARIANTS = {
    "unet-lite-kernel-5": LargeKernels,
    "unet-lite-attention": Attentive,
    "unet-lite-shallow": Shallow,
    "unet-lite-refined": Refined,
    "unet-lite-fine-skip": FineSkip,
    "unet-lite-bilinear": Bilinear,
}
"""By the name each is asked for by."""
