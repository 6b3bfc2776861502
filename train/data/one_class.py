"""Several regions as one class: what the class is called, and which region each of its pixels becomes again.

A network that learns all irises, or eyes and lips, as one class is simpler; the crop is aligned, so that the place of
a pixel tells the eyes and the mouth apart. Model files have regions as ever.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from realtime.core.geometry import CROP_SIZE_WH, CropLayout, Points
from realtime.core.regions import PARTS, REGION_GROUPS, Region, region_name, regions_from_names

JOINT = "+"


def class_name(regions: Iterable[Region]) -> str:
    """Of a class of these regions: ``iris``, ``iris+upper_lip``; that of one region is its own."""
    left = list(regions)
    names = []
    for name, group in REGION_GROUPS.items():
        if len(group) > 1 and set(group) <= set(left):
            names.append(name)
            left = [region for region in left if region not in group]
    return JOINT.join([*names, *map(region_name, left)])


def regions_of(name: str) -> tuple[Region, ...]:
    """The regions of a class by its name.

    Raises:
        ValueError: a part of the name is no region.
    """
    members: tuple[Region, ...] = ()
    for part in name.split(JOINT):
        members += REGION_GROUPS.get(part) or regions_from_names([part])
    return members


class Place(nn.Module):
    """Gives each class's probability to one region a place: the class's first at each eye and at the mouth.

    Args:
        class_names: of the incoming channels, in order.
        layout: of the crops; a pixel's place is the nearest of its three points that the class has regions at.

    Attributes:
        regions: of the outgoing channels, in order; a class of one region keeps its channel.
    """

    def __init__(self, class_names: Sequence[str], layout: CropLayout) -> None:
        super().__init__()
        self.layout = layout
        self.regions: list[Region] = []
        channels: list[int] = []
        masks = []
        for channel, name in enumerate(class_names):
            regions = regions_of(name)
            firsts = [next((region for region in part if region in regions), None) for part in PARTS]
            points_px = layout.points_px[[first is not None for first in firsts]] if any(firsts) else np.zeros((1, 2))
            nearest = nearest_point(points_px)
            for index, region in enumerate([first for first in firsts if first] or regions):
                self.regions.append(region)
                channels.append(channel)
                masks.append(nearest == index)
        self.is_needed = len(self.regions) > len(class_names)
        self._channels = nn.Buffer(torch.tensor(channels), persistent=False)
        self._is_here = nn.Buffer(torch.from_numpy(np.reshape(masks, (-1, *CROP_SIZE_WH[::-1]))), persistent=False)

    def forward(self, probs: Tensor) -> Tensor:
        """(N, K, 218, 178) of (N, C, 218, 178); 0 where a region's place is not."""
        if not self.is_needed:
            return probs
        return torch.where(self._is_here, probs.index_select(1, self._channels), 0.0)


def nearest_point(points_px: Points) -> npt.NDArray[np.int64]:
    """(218, 178) which of (K, 2) points each pixel of the crop is nearest to."""
    width, height = CROP_SIZE_WH
    x, y = np.arange(width) + 0.5, np.arange(height)[:, None] + 0.5
    squares = [(x - point[0]) ** 2 + (y - point[1]) ** 2 for point in points_px]
    nearest: npt.NDArray[np.int64] = np.argmin(np.stack(squares), axis=0)
    return nearest
