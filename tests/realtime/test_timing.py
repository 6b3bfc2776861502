"""Latency numbers, worked by hand."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import timing
from realtime.core.errors import OutputError
from realtime.timing import RunReport, StageTimer, percentiles


@pytest.mark.parametrize(
    ("values", "p50", "p95", "p99"),
    [
        ([], 0, 0, 0),
        ([7.0], 7, 7, 7),
        ([4.0, 2.0], 3, 3.9, 3.98),
        ([float(value) for value in range(100, -1, -1)], 50, 95, 99),
        ([1.0] * 98 + [11.0, 1001.0], 1, 1, 20.9),
        ([1.23456789], 1.235, 1.235, 1.235),
    ],
    ids=["nothing", "one", "two", "0 to 100", "rare slow ones", "rounded to a microsecond"],
)
def test_percentiles_worked_by_hand(values: list[float], p50: float, p95: float, p99: float) -> None:
    assert percentiles(values) == {"p50": pytest.approx(p50), "p95": pytest.approx(p95), "p99": pytest.approx(p99)}


@given(st.lists(st.floats(0, 1e4), min_size=1))
def test_percentiles_rise_and_stay_within_the_values(values: list[float]) -> None:
    found = percentiles(values)
    assert min(values) - 1e-3 <= found["p50"] <= found["p95"] <= found["p99"] <= max(values) + 1e-3


def test_a_stage_that_runs_twice_in_a_frame_counts_as_one() -> None:
    timer = StageTimer()
    for first, second in ((1.0, 2.0), (3.0, 4.0)):
        timer.add("crop", first)
        timer.add("crop", second)
        timer.add("infer", 5.0)
        timer.end_frame()
    assert timer.summary()["crop"] == percentiles([3.0, 7.0])
    assert timer.summary()["infer"] == percentiles([5.0, 5.0])


def test_a_stage_is_measured_over_the_frames_in_which_it_ran() -> None:
    timer = StageTimer()
    timer.add("find", 20.0)
    for _ in range(9):
        timer.add("crop", 1.0)
        timer.end_frame()
    assert timer.summary()["find"]["p50"] == 20


def test_a_frame_that_has_not_ended_is_not_counted() -> None:
    timer = StageTimer()
    timer.add("crop", 1.0)
    assert timer.summary() == {}
    timer.end_frame()
    timer.end_frame()
    assert timer.summary() == {"crop": percentiles([1.0])}


def test_a_stage_takes_as_long_as_what_happens_inside() -> None:
    timer = StageTimer()
    start = time.perf_counter()
    with timer.stage("sleep"):
        time.sleep(0.02)
    elapsed_ms = (time.perf_counter() - start) * 1e3
    timer.end_frame()
    assert 19 < timer.summary()["sleep"]["p50"] <= elapsed_ms + 0.001


def test_a_stage_that_fails_is_timed_too() -> None:
    timer = StageTimer()
    with pytest.raises(ZeroDivisionError), timer.stage("fails"):
        raise ZeroDivisionError
    timer.end_frame()
    assert "fails" in timer.summary()


def test_a_long_run_needs_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "KEPT", 3)
    timer = StageTimer()
    for elapsed_ms in (100.0, 1.0, 2.0, 3.0):
        timer.add("crop", elapsed_ms)
        timer.end_frame()
    assert timer.summary()["crop"] == percentiles([1.0, 2.0, 3.0])


PERCENTILES = {"p50": 4.25, "p95": 8.56, "p99": 9.0}
REPORT = RunReport(
    frames=30,
    frames_with_face=28,
    fps=29.97,
    latency_ms=PERCENTILES,
    stages_ms={"infer": PERCENTILES, "whole": PERCENTILES},
    provider="cpu",
    model="unet_lite",
    precision="fp32",
    dropped=2,
    source="camera 0",
    not_written=3,
)


def test_the_json_holds_all_numbers_under_their_names(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "run.json")
    assert json.loads((tmp_path / "run.json").read_text()) == {
        "frames": 30,
        "frames_with_face": 28,
        "fps": 29.97,
        "latency_ms": PERCENTILES,
        "stages_ms": {"infer": PERCENTILES, "whole": PERCENTILES},
        "provider": "cpu",
        "model": "unet_lite",
        "precision": "fp32",
        "dropped": 2,
        "source": "camera 0",
        "not_written": 3,
    }


def test_the_summary_is_one_line_with_the_numbers_that_matter() -> None:
    assert REPORT.summary() == ("30 frames, 28 with a face, 30.0 fps; latency 4.2 ms (p95 8.6); unet_lite fp32 on cpu")


def test_of_a_run_without_a_frame_no_numbers_are_told() -> None:
    assert replace(REPORT, frames=0).summary() == "no frame came"


@pytest.mark.parametrize(("name", "said"), [("none/run.json", "No such file"), (".", "Is a directory")])
def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(OutputError, match=rf"cannot be written \({said}"):
        REPORT.write(tmp_path / name)
