"""Studies: rows that are made once, go on after an interruption, and are told truthfully."""

import csv
import json
import shlex
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from train.__main__ import app
from train.commands import study as study_command
from train.config import FitConfig
from train.studies.catalogue import LOSS_STUDY, OPTIMIZERS, SEED_A, STUDIES
from train.studies.report import cell_text, look_up, write_report
from train.studies.study import (
    Study,
    StudyPlaces,
    Variant,
    chosen_rows,
    config_of,
    fill_in,
    finished_rows,
    row_words,
    run_row,
)

TINY = Study(
    name="tiny",
    title="Two ways",
    about="What is asked.",
    data={"photos": "photos and masks"},
    common="--data {photos} --layout celeba --mask-region iris --regions right_iris+left_iris --width 2 --batch-size 2"
    " --epochs 2 --precision fp32",
    rows=(
        Variant("first", "the first way", "--learning-rate 1e-2"),
        Variant("second", "the second way", "--start-from {after}", after="first"),
    ),
    scored_on="photos",
    columns={"Dice": "validation.any_region.dice"},
    mask_region="iris",
    reference={"others": {"Dice": 0.5}},
)
VALIDATION = {"faces": 2, "labels": "made up"}
TOLD = {"commit": "abc1234", "machine": "a machine", "parameters": 7}


@pytest.fixture
def places(pairs: Path, tmp_path: Path) -> StudyPlaces:
    return StudyPlaces({"photos": pairs}, tmp_path / "runs")


def run(row: Variant, places: StudyPlaces, made: list[FitConfig], dice: float = 0.25) -> bool:
    """A row whose training only notes what it was asked for."""

    def fit(config: FitConfig) -> Path:
        made.append(config)
        return config.out / "best.pt"

    scores = {"validation": {**VALIDATION, "any_region": {"dice": dice}}}
    return run_row(TINY, row, places, fit=fit, score=lambda *_: {**TOLD, "scores": scores})


def test_a_row_is_made_once_and_its_result_is_kept(places: StudyPlaces) -> None:
    made: list[FitConfig] = []
    assert run(TINY.rows[0], places, made)
    assert not run(TINY.rows[0], places, made)
    (config,) = made
    assert (config.learning_rate, config.epochs, config.regions) == (1e-2, 2, ("background", "iris"))
    result = finished_rows(TINY, places)["the first way"]
    assert (result["epochs"], result["seed"], result["commit"], result["parameters"]) == (2, 1, "abc1234", 7)


def test_a_row_goes_on_from_what_an_interrupted_one_left(places: StudyPlaces) -> None:
    folder = places.folder(TINY, TINY.rows[0])
    folder.mkdir(parents=True)
    (folder / "last.pt").touch()
    (folder / "seconds.json").write_text("90")
    made: list[FitConfig] = []
    run(TINY.rows[0], places, made)
    assert made[0].resume == folder / "last.pt"
    assert finished_rows(TINY, places)["the first way"]["seconds"] == 90


def test_a_folder_that_holds_another_run_is_refused(places: StudyPlaces) -> None:
    run(TINY.rows[0], places, [])
    with pytest.raises(ValueError, match="made with other options"):
        run(replace(TINY.rows[0], words="--learning-rate 5"), places, [])


def test_a_row_can_start_from_another_ones_checkpoint(places: StudyPlaces) -> None:
    words = fill_in(row_words(TINY, TINY.rows[1]), TINY, TINY.rows[1], places)
    assert words[-1] == str(places.folder(TINY, TINY.rows[0]) / "best.pt")


def test_missing_data_and_rows_are_named(places: StudyPlaces, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the study tiny needs --data photos=FOLDER: photos and masks"):
        fill_in(row_words(TINY, TINY.rows[0]), TINY, TINY.rows[0], StudyPlaces({}, tmp_path))
    with pytest.raises(ValueError, match="gone: no such folder"):
        run(TINY.rows[0], StudyPlaces({"photos": tmp_path / "gone"}, tmp_path), [])
    with pytest.raises(ValueError, match="has no row third; it has first, second"):
        chosen_rows(TINY, ["third"])
    assert [row.name for row in chosen_rows(TINY, ["second"])] == ["second"]
    assert chosen_rows(TINY, []) == list(TINY.rows)


def test_the_report_tells_the_rows_that_are_done_and_names_the_others(places: StudyPlaces, tmp_path: Path) -> None:
    assert write_report(TINY, places, tmp_path / "docs") == []
    run(TINY.rows[0], places, [], dice=0.4321)
    page, numbers, picture = write_report(TINY, places, tmp_path / "docs")
    text = page.read_text()
    assert "| the first way | 0.432 | 7 | 2 |" in text
    assert "| others | 0.500 | - | - | - |" in text
    assert "Not run yet: the second way." in text
    assert "Seed 1, one run a row. Commit abc1234. Machine: a machine;" in text
    assert str(tmp_path) not in text
    with numbers.open() as file:
        (row,) = csv.DictReader(file)
    assert (row["row"], row["Dice"], row["epochs"]) == ("the first way", "0.4321", "2")
    assert cv2.imread(str(picture)).shape[1] == 1200


def test_what_a_row_costs_is_told_once_it_was_measured(places: StudyPlaces, tmp_path: Path) -> None:
    costly = replace(TINY, costs={"ms a crop": "p50_ms"})
    run(TINY.rows[0], places, [], dice=0.25)
    page, _, picture = write_report(costly, places, tmp_path / "docs")
    assert "| the first way | 0.250 | - | 7 | 2 |" in page.read_text()
    (places.folder(TINY, TINY.rows[0]) / "cost.json").write_text('{"p50_ms": 1.25}')
    write_report(costly, places, tmp_path / "docs")
    assert "| the first way | 0.250 | 1.25 | 7 | 2 |" in page.read_text()
    assert "python -m benchmarks.network_cost runs/studies/tiny\n" in page.read_text()
    assert cv2.imread(str(picture)).shape[1] == 1200


def test_numbers_are_looked_up_and_told_as_they_are() -> None:
    assert look_up({"a": {"b": 0.5, "c": 1.0}}, "a.b+a.c") == 0.75
    assert str(look_up({"a": {}}, "a.b")) == "nan"
    assert [cell_text(value) for value in (0.12345, 31037633, 12.34, 1.0)] == ["0.123", "31,037,633", "12.3", "1"]
    assert cell_text(float("nan")) == "-"


@pytest.mark.parametrize("study", STUDIES.values(), ids=list(STUDIES))
def test_every_row_of_every_study_is_a_run_that_fit_takes(study: Study, tmp_path: Path) -> None:
    places = StudyPlaces(dict.fromkeys(study.data, tmp_path), tmp_path / "runs")
    names = [row.name for row in study.rows]
    assert len(set(names)) == len(names)
    for row in study.rows:
        config = config_of(fill_in(row_words(study, row), study, row, places), tmp_path / "out")
        assert config.data[0] == tmp_path
        assert not row.after or row.after in names[: names.index(row.name)]
    assert study.scored_on in study.data


def test_the_studies_are_what_they_say(tmp_path: Path) -> None:
    places = StudyPlaces({"celeba_iris": tmp_path}, tmp_path)
    words = (fill_in(row_words(OPTIMIZERS, row), OPTIMIZERS, row, places) for row in OPTIMIZERS.rows)
    adamw, sgd = (config_of(of_row, tmp_path) for of_row in words)
    assert (adamw.optimizer, adamw.learning_rate, adamw.batch_size) == ("adamw", 1e-4, 16)
    assert (adamw.arch, adamw.epochs, adamw.width, adamw.regions) == ("unet", 100, 16, ("iris",))
    assert (sgd.optimizer, sgd.learning_rate, sgd.momentum, sgd.loss, sgd.arch) == ("sgd", 1e-2, 0.9, "dice", "unet")
    assert places.folder(SEED_A, SEED_A.rows[0]) == places.folder(OPTIMIZERS, OPTIMIZERS.rows[0])
    assert len(LOSS_STUDY.rows) == 8


def study(*words: object) -> Result:
    return CliRunner().invoke(app, ["study", *map(str, words)])


@pytest.fixture
def tiny_study(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The words that run the tiny study for real."""
    monkeypatch.setitem(study_command.STUDIES, "optimizers", TINY)
    folders = ("--runs", tmp_path / "runs", "--out", tmp_path / "docs")
    return ["optimizers", "--data", f"photos={pairs}", *folders, "--threads", 1]


def test_an_interrupted_study_goes_on_to_the_same_table(
    tiny_study: list[object], tmp_path: Path, send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(signal.SIGINT, 1, 0)
    stopped = study(*tiny_study)
    assert stopped.exit_code == 1
    assert "stopped in epoch 2 after 1 of 2 batches: the same command goes on" in stopped.output
    assert not (tmp_path / "docs").exists()
    monkeypatch.undo()
    monkeypatch.setitem(study_command.STUDIES, "optimizers", TINY)
    gone_on = study(*tiny_study)
    assert gone_on.exit_code == 0, gone_on.output
    again = study(*tiny_study)
    assert again.output.count("was done already") == 2
    whole = study(*[tmp_path / "whole" if word == tmp_path / "runs" else word for word in tiny_study])
    assert whole.exit_code == 0
    results = [json.loads((tmp_path / name / "tiny/first/result.json").read_text()) for name in ("runs", "whole")]
    one, other = ({key: value for key, value in result["scores"].items() if "sha" not in key} for result in results)
    assert one == other
    assert {path.name for path in (tmp_path / "docs").iterdir()} == {"tiny.md", "tiny.csv", "tiny.png"}
    assert shlex.join(results[0]["words"]) in (tmp_path / "docs" / "tiny.csv").read_text()


@pytest.mark.parametrize(
    ("words", "exit_code", "line"),
    [
        (("optimizers",), 1, "needs --data celeba_iris=FOLDER"),
        (("optimizers", "--data", "photos"), 1, "--data photos is not NAME=FOLDER"),
        (("seed-b",), 1, "needs --contours FOLDER"),
        (("speed",), 2, "'speed' is none of optimizers, seed-a"),
        (("optimizers", "--rows", "adam"), 1, "has no row adam; it has adamw, sgd"),
    ],
)
def test_what_cannot_be_run_gets_one_line(words: tuple[str, ...], exit_code: int, line: str, tmp_path: Path) -> None:
    result = study(*words, "--runs", tmp_path)
    assert line in " ".join(result.output.replace("│", " ").split())
    assert result.exit_code == exit_code


def test_nothing_done_is_nothing_written(tmp_path: Path) -> None:
    result = study("optimizers", "--report-only", "--runs", tmp_path, "--out", tmp_path / "docs")
    assert "no row is done: nothing to write" in result.output
    assert not (tmp_path / "docs").exists()
