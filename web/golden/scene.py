"""Pictures and masks made of formulas, which Python and TypeScript work out alike: no picture need be kept."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, TIGHT, BgrImage, Points
from realtime.core.regions import Region
from realtime.face import Probs
from realtime.inference.session import SEGMENTER, ModelCard
from realtime.tracking.finder import FoundFace

Ellipses = dict[Region, tuple[float, float, float, float]]
"""In the crop: x, y, half width, half height."""
REGIONS = (Region.BACKGROUND, Region.RIGHT_EYE, Region.LEFT_EYE, Region.UPPER_LIP)
"""What `ColorSegmenter` sees: nothing, blue, green, red."""
UPRIGHT = np.array([[-33.0, 0.0], [33.0, 0.0], [0.0, 74.0]])
"""Right eye, left eye and mouth from the middle between the eyes, in the tight crop."""


@dataclass(frozen=True)
class DrawnFace:
    """Three soft ellipses, right eye blue, left eye green, mouth red, on a textured ground that moves with them.

    Attributes:
        mid_eye: in the frame.
        size: frame pixels per pixel of the tight crop.
        angle_rad: of the eye line.
        eye, mouth: half axes, in pixels of the tight crop.
    """

    mid_eye: tuple[float, float]
    size: float = 1.0
    angle_rad: float = 0.0
    eye: tuple[float, float] = (13.0, 7.0)
    mouth: tuple[float, float] = (26.0, 12.0)

    @property
    def points(self) -> Points:
        """(3, 2) in frame pixels."""
        cos, sin = np.cos(self.angle_rad), np.sin(self.angle_rad)
        points: Points = UPRIGHT @ np.array([[cos, sin], [-sin, cos]]) * self.size + self.mid_eye
        return points

    def found(self, score: float, off: tuple[float, float]) -> FoundFace:
        """As an imprecise finder sees it."""
        return FoundFace(score, self.points + np.multiply(off, self.size))

    def to_json(self) -> dict[str, Any]:
        """By the names that TypeScript has for them."""
        names = {"mid_eye": "midEye", "angle_rad": "angleRad"}
        return {names.get(name, name): value for name, value in asdict(self).items()}


def draw(face: DrawnFace | None, size_wh: tuple[int, int]) -> BgrImage:
    """(H, W, 3) uint8 of a frame with this face, or black."""
    frame = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    if face is None:
        return BgrImage(frame)
    x, y = np.meshgrid(np.arange(size_wh[0]) + 0.5 - face.mid_eye[0], np.arange(size_wh[1]) + 0.5 - face.mid_eye[1])
    cos, sin = np.cos(face.angle_rad) / face.size, np.sin(face.angle_rad) / face.size
    along, down = cos * x + sin * y, cos * y - sin * x
    ground = 40 + 18 * np.sin(0.37 * along + 0.11 * down) + 18 * np.cos(0.41 * down - 0.13 * along)
    for channel, ((middle_x, middle_y), axes) in enumerate(zip(UPRIGHT, (face.eye, face.eye, face.mouth), strict=True)):
        light = ellipse(along - middle_x, down - middle_y, axes)
        frame[:, :, channel] = np.floor(ground + (255 - ground) * light + 0.5)
    return BgrImage(frame)


def ellipse(x: npt.NDArray[Any], y: npt.NDArray[Any], axes: tuple[float, float]) -> npt.NDArray[np.float64]:
    """1 inside, 0 outside, a half on the edge."""
    level: npt.NDArray[np.float64] = 1.5 - np.hypot(x / max(axes[0], 0.1), y / max(axes[1], 0.1))
    return np.clip(level * 2 - 0.5, 0, 1)


class ColorSegmenter:
    """Sees a right eye in blue, a left eye in green, lips in red."""

    card = ModelCard(SEGMENTER, REGIONS, TIGHT, "softmax", "fp32", "", "", {})

    def output_shape(self, batch: int) -> tuple[int, ...]:
        """Of so many faces."""
        return (batch, len(REGIONS), *CROP_SIZE_WH[::-1])

    def run(self, images_bgr: npt.NDArray[np.uint8], out: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Its probabilities."""
        parts = images_bgr.transpose(0, 3, 1, 2).astype(np.float32) / 255
        out[:, 1:] = parts
        out[:, 0] = np.clip(1 - parts.sum(axis=1), 0, 1)
        return out


def ellipse_probs(ellipses: Ellipses, regions: tuple[Region, ...]) -> Probs:
    """(C, 218, 178) of regions that are soft ellipses; the background has the rest."""
    width, height = CROP_SIZE_WH
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    probs = np.zeros((len(regions), height, width), np.float32)
    for region, (left, top, *axes) in ellipses.items():
        probs[regions.index(region)] = ellipse(x - left, y - top, (axes[0], axes[1]))
    probs[0] = np.clip(1 - probs[1:].sum(axis=0), 0, 1)
    return probs
