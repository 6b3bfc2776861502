"""Memory that is used again for the next copy."""

from collections import deque
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

PixelType = TypeVar("PixelType", np.uint8, np.float32)


class BufferPool(Generic[PixelType]):
    """Copies of arrays of one kind, in the memory of copies that were given back.

    One thread may copy while another gives back.
    """

    def __init__(self) -> None:
        self._free: deque[npt.NDArray[PixelType]] = deque()  # whose pop and append are atomic

    def copy(self, array: npt.NDArray[PixelType]) -> npt.NDArray[PixelType]:
        """The same values, contiguous, in memory that is the caller's until given back."""
        while self._free:
            buffer = self._free.pop()
            if buffer.shape == array.shape:  # else forgotten: the size has changed
                np.copyto(buffer, array)
                return buffer
        return array.copy()

    def give_back(self, buffer: npt.NDArray[PixelType]) -> None:
        """Take back what `copy` returned and nobody reads any more."""
        self._free.append(buffer)
