"""Pictures that tests look at, and a generator whose draws they fix."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from realtime.preprocess import BgrImage


class FixedDraws(np.random.Generator):
    """A generator whose `normal` answers what it was told, one call after the other."""

    def __init__(self, normals: Sequence[float | Sequence[float]]) -> None:
        super().__init__(np.random.PCG64(0))
        self._normals = iter(normals)

    def normal(self, *_: object, **__: object) -> npt.NDArray[np.float64]:
        return np.array(next(self._normals), np.float64)


def noise_image(seed: int, shape_hw: tuple[int, int] = (314, 274)) -> BgrImage:
    return BgrImage(np.random.default_rng(seed).integers(0, 256, (*shape_hw, 3), np.uint8))


def dot_in(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(2,) where the light of an image has its centre; the first pixel's is (0.5, 0.5)."""
    light = image.reshape(*image.shape[:2], -1).astype(np.float64).sum(axis=2)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
    return np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()
