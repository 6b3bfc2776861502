"""Label ids beyond the regions: of such a pixel only a few regions are ruled out, and only that is learnt."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realtime.core.regions import MIRROR, PARTS, Region

RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE, MOUTH_WHOLE = 8, 9, 10
"""A pixel of the eye, iris or not; a pixel of the mouth, lip or not."""
UNKNOWN = 255
"""A pixel that teaches nothing."""
CANDIDATES: dict[int, tuple[Region, ...]] = {
    **dict(zip((RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE, MOUTH_WHOLE), PARTS, strict=True)),
    UNKNOWN: tuple(Region),
}
"""What a pixel with such an id may be."""

_MIRRORED = np.arange(256, dtype=np.uint8)
_MIRRORED[list(MIRROR)] = list(MIRROR.values())
_MIRRORED[[RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE]] = LEFT_EYE_WHOLE, RIGHT_EYE_WHOLE


def mirror_labels(label_map: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The label map of the mirrored picture, as `realtime.core.regions.mirror_label_map`, with these ids, too."""
    return _MIRRORED[label_map[..., ::-1]]


class Targets(NamedTuple):
    """What the ids of label maps are to a segmenter of C classes.

    Attributes:
        index_of: (256,) int64 class index of each id; from C on the row of `candidates`, plus C.
        candidates: (K, C) bool: which classes a pixel may be that is known in part.
    """

    index_of: npt.NDArray[np.int64]
    candidates: npt.NDArray[np.bool_]

    @classmethod
    def of_classes(cls, regions_of_classes: Sequence[Sequence[Region]]) -> "Targets":
        """Of these C classes, the first of which is what no other one holds.

        An id whose regions all lie in one class is that class: where eye and iris are one, nothing is left open.
        """
        count = len(regions_of_classes)
        class_of = dict.fromkeys(Region, 0)
        for index, regions in enumerate(regions_of_classes[1:], 1):
            class_of.update(dict.fromkeys(regions, index))
        index_of = np.zeros(256, np.int64)
        index_of[list(class_of)] = list(class_of.values())
        rows: list[npt.NDArray[np.bool_]] = []
        for label_id, regions in CANDIDATES.items():
            possible = sorted({class_of[region] for region in regions})
            index_of[label_id] = possible[0]
            if len(possible) > 1:
                index_of[label_id] = count + len(rows)
                rows.append(np.isin(np.arange(count), possible))
        return cls(index_of, np.array(rows))
