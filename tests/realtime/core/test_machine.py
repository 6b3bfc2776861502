"""What is said of the machine."""

import os
import subprocess
import sys

import numpy as np
import pytest

from realtime.core import machine
from realtime.core.machine import describe_machine, git_commit, peak_rss_mb


def test_the_header_names_processor_versions_and_commit() -> None:
    header = describe_machine()
    assert {"cpu", "cores", "os", "python", "numpy", "opencv-python", "commit"} <= set(header)
    assert header["numpy"] == np.__version__
    assert all(header.values())


def test_without_git_the_commit_is_unknown() -> None:
    program = "import os; os.environ['PATH'] = ''; from realtime.core.machine import git_commit; print(git_commit())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "unknown"
    assert git_commit()


def test_memory_that_was_given_back_still_counts() -> None:
    before = peak_rss_mb()
    block = np.ones(60_000_000, np.uint8)
    del block
    assert peak_rss_mb() >= before
    assert 20 < peak_rss_mb() < 50_000


def test_a_gpu_is_named_with_its_driver_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_first_line", lambda *_: "NVIDIA A10, 24GB, 550.54")
    assert machine.gpu_and_driver() == {"gpu": "NVIDIA A10, 24GB", "driver": "550.54"}
    monkeypatch.setattr(machine, "_first_line", lambda *_: "")
    assert machine.gpu_and_driver() == {}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_only_cores_that_the_process_may_use_count() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert machine.usable_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert machine.usable_cores() == len(allowed)
