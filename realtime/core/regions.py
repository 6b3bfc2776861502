"""The regions a label map can hold: ids, colours, groups, and who becomes whom in a mirror."""

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Region(IntEnum):
    """Label map ids. Left and right are the subject's own. An eye is the visible eyeball less its iris."""

    BACKGROUND = 0
    RIGHT_EYE = 1
    LEFT_EYE = 2
    RIGHT_IRIS = 3
    LEFT_IRIS = 4
    UPPER_LIP = 5
    LOWER_LIP = 6
    MOUTH_INSIDE = 7


COLORS_BGR: dict[Region, tuple[int, int, int]] = {
    Region.BACKGROUND: (0, 0, 0),
    Region.RIGHT_EYE: (255, 200, 60),
    Region.LEFT_EYE: (120, 220, 60),
    Region.RIGHT_IRIS: (255, 90, 0),
    Region.LEFT_IRIS: (0, 140, 0),
    Region.UPPER_LIP: (120, 60, 255),
    Region.LOWER_LIP: (60, 30, 200),
    Region.MOUTH_INSIDE: (60, 200, 255),
}

MIRROR: dict[Region, Region] = {
    Region.RIGHT_EYE: Region.LEFT_EYE,
    Region.LEFT_EYE: Region.RIGHT_EYE,
    Region.RIGHT_IRIS: Region.LEFT_IRIS,
    Region.LEFT_IRIS: Region.RIGHT_IRIS,
}

REGION_GROUPS: dict[str, tuple[Region, ...]] = {
    "iris": (Region.RIGHT_IRIS, Region.LEFT_IRIS),
    "eyes": (Region.RIGHT_EYE, Region.LEFT_EYE),
    "lips": (Region.UPPER_LIP, Region.LOWER_LIP),
    "mouth": (Region.MOUTH_INSIDE,),
}

PARTS: tuple[tuple[Region, ...], ...] = (
    (Region.RIGHT_EYE, Region.RIGHT_IRIS),
    (Region.LEFT_EYE, Region.LEFT_IRIS),
    (Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE),
)
"""The regions whose common centroid is each of the crop's three points: right eye, left eye, mouth."""

_MIRRORED_ID = np.array([MIRROR.get(region, region) for region in Region], np.uint8)


def region_name(region: Region) -> str:
    """The name written into model files and tables: ``right_eye``."""
    return region.name.lower()


def regions_from_names(names: Iterable[str]) -> tuple[Region, ...]:
    """The regions of these names, in order.

    Raises:
        ValueError: a name is unknown; the message lists the known ones.
    """
    known = {region_name(region): region for region in Region}
    names = list(names)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"unknown region {', '.join(unknown)}; known: {', '.join(known)}")
    return tuple(known[name] for name in names)


def mirror_label_map(label_map: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The label map of the mirrored picture: flipped left to right, left and right ids swapped.

    Args:
        label_map: (..., H, W) uint8 region ids.
    """
    return _MIRRORED_ID[label_map[..., ::-1]]
