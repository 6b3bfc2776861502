"""Frame to network input: the crop of a face, and the thumbnail of a frame. Both stay uint8 BGR.

Colour order, scaling, mean and standard deviation are inside the model file's graph.
"""

import math
from typing import NewType

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, Box, CropTransform

BgrImage = NewType("BgrImage", npt.NDArray[np.uint8])
"""(H, W, 3) uint8, blue first, contiguous."""


FINDER_SIDE_PX = 160
"""Side of the square thumbnail that the face finder sees."""


def crop_face(
    frame_bgr: BgrImage,
    crop: CropTransform,
    size_wh: tuple[int, int] = CROP_SIZE_WH,
    out: npt.NDArray[np.uint8] | None = None,
) -> BgrImage:
    """The face turned upright and brought to the crop's size; black where the crop reaches past the frame.

    A crop much smaller than the face in the frame is reduced by area first, or a 4K face would alias.

    Args:
        frame_bgr: (H, W, 3) uint8. Read, never kept.
        crop: where the face is.
        size_wh: the crop's own size; training takes a wider one.
        out: (218, 178, 3) uint8 to write into; a new image where it is not given.

    Returns:
        (218, 178, 3) uint8; `out` where it was given.
    """
    out = np.empty((size_wh[1], size_wh[0], 3), np.uint8) if out is None else out
    frame_wh = (frame_bgr.shape[1], frame_bgr.shape[0])
    reduce = 2 ** max(0, int(math.log2(1 / crop.scale)))
    box = _whole_blocks(crop.frame_box(frame_wh, (0, 0, *size_wh)), reduce, frame_wh)
    if box is None:
        out[:] = 0
        return BgrImage(out)
    left, top, right, bottom = box
    part = frame_bgr[top:bottom, left:right]
    for _ in range(reduce.bit_length() - 1):
        part = cv2.resize(part, (part.shape[1] // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA)
    matrix = crop.pixel_matrix
    shift = (reduce - 1) / 2 + np.array([left, top])  # of a reduced pixel's centre from that of its first pixel
    matrix = np.column_stack([matrix[:, :2] * reduce, matrix[:, :2] @ shift + matrix[:, 2]])
    part = cv2.cvtColor(part, cv2.COLOR_BGR2BGRA)  # OpenCV warps four channels faster than three
    cv2.cvtColor(cv2.warpAffine(part, matrix, size_wh, flags=cv2.INTER_LINEAR), cv2.COLOR_BGRA2BGR, dst=out)
    return BgrImage(out)


def _whole_blocks(box: Box | None, block: int, frame_wh: tuple[int, int]) -> Box | None:
    """The box and a block around it for the interpolation, in whole blocks, which OpenCV halves much faster.

    At the frame's right and bottom edge less than a block is lost, which is less than a pixel of the crop.
    """
    if box is None:
        return None
    left, top = max(0, box[0] - block), max(0, box[1] - block)
    width = (min(frame_wh[0], box[2] + block) - left) // block * block
    height = (min(frame_wh[1], box[3] + block) - top) // block * block
    return (left, top, left + width, top + height) if width and height else None


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
    small = frame_bgr
    while max(small.shape[:2]) >= 2 * side_px and not (small.shape[0] % 2 or small.shape[1] % 2):
        halves = (small.shape[1] // 2, small.shape[0] // 2)  # much faster than one step of any other size
        small = BgrImage(cv2.resize(small, halves, interpolation=cv2.INTER_AREA))
    square = np.zeros((side_px, side_px, 3), np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square[: size_wh[1], : size_wh[0]] = cv2.resize(small, size_wh, interpolation=interpolation)
    return BgrImage(square), scale
