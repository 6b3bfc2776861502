"""Where a face lies in a crop, and how something is laid over it: what it hides becomes background."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage, Points
from realtime.core.regions import Region
from train.data.partial_labels import CANDIDATES, LEFT_EYE_WHOLE, MOUTH_WHOLE, RIGHT_EYE_WHOLE

LabelMap = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.uint8]
"""(H, W) of 0 where the crop is seen, to 255 where something covers it."""
Levels = npt.NDArray[np.float32]
"""(3,) blue, green and red, 0 to 255."""
Plane = npt.NDArray[np.float32]
"""(H, W) one number for each pixel."""

EYE_DISTANCE_MM, EYES_TO_MOUTH_MM = 63.0, 70.0
"""Of adults, seen from the front; about what Farkas, Anthropometry of the Head and Face, has."""
FEWEST_PIXELS = 15
"""A region with fewer tells nothing of where its middle is."""
SHIFT_BITS = 4  # cv2 draws at sixteenths of a pixel
LEAST_AREA_SHARE = 0.3
"""Of the expected face's, which the face of a head turned aside still has."""
IDS_OF_POINTS = tuple((whole, *CANDIDATES[whole]) for whole in (RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE, MOUTH_WHOLE))
SKIN_TONES_BGR = np.array(
    [(180, 206, 240), (150, 185, 225), (115, 155, 205), (85, 125, 180), (60, 90, 140), (45, 65, 100), (30, 42, 65)]
)


class FacePlace(NamedTuple):
    """Millimetres on a face to crop pixels: the origin is between the eyes, x grows to the picture's right, y down.

    Attributes:
        origin_px: (2,) of the crop.
        linear: (2, 2); a head turned aside is narrower.
    """

    origin_px: npt.NDArray[np.float64]
    linear: npt.NDArray[np.float64]

    @classmethod
    def from_points(cls, face_points: Points) -> "FacePlace":
        """The place of a face with this (3, 2) right eye, left eye and mouth."""
        origin = face_points[:2].mean(axis=0)
        right, down = face_points[1] - face_points[0], face_points[2] - origin
        return cls(origin, np.column_stack([right / EYE_DISTANCE_MM, down / EYES_TO_MOUTH_MM]))

    @property
    def px_per_mm(self) -> float:
        """Along the longer of the two directions."""
        return float(np.linalg.norm(self.linear, axis=0).max())

    def to_crop(self, points_mm: npt.ArrayLike) -> Points:
        """(..., 2) crop pixels of points on the face."""
        points: Points = np.asarray(points_mm, np.float64) @ self.linear.T + self.origin_px
        return points


def find_points(label_map: LabelMap, expected: Points) -> Points:
    """(3, 2) centres of right eye, left eye and mouth: the labels' own, and the expected ones where nothing is seen.

    Those that span no face, or a much smaller one, are what is left of cut off regions: then all are the expected ones.
    """
    points = expected.copy()
    for index, ids in enumerate(IDS_OF_POINTS):
        mask = np.isin(label_map, ids).astype(np.uint8)
        moments = cv2.moments(mask, binaryImage=True)
        if moments["m00"] >= FEWEST_PIXELS:
            points[index] = moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5
    share = spanned_area(points) / spanned_area(expected)
    return points if share > LEAST_AREA_SHARE else expected


def spanned_area(points: Points) -> float:
    """Of a face's three points, in square pixels, twice the triangle; below 0 where right and left are swapped."""
    (x, y), (down_x, down_y) = points[1] - points[0], points[2] - points[0]
    return float(x * down_y - y * down_x)


def grid_mm(crop: BgrImage, place: FacePlace) -> tuple[Plane, Plane]:
    """(H, W) x and (H, W) y of each pixel, in millimetres on the face."""
    inverse = np.linalg.inv(place.linear).astype(np.float32)
    rows, columns = np.arange(crop.shape[0])[:, None], np.arange(crop.shape[1])
    x, y = (
        (pixels + 0.5 - start).astype(np.float32)
        for pixels, start in zip((columns, rows), place.origin_px, strict=True)
    )
    return inverse[0, 0] * x + inverse[0, 1] * y, inverse[1, 0] * x + inverse[1, 1] * y


def blank(crop: BgrImage) -> Alpha:
    """An alpha that covers nothing."""
    return np.zeros(crop.shape[:2], np.uint8)


def fill(alpha: Alpha, polygon_px: Points) -> None:
    """Cover what lies in a polygon of crop pixels."""
    cv2.fillPoly(alpha, [sixteenths(polygon_px)], 255, cv2.LINE_AA, SHIFT_BITS)


def stroke(alpha: Alpha, line_px: Points, width_px: float, *, closed: bool = False) -> None:
    """Cover a line; one thinner than a pixel covers as much less."""
    thin = np.zeros_like(alpha) if width_px < 1 else alpha
    cv2.polylines(thin, [sixteenths(line_px)], closed, 255, max(1, round(width_px)), cv2.LINE_AA, SHIFT_BITS)
    if width_px < 1:
        cv2.max(alpha, cv2.convertScaleAbs(thin, alpha=width_px), dst=alpha)


def sixteenths(points_px: Points) -> npt.NDArray[np.int32]:
    """Points as cv2 draws them with `SHIFT_BITS`."""
    rounded: npt.NDArray[np.int32] = np.round((points_px - 0.5) * 2**SHIFT_BITS).astype(np.int32)
    return rounded


def lay_over(crop: BgrImage, cover: npt.NDArray[Any], alpha: Alpha) -> BgrImage:
    """The crop with a cover before it; the edge is as soft as a lens makes it.

    Args:
        crop: (H, W, 3) uint8. Read, never kept.
        cover: (H, W, 3) uint8, or (3,) levels of one colour.
        alpha: how much of it covers.
    """
    left, top, width, height = cv2.boundingRect(alpha)
    if not width:
        return crop
    inner = np.s_[max(0, top - 3) : top + height + 3, max(0, left - 3) : left + width + 3]
    share = cv2.GaussianBlur(alpha[inner].astype(np.float32) / 255, (0, 0), 0.6)
    covered = crop.copy()
    part = np.ascontiguousarray(crop[inner])
    front = np.full_like(part, np.clip(cover, 0, 255)) if cover.ndim == 1 else np.ascontiguousarray(cover[inner])
    covered[inner] = cv2.blendLinear(front, part, share, 1 - share)
    return BgrImage(covered)


def shaded(color: Levels, shade: Plane, added: Plane) -> BgrImage:
    """(H, W, 3) one colour, times what a surface reflects of it, plus what lies on it."""
    planes = [np.clip(channel * shade + added, 0, 255).astype(np.uint8) for channel in np.asarray(color, np.float32)]
    return BgrImage(cv2.merge(planes))


def hide(label_map: LabelMap, alpha: Alpha) -> LabelMap:
    """The labels, background where more than half of a pixel is covered."""
    return np.where(alpha > 127, np.uint8(Region.BACKGROUND), label_map)


def soft_texture(crop: BgrImage, rng: np.random.Generator, strength: float) -> Plane:
    """(H, W) levels to add: spots of some ten pixels, as cloth and skin have."""
    cells = rng.normal(0, strength, (crop.shape[0] // 12, crop.shape[1] // 12)).astype(np.float32)
    texture: Plane = cv2.resize(cells, crop.shape[1::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return texture


def skin_color(crop: BgrImage, place: FacePlace, rng: np.random.Generator) -> Levels:
    """(3,) about the colour of this face between the eyes; now and then another person's."""
    height, width = crop.shape[:2]
    x, y = np.clip(place.to_crop((0, 3)).astype(int), 6, (width - 7, height - 7))
    color = np.median(crop[y - 5 : y + 6, x - 5 : x + 6].reshape(-1, 3), axis=0)
    if rng.random() < 0.2 or color.max() < 25:
        color = SKIN_TONES_BGR[rng.integers(len(SKIN_TONES_BGR))]
    changed: Levels = np.clip(color * rng.uniform(0.8, 1.15) + rng.normal(0, 4, 3), 12, 250).astype(np.float32)
    return changed
