"""Things timed in turn, a block of runs at a time, so that a machine that slows down slows all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np

from realtime.timing import percentiles

LOOK_S = 0.005
AT_REST = 0.1
"""Share of `LOOK_S` for which this process may still compute while it is at rest."""
QUIET_LOOKS = 3
"""In a row: on a busy machine a thread that computes may not get its turn for the length of one."""
MOST_REST_S = 0.5

Blocks = list[list[float]]
"""Milliseconds of each run, block by block."""


@dataclass(frozen=True)
class Pace:
    """How long to measure.

    Attributes:
        turns: blocks of each.
        block_s: how long a block lasts.
        least_runs: in a block, however long they take.
        warm_up_runs: before each block, not counted.
    """

    turns: int
    block_s: float
    least_runs: int
    warm_up_runs: int


STEADY = Pace(turns=7, block_s=0.25, least_runs=5, warm_up_runs=3)
QUICK = Pace(turns=3, block_s=0.08, least_runs=3, warm_up_runs=2)


def time_in_turn(runs: Sequence[Callable[[], object]], pace: Pace) -> list[Blocks]:
    """The blocks of each, in turn; the turn goes round the other way each time.

    Args:
        runs: what to time.
        pace: how long.
    """
    blocks: list[Blocks] = [[] for _ in runs]
    for turn in range(pace.turns):
        order = range(len(runs))
        for index in order if turn % 2 == 0 else reversed(order):
            blocks[index].append(_time_block(runs[index], pace))
    return blocks


def rest() -> None:
    """Wait until no thread of this process computes.

    ONNX Runtime's threads go on for about 30 ms after a run, waiting for the next; where they take the cores of
    what is timed next, it looks slower than it is alone. Within a block they wait as they do in the live program.
    """
    give_up, quiet = perf_counter() + MOST_REST_S, 0
    while quiet < QUIET_LOOKS and perf_counter() < give_up:
        start_s = process_time()
        sleep(LOOK_S)
        quiet = quiet + 1 if process_time() - start_s < AT_REST * LOOK_S else 0


def summarize(blocks: Blocks) -> dict[str, Any]:
    """p50, p95 and p99 of all runs; the least and the most median of a block; how many runs there were."""
    medians = [float(np.median(block)) for block in blocks]
    p50, p95, p99 = percentiles([elapsed_ms for block in blocks for elapsed_ms in block]).values()
    return {
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "p50_least_ms": round(min(medians), 3),
        "p50_most_ms": round(max(medians), 3),
        "runs": sum(map(len, blocks)),
    }


def ratio_of(ours: Blocks, others: Blocks) -> dict[str, float]:
    """Ours to the other's, median against median in each turn: the median over the turns, the least, the most."""
    ratios = [float(np.median(our) / np.median(other)) for our, other in zip(ours, others, strict=True)]
    return {"p50": round(float(np.median(ratios)), 4), "least": round(min(ratios), 4), "most": round(max(ratios), 4)}


def _time_block(run: Callable[[], object], pace: Pace) -> list[float]:
    rest()
    for _ in range(pace.warm_up_runs):
        run()
    taken: list[float] = []
    end = perf_counter() + pace.block_s
    while len(taken) < pace.least_runs or perf_counter() < end:
        start = perf_counter()
        run()
        taken.append((perf_counter() - start) * 1e3)
    return taken
