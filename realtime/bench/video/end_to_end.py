"""What happens between a frame in memory and its overlay drawn, stage by stage; and beside it whatever is asked for."""

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

from realtime.bench.video.clip import Clip
from realtime.bench.video.scaling import measure_drawing, measure_further_faces
from realtime.bench.video.start_up import measure_start_up
from realtime.bench.video.steadiness import measure_steadiness
from realtime.bench.video.trial import Pass, Setup, Trial, interleave, summarize_stages
from realtime.capture.sources import DEMO, open_source
from realtime.outputs.video_file import VideoFile

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


DECODE, ENCODE = "decode", "encode"


class CodecTrial:
    """Writes a clip to a video and reads a video, as the live program does, and nothing beside it.

    The frames are written one after another, as fast as the encoder takes them, without an overlay on them. What is
    read is the clip's own file, in its own size; of the demo, which is no file, what was just written.

    Args:
        clip: what is written. Read, never kept.
        spec: where it came from: a video's path, or `demo`.
    """

    def __init__(self, clip: Clip, spec: str) -> None:
        self._clip = clip
        self._spec = spec

    def play(self) -> Pass:
        """Milliseconds of each frame of one pass; the last written has the end of the file in it."""
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "clip.mp4"
            encode_ms = self._encode(written)
            decode_ms = self._decode(str(written) if self._spec == DEMO else self._spec)
        return Pass({DECODE: decode_ms, ENCODE: encode_ms}, [])

    def _encode(self, path: Path) -> list[float]:
        taken_ms = []
        with VideoFile(path) as video:
            for index, frame_bgr in enumerate(self._clip.frames):
                start = perf_counter()
                video.write(frame_bgr, index * self._clip.step_s)
                taken_ms.append((perf_counter() - start) * 1e3)
            start = perf_counter()
            video.close()
            taken_ms[-1] += (perf_counter() - start) * 1e3
        return taken_ms

    def _decode(self, spec: str) -> list[float]:
        taken_ms = []
        start = perf_counter()
        with open_source(spec) as source:
            for _ in islice(source, len(self._clip.frames)):
                now = perf_counter()
                taken_ms.append((now - start) * 1e3)
                start = now
        return taken_ms


class Extra(StrEnum):
    """What can be measured beside the stages; each is a key of the JSON file."""

    FLICKER = "flicker"
    FURTHER_FACES = "further_faces"
    DRAWING = "drawing"
    START_UP = "start_up"
    IDLE = "idle"


@dataclass(frozen=True)
class Scene:
    """What is played: a clip, a clip of the same size with nobody in view, and where the first came from."""

    clip: Clip
    empty: Clip
    spec: str


def measure_end_to_end(scene: Scene, setup: Setup, repeat: int, extras: Collection[Extra]) -> dict[str, Any]:
    """Everything that was asked for, as it is written to the JSON file.

    Decoding and encoding are passes of their own, in turn with those of the loop: they are no part of `whole`.

    Args:
        scene: what is played.
        setup: what to run.
        repeat: passes that count.
        extras: what else to measure.

    Raises:
        UserError: the model or the provider cannot be used.
    """
    clip = scene.clip
    trial = Trial(clip, setup)
    passes, codec_passes = interleave([trial, CodecTrial(clip, scene.spec)], repeat)
    results: dict[str, Any] = {
        "clip": {
            "name": clip.name,
            "frames": len(clip.frames),
            "width": clip.size_wh[0],
            "height": clip.size_wh[1],
            "passes": repeat,
        },
        "model": trial.segmenter.path.stem,
        "precision": trial.segmenter.card.precision,
        "provider_asked": setup.provider.value,
        "provider_used": trial.segmenter.provider.value,
        "threads": setup.threads,
        "smoothing": setup.smoothing.value,
        "end_to_end": {
            "faces_per_frame": round(sum(sum(one.faces) for one in passes) / sum(len(one.faces) for one in passes), 3),
            "stages_ms": summarize_stages([*passes, *codec_passes]),
        },
    }
    measurements: dict[Extra, Callable[[], object]] = {
        Extra.FLICKER: lambda: measure_steadiness(clip, setup),
        Extra.FURTHER_FACES: lambda: measure_further_faces(clip, setup, repeat),
        Extra.DRAWING: lambda: measure_drawing(clip, setup, repeat),
        Extra.START_UP: lambda: measure_start_up(scene.spec, setup, len(clip.frames)),
        Extra.IDLE: lambda: measure_idling(clip, scene.empty, setup),
    }
    return results | {extra.value: run() for extra, run in measurements.items() if extra in extras}
