"""Growth worked by hand, and a few seconds of the real program."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks.soak import Sample, sample_process, soak, summarize, table_of

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def test_growth_counts_from_the_first_minute_on() -> None:
    # 100 MB while it loads, 200 MB at one minute, then 1 MB more every minute: means of ten samples, ten minutes.
    samples = [Sample(float(second), 100.0 if second < 60 else 199 + second / 60, 7, 9) for second in range(600)]
    found = summarize(samples, 600)
    assert found["rss_start_mb"] == pytest.approx(199 + 64.5 / 60, abs=0.01)
    assert found["rss_growth_mb"] == pytest.approx(530 / 60, abs=0.01)
    assert found["rss_most_mb"] == pytest.approx(199 + 599 / 60, abs=0.01)


def test_threads_and_descriptors_are_those_at_both_ends() -> None:
    samples = [Sample(float(second), 100.0, 7 + second // 50, 9 + second // 30) for second in range(60)]
    found = summarize(samples, 60)
    assert (found["threads_start"], found["threads_end"]) == (7, 8)
    assert (found["descriptors_start"], found["descriptors_end"]) == (10, 10)


def test_a_run_that_ended_at_once_is_not_judged() -> None:
    with pytest.raises(ValueError, match="ended before"):
        summarize([Sample(1.0, 100.0, 7, 9)], 600)


@linux_only
def test_descriptors_that_are_opened_are_seen(tmp_path: Path) -> None:
    before = sample_process(os.getpid(), 0.0)
    with (tmp_path / "one").open("w"), (tmp_path / "two").open("w"):
        during = sample_process(os.getpid(), 1.0)
    assert during.descriptors == before.descriptors + 2
    assert 10 < during.rss_mb < 50_000
    assert during.threads >= 1


@linux_only
@pytest.mark.slow
def test_the_program_is_watched_and_ended(tmp_path: Path) -> None:
    run = soak(6, tmp_path, ("--output", str(tmp_path / "out.mp4"), "--threads", "1"))
    assert run["frames"] == run["frames_with_face"] > 0
    assert run["written_mb"] > 0
    assert "| no output |" in table_of({"minutes": 0.1, "runs": {"no output": run}}).as_markdown()


@linux_only
def test_a_program_that_refuses_is_one_line_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"):
        soak(6, tmp_path, ("--wrong",))
