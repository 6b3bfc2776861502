"""One way to run the live loop, timed frame by frame on a clip in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np

from realtime.bench.video.clip import Clip, put_in_grid
from realtime.core.geometry import BgrImage
from realtime.drawing.painter import Overlay
from realtime.drawing.style import Style
from realtime.face import Face
from realtime.inference.session import Provider
from realtime.process import calm_opencv
from realtime.segmenter import Segmenter
from realtime.timing import percentiles
from realtime.tracking.smoothing import Smoothing

WHOLE = "whole"
STAGES = ("decode", "find", "crop", "infer", "measure", "smooth", "draw", "encode", WHOLE)
"""The order in which they are listed; a stage that is not named here stands before the whole."""


@dataclass(frozen=True)
class Setup:
    """What a trial runs with: see `Segmenter`."""

    model: str
    provider: Provider
    threads: int
    smoothing: Smoothing
    faces: int = 1

    def segmenter(self) -> Segmenter:
        """A new one, which remembers no frame.

        Raises:
            ModelError, ProviderError: as `Segmenter`.
        """
        return Segmenter(
            self.model, provider=self.provider, faces=self.faces, threads=self.threads, smoothing=self.smoothing
        )


@dataclass(frozen=True)
class Pass:
    """A clip played once.

    Attributes:
        stages_ms: milliseconds of each stage, for each frame in which it ran.
        faces: how many were followed in each frame.
    """

    stages_ms: dict[str, list[float]]
    faces: list[int]


class Trial:
    """Plays a clip as the live loop does, forth and back, so that no pass begins with a face that jumped.

    Timed is what happens between a frame in memory and its overlay drawn; putting a copy of the frame there is not.

    Args:
        clip: what to play. Read, never drawn on.
        setup: what to run.
        copies: of the frame, in a picture of twice its size; none takes the frame as it is.
    """

    def __init__(self, clip: Clip, setup: Setup, copies: int = 0) -> None:
        calm_opencv()  # as the live program does
        self.segmenter = setup.segmenter()
        self._clip = clip
        self._copies = copies
        height, width = clip.frames[0].shape[:2]
        grid = 2 if copies else 1
        self._picture = BgrImage(np.full((grid * height, grid * width, 3), 128, np.uint8))
        self._overlay = Overlay()
        self._look = Style()
        self._time_s = 0.0
        self._passes = 0

    def play(self) -> Pass:
        """One pass: forth, and the next time back."""
        frames = self._clip.frames
        counts = [len(self.play_frame(frame)) for frame in (frames if self._passes % 2 == 0 else reversed(frames))]
        self._passes += 1
        return Pass(self.segmenter.timer.take(), counts)

    def play_frame(self, frame_bgr: BgrImage) -> list[Face]:
        """The faces of the next frame, which is `step_s` later than the one before; it is timed."""
        timer, picture = self.segmenter.timer, self._picture
        put_in_grid(frame_bgr, self._copies or 1, picture)
        self._time_s += self._clip.step_s
        start = perf_counter()
        faces = self.segmenter(picture, self._time_s)
        with timer.stage("draw"):
            self._overlay.draw(picture, faces, self._look)
        timer.add(WHOLE, (perf_counter() - start) * 1e3)
        timer.end_frame()
        return faces


class Playable(Protocol):
    """What takes turns."""

    def play(self) -> Pass:
        """One pass."""


def interleave(trials: Sequence[Playable], repeat: int) -> list[list[Pass]]:
    """The passes of each trial, taken in turn so that a machine that slows down slows all of them.

    Every trial has one pass first that is not counted; the turn goes round the other way each time.
    """
    passes: list[list[Pass]] = [[] for _ in trials]
    for trial in trials:
        trial.play()
    for turn in range(repeat):
        order = range(len(trials))
        for index in order if turn % 2 == 0 else reversed(order):
            passes[index].append(trials[index].play())
    return passes


def summarize_stages(passes: Sequence[Pass]) -> dict[str, dict[str, float]]:
    """For each stage p50, p95 and p99 over all passes, the least and the most median of a pass, and its frames."""
    names = {name for one in passes for name in one.stages_ms}
    summary = {}
    for name in sorted(names, key=_place):
        per_pass = [one.stages_ms[name] for one in passes if name in one.stages_ms]
        medians = [float(np.median(values)) for values in per_pass]
        values = [value for values in per_pass for value in values]
        summary[name] = {
            **percentiles(values),
            "p50_least": round(min(medians), 3),
            "p50_most": round(max(medians), 3),
            "frames": len(values),
        }
    return summary


def _place(stage: str) -> tuple[float, str]:
    return (float(STAGES.index(stage)) if stage in STAGES else len(STAGES) - 1.5, stage)
