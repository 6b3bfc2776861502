"""Parts of outlined faces that something covers, as a person saw them: what people drew there is a guess."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realtime.core.regions import PARTS, Region
from train.data.partial_labels import LEFT_EYE_WHOLE, MOUTH_WHOLE, RIGHT_EYE_WHOLE, UNKNOWN

HIDDEN, PARTLY = "hidden", "partly"
"""Nothing of the part shows; some of it does."""
_RIGHT, _LEFT, _MOUTH = (
    (*part, whole) for part, whole in zip(PARTS, (RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE, MOUTH_WHOLE), strict=True)
)
IDS_OF_PARTS = {"right_eye": _RIGHT, "left_eye": _LEFT, "eyes": _RIGHT + _LEFT, "mouth": _MOUTH}
"""Label ids of what a line of the list can name."""


class HiddenPart(NamedTuple):
    """One line of the list: which part of a face is covered, of `IDS_OF_PARTS`, and whether some of it shows."""

    part: str
    how: str


HiddenParts = dict[str, list[HiddenPart]]
"""By `FOLDER/FILE` of the photo."""


def read_hidden(path: Path | None) -> HiddenParts:
    """The list in a text file; empty where there is no file.

    A line is `FOLDER/FILE PART hidden|partly`; what stands behind a # is a remark.

    Raises:
        ValueError: a line is something else.
        OSError: the file cannot be read.
    """
    hidden: HiddenParts = {}
    for number, line in enumerate(path.read_text().splitlines() if path else [], 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if (
            len(words) != 3
            or words[0].count("/") != 1
            or words[1] not in IDS_OF_PARTS
            or words[2] not in (HIDDEN, PARTLY)
        ):
            parts = "|".join(IDS_OF_PARTS)
            raise ValueError(f"{path}:{number}: not FOLDER/FILE {parts} {HIDDEN}|{PARTLY}")
        hidden.setdefault(words[0], []).append(HiddenPart(*words[1:]))
    return hidden


def hide_parts(label_map: npt.NDArray[np.uint8], hidden: Sequence[HiddenPart]) -> npt.NDArray[np.uint8]:
    """The label map with hidden parts as background, and partly hidden ones as unknown.

    Args:
        label_map: (H, W) uint8 label ids. Read, never kept.
        hidden: of this face.
    """
    seen = label_map.copy()
    for part, how in hidden:
        seen[np.isin(label_map, IDS_OF_PARTS[part])] = Region.BACKGROUND if how == HIDDEN else UNKNOWN
    return seen
