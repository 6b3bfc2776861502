"""One channel for a region's right and left: the network says what it is, the half of the crop which side."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from realtime.regions import MIRROR, Region
from train.models.unet_lite import LOGIT_LIMIT


def shared_channels(regions: Sequence[Region]) -> list[int]:
    """For each region the channel that it shares with its mirror image; channels count in the regions' order."""
    first = {region: min(region, MIRROR.get(region, region)) for region in regions}
    order = list(dict.fromkeys(first.values()))
    return [order.index(first[region]) for region in regions]


class SharedSides(nn.Module):
    """A segmenter of fewer channels, spread over the regions: a right one has no chance in the crop's right half.

    An aligned crop has the subject's right eye left of its middle, so nothing is lost, and a network that need not
    learn sides learns sooner from few photos.

    Args:
        network: its output has one channel for each of `shared_channels`.
        regions: of this module's own output, in order.
    """

    def __init__(self, network: nn.Module, regions: Sequence[Region]) -> None:
        super().__init__()
        self.network = network
        self.normalization = network.normalization
        self._channels = shared_channels(regions)
        self._sides = [_side(region) for region in regions]

    def encoder_stages(self) -> list[nn.Module]:
        """Those of the network."""
        stages: list[nn.Module] = self.network.encoder_stages()  # type: ignore[operator]  # every segmenter has it
        return stages

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """(N, C, H, W) logits of (N, H, W, 3) uint8 crops; `-LOGIT_LIMIT` on the other side."""
        logits: Tensor = self.network(crop_bgr)[:, self._channels]
        width = logits.shape[3]
        is_right_half = torch.arange(width, device=logits.device) >= width / 2
        sides = torch.tensor(self._sides, device=logits.device).view(-1, 1, 1)
        is_elsewhere = torch.where(is_right_half, sides < 0, sides > 0)
        return torch.where(is_elsewhere, torch.full_like(logits[:1, :1, :1, :1], -LOGIT_LIMIT), logits)


def _side(region: Region) -> int:
    """-1 for the subject's right, which is the crop's left half; 1 for its left; 0 for a region with one place."""
    mirrored = MIRROR.get(region, region)
    return 0 if mirrored == region else -1 if region < mirrored else 1
