"""A fresh process: it starts, draws, and says how much memory it needed."""

import pytest

from realtime.bench.video.start_up import measure_start_up
from realtime.bench.video.trial import Setup
from realtime.inference.session import Provider
from realtime.tracking.smoothing import Smoothing


@pytest.mark.slow
def test_a_fresh_process_draws_and_says_how_much_memory_it_needed() -> None:
    found = measure_start_up("demo", Setup("unet_lite", Provider.CPU, 1, Smoothing.LOW), frames=3, times=1)
    assert 50 < found["first_overlay_ms"] < 60_000
    assert found["first_overlay_least_ms"] == found["first_overlay_most_ms"] == found["first_overlay_ms"]
    assert 50 < found["peak_rss_mb"] < 2000


def test_a_process_that_fails_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="ended with 1"):
        measure_start_up("no such video", Setup("unet_lite", Provider.CPU, 1, Smoothing.LOW), frames=3, times=1)
