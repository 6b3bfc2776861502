"""How a picture is moved within its crop, and how what is seen there comes back."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, shift_matrix
from train.data.label_set import MARGIN_PX

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Move:
    """A turn, a scaling and a shift about the crop's centre.

    Attributes:
        angle_deg: counter-clockwise as seen.
        scale: above 1 the picture becomes larger.
        shift_px: (2,) crop pixels by which it goes right and down.
    """

    angle_deg: float = 0.0
    scale: float = 1.0
    shift_px: npt.ArrayLike = (0.0, 0.0)

    def matrix(self) -> Matrix:
        """(2, 3) canvas to crop for cv2.warpAffine."""
        angle = np.deg2rad(self.angle_deg)
        linear = self.scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        center = np.array(CROP_SIZE_WH) / 2
        shift = center + np.asarray(self.shift_px) - linear @ (center + MARGIN_PX)
        return shift_matrix(np.column_stack([linear, shift]), by=0.5)


def bring_back(channels: npt.NDArray[np.float32], matrix: Matrix) -> npt.NDArray[np.float32]:
    """(C, 218, 178) of the moved crop as the unmoved one has it; 0 where the moved one ends.

    Args:
        channels: (C, 218, 178) of the moved crop.
        matrix: (2, 3) canvas to crop, by which it was moved.
    """
    in_crop = matrix.copy()
    in_crop[:, 2] += matrix[:, :2] @ (MARGIN_PX, MARGIN_PX)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    back: npt.NDArray[np.float32] = np.stack(
        [cv2.warpAffine(channel, in_crop, CROP_SIZE_WH, flags=flags) for channel in channels]
    )
    return back
