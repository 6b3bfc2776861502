"""The order of examples and the chance in each, from seed and epoch alone: a resumed run sees the same ones."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset, Sampler, Subset

from realtime.core.geometry import CropLayout
from train.data.folders import Pair
from train.data.skin_tone import TONES, pair_tone
from train.fitting.stopping import ignore_signals


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


MOST_OFTENER = 4.0
Repeats = npt.NDArray[np.float64]
"""(N,) how often each of N faces is drawn in an epoch, on average; together N times."""


@dataclass(frozen=True)
class TrainingFaces:
    """What is known of N training faces.

    Attributes:
        sources: of each.
        pairs: their crops; none for the face finder, which sees scenes.
        layout: of the crops.
    """

    sources: Sequence[str]
    pairs: Sequence[Pair]
    layout: CropLayout


def every_face_once(faces: TrainingFaces) -> Repeats | None:
    """None: an epoch shows each face once, whatever source it is of."""
    return None


def by_source(faces: TrainingFaces) -> Repeats:
    """Each source in proportion to the square root of its size, its faces equally often.

    Between showing each face and each source equally often: of 7,000 ordinary faces and 250 masked ones, 16 % of what
    is shown is masked in place of 3 % or 50 %, and each masked face comes five times an epoch, not fifteen. Source: as
    languages are drawn in multilingual training, arXiv:1901.07291, with the exponent one half.
    """
    return _scaled(_root_weights(faces.sources))


def by_source_and_tone(faces: TrainingFaces) -> Repeats:
    """The same, and each tone of `train.data.skin_tone` alike, but none over `MOST_OFTENER` times as often.

    Every crop is read for it once.
    """
    weight = _root_weights(faces.sources)
    tones = np.array([pair_tone(pair, faces.layout) for pair in faces.pairs])
    oftener = np.ones(len(tones))
    for tone in set(tones):
        is_here = tones == tone
        share = weight[is_here].sum() / weight.sum()
        oftener[is_here] = min(MOST_OFTENER, 1 / (len(TONES) * share))
    return _scaled(weight * oftener)


def by_shares(faces: TrainingFaces, repeats: Repeats | None, shares: Mapping[str, float]) -> Repeats:
    """Some sources as often as they are asked for; what is left goes to the others as they were balanced.

    Args:
        faces: the training faces.
        repeats: how often each is drawn without shares; None for once.
        shares: percent of what is shown, by source.

    Raises:
        ValueError: a source has no training face, the shares exceed 100, or leave nothing to sources that they omit.
    """
    left = 100 - sum(shares.values())
    sources = np.array(faces.sources)
    if unknown := sorted(set(shares) - set(faces.sources)):
        raise ValueError(f"--share {unknown[0]}: no training face is of it, only of {', '.join(sorted(set(sources)))}")
    others = ~np.isin(sources, list(shares))
    if left < -1e-6 or (left <= 1e-6) == others.any():
        raise ValueError(f"the shares add up to {100 - left:g} percent, and {others.sum()} faces are of other sources")
    weight = np.ones(len(sources)) if repeats is None else repeats.copy()
    weight[others] *= left / max(weight[others].sum(), 1e-9)
    for source, share in shares.items():
        weight[sources == source] *= share / weight[sources == source].sum()
    return _scaled(weight)


def parse_share(text: str) -> tuple[str, float]:
    """The source and its percent in ``NAME=PERCENT``.

    Raises:
        ValueError: the text is something else.
    """
    name, _, percent = text.rpartition("=")
    try:
        share = float(percent)
    except ValueError:
        share = float("nan")
    if not name or not 0 < share <= 100:
        raise ValueError(f"--share {text} is not NAME=PERCENT, a percent above 0 and up to 100")
    return name, share


def _root_weights(kinds: Sequence[str]) -> Repeats:
    sizes = Counter(kinds)
    return np.array([sizes[kind] ** -0.5 for kind in kinds])


def _scaled(weight: Repeats) -> Repeats:
    repeats: Repeats = weight * (len(weight) / weight.sum())
    return repeats


BALANCES: dict[str, Callable[[TrainingFaces], Repeats | None]] = {
    "none": every_face_once,
    "source": by_source,
    "source+tone": by_source_and_tone,
}


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
