"""What further faces cost, and whether drawing costs more on a larger frame."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from realtime.bench.video.clip import GRID_CELLS, Clip
from realtime.bench.video.trial import WHOLE, Pass, Setup, Trial, interleave
from realtime.core.geometry import BgrImage, Box
from realtime.drawing.painter import Overlay
from realtime.drawing.style import Effect, Style
from realtime.face import Face
from realtime.timing import percentiles

SMALL_WH, LARGE_WH = (1280, 720), (3840, 2160)
DRAWN_FRAMES = 60
WINDOW_SHARE = 1.2


def measure_further_faces(clip: Clip, setup: Setup, repeat: int) -> list[dict[str, float]]:
    """One face against two, three and four: the same face in cells of a frame of the clip's size, side by side.

    Returns:
        for each number of `faces`: percentiles of the whole frame; `followed`, the share of frames in which all were,
        which alone count; and `further_ms`, what each face after the first adds to the median, with its least and most
        over the passes, which are taken in turn.
    """
    counts = range(1, GRID_CELLS + 1)
    cell = cell_clip(clip, setup)
    trials = [Trial(cell, replace(setup, faces=count), copies=count) for count in counts]
    passes = interleave(trials, repeat)
    alone = [_median_ms(one, 1) for one in passes[0]]
    rows = []
    for count, played in zip(counts, passes, strict=True):
        kept = [value for one in played for value in whole_ms(one, count)]
        row = {"faces": count, **percentiles(kept), "followed": round(len(kept) / sum(len(p.faces) for p in played), 4)}
        rows.append(row | further_cost([_median_ms(one, count) for one in played], alone, count))
    return rows


def cell_clip(clip: Clip, setup: Setup) -> Clip:
    """The clip's face, close up, at half the clip's width and height: a window that stands still."""
    segmenter = replace(setup, faces=1).segmenter()
    boxes = []
    for index, frame in enumerate(clip.frames):
        for face in segmenter(frame, index * clip.step_s):
            box = face.transform.frame_box(clip.size_wh)
            boxes += [box] if box else []
    left, top, right, bottom = window_around(boxes, clip.size_wh)
    half_wh = (clip.size_wh[0] // 2, clip.size_wh[1] // 2)
    frames = [cv2.resize(frame[top:bottom, left:right], half_wh, interpolation=cv2.INTER_AREA) for frame in clip.frames]
    return Clip(clip.name, [BgrImage(frame) for frame in frames], clip.step_s)


def window_around(boxes: Sequence[Box], frame_wh: tuple[int, int]) -> Box:
    """box_xyxy of the frame's own shape, `WINDOW_SHARE` times as high as the median of the boxes and about them.

    It is moved into the frame; the whole frame, where there is no box or it would not fit.

    Args:
        boxes: xyxy of the face, in each frame.
        frame_wh: of the frame.
    """
    width, height = frame_wh
    if not boxes:
        return 0, 0, width, height
    left, top, right, bottom = np.median(np.array(boxes), axis=0)
    share = min(1.0, WINDOW_SHARE * max((bottom - top) / height, (right - left) / width))
    window_wh = round(share * width), round(share * height)
    x = int(np.clip((left + right - window_wh[0]) / 2, 0, width - window_wh[0]))
    y = int(np.clip((top + bottom - window_wh[1]) / 2, 0, height - window_wh[1]))
    return x, y, x + window_wh[0], y + window_wh[1]


def further_cost(medians_ms: Sequence[float], alone_ms: Sequence[float], faces: int) -> dict[str, float]:
    """What each face after the first adds, pass by pass; nothing for one face, or where they were never followed.

    Args:
        medians_ms: of each pass with so many faces; NaN where they were not followed.
        alone_ms: of the passes with one face, taken in turn with them.
        faces: 1 or more.
    """
    costs = [(several - one) / (faces - 1) for several, one in zip(medians_ms, alone_ms, strict=True) if faces > 1]
    costs = [cost for cost in costs if np.isfinite(cost)]
    if not costs:
        return {}
    return {
        "further_ms": round(float(np.median(costs)), 3),
        "further_least_ms": round(min(costs), 3),
        "further_most_ms": round(max(costs), 3),
    }


def whole_ms(one: Pass, faces: int) -> list[float]:
    """The whole of each frame in which so many faces were followed."""
    return [ms for ms, count in zip(one.stages_ms[WHOLE], one.faces, strict=True) if count == faces]


def _median_ms(one: Pass, faces: int) -> float:
    values = whole_ms(one, faces)
    return float(np.median(values)) if values else float("nan")


def measure_drawing(clip: Clip, setup: Setup, repeat: int) -> dict[str, dict[str, Any]]:
    """Drawing alone on 1280x720 and on 3840x2160, for each effect: the same frames, padded and not scaled.

    Returns:
        by effect: percentiles for `small` and `large`, and `ratio` of their medians with its least and most over
        the rounds. The two sizes are drawn in turn, frame by frame.
    """
    frames = [fit(frame, SMALL_WH) for frame in clip.frames[:DRAWN_FRAMES]]
    segmenter = replace(setup, faces=1).segmenter()
    followed = [[face.copy() for face in segmenter(frame, i * clip.step_s)] for i, frame in enumerate(frames)]
    canvases = [BgrImage(np.full((size_wh[1], size_wh[0], 3), 128, np.uint8)) for size_wh in (SMALL_WH, LARGE_WH)]
    return {effect.value: _drawing_of(effect, frames, followed, canvases, repeat) for effect in Effect}


def _drawing_of(
    effect: Effect,
    frames: Sequence[BgrImage],
    followed: Sequence[Sequence[Face]],
    canvases: Sequence[BgrImage],
    repeat: int,
) -> dict[str, Any]:
    look = Style(effect=effect)
    overlays = [Overlay() for _ in canvases]
    rounds: list[tuple[list[float], list[float]]] = []
    for _ in range(repeat + 1):  # the first is the warm-up
        taken: tuple[list[float], list[float]] = ([], [])
        for index, (frame, faces) in enumerate(zip(frames, followed, strict=True)):
            for which in (0, 1) if index % 2 else (1, 0):
                canvases[which][: frame.shape[0], : frame.shape[1]] = frame
                start = perf_counter()
                overlays[which].draw(canvases[which], faces, look)
                taken[which].append((perf_counter() - start) * 1e3)
        rounds.append(taken)
    ratios = [float(np.median(large) / np.median(small)) for small, large in rounds[1:]]
    return {
        "small": percentiles([value for small, _ in rounds[1:] for value in small]),
        "large": percentiles([value for _, large in rounds[1:] for value in large]),
        "ratio": round(float(np.median(ratios)), 3),
        "ratio_least": round(min(ratios), 3),
        "ratio_most": round(max(ratios), 3),
    }


def fit(frame_bgr: BgrImage, size_wh: tuple[int, int]) -> BgrImage:
    """The frame itself, or reduced to fit into this size."""
    height, width = frame_bgr.shape[:2]
    scale = min(1.0, size_wh[0] / width, size_wh[1] / height)
    if scale == 1:
        return frame_bgr
    return BgrImage(cv2.resize(frame_bgr, (int(width * scale), int(height * scale)), interpolation=cv2.INTER_AREA))
