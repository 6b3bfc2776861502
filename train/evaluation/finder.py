"""How well faces are found: recall where one empty photo in 100 has a false face, and how exact the points are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from realtime.core.geometry import BgrImage, thumbnail
from train.augmentation.scenes import FOUND_SCORE, face_errors
from train.evaluation.finder_frames import HEIGHT_SHARE, MOST_ROLL_DEG, FrameFace, MadeFrame
from train.networks.finder import decode_faces

FALSE_ALARM_SHARE = 0.01
"""Of the empty photos that may have a false face at the score that counts as a find."""
MOST_YAW_DEG = 45.0
ALL = "all"

Finds = npt.NDArray[np.float64]
"""(K, 7) score, then x and y of the right eye, the left eye and the mouth in frame pixels; low scores too."""


@dataclass(frozen=True)
class Detector:
    """What finds faces, and the score from which its own program takes a find for a face."""

    find: Callable[[BgrImage], Finds]
    own_score: float


@dataclass(frozen=True)
class Threshold:
    """What a detector makes of empty photos.

    Attributes:
        score: the least at which no more than `FALSE_ALARM_SHARE` of them has a find; of fewer than 100, none.
        photos: how many there were.
        false_alarms: photos with a find at this score.
        own_false_alarms: photos with a find at the detector's own score.
    """

    score: float
    photos: int
    false_alarms: int
    own_false_alarms: int


def network_detector(network: nn.Module, own_score: float = FOUND_SCORE) -> Detector:
    """A face finder network in evaluation mode."""

    def find(frame_bgr: BgrImage) -> Finds:
        small, scale = thumbnail(frame_bgr)
        with torch.inference_mode():
            rows: Finds = decode_faces(network(torch.from_numpy(small)[None]))[0].double().numpy()
        return in_frame(rows, scale)

    return Detector(find, own_score)


def in_frame(rows: npt.NDArray[Any], scale: float) -> Finds:
    """(K, 7) finds in thumbnail pixels as those in frame pixels, `scale` thumbnail pixels each."""
    finds: Finds = rows.astype(np.float64)
    finds[:, 1:] /= scale
    return finds


def find_thresholds(
    detectors: Mapping[str, Detector], empty: Iterable[BgrImage], on_item: Callable[[], None]
) -> dict[str, Threshold]:
    """The score of each detector that leaves one false alarm in 100 empty photos.

    Args:
        detectors: by name.
        empty: photos without a face.
        on_item: called after each photo.

    Raises:
        ValueError: there is no empty photo.
    """
    best: dict[str, list[float]] = {name: [] for name in detectors}
    for photo_bgr in empty:
        for name, detector in detectors.items():
            best[name].append(float(detector.find(photo_bgr)[:, 0].max(initial=0.0)))
        on_item()
    if not all(best.values()):
        raise ValueError("no empty photo is held out: nothing tells what score means a face")
    return {name: threshold_of(np.array(scores), detectors[name].own_score) for name, scores in best.items()}


def threshold_of(best_scores: npt.NDArray[np.float64], own_score: float) -> Threshold:
    """The threshold from the best score in each of (E,) empty photos."""
    allowed = int(len(best_scores) * FALSE_ALARM_SHARE)
    score = float(np.nextafter(np.sort(best_scores)[::-1][allowed], np.inf))
    alarms = [int((best_scores >= least).sum()) for least in (score, own_score)]
    return Threshold(score, len(best_scores), *alarms)


def score_frames(
    detectors: Mapping[str, Detector],
    thresholds: Mapping[str, Threshold],
    frames: Iterable[MadeFrame],
    on_item: Callable[[], None],
) -> dict[str, dict[str, dict[str, float]]]:
    """Recall and point error of each detector, by what the faces are like.

    Args:
        detectors: by name.
        thresholds: of each.
        frames: faces outside the ranges (8 to 80 % of the height, 45 degrees) count neither as found nor as missed.
        on_item: called after each frame.

    Returns:
        by detector and row, `faces`, `recall`, and `point_error`: the mean over the faces found, as a share of the
        interocular distance, eyes and mouth centre; rows without a face are left out.
    """
    errors: dict[str, dict[str, list[float]]] = {name: {} for name in detectors}
    for frame in frames:
        truth = [face.points for face in frame.faces]
        for name, detector in detectors.items():
            found = face_errors(detector.find(frame.frame_bgr), truth, thresholds[name].score)
            for face, error in zip(frame.faces, found, strict=True):
                for row in rows_of(face, len(frame.faces)):
                    errors[name].setdefault(row, []).append(error)
        on_item()
    return {name: {row: _summarize(by_row[row]) for row in ROWS if row in by_row} for name, by_row in errors.items()}


HEIGHTS = (HEIGHT_SHARE[0], 0.15, 0.3, 0.5, HEIGHT_SHARE[1])
ANGLES_DEG = (0.0, 15.0, 30.0, MOST_ROLL_DEG)


def _height_row(low: float, high: float) -> str:
    return f"face height {low:.0%} to {high:.0%}"


def _angle_row(kind: str, low: float, high: float) -> str:
    return f"{kind} {low:.0f} to {high:.0f} degrees"


ROWS = (
    ALL,
    *(_height_row(*pair) for pair in pairwise(HEIGHTS)),
    *(_angle_row(kind, *pair) for kind in ("roll", "yaw") for pair in pairwise(ANGLES_DEG)),
    "one face",
    "several faces",
)


def rows_of(face: FrameFace, faces_in_frame: int) -> list[str]:
    """Rows of the table that a face counts in; none where it is outside the ranges."""
    roll, yaw = abs(face.roll_deg), abs(face.yaw_deg)
    if not HEIGHTS[0] <= face.height_share <= HEIGHTS[-1] or roll > MOST_ROLL_DEG or yaw > MOST_YAW_DEG:
        return []
    rows = [ALL, _height_row(*_bin(face.height_share, HEIGHTS)), _angle_row("roll", *_bin(roll, ANGLES_DEG))]
    rows += [_angle_row("yaw", *_bin(yaw, ANGLES_DEG))] if np.isfinite(yaw) else []
    return [*rows, "one face" if faces_in_frame == 1 else "several faces"]


def _bin(value: float, edges: tuple[float, ...]) -> tuple[float, float]:
    return next((low, high) for low, high in pairwise(edges) if value <= high)


def _summarize(errors: list[float]) -> dict[str, float]:
    found = [error for error in errors if np.isfinite(error)]
    return {
        "faces": len(errors),
        "recall": len(found) / len(errors),
        "point_error": float(np.mean(found)) if found else float("nan"),
    }
