"""Latency numbers, worked by hand."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import timing
from realtime.timing import StageTimer, percentiles


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
