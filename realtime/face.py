"""One face of a frame, as the loop's stages hand it on and as a caller of the Python API gets it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CropTransform, Points
from realtime.core.regions import Region
from realtime.postprocess import Probs, label_crop, region_polygons


@dataclass(frozen=True)
class Face:
    """A face and its masks on the frame they were computed from.

    Attributes:
        number: stays with the face while it is in view; 1 is the first face of the run.
        transform: where the crop lies in the frame, both ways.
        probs: (C, 218, 178) float32 in [0, 1], a channel for each of `regions`. Valid until the segmenter is called
            again; `copy` keeps it.
        regions: of the channels, in order.
    """

    number: int
    transform: CropTransform
    probs: Probs
    regions: tuple[Region, ...]

    @cached_property
    def label_map(self) -> npt.NDArray[np.uint8]:
        """(218, 178) uint8 region ids in the crop. `frame_labels.frame_label_map` brings them to the frame's size."""
        return label_crop(self.probs, self.regions)

    @cached_property
    def polygons(self) -> dict[Region, list[Points]]:
        """Outlines of each region that is seen: (K, 2) points (x, y) in frame pixels, the largest piece first."""
        return region_polygons(self.probs, self.transform, self.regions)

    def copy(self) -> "Face":
        """The same face, with probabilities that stay."""
        return Face(self.number, self.transform, self.probs.copy(), self.regions)
