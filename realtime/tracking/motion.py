"""How a face drifts within its crop from frame to frame, seen in the pixels alone."""

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import shift_matrix
from realtime.core.preprocess import BgrImage

GRID_PX = np.array([(x, y) for y in range(33, 90, 11) for x in range(18, 72, 13)], np.float32)[:, None]
"""(30, 1, 2) points of the halved crop, over eyes, nose and mouth; those on smooth skin drop out."""
WINDOW_WH = (9, 9)
STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 5, 0.03)
LEAST_TEXTURE = 1e-3
LEAST_POINTS = 8
MAX_OFF_PX = 0.6
"""A point further from the common motion than this is no part of it: a lid, a lip, a hand."""


class CropMotion:
    """The drift between one crop of a face and the next: what is left of its motion because the crop comes late.

    Pyramidal Lucas-Kanade on a fixed grid of the crop at half its size, then a similarity transform by RANSAC.
    Source: Bouguet, Pyramidal implementation of the Lucas Kanade feature tracker, Intel 2000.
    """

    def __init__(self) -> None:
        self._gray = np.zeros((0, 0), np.uint8)

    def follow(self, crop_bgr: BgrImage) -> npt.NDArray[np.float64] | None:
        """The drift since the last call.

        Args:
            crop_bgr: (H, W, 3) uint8. Read, never kept.

        Returns:
            (2, 3) from the last crop to this one, as cv2.warpAffine takes it (first pixel's centre at (0, 0)); None on
            the first call, and where too few points can be followed: a cut, a hand over the face, the dark.
        """
        before = self._gray
        half_wh = (crop_bgr.shape[1] // 2, crop_bgr.shape[0] // 2)
        half = cv2.resize(crop_bgr, half_wh, interpolation=cv2.INTER_AREA)
        self._gray = now = cv2.cvtColor(half, cv2.COLOR_BGR2GRAY)
        if before.shape != now.shape:
            return None
        places, is_found, _ = cv2.calcOpticalFlowPyrLK(
            before, now, GRID_PX, None, winSize=WINDOW_WH, maxLevel=1, criteria=STOP, minEigThreshold=LEAST_TEXTURE
        )
        is_found = is_found[:, 0] == 1
        if np.count_nonzero(is_found) < LEAST_POINTS:
            return None
        cv2.setRNGSeed(1)  # RANSAC draws: the same video gives the same masks
        drift, is_common = cv2.estimateAffinePartial2D(
            GRID_PX[is_found], places[is_found], ransacReprojThreshold=MAX_OFF_PX, refineIters=2
        )
        if drift is None or np.count_nonzero(is_common) < LEAST_POINTS:
            return None
        full_size = shift_matrix(drift, by=-0.5) * [[1, 1, 2], [1, 1, 2]]
        return shift_matrix(full_size, by=0.5)
