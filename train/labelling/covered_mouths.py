"""Whether a mask covers the mouth of a face in a photo of masked people: in a crowd, some faces wear none."""

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage
from train.data.label_set import MARGIN_PX

SKIN_BOX = (76, 72, 102, 108)
"""Between the eyes and along the bridge of the nose, above any mask: box_xyxy in the crop of the tight layout."""
MOUTH_BOX = (62, 142, 116, 186)
LEAST_COLOR_DISTANCE = 10.0
"""In CIELAB's a and b, of the boxes' medians. On a sheet of 40 faces of photos of masked people, spread over all
distances, everything above was a mask; below were bare mouths, and masks of the skin's colour."""


def mouth_is_covered(canvas_bgr: BgrImage) -> bool:
    """Whether what lies over the mouth has surely not the skin's colour; False also in a grey photo.

    Args:
        canvas_bgr: (314, 274, 3) uint8 of the tight layout.
    """
    return color_distance(canvas_bgr) >= LEAST_COLOR_DISTANCE


def color_distance(canvas_bgr: BgrImage) -> float:
    """Distance in a and b of CIELAB, light left out, of the mouth's surroundings from the skin between the eyes."""
    skin, mouth = (_median_ab(canvas_bgr, box) for box in (SKIN_BOX, MOUTH_BOX))
    return float(np.linalg.norm(skin - mouth))


def _median_ab(canvas_bgr: BgrImage, box: tuple[int, int, int, int]) -> npt.NDArray[np.float64]:
    left, top, right, bottom = (edge + MARGIN_PX for edge in box)
    lab = cv2.cvtColor(canvas_bgr[top:bottom, left:right], cv2.COLOR_BGR2LAB)
    median: npt.NDArray[np.float64] = np.median(lab[:, :, 1:].reshape(-1, 2), axis=0)
    return median
