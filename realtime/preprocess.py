"""Frame to network input: the crop of a face, and the thumbnail of a frame. Both stay uint8 BGR.

Colour order, scaling, mean and standard deviation are inside the model file's graph.
"""

from typing import NewType

import cv2
import numpy as np
import numpy.typing as npt

from realtime.geometry import CROP_SIZE_WH, CropTransform

BgrImage = NewType("BgrImage", npt.NDArray[np.uint8])
"""(H, W, 3) uint8, blue first, contiguous."""


FINDER_SIDE_PX = 160
"""Side of the square thumbnail that the face finder sees."""


def crop_face(frame_bgr: BgrImage, crop: CropTransform, size_wh: tuple[int, int] = CROP_SIZE_WH) -> BgrImage:
    """The face turned upright and brought to the crop's size; black where the crop reaches past the frame.

    A crop much smaller than the face in the frame is reduced by area first, or a 4K face would alias.

    Args:
        frame_bgr: (H, W, 3) uint8. Read, never kept.
        crop: where the face is.
        size_wh: the crop's own size; training takes a wider one.

    Returns:
        (218, 178, 3) uint8, owned by the caller.
    """
    matrix = crop.pixel_matrix
    box = crop.frame_box((frame_bgr.shape[1], frame_bgr.shape[0]), size_wh)
    if box is None:
        return BgrImage(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))
    reduce = int(1 / crop.scale)
    if reduce >= 2:
        left, top, right, bottom = box
        part = frame_bgr[top:bottom, left:right]
        reduced_wh = (-(-part.shape[1] // reduce), -(-part.shape[0] // reduce))
        frame_bgr = BgrImage(cv2.resize(part, reduced_wh, interpolation=cv2.INTER_AREA))
        zoom = np.array([part.shape[1] / reduced_wh[0], part.shape[0] / reduced_wh[1]])
        shift = zoom / 2 - 0.5 + (left, top)
        matrix = np.column_stack([matrix[:, :2] * zoom, matrix[:, :2] @ shift + matrix[:, 2]])
    return BgrImage(cv2.warpAffine(frame_bgr, matrix, size_wh, flags=cv2.INTER_LINEAR))


def thumbnail(frame_bgr: BgrImage, side_px: int = FINDER_SIDE_PX) -> tuple[BgrImage, float]:
    """The whole frame, scaled to fit a square and put in its top left corner; the rest is black.

    Args:
        frame_bgr: (H, W, 3) uint8. Read, never kept.
        side_px: side of the square.

    Returns:
        (side_px, side_px, 3) uint8, and thumbnail pixels per frame pixel. A point (x, y) of the thumbnail
        lies at (x, y) / scale in the frame.
    """
    height, width = frame_bgr.shape[:2]
    scale = side_px / max(height, width)
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    square = np.zeros((side_px, side_px, 3), np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square[: size_wh[1], : size_wh[0]] = cv2.resize(frame_bgr, size_wh, interpolation=interpolation)
    return BgrImage(square), scale
