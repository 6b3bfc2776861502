"""`python -m train study`: run what is left of a study, and write what it found."""

import platform
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from realtime.command_line import console, one_line_errors, one_of
from train.studies.catalogue import STUDIES
from train.studies.report import write_report
from train.studies.study import Study, StudyPlaces, Variant, check_data, chosen_rows, run_row

CPU_INFO = Path("/proc/cpuinfo")


def study(
    name: Annotated[str, typer.Argument(**one_of(STUDIES), help="Which.")],
    data: Annotated[
        list[str], typer.Option(help="NAME=FOLDER, once for each of the study's data; one that lacks is named.")
    ] = [],  # noqa: B006 - typer copies it
    runs: Annotated[Path, typer.Option(help="Folder of all studies' runs; half-done ones go on.")] = Path(
        "runs/studies"
    ),
    out: Annotated[Path, typer.Option(help="Folder of the tables and pictures.")] = Path("docs/studies"),
    rows: Annotated[str, typer.Option(help="These rows alone, names between commas.")] = "",
    contours: Annotated[
        Path | None, typer.Option(help="Folder of outlines drawn by people, where it scores them.")
    ] = None,
    landmarker: Annotated[
        Path | None, typer.Option(help="MediaPipe face_landmarker.task; without it, downloaded once and checked.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Of every run, in place of the study's own.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads that compute; 0: PyTorch's choice.")] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes that load data.")] = 0,
    report_only: Annotated[bool, typer.Option("--report-only", help="Train nothing; write what is done.")] = False,
) -> None:
    """Train the rows of a study that are not done, and write its table and picture."""
    chosen = STUDIES[name]
    with one_line_errors():
        from train.fitting.stopping import Stopped

        if chosen.uses_contours and contours is None and not report_only:
            raise ValueError(f"the study {name} needs --contours FOLDER: outlines that people drew")
        places = StudyPlaces(parse_data(data), runs, contours, landmarker)
        for row in [] if report_only else chosen_rows(chosen, filter(None, rows.split(","))):
            console.print(f"[bold]{name}: {row.name}[/bold]")
            try:
                was_left = run_one(chosen, row, places, epochs, threads, workers)
            except Stopped as stopped:
                sys.exit(f"stopped {stopped.where}: the same command goes on")
            console.print("done" if was_left else "was done already")
        written = write_report(chosen, places, out)
    console.print(f"wrote {', '.join(map(str, written))}" if written else "no row is done: nothing to write")


def run_one(study: Study, row: Variant, places: StudyPlaces, epochs: int | None, threads: int, workers: int) -> bool:
    """Train and score one row with the real network."""
    import torch

    from train.fitting.run import fit as run_fit

    if threads:
        torch.set_num_threads(threads)
    return run_row(
        study,
        row,
        places,
        fit=run_fit,
        score=partial(score_checkpoint, study, places),
        epochs=epochs,
        workers=workers,
    )


def score_checkpoint(study: Study, places: StudyPlaces, checkpoint: Path, folder: Path) -> dict[str, Any]:
    """What is known of a checkpoint, its scores as `evaluate` gives them among it; its picture lies in the folder."""
    from train.checkpoint import load_checkpoint
    from train.evaluation.segmenter import Yardsticks, evaluate_segmenter
    from train.labelling.landmarks import fetch_landmarker

    network, spec = load_checkpoint(checkpoint)
    scored_on = check_data(study, study.scored_on, places)
    contours = places.contours if study.uses_contours else None
    landmarker = fetch_landmarker(places.landmarker) if contours else None
    yardsticks = Yardsticks(contours=contours, landmarker=landmarker)
    scores = evaluate_segmenter(network, spec, [scored_on], folder, lambda: None, yardsticks, study.mask_region)
    parameters = sum(weight.numel() for weight in network.parameters())
    return {"commit": spec.commit, "machine": machine_text(), "parameters": parameters, "scores": scores}


def parse_data(given: list[str]) -> dict[str, Path]:
    """Folders by name.

    Raises:
        ValueError: one is not NAME=FOLDER.
    """
    for text in given:
        if "=" not in text:
            raise ValueError(f"--data {text} is not NAME=FOLDER")
    return {name: Path(folder) for name, _, folder in (text.partition("=") for text in given)}


def machine_text() -> str:
    """The processor, and what computes."""
    import torch

    names = (
        [line for line in CPU_INFO.read_text().splitlines() if line.startswith("model name")]
        if CPU_INFO.is_file()
        else []
    )
    processor = names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else processor
    return f"{device}, torch {torch.__version__}"
