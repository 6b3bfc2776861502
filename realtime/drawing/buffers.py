"""Work memory that is asked for by name and used again on the next frame."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)


class Buffers:
    """Arrays that only grow; a name's array holds whatever its last user left there."""

    def __init__(self) -> None:
        self._flat: dict[str, npt.NDArray[Any]] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: type[Number]) -> npt.NDArray[Number]:
        """An array of this shape, contiguous, of unknown contents; valid until the same name is asked for again.

        Args:
            name: one for each use; always with the same `dtype`.
            shape: of this time.
            dtype: of the elements.
        """
        size = 1
        for length in shape:
            size *= length
        flat = self._flat.get(name)
        if flat is None or flat.size < size:
            flat = self._flat[name] = np.empty(size, dtype)
        return flat[:size].reshape(shape)
