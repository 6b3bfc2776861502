"""The networks, one whole file each, and the name each is asked for by."""

from torch import nn

from train.models.face_finder import FaceFinder
from train.models.unet_lite import UNetLite

SEGMENTERS = ("unet-lite",)
FACE_FINDER = "face-finder"
ARCHITECTURES = (*SEGMENTERS, FACE_FINDER)


def build_network(arch: str, region_count: int, width: int) -> nn.Module:
    """A network with fresh weights.

    Args:
        arch: one of `ARCHITECTURES`.
        region_count: classes of a segmenter, background included; the face finder takes none.
        width: channels of its first level.

    Raises:
        ValueError: no network has this name.
    """
    if arch == FACE_FINDER:
        return FaceFinder(width)
    if arch == "unet-lite":
        return UNetLite(region_count, width)
    raise ValueError(f"unknown network {arch}; known: {', '.join(ARCHITECTURES)}")
