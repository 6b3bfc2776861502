"""The processes that train one network together, as torchrun starts them."""

import os
from dataclasses import dataclass
from typing import Any

from torch.utils.data import Dataset, Subset


@dataclass(frozen=True)
class Processes:
    """How many train together, and which of them this is.

    Attributes:
        rank: of this process, from 0.
        count: on all machines.
        per_machine: on each of them.
    """

    rank: int = 0
    count: int = 1
    per_machine: int = 1

    @classmethod
    def from_environment(cls) -> "Processes":
        """Those of torchrun, which tells each its place; this one alone without it."""
        if "TORCHELASTIC_RUN_ID" not in os.environ:
            return cls()
        return cls(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")))

    def share_of(self, items: Dataset[Any]) -> Dataset[Any]:
        """Every `count`-th item, so that all processes together see each once.

        Raises:
            ValueError: there is not one for each process.
        """
        total = len(items)  # type: ignore[arg-type]  # every data set here has a length
        if total < self.count:
            raise ValueError(f"{total} validation faces are too few for {self.count} processes")
        return Subset(items, range(self.rank, total, self.count))
