"""How far the outlines of two masks lie apart."""

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def edge_distance_px(one: Mask, other: Mask) -> float:
    """Mean distance from each pixel of one outline to the nearest of the other, both ways; NaN where one is empty.

    Args:
        one: (H, W). Its outline is its pixels with a neighbour, above, below or beside, that is not in it.
        other: the same size.

    Source: average symmetric surface distance, as in Yeghiazaryan and Voiculescu, doi:10.1117/1.JMI.5.1.015006, with
    the mean of the two ways in place of the mean over all pixels.
    """
    if not one.any() or not other.any():
        return float("nan")
    rows, columns = np.nonzero(one | other)
    around = np.s_[max(0, rows.min() - 1) : rows.max() + 2, max(0, columns.min() - 1) : columns.max() + 2]
    first, second = outline(one[around]), outline(other[around])
    return float((_distance_to(second)[first].mean() + _distance_to(first)[second].mean()) / 2)


def outline(mask: Mask) -> Mask:
    """(H, W) pixels of a mask with a neighbour that is not in it; what lies outside the picture is not."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(mask.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    edge: Mask = mask & (inner == 0)
    return edge


def _distance_to(edge: Mask) -> npt.NDArray[np.float32]:
    distance: npt.NDArray[np.float32] = cv2.distanceTransform(
        (~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    return distance
