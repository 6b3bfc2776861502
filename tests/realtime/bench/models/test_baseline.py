"""Rows beside those of an older run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime.bench.models.rows import Baseline, Measurement
from realtime.core.errors import SourceError

Make = Callable[..., Measurement]


@pytest.fixture
def old(tmp_path: Path, make_row: Make) -> Baseline:
    rows = [make_row(p50_ms=4.0), make_row(threads=2), make_row(batch=4)]
    results = {"machine": {"commit": "abc"}, "rows": [row.as_json() for row in rows]}
    (tmp_path / "old.json").write_text(json.dumps(results))
    return Baseline.read(tmp_path / "old.json")


def test_a_row_is_matched_by_file_provider_threads_and_batch(old: Baseline, make_row: Make) -> None:
    rows = [
        make_row(),
        make_row(file="b.onnx"),
        make_row(provider_asked="cuda"),
        make_row(threads=3),
        make_row(batch=2),
    ]
    assert [row.ratio_to_baseline for row in old.compare(rows)] == [0.5, None, None, None, None]
    assert old.compare(rows)[0].baseline_p50_ms == 4.0
    assert old.commit == "abc"


def test_rows_that_only_one_has_are_named(old: Baseline, make_row: Make) -> None:
    assert old.unmatched([make_row(), make_row(file="b.onnx", batch=4)]) == {
        "only_here": ["b.onnx cpu threads 1 batch 4"],
        "only_there": ["unet_lite.onnx cpu threads 2 batch 1", "unet_lite.onnx cpu threads 1 batch 4"],
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read"),
        ("", "holds no results"),
        ("[]", "holds no results"),
        ('{"rows": [], "machines": {}}', "holds no results"),
        ('{"rows": [{"file": "a"}], "machine": {"commit": "c"}}', "holds no results"),
        (
            '{"rows": [{"file": "a", "provider_asked": "cpu", "threads": 1, "batch": 1, "p50_ms": 0}],'
            ' "machine": {"commit": "c"}}',
            "not more than 0",
        ),
    ],
    ids=["missing", "empty", "a list", "no machine", "no times", "zero"],
)
def test_what_is_no_benchmark_is_refused_in_one_line(tmp_path: Path, text: str | None, why: str) -> None:
    path = tmp_path / "old.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SourceError, match=why) as refusal:
        Baseline.read(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)
