"""Whose turn it is, what counts, and what is made of the times."""

from time import perf_counter

import pytest

from realtime.bench.models import blocks as blocks_module
from realtime.bench.models.blocks import MOST_REST_S, QUICK, Pace, ratio_of, rest, summarize, time_in_turn


def test_blocks_take_turns_forth_and_back_and_warm_up_runs_do_not_count() -> None:
    order: list[str] = []
    pace = Pace(turns=3, block_s=0.0, least_runs=2, warm_up_runs=1)
    blocks = time_in_turn([lambda: order.append("a"), lambda: order.append("b")], pace)
    assert order == ["a"] * 3 + ["b"] * 6 + ["a"] * 6 + ["b"] * 3
    assert [[len(block) for block in one] for one in blocks] == [[2, 2, 2], [2, 2, 2]]


def test_a_block_lasts_its_time() -> None:
    start = perf_counter()
    time_in_turn([lambda: None], Pace(turns=2, block_s=0.05, least_runs=1, warm_up_runs=0))
    assert perf_counter() - start >= 0.1


class FakeProcess:
    """A process whose threads compute for so long, and a clock that only sleep moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, busy_s: float) -> None:
        self.now_s = 0.0
        self._busy_s = busy_s
        monkeypatch.setattr(blocks_module, "perf_counter", lambda: self.now_s)
        monkeypatch.setattr(blocks_module, "process_time", lambda: min(self.now_s, self._busy_s))
        monkeypatch.setattr(blocks_module, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.mark.parametrize(("busy_s", "rested_s"), [(0.0, 0.015), (0.03, 0.045), (60.0, MOST_REST_S)])
def test_rest_lasts_until_no_thread_computes_but_not_for_ever(
    busy_s: float, rested_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = FakeProcess(monkeypatch, busy_s)
    rest()
    assert process.now_s == pytest.approx(rested_s, abs=0.0051)


def test_each_block_begins_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(blocks_module, "rest", lambda: order.append("rest"))
    time_in_turn([lambda: order.append("run")], Pace(turns=2, block_s=0.0, least_runs=1, warm_up_runs=1))
    assert order == ["rest", "run", "run"] * 2


def test_a_summary_is_worked_by_hand() -> None:
    found = summarize([[1.0, 3.0], [5.0, 7.0]])
    expected = {"p50_ms": 4.0, "p95_ms": 6.7, "p99_ms": 6.94, "p50_least_ms": 2.0, "p50_most_ms": 6.0, "runs": 4}
    assert found == pytest.approx(expected)


def test_the_ratio_is_taken_turn_by_turn() -> None:
    # Turns of 4, 6 and 3 ms against 2, 2 and 3 ms: twice, three times, once.
    ours, peer = [[4.0, 4.0], [6.0], [3.0]], [[2.0], [1.0, 2.0, 9.0], [3.0]]
    assert ratio_of(ours, peer) == {"p50": 2.0, "least": 1.0, "most": 3.0}


def test_quick_is_quicker() -> None:
    assert QUICK.turns * QUICK.block_s < 0.5
