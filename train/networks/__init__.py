"""The networks, one whole file each, and the name each is asked for by."""

from torch import nn

from train.networks.finder import FinderNet
from train.networks.lite_variants import VARIANTS
from train.networks.normalization import build_normalization
from train.networks.unet import UNet
from train.networks.unet_lite import UNetLite
from train.networks.unet_resnet34 import UNetResNet34

PRETRAINABLE = "unet-resnet34"
SEGMENTERS = ("unet-lite", "unet", PRETRAINABLE)
FACE_FINDER = "face-finder"
ARCHITECTURES = (*SEGMENTERS, *VARIANTS, FACE_FINDER)
DEFAULT_WIDTHS = {"unet-lite": 16, "unet": 64, PRETRAINABLE: 64, FACE_FINDER: 16, **dict.fromkeys(VARIANTS, 16)}


def build_network(arch: str, region_count: int, width: int, normalize: str = "none") -> nn.Module:
    """A network with fresh weights.

    Args:
        arch: one of `ARCHITECTURES`.
        region_count: channels of a segmenter's output; the face finder takes none.
        width: channels of its first level.
        normalize: one of `NORMALIZATIONS`, for a segmenter; `dataset` wants its statistics set.

    Raises:
        ValueError: no network or normalization has this name, or the face finder is to be normalized.
    """
    normalization = build_normalization(normalize)
    if arch == FACE_FINDER:
        if normalization:
            raise ValueError(f"the {FACE_FINDER} takes colours as they are: no normalization {normalize}")
        return FinderNet(width)
    if arch == "unet-lite" or arch in VARIANTS:
        return VARIANTS.get(arch, UNetLite)(region_count, width, normalization)
    if arch == "unet":
        return UNet(region_count, width, normalization)
    if arch == PRETRAINABLE:
        return UNetResNet34(region_count, width, normalization)
    raise ValueError(f"unknown network {arch}; known: {', '.join(ARCHITECTURES)}")
