"""A row that nobody measured."""

from collections.abc import Callable
from typing import Any

import pytest

from realtime.bench.models.rows import Measurement

ROW = Measurement("unet_lite", "unet_lite.onnx", "fp32", "cpu", "cpu", False, 0, {"cpu": 70}, 1, 1, 849.4)


@pytest.fixture
def make_row() -> Callable[..., Measurement]:
    def make(**changes: Any) -> Measurement:
        times = {"p50_ms": 2.0, "p95_ms": 3.0, "p99_ms": 4.0, "p50_least_ms": 1.5, "p50_most_ms": 2.5, "fps": 500.0}
        return Measurement(**{**vars(ROW), **times, **changes})

    return make
