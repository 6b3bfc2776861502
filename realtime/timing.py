"""How long the stages of a frame take."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

KEPT = 20_000
"""Measurements kept of each stage: 11 minutes at 30 frames a second, so that a day's run needs no more memory."""


class StageTimer:
    """Milliseconds of each stage, added up within a frame."""

    def __init__(self) -> None:
        self._kept_ms: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))
        self._frame_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside; a stage that runs twice in a frame counts as one."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, (time.perf_counter() - start) * 1e3)

    def add(self, name: str, elapsed_ms: float) -> None:
        """Add to a stage of the current frame."""
        self._frame_ms[name] = self._frame_ms.get(name, 0.0) + elapsed_ms

    def end_frame(self) -> None:
        """Keep what the current frame took, and begin the next."""
        for name, elapsed_ms in self._frame_ms.items():
            self._kept_ms[name].append(elapsed_ms)
        self._frame_ms.clear()

    def take(self) -> dict[str, list[float]]:
        """Milliseconds of each stage, frame by frame, since the last time; they are forgotten."""
        taken = {name: list(kept) for name, kept in self._kept_ms.items()}
        self._kept_ms.clear()
        return taken

    def summary(self) -> dict[str, dict[str, float]]:
        """p50, p95 and p99 of each stage, in milliseconds, over the frames in which it ran."""
        return {name: percentiles(list(kept)) for name, kept in self._kept_ms.items()}


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p95 and p99, rounded to a microsecond; zeros where there is nothing."""
    p50, p95, p99 = np.percentile(values, (50, 95, 99)).round(3).tolist() if values else (0.0, 0.0, 0.0)
    return {"p50": p50, "p95": p95, "p99": p99}
