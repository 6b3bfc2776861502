"""Pictures that tests look at, and a generator whose draws they fix."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage


class FixedDraws(np.random.Generator):
    """A generator whose `normal` answers what it was told, one call after the other."""

    def __init__(self, normals: Sequence[float | Sequence[float]]) -> None:
        super().__init__(np.random.PCG64(0))
        self._normals = iter(normals)

    def normal(self, *_: object, **__: object) -> npt.NDArray[np.float64]:
        return np.array(next(self._normals), np.float64)


def outlined_box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    """A person's outline of a box, as `contours.json` has it: from the left upper corner to the right, and round.

    So many points lie along each side that the curve through them leaves the box by a hundredth of a pixel at most.
    """
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    share = np.linspace(0, 1, 500, endpoint=False)[:, None]
    sides = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    outline: list[list[float]] = np.concatenate([start + share * (end - start) for start, end in sides]).tolist()
    return outline


def outlined_ring(
    center: tuple[float, float], half_width: float, half_height: float, count: int = 8
) -> npt.NDArray[np.float64]:
    """A person's outline of an ellipse: from its left end over the top, by an even number of points."""
    angle = np.arange(count) * 2 * np.pi / count
    ring: npt.NDArray[np.float64] = (
        np.column_stack([-half_width * np.cos(angle), -half_height * np.sin(angle)]) + center
    )
    return ring


def area_of(polygon: npt.NDArray[np.float64]) -> float:
    x, y = polygon.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def noise_image(seed: int, shape_hw: tuple[int, int] = (314, 274)) -> BgrImage:
    return BgrImage(np.random.default_rng(seed).integers(0, 256, (*shape_hw, 3), np.uint8))


def dot_in(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(2,) where the light of an image has its centre; the first pixel's is (0.5, 0.5)."""
    light = image.reshape(*image.shape[:2], -1).astype(np.float64).sum(axis=2)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
    return np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
