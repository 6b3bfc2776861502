"""Landmarks to label map and crop points. Pure: no model, no file."""

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage, Points
from realtime.core.regions import COLORS_BGR, Region
from train.labelling.landmarks import (
    EYE_OUTLINE,
    IRIS_CENTER,
    IRIS_EDGE,
    IRIS_OF_EYE,
    LOWER_LIP_BOTTOM,
    LOWER_LIP_TOP,
    MOUTH_OUTLINE,
    UPPER_LIP_BOTTOM,
    UPPER_LIP_TOP,
    Landmarks,
)

OVERSAMPLING = 4
"""Regions are drawn this many times larger than the label map, then reduced."""

CLOSED_EYE_OPENNESS = 0.15
"""Lid distance over eye width under which an eye is closed; `eye_openness` tells how it is measured.

On a sheet of 48 eyes between 0.07 and 0.21, of six sources, nearly all below were closed and all above open."""


def face_points(landmarks: Landmarks) -> Points:
    """(3, 2) centres of the right eye, the left eye and the mouth: the centroids of their outlines.

    The same points come from a mask's own centroids, so a followed face keeps the crop it was labelled with.
    """
    outlines = [EYE_OUTLINE[Region.RIGHT_EYE], EYE_OUTLINE[Region.LEFT_EYE], MOUTH_OUTLINE]
    return np.stack([polygon_centroid(landmarks[list(outline)]) for outline in outlines])


def polygon_centroid(polygon: Points) -> npt.NDArray[np.float64]:
    """(2,) area centroid of a closed polygon; the mean of its corners where the area is nearly nothing."""
    origin: npt.NDArray[np.float64] = polygon.mean(axis=0)
    x, y = (polygon - origin).T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * next_y - next_x * y
    area = cross.sum() / 2
    if abs(area) < 1e-3 * np.ptp(x) * np.ptp(y) + 1e-9:
        return origin
    centroid: npt.NDArray[np.float64] = origin + np.array(
        [((x + next_x) * cross).sum(), ((y + next_y) * cross).sum()]
    ) / (6 * area)
    return centroid


def eye_openness(landmarks: Landmarks, eye: Region) -> float:
    """Mean distance of the lids' three middle point pairs over the distance of the eye's corners; 0 is closed."""
    outline = landmarks[list(EYE_OUTLINE[eye])]
    lower, upper = outline[3:6], outline[13:10:-1]
    width = np.linalg.norm(outline[0] - outline[8])
    return float(np.linalg.norm(lower - upper, axis=1).mean() / max(width, 1e-6))


def draw_label_map(
    landmarks: Landmarks,
    size_wh: tuple[int, int],
    *,
    whole_irises: bool = False,
    closed_below: float = CLOSED_EYE_OPENNESS,
) -> npt.NDArray[np.uint8]:
    """The label map of one face; a closed eye is background.

    Args:
        landmarks: (478, 2) in the label map's own pixels.
        size_wh: its size.
        whole_irises: draw the discs also where lids cover them, or the eye is closed, as the first seed did.
        closed_below: openness under which an eye is closed; 0 draws every eye as it is.

    Returns:
        (H, W) uint8 region ids: per pixel the region that covers most of it.
    """
    size = (size_wh[1] * OVERSAMPLING, size_wh[0] * OVERSAMPLING)
    large = np.zeros(size, np.uint8)
    for eye, outline in EYE_OUTLINE.items():
        is_open = eye_openness(landmarks, eye) >= closed_below
        if not (is_open or whole_irises):
            continue
        opening = fill_polygon(landmarks[list(outline)], size)
        disc = iris_disc(landmarks, IRIS_OF_EYE[eye], size)
        large[opening] = eye
        large[disc if whole_irises else opening & disc] = IRIS_OF_EYE[eye]
    large[fill_polygon(landmarks[list(UPPER_LIP_BOTTOM + LOWER_LIP_TOP[-2:0:-1])], size)] = Region.MOUTH_INSIDE
    large[fill_polygon(landmarks[list(UPPER_LIP_TOP + UPPER_LIP_BOTTOM[::-1])], size)] = Region.UPPER_LIP
    large[fill_polygon(landmarks[list(LOWER_LIP_TOP + LOWER_LIP_BOTTOM[::-1])], size)] = Region.LOWER_LIP
    return reduce_label_map(large)


def iris_disc(landmarks: Landmarks, iris: Region, shape_hw: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The whole disc of an iris on the enlarged map, also where a lid covers it."""
    center = landmarks[IRIS_CENTER[iris]]
    radius = np.linalg.norm(landmarks[list(IRIS_EDGE[iris])] - center, axis=1).mean()
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return fill_polygon(center + radius * np.column_stack([np.cos(angle), np.sin(angle)]), shape_hw)


def fill_polygon(polygon: Points, shape_hw: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The enlarged pixels whose centres lie inside a polygon that is given in label map pixels.

    Neighbours that share an edge share no pixel and leave none out; where a polygon crosses itself, what is inside
    twice is outside. cv2.fillPoly paints the rim, too: discs of 6 pixels radius come out 6 % too large.
    """
    filled = np.zeros(shape_hw, bool)
    corners = polygon * OVERSAMPLING - 0.5  # now the first pixel's centre is (0, 0)
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, shape_hw[::-1]).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, shape_hw[::-1]).astype(int)
    (x, y), (next_x, next_y) = corners.T, np.roll(corners, -1, axis=0).T
    # Each edge downwards: who goes along it the other way must cross a row at the same place, to the last bit.
    x, y, next_x, next_y = np.where(y <= next_y, (x, y, next_x, next_y), (next_x, next_y, x, y))
    rows = np.arange(top, bottom)[:, None]
    row, edge = np.nonzero((y <= rows) != (next_y <= rows))
    share = (row + top - y[edge]) / (next_y - y)[edge]
    crossing = np.clip(np.ceil(x[edge] + share * (next_x - x)[edge]), left, right).astype(int) - left
    flips = np.zeros((bottom - top, right - left + 1), np.uint8)
    np.add.at(flips, (row, crossing), 1)
    filled[top:bottom, left:right] = np.cumsum(flips[:, :-1], axis=1, dtype=np.uint8) % 2 == 1
    return filled


def reduce_label_map(large: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(4H, 4W) ids to (H, W): the id with the largest area in each pixel, the lower id where two tie."""
    size_wh = (large.shape[1] // OVERSAMPLING, large.shape[0] // OVERSAMPLING)
    ids = np.unique(large)
    shares = [cv2.resize((large == one).astype(np.float32), size_wh, interpolation=cv2.INTER_AREA) for one in ids]
    label_map: npt.NDArray[np.uint8] = ids[np.argmax(shares, axis=0)]
    return label_map


CLOSED_MOUTH_OPENNESS, OPEN_MOUTH_OPENNESS = 0.04, 0.10
"""Lips' distance over mouth width under which a mouth is closed, and from which it is open; between, nobody knows.

`mouth_openness` tells how it is measured."""


def mouth_openness(landmarks: Landmarks) -> float:
    """Mean distance of the lips' three middle point pairs over that of the mouth's inner corners; 0 is closed."""
    upper, lower = landmarks[list(UPPER_LIP_BOTTOM)], landmarks[list(LOWER_LIP_TOP)]
    width = np.linalg.norm(upper[0] - upper[-1])
    return float(np.linalg.norm(upper[4:7] - lower[4:7], axis=1).mean() / max(width, 1e-6))


def mouth_is_closed(landmarks: Landmarks) -> bool:
    """Whether the lips surely touch."""
    return mouth_openness(landmarks) < CLOSED_MOUTH_OPENNESS


def mouth_is_in_doubt(landmarks: Landmarks) -> bool:
    """Whether a mouth may be closed although its landmarks are a little open."""
    return CLOSED_MOUTH_OPENNESS <= mouth_openness(landmarks) < OPEN_MOUTH_OPENNESS


def close_lips(landmarks: Landmarks) -> Landmarks:
    """The same (478, 2) landmarks, with a closed mouth's inner edges on the line midway between them."""
    if not mouth_is_closed(landmarks):
        return landmarks
    closed = landmarks.copy()
    upper, lower = list(UPPER_LIP_BOTTOM), list(LOWER_LIP_TOP)
    closed[upper] = closed[lower] = (landmarks[upper] + landmarks[lower]) / 2
    return closed


COLOR_SHARE = 0.55
KNOWN_IN_PART_BGR = (255, 255, 255)
"""Of pixels that may be one of several regions."""


def tint(photo_bgr: BgrImage, label_map: npt.NDArray[np.uint8]) -> BgrImage:
    """The photo with each region's colour laid over it."""
    color_of = np.full((256, 3), KNOWN_IN_PART_BGR, np.uint8)
    color_of[: len(Region)] = [COLORS_BGR[region] for region in Region]
    color_bgr = color_of[label_map]
    blended = photo_bgr * (1 - COLOR_SHARE) + color_bgr * COLOR_SHARE
    return BgrImage(np.where(label_map[:, :, None] > 0, blended, photo_bgr).astype(np.uint8))
