"""Processor time of a loop that watches an empty room, against one that follows a face."""

from dataclasses import dataclass
from itertools import cycle
from time import perf_counter, process_time, sleep
from typing import Any

from realtime.bench.video.clip import Clip
from realtime.bench.video.trial import Setup, Trial

FPS = 30.0
SETTLE_S = 2.5
"""Not counted: the program looks hard for a face for a moment after it lost one, and when it starts."""


@dataclass(frozen=True)
class Watch:
    """A stretch of frames at the pace of a camera: CPU milliseconds a frame, and frames with a face."""

    cpu_ms: float
    frames: int
    frames_with_face: int


def measure_idling(
    clip: Clip, empty: Clip, setup: Setup, seconds: float = 4.0, rounds: int = 2, settle_s: float = SETTLE_S
) -> dict[str, Any]:
    """CPU time a frame of following and of idling, in turn, in one process.

    All threads count, those that spin as well, and so does the copy of each frame that stands for the camera's.

    Args:
        clip: with a face in view.
        empty: frames of the same size without one.
        setup: what to run.
        seconds: each of both is watched in each round, after it has settled.
        rounds: how often they take turns.
        settle_s: what is left out at the beginning of each.
    """
    following, idling = Trial(clip, setup), Trial(empty, setup)
    seen = [(watch(following, clip, seconds, settle_s), watch(idling, empty, seconds, settle_s)) for _ in range(rounds)]
    ratios = [idle.cpu_ms / follow.cpu_ms for follow, idle in seen]
    return {
        "following_cpu_ms": round(sum(follow.cpu_ms for follow, _ in seen) / rounds, 3),
        "idle_cpu_ms": round(sum(idle.cpu_ms for _, idle in seen) / rounds, 3),
        "ratio": round(sum(ratios) / rounds, 3),
        "ratio_least": round(min(ratios), 3),
        "ratio_most": round(max(ratios), 3),
        "fps": FPS,
        "frames_each": sum(idle.frames for _, idle in seen),
        "idle_frames_with_face": sum(idle.frames_with_face for _, idle in seen),
        "following_frames_with_face": sum(follow.frames_with_face for follow, _ in seen),
    }


def watch(trial: Trial, clip: Clip, seconds: float, settle_s: float) -> Watch:
    """Play a clip over and over, forth and back, at the pace of a camera; what happens while it settles is left out."""
    images = cycle([*clip.frames, *reversed(clip.frames)])
    settling, counted = round(settle_s * FPS), round(seconds * FPS)
    with_face, cpu_start_s, start = 0, process_time(), perf_counter()
    for index in range(settling + counted):
        if index == settling:
            with_face, cpu_start_s = 0, process_time()
        with_face += bool(trial.play_frame(next(images)))
        sleep(max(0.0, start + (index + 1) / FPS - perf_counter()))
    return Watch((process_time() - cpu_start_s) * 1e3 / counted, counted, with_face)
