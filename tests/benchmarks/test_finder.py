"""BlazeFace's answer as ours, and the tables of both; BlazeFace itself needs its model file."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from benchmarks.finder import OURS, PEER, clip_frames, our_detector, rows_of, tables_of
from realtime.core.geometry import BgrImage
from realtime.inference.providers import Provider
from realtime.inference.session import FACE_FINDER, Session, find_model
from realtime.tracking.finder import FaceFinder


def test_of_six_points_three_are_taken_in_pixels() -> None:
    points = [SimpleNamespace(x=x, y=y) for x, y in ((0.25, 0.5), (0.5, 0.5), (9, 9), (0.375, 0.75), (9, 9), (9, 9))]
    found = [SimpleNamespace(categories=[SimpleNamespace(score=0.875)], keypoints=points)]
    assert rows_of(found, (640, 480)).tolist() == [[0.875, 160, 240, 320, 240, 240, 360]]
    assert rows_of([], (640, 480)).shape == (0, 7)


def test_our_finds_are_those_of_the_live_program_and_those_below_its_score() -> None:
    session = Session(find_model("face_finder"), FACE_FINDER, Provider.CPU)
    frame = BgrImage(np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8))
    frame[100:300, 200:400] = (120, 150, 200)
    detector = our_detector(session)
    found = detector.find(frame)
    assert found.shape[1] == 7
    assert (found[:, 0] < detector.own_score).any()
    live = FaceFinder(session).find(frame)
    kept = [row for row in found if row[0] >= detector.own_score]
    assert len(live) <= len(kept)
    for face, row in zip(live, kept, strict=False):
        np.testing.assert_allclose(face.points.ravel(), row[1:], rtol=1e-6)


def test_frames_are_spread_over_a_clip(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "c.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for level in range(0, 200, 20):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()

    class NoFace:
        def find_in_depth(self, frame_bgr: BgrImage) -> list[np.ndarray]:
            return []

    levels = [frame.frame_bgr.mean() for frame in clip_frames(tmp_path / "c.avi", 3, NoFace())]
    assert levels == pytest.approx([0, 80, 180], abs=6)
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ValueError, match=r"text\.mp4: no video that can be read"):
        list(clip_frames(tmp_path / "text.mp4", 3, NoFace()))


def test_the_tables_show_both_side_by_side() -> None:
    def scores(recall: float) -> dict[str, dict[str, dict[str, float]]]:
        return {who: {"all": {"faces": 5, "recall": recall, "point_error": 0.05}} for who in (OURS, PEER)}

    empty = {"score": 0.7, "photos": 200, "false_alarms": 2, "own_false_alarms": 5}
    timed = {"p50_ms": 1.0, "p95_ms": 2.0, "p50_least_ms": 0.9, "p50_most_ms": 1.1}
    found = {
        "empty": {OURS: empty, PEER: empty},
        "frames": scores(0.9),
        "clips": {"a.mp4": scores(0.8)},
        "time": {"size_wh": (640, 480), OURS: timed, PEER: timed, "ratio": {"p50": 0.5, "least": 0.4, "most": 0.6}},
    }
    photos, frames, clip, time = tables_of(found)
    assert photos.rows[0] == (OURS, "200", "0.700", "2", "2.5")
    assert frames.rows == [("all", "5", "90.0", "90.0", "5.0", "5.0")]
    assert clip.title == "Clip a.mp4"
    assert "ratio 0.50" in time.title
    assert time.rows[1] == (PEER, "1.00", "2.00", "0.90", "1.10")
