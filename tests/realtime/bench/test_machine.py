"""What is said of the machine."""

import subprocess
import sys

import numpy as np

from realtime.bench.machine import describe_machine, git_commit, peak_rss_mb


def test_the_header_names_processor_versions_and_commit() -> None:
    header = describe_machine()
    assert {"cpu", "cores", "os", "python", "numpy", "opencv-python", "commit"} <= set(header)
    assert header["numpy"] == np.__version__
    assert all(header.values())


def test_without_git_the_commit_is_unknown() -> None:
    program = "import os; os.environ['PATH'] = ''; from realtime.bench.machine import git_commit; print(git_commit())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "unknown"
    assert git_commit()


def test_memory_that_was_given_back_still_counts() -> None:
    before = peak_rss_mb()
    block = np.ones(60_000_000, np.uint8)
    del block
    assert peak_rss_mb() >= before
    assert 20 < peak_rss_mb() < 50_000
