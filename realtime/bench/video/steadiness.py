"""What smoothing does to the masks of a clip: how much they flicker, and how far they come behind."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.bench.video.clip import Clip
from realtime.bench.video.flicker import Matrix, aligned_masks, changed_share, face_motion, flickering_share, mask_track
from realtime.bench.video.trial import Setup
from realtime.core.geometry import BgrImage, CropTransform
from realtime.face import Face
from realtime.tracking.smoothing import Smoothing

MAX_LAG_FRAMES = 6
LEAST_FRAMES = 30
MOST_SHARE_LEFT = 0.5
"""Of the worst delay's squared difference, what the best may leave: noise alone fits no delay so much better."""


def lag_frames(smoothed: npt.NDArray[np.float64], raw: npt.NDArray[np.float64], max_lag: int = MAX_LAG_FRAMES) -> float:
    """How far the raw track must be delayed to lie closest to the smoothed one, to a part of a frame.

    For each whole delay the mean squared difference is taken over the same frames; a parabola through the least of
    them and its neighbours gives the part.

    Args:
        smoothed: (T,) or (T, K), a row for each frame; NaN where there was no face.
        raw: the same, not smoothed.
        max_lag: longest delay that is tried, both ways.

    Returns:
        frames, negative where the smoothed track is ahead; NaN where fewer than `LEAST_FRAMES` can be compared, or no
        delay fits much better than the others because hardly anything moves.
    """
    raw, smoothed = raw.reshape(len(raw), -1), smoothed.reshape(len(smoothed), -1)
    delays = range(-max_lag, max_lag + 1)
    frames = np.arange(max_lag, len(raw) - max_lag)
    squares = np.array([((smoothed[frames] - raw[frames - delay]) ** 2).sum(axis=1) for delay in delays])
    squares = squares[:, np.isfinite(squares).all(axis=0)] if len(frames) else squares
    if squares.shape[1] < LEAST_FRAMES:
        return float("nan")
    costs = squares.mean(axis=1)
    least = int(np.argmin(costs))
    if least in (0, len(costs) - 1) or costs[least] > MOST_SHARE_LEFT * costs.max() or costs.max() < 1e-12:
        return float("nan")
    before, at, after = costs[least - 1 : least + 2]
    bend = before - 2 * at + after
    part = 0.5 * (before - after) / bend if bend > 0 else 0.0
    return float(delays[least] + np.clip(part, -1, 1))


STANDS_STILL: Matrix = np.eye(2, 3)
ALL = "all"
Followed = dict[Smoothing, Face]
"""The face of one frame, as each level of smoothing sees it; levels that see none are missing."""


@dataclass(frozen=True)
class Seen:
    """One frame: (H, W) uint8 grey, and the face as each level of smoothing follows it."""

    gray: npt.NDArray[np.uint8]
    followed: Followed


def measure_steadiness(clip: Clip, setup: Setup) -> dict[str, Any]:
    """Flicker and lag of every level of smoothing, on the same frames in one run.

    Returns:
        `levels`: by level and region group, `flicker` and `change`, each as mean and median over the frames;
        `lag_frames`: by level, of the mask's place and of the areas of eyes and lips; `frames` that counted;
        `motion_px`: how far the face moves in a frame, in crop pixels, median.
    """
    segmenters = {level: replace(setup, smoothing=level, faces=1).segmenter() for level in Smoothing}
    shares: dict[Smoothing, dict[str, list[tuple[float, float]]]] = {level: defaultdict(list) for level in Smoothing}
    tracks: dict[Smoothing, list[npt.NDArray[np.float64]]] = {level: [] for level in Smoothing}
    steps_px: list[float] = []
    window: list[Seen] = []
    for index, frame_bgr in enumerate(clip.frames):
        followed: Followed = {}
        for level, segmenter in segmenters.items():
            faces = segmenter(frame_bgr, index * clip.step_s)
            tracks[level].append(mask_track(faces[0]) if faces else np.full(4, np.nan))
            if faces:
                followed[level] = faces[0].copy()
        window = [*window[-2:], Seen(gray_of(frame_bgr), followed)]
        motions = motions_to_middle(window)
        if motions is None:
            continue
        reference = window[1].followed[Smoothing.OFF].transform
        steps_px.append(step_px(motions[0], reference))
        for level in Smoothing:
            for group, pair in shares_of([seen.followed[level] for seen in window], motions, reference).items():
                shares[level][group].append(pair)
    raw = np.array(tracks[Smoothing.OFF])
    return {
        "frames": len(steps_px),
        "motion_px": round(float(np.median(steps_px)), 3) if steps_px else None,
        "levels": {
            level.value: {group: summarize(pairs) for group, pairs in shares[level].items()} for level in shares
        },
        "lag_frames": {level.value: lags(np.array(tracks[level]), raw) for level in (Smoothing.LOW, Smoothing.HIGH)},
    }


def motions_to_middle(window: Sequence[Seen]) -> tuple[Matrix, Matrix, Matrix] | None:
    """From each of three frames to the middle one; None where a level has no face in one of them, or none is known."""
    if len(window) < 3 or any(len(seen.followed) < len(Smoothing) for seen in window):
        return None
    before, now, after = window
    towards = face_motion(before.gray, now.gray, before.followed[Smoothing.OFF].transform)
    away = face_motion(now.gray, after.gray, now.followed[Smoothing.OFF].transform)
    if towards is None or away is None:
        return None
    return towards, STANDS_STILL, cv2.invertAffineTransform(away)


def shares_of(
    faces: Sequence[Face], motions: Sequence[Matrix], reference: CropTransform
) -> dict[str, tuple[float, float]]:
    """Flicker and change of each region group, and of all of them together, in the middle of three frames."""
    masks = aligned_masks(faces, motions, reference)
    groups: dict[str, list[npt.NDArray[np.bool_]]] = {ALL: [np.stack(list(mask.values())) for mask in masks]}
    groups |= {group: [mask[group] for mask in masks] for group in masks[0]}
    pairs = {group: (flickering_share(*three), changed_share(*three[:2])) for group, three in groups.items()}
    return {group: pair for group, pair in pairs.items() if np.isfinite(pair).all()}


def summarize(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Mean and median of flicker and change."""
    flicker, change = np.array(pairs).T
    return {
        "flicker_mean": round(float(flicker.mean()), 5),
        "flicker_p50": round(float(np.median(flicker)), 5),
        "change_mean": round(float(change.mean()), 5),
        "change_p50": round(float(np.median(change)), 5),
        "frames": len(pairs),
    }


def lags(smoothed: npt.NDArray[np.float64], raw: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """Frames that a level comes behind: where its mask is, and how open eyes and lips are; None where unknown."""
    columns = {"place": slice(0, 2), "eyes_area": slice(2, 3), "lips_area": slice(3, 4)}
    found = {name: lag_frames(smoothed[:, which], raw[:, which]) for name, which in columns.items()}
    return {name: round(lag, 3) if np.isfinite(lag) else None for name, lag in found.items()}


def step_px(motion: Matrix, crop: CropTransform) -> float:
    """Crop pixels that a motion carries the point between the eyes."""
    point = np.array([*crop.mid_eye_px, 1.0])
    return float(np.linalg.norm(motion @ point - point[:2]) * crop.scale)


def gray_of(frame_bgr: BgrImage) -> npt.NDArray[np.uint8]:
    """(H, W) uint8."""
    return np.asarray(cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
