"""Recall and point error by hand, at the score that one empty photo in 100 passes."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from realtime.core.geometry import BgrImage, thumbnail
from train.evaluation.finder import (
    ALL,
    ROWS,
    Detector,
    Finds,
    Threshold,
    find_thresholds,
    network_detector,
    rows_of,
    score_frames,
    threshold_of,
)
from train.evaluation.finder_frames import FrameFace, MadeFrame
from train.networks.finder import FinderNet, decode_faces

EMPTY = BgrImage(np.zeros((480, 640, 3), np.uint8))
FACE = FrameFace.of_points(np.array([[100.0, 100.0], [140.0, 100.0], [120.0, 144.0]]), 480)
OTHER = FrameFace.of_points(FACE.points + 200, 480)


def find_of(face: FrameFace, score: float, off_px: float = 0.0) -> list[float]:
    return [score, *(face.points + np.array([off_px, 0])).ravel()]


def told(*rows: list[float], own_score: float = 0.5) -> Detector:
    finds: Finds = np.array(rows, np.float64).reshape(-1, 7)
    return Detector(lambda _: finds, own_score)


@pytest.mark.parametrize(
    ("scores", "false_alarms", "least"),
    [
        ([0.1] * 98 + [0.9, 0.7], 1, 0.7),
        ([0.1] * 97 + [0.9], 0, 0.9),
        ([0.1] * 197 + [0.9, 0.8, 0.6], 2, 0.6),
        ([0.1] * 98 + [0.9, 0.9], 0, 0.9),
    ],
    ids=["one of 100", "fewer than 100", "two of 200", "a tie"],
)
def test_the_threshold_leaves_one_false_alarm_in_100(scores: list[float], false_alarms: int, least: float) -> None:
    threshold = threshold_of(np.array(scores), own_score=0.65)
    assert threshold.score == pytest.approx(least)
    assert threshold.score > least
    assert (threshold.photos, threshold.false_alarms) == (len(scores), false_alarms)
    assert threshold.own_false_alarms == sum(score >= 0.65 for score in scores)


def test_empty_photos_are_shown_to_every_detector_and_without_any_nothing_is_known() -> None:
    detectors = {"a": told(find_of(FACE, 0.8), find_of(OTHER, 0.2)), "b": told()}
    thresholds = find_thresholds(detectors, [EMPTY] * 3, lambda: None)
    assert [round(thresholds[name].score, 6) for name in "ab"] == [0.8, 0]
    with pytest.raises(ValueError, match="no empty photo is held out"):
        find_thresholds(detectors, [], lambda: None)


def test_recall_and_point_error_worked_by_hand() -> None:
    # Of two faces one is found, 4 of 40 pixels off; the other's find is too weak, and a third lies on no face.
    rows = (find_of(FACE, 0.9, 4.0), find_of(OTHER, 0.6), find_of(replace(FACE, points=FACE.points + 100), 0.95))
    thresholds = {"ours": Threshold(0.7, 100, 1, 1)}
    frames = [MadeFrame(EMPTY, [FACE, OTHER]), MadeFrame(EMPTY, [FACE])]
    scores = score_frames({"ours": told(*rows)}, thresholds, frames, lambda: None)["ours"]
    assert scores[ALL] == {"faces": 3, "recall": pytest.approx(2 / 3), "point_error": pytest.approx(0.1)}
    assert scores["one face"]["recall"] == 1
    assert scores["several faces"]["recall"] == 0.5
    assert list(scores) == [row for row in ROWS if row in scores]
    assert not any("yaw" in row for row in scores)  # nobody measured it


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        (
            {"height_share": 0.1, "roll_deg": -20.0, "yaw_deg": -31.0},
            [ALL, "face height 8% to 15%", "roll 15 to 30 degrees", "yaw 30 to 45 degrees", "one face"],
        ),
        (
            {"height_share": 0.8, "roll_deg": 45.0, "yaw_deg": math.nan},
            [ALL, "face height 50% to 80%", "roll 30 to 45 degrees", "one face"],
        ),
        ({"height_share": 0.07}, []),
        ({"height_share": 0.81}, []),
        ({"roll_deg": 46.0}, []),
        ({"yaw_deg": -46.0}, []),
    ],
    ids=["small and turned", "at the ends", "too small", "too large", "rolled too far", "turned too far"],
)
def test_a_face_counts_where_it_belongs_or_nowhere(changes: dict[str, float], rows: list[str]) -> None:
    face = replace(FACE, **({"height_share": 0.3} | changes))
    assert rows_of(face, faces_in_frame=1) == rows
    assert set(rows) <= set(ROWS)


def test_the_networks_finds_are_in_pixels_of_the_frame() -> None:
    torch.manual_seed(0)
    network = FinderNet(4).eval()
    frame = BgrImage(np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8))
    found = network_detector(network).find(frame)
    with torch.inference_mode():
        rows = decode_faces(network(torch.from_numpy(thumbnail(frame)[0])[None]))[0].numpy()
    np.testing.assert_allclose(found[:, 0], rows[:, 0])
    np.testing.assert_allclose(found[:, 1:], rows[:, 1:] * 4, rtol=1e-5)
