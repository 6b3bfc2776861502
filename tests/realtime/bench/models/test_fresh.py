"""A process of its own for each row."""

from pathlib import Path

import pytest

from realtime.bench.models.fresh import FreshStart, middle, start_fresh
from realtime.core.errors import UserError
from realtime.inference.session import find_model


def test_a_fresh_process_says_what_it_needed() -> None:
    start = start_fresh(find_model("unet_lite"), "cpu", 1, 1)
    assert 1 < start.cold_start_ms < 60_000
    assert 0.1 < start.first_run_ms < 60_000
    assert 40 < start.peak_rss_mb < 2000


def test_more_images_need_more_memory() -> None:
    one, many = (start_fresh(find_model("unet_lite"), "cpu", 1, batch) for batch in (1, 32))
    assert many.peak_rss_mb > one.peak_rss_mb + 20
    assert many.first_run_ms > one.first_run_ms


def test_one_that_fails_is_one_line_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"broken\.onnx on cpu fails .*: .*not a model that ONNX Runtime") as failure:
        start_fresh(tmp_path / "broken.onnx", "cpu", 1, 1)
    assert "\n" not in str(failure.value)


def test_the_middle_is_the_median_of_each_number() -> None:
    starts = [FreshStart(3.0, 10.0, 1.0), FreshStart(1.0, 30.0, 2.0), FreshStart(2.0, 20.0, 9.0)]
    assert middle(starts) == FreshStart(2.0, 20.0, 2.0)
