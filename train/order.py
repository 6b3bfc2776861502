"""The order of examples and the chance in each, from seed and epoch alone: a resumed run sees the same ones."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

Draw = tuple[int, int]
"""Index of an example, and the seed of its augmentation."""


class SeededOrder(Sampler[Draw]):
    """Every example once an epoch, in another order and with other seeds each time.

    Args:
        count: examples.
        seed: of the run.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed, self._epoch = count, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Which epoch comes next; Lightning tells it."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng([self._seed, self._epoch])
        order = rng.permutation(self._count).tolist()
        return iter(zip(order, rng.integers(2**62, size=self._count).tolist(), strict=True))


class SeededItems(Dataset[Any]):
    """A data set whose chance comes from each draw's seed, whichever process reads it; torch's own goes on unmoved."""

    def __init__(self, items: Dataset[Any]) -> None:
        self._items = items

    def __getitem__(self, draw: Draw) -> Any:
        index, seed = draw
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return self._items[index]
