"""A run's numbers, as JSON and in one line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.core.errors import OutputError
from realtime.report import RunReport

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
