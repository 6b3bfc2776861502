"""The second seed's network: a UNet whose encoder is ResNet34, so that ImageNet's weights can start it."""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.networks.normalization import Normalization, pad_to_multiple, read_levels
from train.networks.unet_lite import LOGIT_LIMIT, ConvBn

IMAGENET = "imagenet"
IMAGENET_URL = "https://download.pytorch.org/models/resnet34-b627a593.pth"
"""torchvision's ResNet34_Weights.IMAGENET1K_V1; the name holds the first digits of its SHA-256."""
BLOCKS = (3, 4, 6, 3)
STRIDE = 32
"""Of the deepest level: the crop is padded to divide by it, and the logits are cut back."""


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input passes, through a 1x1 convolution where its size changes."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample: nn.Module | None = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, out_channels, H / stride, W / stride) of (N, in_channels, H, W)."""
        kept = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + kept)


class ResNet34Encoder(nn.Module):
    """ResNet34 without its classifier; the names of its weights are torchvision's.

    Source: arXiv:1512.03385, table 1; the stride of a block stands in its first 3x3 convolution, as in torchvision.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.widths = [width, width, 2 * width, 4 * width, 8 * width]
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(
                BasicBlock(narrow, wide, 1 if level == 0 else 2), *(BasicBlock(wide, wide) for _ in range(blocks - 1))
            )
            for level, (narrow, wide, blocks) in enumerate(zip(self.widths, self.widths[1:], BLOCKS, strict=False))
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, rgb: Tensor) -> list[Tensor]:
        """Features at strides 2, 4, 8, 16 and 32 of (N, 3, H, W), red first."""
        features = [F.relu(self.bn1(self.conv1(rgb)))]
        x = F.max_pool2d(features[0], 3, 2, 1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            features.append(x)
        return features


class ConcatUpStage(nn.Module):
    """Twice the size by repeating pixels, the skip beside it, two 3x3 convolutions."""

    def __init__(self, in_channels: int, skip_channels: int, out_channels: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            ConvBn(in_channels + skip_channels, out_channels, 3), ConvBn(out_channels, out_channels, 3)
        )

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        """(N, out_channels, 2H, 2W) of (N, in_channels, H, W)."""
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        mixed: Tensor = self.mix(x if skip is None else torch.cat([x, skip], 1))
        return mixed


class UNetResNet34(nn.Module):
    """Crops in, logits out; the encoder halves five times, the decoder comes back to every pixel.

    Args:
        region_count: channels of the output.
        width: channels after the first convolution; pretrained weights fit 64 only.
        normalization: of the colours; levels are only brought to 0..1 without it.
    """

    def __init__(self, region_count: int, width: int = 64, normalization: Normalization | None = None) -> None:
        super().__init__()
        self.normalization = normalization
        self.encoder = ResNet34Encoder(width)
        skips = [*self.encoder.widths[-2::-1], 0]
        outs = [4 * width, 2 * width, width, width, max(1, width // 2)]
        ins = [8 * width, *outs[:-1]]
        self.decoder = nn.ModuleList(ConcatUpStage(*channels) for channels in zip(ins, skips, outs, strict=True))
        self.head = nn.Conv2d(outs[-1], region_count, 1)

    def encoder_stages(self) -> list[nn.Module]:
        """The parts of the encoder, first to last."""
        encoder = self.encoder
        first = nn.ModuleList([encoder.conv1, encoder.bn1])
        return [first, encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4]

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """Logits of every pixel.

        Args:
            crop_bgr: (N, H, W, 3) uint8, of any size.

        Returns:
            (N, region_count, H, W), within `LOGIT_LIMIT`, in the precision of the weights.
        """
        height, width = crop_bgr.shape[1:3]
        levels = read_levels(crop_bgr, self.head.weight.dtype, self.normalization)
        *skips, x = self.encoder(pad_to_multiple(levels[:, [2, 1, 0]], STRIDE))
        for stage, skip in zip(self.decoder, [*skips[::-1], None], strict=True):
            x = stage(x, skip)
        logits: Tensor = self.head(x)[:, :, :height, :width]
        return logits.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)


def load_encoder_weights(encoder: ResNet34Encoder, path_or_name: str) -> None:
    """Start the encoder from a ResNet34 state dict, as torchvision publishes it; its classifier is left out.

    Args:
        encoder: changed in place.
        path_or_name: a file, or `imagenet` for torchvision's own, which torch.hub downloads once and checks.

    Raises:
        ValueError: the file is missing, broken, or not a ResNet34 of this width.
        OSError: the download failed.
    """
    state = download_imagenet() if path_or_name == IMAGENET else read_state_dict(Path(path_or_name))
    kept = {name: value for name, value in state.items() if not name.startswith("fc.")}
    try:
        encoder.load_state_dict(kept)
    except RuntimeError as error:
        reasons: Sequence[str] = [line.strip() for line in str(error).splitlines()[1:]]
        raise ValueError(
            f"{path_or_name}: not the weights of a ResNet34 {encoder.widths[0]} channels wide ({reasons[0]})"
        ) from None


def download_imagenet() -> dict[str, Tensor]:
    """Torchvision's state dict, from torch.hub's cache where it lies there already.

    Raises:
        OSError: it cannot be downloaded.
        ValueError: what came has another SHA-256.
    """
    try:
        state: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            IMAGENET_URL, map_location="cpu", check_hash=True, weights_only=True
        )
    except OSError as error:
        raise OSError(
            f"{IMAGENET_URL} cannot be downloaded ({error}): give a file with --encoder-weights PATH, "
            "or train from scratch with --encoder-weights none"
        ) from None
    except RuntimeError as error:
        raise ValueError(f"{IMAGENET_URL}: {error}") from None
    return state


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, by name; no code in it is run.

    Raises:
        ValueError: it is missing, broken, or holds anything else.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such file of encoder weights")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - torch raises UnpicklingError, RuntimeError, EOFError and more
        raise ValueError(f"{path}: not a readable file of weights ({type(error).__name__})") from None
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path}: not a state dict, names to tensors")
    return state
