"""The order of examples and the chance in each, from seed and epoch alone: a resumed run sees the same ones."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from train.data.balance import Repeats
from train.data.processes import Processes
from train.fitting.stopping import ignore_signals

Draw = tuple[int, int]
"""Index of an example, and the seed of its augmentation."""


class SeededOrder(Sampler[Draw]):
    """Every example once an epoch, in another order and with other seeds each time.

    Args:
        count: examples.
        seed: of the run.
        repeats: (count,) how often each is drawn instead, on average, together `count` times: one of 2.3 comes twice or
            three times an epoch.
    """

    def __init__(self, count: int, seed: int, repeats: Repeats | None = None) -> None:
        self._count, self.seed, self._epoch, self._repeats = count, seed, 0, repeats

    def set_epoch(self, epoch: int) -> None:
        """Which epoch comes next; Lightning tells it."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Draw]:
        rng = np.random.default_rng([self.seed, self._epoch])
        order = rng.permutation(self._count)
        if self._repeats is not None:
            order = rng.permutation(draw_repeatedly(order, self._repeats, float(rng.random())))
        return iter(zip(order.tolist(), rng.integers(2**62, size=self._count).tolist(), strict=True))


def draw_repeatedly(order: npt.NDArray[np.int64], repeats: Repeats, start: float) -> npt.NDArray[np.int64]:
    """As many examples as are in the order, each as often as its share, up or down to a whole number.

    Source: systematic sampling; one number decides all, so that no source has luck.

    Args:
        order: (N,) the examples; of those with equal shares, neighbours take turns at what is left of them.
        repeats: (N,) of example 0 to N - 1, together N.
        start: in [0, 1).
    """
    order = order[np.argsort(repeats[order], kind="stable")]
    ends = np.cumsum(repeats[order]) + start
    ends[-1] = len(order) + start
    whole = np.floor(ends).astype(np.int64)
    return np.repeat(order, whole - np.concatenate([[0], whole[:-1]]))


class SeededItems(Dataset[Any]):
    """A data set whose chance comes from each draw's seed, whichever process reads it; torch's own goes on unmoved."""

    def __init__(self, items: Dataset[Any]) -> None:
        self._items = items

    def __getitem__(self, draw: Draw) -> Any:
        index, seed = draw
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return self._items[index]


class SeededBatches(Sampler[list[Draw]]):
    """The order in batches, dealt out to the processes in turn.

    So N processes take the step of one that adds up N batches. An epoch's last batches, where they are not whole or not
    one for each process, are left out; other examples are in them each time.

    Attributes:
        sampler: the order; Lightning tells it the epoch under this name.
        skipped: batches of an epoch to leave out, from its start.

    Raises:
        ValueError: there is not one batch for each process.
    """

    def __init__(self, order: SeededOrder, batch_size: int, processes: Processes) -> None:
        self.sampler, self.skipped = order, 0
        self._batch_size, self._processes = batch_size, processes
        if not len(self):
            raise ValueError(
                f"{len(order)} training faces in batches of {batch_size} are too few for {processes.count} processes"
            )

    def __len__(self) -> int:
        return max(1, len(self.sampler) // self._batch_size) // self._processes.count

    def __iter__(self) -> Iterator[list[Draw]]:
        draws = list(self.sampler)
        for number in range(self.skipped, len(self)):
            start = (number * self._processes.count + self._processes.rank) * self._batch_size
            yield draws[start : start + self._batch_size]

    def plan(self) -> dict[str, int]:
        """What must be the same for an epoch to go on in its midst."""
        of = {"seed": self.sampler.seed, "training faces": len(self.sampler)}
        return {**of, "batch size": self._batch_size, "processes": self._processes.count}


class SeededLoader(DataLoader[Any]):
    """Reads examples in their seeded batches; its state, which checkpoints keep, lets an epoch go on in its midst."""

    def __init__(self, items: Dataset[Any], batches: SeededBatches, workers: int) -> None:
        super().__init__(
            SeededItems(items),
            batch_sampler=batches,
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=ignore_signals,
        )
        self._batches, self._given, self._to_skip = batches, 0, 0

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]  # begins to read when asked, after `set_epoch`
        self._given = self._batches.skipped = self._to_skip  # torch's iterator asks for the batches' twice
        self._to_skip = 0
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """How many batches of the epoch were given, and of which plan."""
        return {"given": self._given, "batches": len(self._batches), **self._batches.plan()}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on after the batches that were given; a whole epoch asks for nothing.

        Raises:
            ValueError: the plan was another.
        """
        if state["given"] == state["batches"]:
            return
        for name, now in self._batches.plan().items():
            if state[name] != now:
                raise ValueError(
                    f"the run to resume stopped within an epoch and had {name} {state[name]}, this one has {now}"
                )
        self._to_skip = state["given"]
