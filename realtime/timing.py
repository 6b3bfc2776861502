"""How long the stages of a frame take."""

import json
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from realtime.core.errors import OutputError

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


@dataclass(frozen=True)
class RunReport:
    """What `--json` writes.

    Attributes:
        frames: taken from the source.
        frames_with_face: of them, those with a face followed.
        fps: frames a second over the whole run, reading and writing included.
        latency_ms: from a frame's capture to its finished overlay: p50, p95, p99.
        stages_ms: the same for each stage over the frames in which it ran; `whole` holds reading and writing too.
        provider: what really ran the networks.
        model: name of the segmenter's file.
        precision: of the segmenter.
        dropped: frames of a live source that were not taken in time.
        source: what the frames came from.
        not_written: frames of a live source that were shown but are in no file, because the writing lagged.
    """

    frames: int
    frames_with_face: int
    fps: float
    latency_ms: dict[str, float]
    stages_ms: dict[str, dict[str, float]]
    provider: str
    model: str
    precision: str
    dropped: int
    source: str
    not_written: int = 0

    def write(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            OutputError: the file cannot be written.
        """
        try:
            path.write_text(json.dumps(asdict(self), indent=2) + "\n")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None

    def summary(self) -> str:
        """One line for the user."""
        if not self.frames:
            return "no frame came"
        return (
            f"{self.frames} frames, {self.frames_with_face} with a face, {self.fps:.1f} fps; "
            f"latency {self.latency_ms['p50']:.1f} ms (p95 {self.latency_ms['p95']:.1f}); "
            f"{self.model} {self.precision} on {self.provider}"
        )
