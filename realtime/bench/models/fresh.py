"""What a model costs a process that has just started: the time to load it and to run it first, and memory.

`python -m realtime.bench.models.fresh MODEL PROVIDER THREADS BATCH` is the process that is measured.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from realtime.core.errors import UserError

PROJECT = Path(__file__).parents[3]
RUNS = 5
"""After the first, before memory is read: buffers are there by then."""


@dataclass(frozen=True)
class FreshStart:
    """What one process said.

    Attributes:
        cold_start_ms: from a file on disk to a session that can run; Python and its packages are loaded already.
        first_run_ms: of the first batch.
        peak_rss_mb: most memory of the whole process, Python and its packages included, in millions of bytes.
    """

    cold_start_ms: float
    first_run_ms: float
    peak_rss_mb: float


def start_fresh(model: Path, provider: str, threads: int, batch: int) -> FreshStart:
    """What a new process says of this model.

    Raises:
        UserError: it failed; the message is what it said last.
    """
    settings = (str(model.resolve()), provider, str(threads), str(batch))
    command = (sys.executable, "-m", "realtime.bench.models.fresh", *settings)
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise UserError(f"{model.name} on {provider} fails in a process of its own: {said[-1]}")
    return FreshStart(**json.loads(done.stdout.splitlines()[-1]))


def middle(starts: list[FreshStart]) -> FreshStart:
    """The median of each number."""
    return FreshStart(
        round(median(start.cold_start_ms for start in starts), 1),
        round(median(start.first_run_ms for start in starts), 2),
        round(median(start.peak_rss_mb for start in starts), 1),
    )


def measure(model: str, provider: str, threads: int, batch: int) -> dict[str, float]:
    """What this very process needs, which must not have run a model before."""
    import numpy as np

    from realtime.core.machine import peak_rss_mb
    from realtime.inference.session import Provider, Session

    start = perf_counter()
    session = Session(Path(model), None, Provider(provider), threads)
    loaded = perf_counter()
    images = np.zeros(session.input_shape(batch), np.uint8)
    before = perf_counter()
    session.run(images)
    after = perf_counter()
    for _ in range(RUNS):
        session.run(images)
    return {
        "cold_start_ms": (loaded - start) * 1e3,
        "first_run_ms": (after - before) * 1e3,
        "peak_rss_mb": peak_rss_mb(),
    }


if __name__ == "__main__":
    _, model, provider, threads, batch = sys.argv
    try:
        sys.stdout.write(json.dumps(measure(model, provider, int(threads), int(batch))) + "\n")
    except UserError as error:
        sys.exit(str(error))
