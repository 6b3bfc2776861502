"""The benchmark's command: what it prints and writes, and how it ends."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from realtime.bench import plan
from realtime.bench.__main__ import app
from realtime.bench.models import matrix
from realtime.bench.models.fresh import FreshStart
from realtime.bench.plan import SHORT, Length, Outcome, Plan
from realtime.bench.text_table import TextTable
from realtime.bench.video import end_to_end
from realtime.bench.video.end_to_end import measure_idling
from realtime.bench.video.start_up import measure_start_up
from realtime.inference.providers import Provider

LITE = ("--quick", "--model", "unet_lite", "--provider", "cpu", "--threads", "1")
VIDEO = (*LITE, "--frames", "8", "--repeat", "1")


@pytest.fixture(autouse=True)
def no_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fresh processes only where a test is about them."""
    if "slow" not in request.keywords:
        monkeypatch.setattr(matrix, "start_fresh", lambda *_: FreshStart(20.0, 5.0, 90.0))


def results_of(tmp_path: Path, *flags: str) -> dict[str, Any]:
    path = tmp_path / "bench.json"
    done = CliRunner().invoke(app, [*flags, "--json", str(path)])
    assert done.exit_code == 0, done.output
    results: dict[str, Any] = json.loads(path.read_text())
    return results


def planned(monkeypatch: pytest.MonkeyPatch, *flags: str) -> Plan:
    """What a command line measures."""
    plans: list[Plan] = []

    def note(one: Plan) -> Outcome:
        plans.append(one)
        return Outcome({"not_started": []}, [], [])

    monkeypatch.setattr("realtime.bench.__main__.carry_out", note)
    done = CliRunner().invoke(app, [*flags])
    assert done.exit_code == 0, done.output
    return plans[0]


def test_the_json_file_holds_machine_and_rows(tmp_path: Path) -> None:
    results = results_of(tmp_path, *LITE, "--batch", "1", "--batch", "2")
    assert results["machine"]["numpy"]
    one, two = results["rows"]
    assert (one["model"], one["file"], one["precision"]) == ("unet_lite", "unet_lite.onnx", "fp32")
    assert (one["provider_asked"], one["provider_used"], one["fell_back"]) == ("cpu", "cpu", False)
    assert (one["threads"], one["batch"], two["batch"]) == (1, 1, 2)
    assert set(one["nodes_per_provider"]) == {"cpu"}
    assert 0 < one["p50_ms"] <= one["p95_ms"] <= one["p99_ms"]
    assert (one["cold_start_ms"], one["first_run_ms"], one["peak_rss_mb"]) == (20.0, 5.0, 90.0)
    assert not {"end_to_end", "peers", "floor", "baseline"} & set(results)


@pytest.mark.slow
def test_a_plain_call_measures_every_model_here(tmp_path: Path) -> None:
    results = results_of(tmp_path, "--quick")
    files = {row["file"] for row in results["rows"]}
    assert {"unet_lite.onnx", "unet_lite_fp16.onnx", "face_finder.onnx"} <= files
    assert {row["batch"] for row in results["rows"]} == {1, 4}
    assert all(row["peak_rss_mb"] > 40 and row["cold_start_ms"] > 0 for row in results["rows"])


def test_a_baseline_gives_every_row_its_ratio_and_names_what_has_none(tmp_path: Path) -> None:
    results_of(tmp_path, *LITE, "--batch", "1", "--batch", "2")
    old = (tmp_path / "bench.json").rename(tmp_path / "old.json")
    done = CliRunner().invoke(app, [*LITE, "--batch", "1", "--batch", "3", "--baseline", str(old)])
    assert done.exit_code == 0, done.output
    assert "to old" in done.output
    assert f"not in {old}: unet_lite.onnx cpu threads 1 batch 3" in done.output
    assert f"only in {old}: unet_lite.onnx cpu threads 1 batch 2" in done.output
    again = results_of(tmp_path, *LITE, "--batch", "1", "--baseline", str(old))
    assert 0.05 < again["rows"][0]["ratio_to_baseline"] < 20
    assert again["baseline"]["only_there"] == ["unet_lite.onnx cpu threads 1 batch 2"]


def test_the_picture_is_written(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*LITE, "--batch", "1", "--plot", str(tmp_path / "rows.png")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "rows.png").read_bytes().startswith(b"\x89PNG")
    assert f"wrote {tmp_path / 'rows.png'}" in done.output


def test_tables_for_a_page_are_markdown() -> None:
    done = CliRunner().invoke(app, [*LITE, "--batch", "1", "--markdown"])
    assert done.exit_code == 0, done.output
    assert "| unet_lite | cpu | 1 | 1 |" in done.output
    assert "**Fresh processes" in done.output


def test_a_video_is_measured_from_file_to_overlay(tmp_path: Path) -> None:
    results = results_of(tmp_path, *VIDEO, "--video", "demo", "--size", "320x240")
    assert (results["clip"]["width"], results["clip"]["height"], results["clip"]["frames"]) == (320, 240, 8)
    assert (results["model"], results["provider_asked"], results["provider_used"]) == ("unet_lite", "cpu", "cpu")
    stages = results["end_to_end"]["stages_ms"]
    assert {"decode", "crop", "infer", "smooth", "draw", "encode", "whole"} <= set(stages)
    assert 0 < stages["whole"]["p50"] <= stages["whole"]["p95"] <= stages["whole"]["p99"]
    assert stages["whole"]["frames"] == stages["decode"]["frames"] == stages["encode"]["frames"] == 8
    assert results["end_to_end"]["faces_per_frame"] == 1
    assert [(row["file"], row["threads"], row["batch"]) for row in results["rows"]] == [("unet_lite.onnx", 1, 1)]
    assert not {"flicker", "idle", "start_up"} & set(results)


@pytest.mark.slow
def test_all_measures_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(end_to_end, "measure_idling", partial(measure_idling, seconds=0.2, rounds=1, settle_s=0.1))
    monkeypatch.setattr(end_to_end, "measure_start_up", partial(measure_start_up, times=1))
    done = CliRunner().invoke(app, [*VIDEO, "--all", "--markdown", "--json", str(tmp_path / "bench.json")])
    assert done.exit_code == 0, done.output
    results = json.loads((tmp_path / "bench.json").read_text())
    assert {"flicker", "further_faces", "drawing", "start_up", "idle"} <= set(results)
    assert results["start_up"]["first_overlay_ms"] > results["end_to_end"]["stages_ms"]["whole"]["p50"]
    words = ("**Machine**", "| whole |", "| overlay |", "| high, lips |", "| 4 |", "**Frames behind", "first overlay")
    assert [word for word in (*words, "nobody in view") if word not in done.output] == []


def test_a_plain_call_leaves_all_axes_open_and_a_video_takes_what_the_program_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = planned(monkeypatch)
    assert plain.axes == matrix.Axes()
    assert (plain.video, plain.length) == (None, Length())
    video = planned(monkeypatch, "--video", "demo")
    assert video.axes == matrix.Axes(("unet_lite",), (Provider.AUTO,), (1,), (1,))
    peers = planned(monkeypatch, "--video", "demo", "--peers")
    assert peers.axes == matrix.Axes()
    flicker = planned(monkeypatch, "--flicker", "--quick")
    assert (flicker.video, flicker.extras, flicker.length) == ("demo", (end_to_end.Extra.FLICKER,), SHORT)


def test_options_of_the_video_reach_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = (
        "--threads",
        "2",
        "--faces",
        "3",
        "--smoothing",
        "high",
        "--frames",
        "9",
        "--repeat",
        "4",
        "--size",
        "64x48",
    )
    found = planned(monkeypatch, "--video", "a.mp4", "--empty-video", "b.mp4", "--batch", "7", *flags)
    assert (found.video, found.empty_video, found.size_wh) == ("a.mp4", "b.mp4", (64, 48))
    assert (found.setup.threads, found.setup.faces, found.setup.smoothing.value) == (2, 3, "high")
    assert (found.length.frames, found.length.repeat, found.axes.batches) == (9, 4, (7,))


@pytest.mark.parametrize("extra", list(end_to_end.Extra))
def test_each_extra_is_measured_alone_on_the_demo(extra: end_to_end.Extra, monkeypatch: pytest.MonkeyPatch) -> None:
    found = planned(monkeypatch, "--" + extra.value.replace("_", "-"))
    assert (found.extras, found.video, found.peers, found.floor) == ((extra,), "demo", False, False)


def test_peers_and_floor_need_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    found = planned(monkeypatch, "--peers", "--floor", "--landmarker", "a.task")
    assert (found.video, found.peers, found.floor, found.landmarker) == (None, True, True, Path("a.task"))


def test_a_provider_that_starts_for_no_model_is_said_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matrix, "available_providers", lambda: [Provider.CUDA, Provider.CPU])
    done = CliRunner().invoke(app, ["--quick", "--model", "unet_lite", "--threads", "1", "--batch", "1"])
    assert done.exit_code == 0, done.output
    assert "unet_lite.onnx not measured: provider cuda" in done.output
    monkeypatch.setattr(matrix, "available_providers", lambda: [Provider.CUDA])
    done = CliRunner().invoke(app, ["--quick", "--model", "unet_lite"])
    assert done.exit_code == 1
    assert done.output.startswith("error: provider cuda")


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (("--video", "missing.mp4"), "error: missing.mp4: no such file"),
        (("--model", "missing"), "error: missing: no such model file"),
        (("--provider", "directml"), "error: provider directml is not in this ONNX Runtime"),
        (("--json", "missing/bench.json"), "error: missing/bench.json: its folder does not exist"),
        (("--plot", "missing/rows.png"), "error: missing/rows.png: its folder does not exist"),
        (("--json", "."), "error: .: cannot be written (a folder)"),
        (("--baseline", "missing.json"), "error: missing.json: cannot be read"),
        (("--baseline", "pyproject.toml"), "error: pyproject.toml: holds no results of this benchmark"),
        (("--idle", "--empty-video", "missing.mp4"), "error: missing.mp4"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_used_is_one_line(flags: tuple[str, ...], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    done = CliRunner().invoke(app, ["--quick", "--frames", "8", *flags])
    assert done.exit_code == 1
    assert done.output.startswith(line)
    assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--provider", "foo"), "--provider"),
        (("--threads", "0"), "--threads"),
        (("--batch", "0"), "--batch"),
        (("--plot", "rows.pdf"), "--plot"),
        (("--video", "demo", "--model", "a", "--model", "b"), "one --model, not 2"),
        (("--flicker", "--threads", "1", "--threads", "2"), "one --threads, not 2"),
        (("--peers", "--provider", "cpu", "--provider", "cuda"), "one --provider, not 2"),
        *((("--video", "demo", f"--size={size}"), "--size") for size in ("640", "640x", "0x480", "-640x480", "1x2x3")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_ends_with_two(flags: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, list(flags))
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize(
    ("missing", "line"),
    [("benchmarks", "needs the folder benchmarks/"), ("torch", "needs torch, which is not installed")],
)
@pytest.mark.parametrize("name", ["peers", "floor"])
def test_what_a_part_of_the_repository_needs_is_one_line(
    name: str, missing: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise ModuleNotFoundError(f"No module named '{missing}'", name=missing)

    monkeypatch.setattr(plan, "import_module", refuse)
    done = CliRunner().invoke(app, [*LITE, f"--{name}"])
    assert done.exit_code == 1
    assert done.output.startswith(f"error: --{name} {line}")
    assert done.output.count("\n") == 1


def test_a_table_for_a_page_is_worked_by_hand() -> None:
    table = TextTable("Times", ("stage", "p50"), [("crop", "1.00"), ("draw", "0.50")])
    expected = "**Times**\n\n| stage | p50 |\n| --- | ---: |\n| crop | 1.00 |\n| draw | 0.50 |\n"
    assert table.as_markdown() == expected
    assert table.for_terminal().row_count == 2
