"""Other people's networks: what is compared with what, and what is said where one is missing."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import peers
from realtime.bench.models.matrix import Timed
from realtime.bench.models.rows import Measurement
from realtime.bench.video.clip import Clip, empty_room
from realtime.bench.video.trial import Setup
from realtime.core.errors import UserError
from realtime.inference.providers import Provider
from realtime.tracking.smoothing import Smoothing

SETUP = Setup("unet_lite", Provider.CPU, 1, Smoothing.LOW)
CLIP = Clip("room", empty_room((64, 48), 2), 1 / 30)


def timed(name: str, blocks: list[list[float]], **changes: Any) -> Timed:
    fields: dict[str, Any] = {"provider_used": "cpu", "threads": 1, "batch": 1, **changes}
    row = Measurement(
        name, name, "fp32", "cpu", fell_back=False, nodes_elsewhere=0, nodes_per_provider={}, file_kb=1, **fields
    )
    return Timed(row, blocks)


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name in packages else object())


def test_our_rows_are_set_beside_the_peers_with_as_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "mediapipe")
    rows = [
        timed("unet_lite.onnx", [[1.0], [2.0], [4.0]]),
        timed("unet_lite.onnx", [[9.0], [9.0], [9.0]], batch=4),
        timed("unet_lite.onnx", [[9.0], [9.0], [9.0]], threads=8),
        timed("unet_lite.onnx", [[9.0], [9.0], [9.0]], provider_used="cuda"),
        timed("face_finder", [[1.0], [1.0], [1.0]]),
        timed(peers.BISENET, [[100.0], [100.0], [100.0]]),
        timed(peers.BISENET, [[50.0], [50.0], [50.0]], threads=2),
    ]
    found = peers.compare(rows, CLIP, SETUP, None, 1)
    assert [(one["file"], one["threads"]) for one in found["bisenet"]] == [("unet_lite.onnx", 1)]
    assert found["bisenet"][0]["ratio"] == {"p50": 0.02, "least": 0.01, "most": 0.04}
    assert "landmarker" not in found
    (table,) = peers.tables_of(found)
    assert table.rows[0][4:] == ("1/50.0", "1/25.0 to 1/100.0")
    assert "random weights" in table.title


def test_a_peer_whose_packages_are_missing_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "torch", "mediapipe")
    assert [line.partition(":")[0] for line in peers.left_out()] == [
        "BiSeNet needs torch",
        "MediaPipe Face Landmarker needs mediapipe",
    ]
    with pytest.raises(UserError, match="--peers: BiSeNet needs torch"):
        peers.find_contenders([1])
    without(monkeypatch, "onnx")
    assert peers.find_contenders([1]) == []


def test_a_landmarker_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UserError, match=r"--peers: missing\.task: no such face landmarker file"):
        peers.compare([], CLIP, SETUP, Path("missing.task"), 1)


@pytest.mark.slow
def test_the_bisenet_runs_and_says_that_its_weights_are_random() -> None:
    (contender,) = peers.find_contenders([1])
    assert (contender.row.model, contender.row.threads, contender.path) == (peers.BISENET, 1, None)
    assert "random weights" in contender.row.short_name
    assert contender.row.file_kb > 40_000
    contender.run()
