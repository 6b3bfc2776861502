"""A study: rows that differ in a few options, trained one after another, scored alike, and told in a table."""

import json
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from train.config import FitConfig

RESULT_NAME, SECONDS_NAME, COST_NAME = "result.json", "seconds.json", "cost.json"


@dataclass(frozen=True)
class Variant:
    """One run of a study.

    Attributes:
        name: on the command line, and of its folder.
        title: in the table.
        words: options of `fit`; `{name}` stands for data of this name, `{after}` for another row's best checkpoint.
        after: the row whose checkpoint that is.
        run_of: the study and row whose run it is, where another study makes it.
    """

    name: str
    title: str
    words: str
    after: str = ""
    run_of: "tuple[Study, Variant] | None" = None


@dataclass(frozen=True)
class Study:
    """What is compared, and how.

    Attributes:
        name: of its files, and on the command line.
        title: of its page.
        about: what is asked, on whose data, and what cannot be had here; Markdown.
        data: what each name of data must be, by name.
        common: options of `fit` that all rows have.
        rows: the runs.
        scored_on: name of the data whose held-out side gives the scores.
        columns: headings of the table, and where in the scores each number stands, with dots between the keys.
        score_words: options of `evaluate` besides `--data`.
        reference: headings and numbers that others reached, as further rows of the table.
        uses_contours: whether outlines that people drew are scored too.
        shows_loss: whether the rows learn with Dice loss, whose curves are drawn.
        costs: headings and names of what a row costs to run; `python -m benchmarks.network_cost` measures it.
    """

    name: str
    title: str
    about: str
    data: Mapping[str, str]
    common: str
    rows: tuple[Variant, ...]
    scored_on: str
    columns: Mapping[str, str]
    mask_region: str | None = None
    reference: Mapping[str, Mapping[str, float]] | None = None
    uses_contours: bool = False
    shows_loss: bool = False
    costs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StudyPlaces:
    """Where a study reads and writes.

    Attributes:
        data: folders by the study's names for them.
        runs: folder of all studies' runs.
        contours, landmarker: outlines and the model file that finds the faces for them, where the study uses them.
    """

    data: Mapping[str, Path]
    runs: Path
    contours: Path | None = None
    landmarker: Path | None = None

    def folder(self, study: Study, row: Variant) -> Path:
        """Of a row's run."""
        study, row = row.run_of or (study, row)
        return self.runs / study.name / row.name


def row_words(study: Study, row: Variant, *, epochs: int | None = None) -> list[str]:
    """The options of `fit` that make a row, but for `--out`; data and checkpoints are still names in braces."""
    study, row = row.run_of or (study, row)
    words = shlex.split(f"{study.common} {row.words}")
    return words if epochs is None else [*words, "--epochs", str(epochs)]


def fill_in(words: Sequence[str], study: Study, row: Variant, places: StudyPlaces) -> list[str]:
    """The words with paths in the place of names in braces.

    Raises:
        ValueError: a folder of data is not given, or does not exist.
    """
    names = {name: str(check_data(study, name, places)) for name in study.data if f"{{{name}}}" in words}
    if row.after:
        others = {other.name: other for other in study.rows}
        names["after"] = str(places.folder(study, others[row.after]) / "best.pt")
    return [word.format_map(names) for word in words]


def check_data(study: Study, name: str, places: StudyPlaces) -> Path:
    """The folder of a study's data.

    Raises:
        ValueError: it is not given, or does not exist.
    """
    folder = places.data.get(name)
    if folder is None:
        raise ValueError(f"the study {study.name} needs --data {name}=FOLDER: {study.data[name]}")
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return folder


def config_of(words: Sequence[str], out: Path) -> FitConfig:
    """The run that `fit` would make of these words."""
    from train.commands.fit import build_config, fit

    cli = typer.Typer()
    cli.command()(fit)
    context: typer.Context = typer.main.get_command(cli).make_context("fit", [*words, "--out", str(out)])  # type: ignore[assignment]
    return build_config(context)


def run_row(
    study: Study,
    row: Variant,
    places: StudyPlaces,
    *,
    fit: Callable[[FitConfig], Path],
    score: Callable[[Path, Path], dict[str, Any]],
    epochs: int | None = None,
    workers: int = 0,
) -> bool:
    """Train and score a row, or what is left to do of it; writes `result.json` into its folder.

    Args:
        study: which.
        row: which of its runs.
        places: where the data and the runs are.
        fit: trains, and gives the best checkpoint.
        score: what the result tells of a checkpoint, scored into a folder: scores, parameters, commit, machine.
        epochs: of every run, in place of the study's own.
        workers: processes that load data.

    Returns:
        whether there was anything to do.

    Raises:
        ValueError: data is missing, or the folder holds another run.
    """
    folder = places.folder(study, row)
    words = row_words(study, row, epochs=epochs)
    done = read_result(folder)
    if done is not None:
        if done["words"] != words:
            raise ValueError(
                f"{folder}: made with other options ({shlex.join(done['words'])}): remove it, or use --runs"
            )
        return False
    last = folder / "last.pt"
    resume = ["--resume", str(last)] if last.is_file() else []
    config = config_of([*fill_in(words, study, row, places), *resume, "--workers", str(workers)], folder)
    with _seconds_counted(folder):
        best = fit(config)
    result = {
        "words": words,
        "epochs": config.epochs,
        "seed": config.seed,
        "seconds": round(_read_seconds(folder)),
        **score(best, folder),
    }
    (folder / RESULT_NAME).write_text(json.dumps(result, indent=2) + "\n")
    return True


def read_result(folder: Path) -> dict[str, Any] | None:
    """What a finished row's folder says of it, `cost` among it once that was measured; None where it is not finished.

    Raises:
        ValueError: a file is broken.
    """
    result = _read_json(folder / RESULT_NAME)
    return result and {**result, "cost": _read_json(folder / COST_NAME) or {}}


def _read_json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        contents: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: not a result of a study ({error})") from None
    return contents


def finished_rows(study: Study, places: StudyPlaces) -> dict[str, dict[str, Any]]:
    """The results of the rows that are done, by title, in the study's order."""
    results = {row.title: read_result(places.folder(study, row)) for row in study.rows}
    return {name: result for name, result in results.items() if result is not None}


def chosen_rows(study: Study, names: Iterable[str]) -> list[Variant]:
    """The rows of these names, all where there are none.

    Raises:
        ValueError: the study has no such row.
    """
    names = list(names)
    known = [row.name for row in study.rows]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"the study {study.name} has no row {', '.join(unknown)}; it has {', '.join(known)}")
    return [row for row in study.rows if not names or row.name in names]


@contextmanager
def _seconds_counted(folder: Path) -> Iterator[None]:
    """Add what the block takes to the folder's count, also where it is interrupted."""
    begun = time.monotonic()
    try:
        yield
    finally:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SECONDS_NAME).write_text(json.dumps(_read_seconds(folder) + time.monotonic() - begun))


def _read_seconds(folder: Path) -> float:
    path = folder / SECONDS_NAME
    return float(json.loads(path.read_text())) if path.is_file() else 0.0
