"""What happens between a frame in memory and its overlay drawn, stage by stage; and beside it whatever is asked for."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from realtime.bench.video.clip import Clip
from realtime.bench.video.codec import CodecTrial
from realtime.bench.video.idling import measure_idling
from realtime.bench.video.scaling import measure_drawing, measure_further_faces
from realtime.bench.video.start_up import measure_start_up
from realtime.bench.video.steadiness import measure_steadiness
from realtime.bench.video.trial import Setup, Trial, interleave, summarize_stages


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
