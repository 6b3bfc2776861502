"""Outlines that people drew: what labels are made of, and the yardstick that no labeller's habits enter.

A folder holds `contours.json` and `images/`: photo name to outlines in photo pixels, the first pixel's centre at
(0.5, 0.5). `right_eye`, `left_eye` and `lips_outer` are always there, `lips_inner`, `right_iris` and `left_iris` where
somebody drew them. Eyes and lips begin at their corner on the photo's left and run over the top; their middle point is
the other corner.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, BgrImage, CropTransform, Points
from realtime.core.regions import Region
from train.labelling.label_maps import fill_polygon, reduce_label_map

CONTOURS_NAME, IMAGES_NAME = "contours.json", "images"
NEEDED = ("right_eye", "left_eye", "lips_outer")
OPTIONAL = ("lips_inner", "right_iris", "left_iris")
COMPARED: dict[str, tuple[Region, ...]] = {
    "eyes": (Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS),
    "lips": (Region.UPPER_LIP, Region.LOWER_LIP),
}
"""What the outlines can tell apart: eyes with their irises, and lips without the open mouth between them."""
CURVE_STEPS = 16
"""Points of a curve for each point that a person set."""

Outlines = dict[str, Points]
"""By name, all of `NEEDED` and some of `OPTIONAL`: (K, 2) in photo pixels."""


def curve(points: Points, corners: Sequence[int] = ()) -> Points:
    """The closed curve through a person's points.

    People set points, and mean the line between them: a polygon through six points has 0.92 of the eye's area.

    Args:
        points: (K, 2), at least three.
        corners: indices of points at which it has a corner; from one it leaves straight for the next point.

    Returns:
        (K * `CURVE_STEPS`, 2); each of the person's points at a multiple of `CURVE_STEPS`.

    Source: the centripetal Catmull-Rom spline, Yuksel and others, doi:10.1016/j.cad.2010.08.008, as a Hermite curve.
    """
    is_corner = np.isin(np.arange(len(points)), corners)[:, None]
    following = np.roll(points, -1, axis=0)
    step = np.maximum(np.sqrt(np.linalg.norm(following - points, axis=1)), 1e-6)[:, None]
    slope = (following - points) / step
    slope_before, step_before = np.roll(slope, 1, axis=0), np.roll(step, 1, axis=0)
    tangent = slope_before + slope - (following - np.roll(points, 1, axis=0)) / (step + step_before)
    leaving = step * np.where(is_corner, slope, tangent)
    arriving = step * np.roll(np.where(is_corner, slope_before, tangent), -1, axis=0)
    t = np.linspace(0, 1, CURVE_STEPS, endpoint=False)[:, None, None]
    pieces = (2 * t**3 - 3 * t**2 + 1) * points + (3 * t**2 - 2 * t**3) * following
    pieces += (t**3 - 2 * t**2 + t) * leaving + (t**3 - t**2) * arriving
    smooth: Points = pieces.transpose(1, 0, 2).reshape(-1, 2)
    return smooth


def smooth_outline(points: Points) -> Points:
    """The `curve` of an eye or of lips, with its two corners."""
    return curve(points, (0, len(points) // 2))


@dataclass(frozen=True)
class ContourPhoto:
    """One photo and its outlines."""

    path: Path
    outlines: Outlines

    def read(self) -> BgrImage:
        """The photo.

        Raises:
            ValueError: it is missing or unreadable.
        """
        pixels = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if pixels is None:
            raise ValueError(f"{self.path}: missing or unreadable")
        return BgrImage(pixels)

    def shifted(self, by_px: float) -> "ContourPhoto":
        """The same photo with its outlines moved right and down, for files with another convention of pixels."""
        return ContourPhoto(self.path, {name: outline + by_px for name, outline in self.outlines.items()})

    def crop_label_map(self, crop: CropTransform, size_wh: tuple[int, int] = CROP_SIZE_WH) -> npt.NDArray[np.uint8]:
        """`label_map` of an aligned crop of this size: (H, W)."""
        outlines = {name: crop.to_crop(outline) for name, outline in self.outlines.items()}
        return ContourPhoto(self.path, outlines).label_map(size_wh)

    def label_map(self, size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """(H, W) uint8: eyes, irises where they were drawn, both lips as `UPPER_LIP`, the mouth between them."""
        enlarged = np.zeros((size_wh[1] * 4, size_wh[0] * 4), np.uint8)
        for region, name in (
            (Region.RIGHT_EYE, "right_eye"),
            (Region.LEFT_EYE, "left_eye"),
            (Region.UPPER_LIP, "lips_outer"),
            (Region.MOUTH_INSIDE, "lips_inner"),
        ):
            if name in self.outlines:
                enlarged[fill_polygon(smooth_outline(self.outlines[name]), enlarged.shape)] = region
        for eye, iris in ((Region.RIGHT_EYE, Region.RIGHT_IRIS), (Region.LEFT_EYE, Region.LEFT_IRIS)):
            if iris.name.lower() in self.outlines:
                disc = fill_polygon(curve(self.outlines[iris.name.lower()]), enlarged.shape)
                enlarged[disc & (enlarged == eye)] = iris
        return reduce_label_map(enlarged)


def read_contours(folder: Path) -> list[ContourPhoto]:
    """Every photo of a folder with outlines.

    Raises:
        ValueError: there is no `contours.json`, or it is not what this module describes.
    """
    path = folder / CONTOURS_NAME
    try:
        rows = json.loads(path.read_text())
        return [ContourPhoto(folder / IMAGES_NAME / name, _read_outlines(row)) for name, row in rows.items()]
    except FileNotFoundError:
        raise ValueError(f"{folder}: no {CONTOURS_NAME} here") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a file of outlines ({error})") from None


def outlines_of_photos(photos: Sequence[Path]) -> list[Outlines | None]:
    """The outlines of each photo that lies in the `images/` of a folder with outlines; None of all others.

    Raises:
        ValueError: a `contours.json` is broken.
    """
    folders = {path.absolute().parents[1] for path in photos if path.absolute().parent.name == IMAGES_NAME}
    outlined = {
        photo.path: photo.outlines
        for folder in sorted(folders)
        if (folder / CONTOURS_NAME).is_file()
        for photo in read_contours(folder)
    }
    return [outlined.get(path.absolute()) for path in photos]


def _read_outlines(row: dict[str, list[list[float]]]) -> Outlines:
    names = [*NEEDED, *(name for name in OPTIONAL if name in row)]
    outlines = {name: np.array(row[name], np.float64) for name in names}
    for name, outline in outlines.items():
        if outline.ndim != 2 or outline.shape[1] != 2 or len(outline) < 3 or not np.isfinite(outline).all():
            raise ValueError(f"{name} is no list of at least three points")
    return outlines
