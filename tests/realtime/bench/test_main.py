"""The benchmark's command: what it prints and writes, and how it ends."""

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from realtime.bench import __main__ as bench
from realtime.bench.__main__ import app
from realtime.bench.idling import measure_idling
from realtime.bench.start_up import measure_start_up
from realtime.bench.tables import TextTable

QUICK = ("--frames", "8", "--repeat", "1", "--provider", "cpu", "--threads", "1")


def test_the_json_file_holds_machine_settings_and_stages(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*QUICK, "--size", "320x240", "--json", str(tmp_path / "bench.json")])
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "bench.json").read_text())
    assert results["machine"]["numpy"]
    assert (results["clip"]["width"], results["clip"]["height"], results["clip"]["frames"]) == (320, 240, 8)
    assert (results["model"], results["provider_asked"], results["provider_used"]) == ("unet_lite", "cpu", "cpu")
    whole = results["end_to_end"]["stages_ms"]["whole"]
    assert 0 < whole["p50"] <= whole["p95"] <= whole["p99"]
    assert whole["frames"] == 8
    assert results["end_to_end"]["faces_per_frame"] == 1
    assert not {"flicker", "idle", "start_up"} & set(results)


@pytest.mark.slow
def test_all_measures_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measure_idling", partial(measure_idling, seconds=0.2, rounds=1, settle_s=0.1))
    monkeypatch.setattr(bench, "measure_start_up", partial(measure_start_up, times=1))
    done = CliRunner().invoke(app, [*QUICK, "--all", "--markdown", "--json", str(tmp_path / "bench.json")])
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "bench.json").read_text())
    assert {"flicker", "further_faces", "drawing", "start_up", "idle"} <= set(results)
    assert results["start_up"]["first_overlay_ms"] > results["end_to_end"]["stages_ms"]["whole"]["p50"]
    words = ("**Machine**", "| whole |", "| overlay |", "| high, lips |", "| 4 |", "**Frames behind", "first overlay")
    assert [word for word in (*words, "nobody in view") if word not in done.output] == []


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--video", "missing.mp4"), "error: missing.mp4: no such file"),
        (("--model", "missing"), "error: missing: no such model file"),
        (("--json", "missing/bench.json"), "error: missing/bench.json: its folder does not exist"),
        (("--idle", "--empty-video", "missing.mp4"), "error: missing.mp4"),
    ],
    ids=["no such video", "no such model", "no such folder", "no such empty video"],
)
def test_what_cannot_be_used_is_one_line(flags: tuple[str, ...], line: str) -> None:
    done = CliRunner().invoke(app, [*QUICK, *flags])
    assert done.exit_code == 1
    assert done.output.startswith(line)
    assert done.output.count("\n") == 1


@pytest.mark.parametrize("size", ["640", "640x", "0x480", "x", "-640x480", "640x480x3"])
def test_a_size_that_is_none_is_wrong_usage(size: str) -> None:
    done = CliRunner().invoke(app, [*QUICK, f"--size={size}"])
    assert done.exit_code == 2
    assert "--size" in done.output


def test_a_table_for_a_page_is_worked_by_hand() -> None:
    table = TextTable("Times", ("stage", "p50"), [("crop", "1.00"), ("draw", "0.50")])
    expected = "**Times**\n\n| stage | p50 |\n| --- | ---: |\n| crop | 1.00 |\n| draw | 0.50 |\n"
    assert table.as_markdown() == expected
    assert table.for_terminal().row_count == 2
