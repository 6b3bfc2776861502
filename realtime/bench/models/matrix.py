"""Every model on every provider, with every number of threads and images: what is run, and the rows that it gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from realtime.bench.models.blocks import Blocks, Pace, summarize, time_in_turn
from realtime.bench.models.fresh import FreshStart, middle, start_fresh
from realtime.bench.models.placement import Placement, place_nodes
from realtime.bench.models.rows import Measurement
from realtime.core.errors import ModelError, ProviderError
from realtime.core.machine import usable_cores
from realtime.inference.providers import Provider, available_providers
from realtime.inference.session import WEIGHTS_FOLDER, Session, find_model

BATCHES = (1, 4)
ON_THE_CPU = (Provider.AUTO, Provider.CPU, Provider.OPENVINO)
"""Providers whose speed depends on the number of threads."""


@dataclass(frozen=True)
class Axes:
    """What is measured: all that these four give together; what is empty is everything there is here.

    Attributes:
        models: names in `weights/`, or paths.
        providers: one that is named and cannot be had is an error; of all there are it is left out, and said.
        threads: on the CPU.
        batches: images in one run.
    """

    models: tuple[str, ...] = ()
    providers: tuple[Provider, ...] = ()
    threads: tuple[int, ...] = ()
    batches: tuple[int, ...] = ()

    def files(self) -> list[Path]:
        """The model files.

        Raises:
            ModelError: there is no such model, or none at all.
        """
        files = [find_model(name) for name in self.models] or sorted(WEIGHTS_FOLDER.glob("*.onnx"))
        if not files:
            raise ModelError(f"{WEIGHTS_FOLDER}: holds no model file")
        return list(dict.fromkeys(files))

    def threads_on(self, provider: Provider) -> tuple[int, ...]:
        """The numbers of threads; a GPU is measured with one of them, unless they were named."""
        if self.threads:
            return tuple(dict.fromkeys(self.threads))
        cores = usable_cores()
        return tuple(sorted({min(count, cores) for count in (1, 2, cores)})) if provider in ON_THE_CPU else (1,)


@dataclass(frozen=True)
class Contender:
    """What is timed.

    Attributes:
        row: all that is known of it before that.
        run: one batch.
        path: the file, where a fresh process can load it.
    """

    row: Measurement
    run: Callable[[], object]
    path: Path | None = None


@dataclass(frozen=True)
class Missing:
    """A model that a provider of this runtime cannot run here, and why."""

    file: str
    provider: str
    why: str


@dataclass(frozen=True)
class Timed:
    """A finished row, and the times that it was made from."""

    row: Measurement
    blocks: Blocks


def find_contenders(axes: Axes) -> tuple[list[Contender], list[Missing]]:
    """Everything that is to be timed, loaded and run once, and what cannot be.

    Raises:
        ModelError: a model cannot be used.
        ProviderError: a provider that was named cannot be had.
    """
    contenders: list[Contender] = []
    missing: list[Missing] = []
    for path, provider in product(axes.files(), axes.providers or available_providers()):
        try:
            placement = place_nodes(path, provider)
            for threads in axes.threads_on(provider):
                session = Session(path, None, provider, threads)
                contenders += [
                    _contend(session, provider, placement, threads, batch)
                    for batch in dict.fromkeys(axes.batches or BATCHES)
                ]
        except ProviderError as error:
            if axes.providers:
                raise
            missing.append(Missing(path.name, provider.value, str(error)))
    return contenders, missing


def measure_rows(contenders: Sequence[Contender], pace: Pace, processes: int) -> list[Timed]:
    """A row for each, the runs of all of them taken in turn.

    Args:
        contenders: what to time.
        pace: how long.
        processes: fresh ones for each row, also in turn.

    Raises:
        UserError: a fresh process failed.
    """
    blocks = time_in_turn([contender.run for contender in contenders], pace)
    starts: list[list[FreshStart]] = [[] for _ in contenders]
    for _ in range(processes):
        for contender, started in zip(contenders, starts, strict=True):
            if contender.path is not None:
                row = contender.row
                started.append(start_fresh(contender.path, row.provider_asked, row.threads, row.batch))
    return [
        Timed(_finish(contender.row, taken, started), taken)
        for contender, taken, started in zip(contenders, blocks, starts, strict=True)
    ]


def _contend(session: Session, provider: Provider, placement: Placement, threads: int, batch: int) -> Contender:
    noise = np.random.default_rng(batch)
    images = noise.integers(0, 256, session.input_shape(batch), np.uint8)
    out = np.empty(session.output_shape(batch), np.float32)
    path, precision = session.path, session.card.precision
    try:
        session.run(images, out=out)
    except Exception as error:  # noqa: BLE001 - ONNX Runtime raises a dozen types of its own
        raise ProviderError(f"provider {provider} loads {path.name} and cannot run it ({error})") from None
    row = Measurement(
        model=path.stem.removesuffix(f"_{precision}"),
        file=path.name,
        precision=precision,
        provider_asked=provider.value,
        provider_used=placement.used,
        fell_back=placement.used != session.provider.value,
        nodes_elsewhere=sum(count for name, count in placement.nodes.items() if name != session.provider.value),
        nodes_per_provider=placement.nodes,
        threads=threads,
        batch=batch,
        file_kb=round(path.stat().st_size / 1e3, 1),
    )
    return Contender(row, lambda: session.run(images, out=out), path)


def _finish(row: Measurement, blocks: Blocks, starts: list[FreshStart]) -> Measurement:
    times = summarize(blocks)
    timed = replace(row, **times, fps=round(row.batch * 1e3 / times["p50_ms"], 1))
    if not starts:
        return timed
    start = middle(starts)
    return replace(
        timed, cold_start_ms=start.cold_start_ms, first_run_ms=start.first_run_ms, peak_rss_mb=start.peak_rss_mb
    )
