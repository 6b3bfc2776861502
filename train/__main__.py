"""`python -m train label | fit | evaluate`: from photos to a checkpoint with scores."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from realtime.regions import Region, region_name, regions_from_names
from train.label_set import LabelledPhoto, faces_of
from train.models import ARCHITECTURES, FACE_FINDER

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Label photos, train, evaluate.")
console = Console()

ALL_REGIONS = ",".join(region_name(region) for region in Region)
DEFAULT_WIDTH = 16
NAMED_REJECTIONS = 5

LandmarkerOption = Annotated[
    Path | None, typer.Option(help="MediaPipe face_landmarker.task; without it, downloaded once and checked.")
]


@app.command()
def label(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder of the label set.")],
    landmarker: LandmarkerOption = None,
    processes: Annotated[int, typer.Option(min=1, help="How many photos at once.")] = os.cpu_count() or 1,
) -> None:
    """Find the faces of photos with MediaPipe and draw their masks."""
    from train.contact_sheet import write_contact_sheet
    from train.labelling import find_photos, label_photos
    from train.landmarks import fetch_landmarker

    with one_line_errors(), progress() as bar:
        found = find_photos(photos)
        task = bar.add_task("labelling", total=len(found))
        model = fetch_landmarker(landmarker)
        rows = label_photos(found, out, model, min(processes, len(found)), on_photo=lambda: bar.advance(task))
    console.print(label_table(rows))
    for line in rejection_lines(rows):
        console.print(line, highlight=False)
    sheet = write_contact_sheet(out) if any(faces_of(rows)) else None
    console.print(f"wrote {out} (index.jsonl, crops/, labels/" + (f", {sheet.name})" if sheet else ")"))


@app.command()
def fit(
    data: Annotated[list[Path], typer.Option(help="Label set to learn from; give it again for more.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: best.pt, last.pt, metrics/, curves.png.")],
    arch: Annotated[str, typer.Option(help=f"One of: {', '.join(ARCHITECTURES)}.")] = "unet-lite",
    backgrounds: Annotated[
        list[Path] | None, typer.Option(help="Label set whose faceless photos are scenery (face-finder).")
    ] = None,
    regions: Annotated[str, typer.Option(help="What the segmenter tells apart, background first.")] = ALL_REGIONS,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training faces.")] = 12,
    batch_size: Annotated[int, typer.Option(min=1, help="Crops or scenes a step.")] = 32,
    learning_rate: Annotated[float, typer.Option(min=0, help="Its peak; rises, then falls along a cosine.")] = 3e-3,
    weight_decay: Annotated[float, typer.Option(min=0, help="Of AdamW.")] = 1e-2,
    width: Annotated[int, typer.Option(min=1, help="Channels of the network's first level.")] = DEFAULT_WIDTH,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, order and augmentation.")] = 1,
    workers: Annotated[int, typer.Option(min=0, help="Processes that load data.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="Threads that compute; 0: PyTorch's choice.")] = 0,
    resume: Annotated[Path | None, typer.Option(help="Checkpoint to go on from: last.pt of the same run.")] = None,
) -> None:
    """Train a segmenter or the face finder."""
    if arch not in ARCHITECTURES:
        raise typer.BadParameter(f"{arch!r} is none of {', '.join(ARCHITECTURES)}", param_hint="--arch")
    try:
        chosen = regions_from_names(regions.split(","))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--regions") from None
    if chosen[0] != Region.BACKGROUND or len(chosen) < 2:
        raise typer.BadParameter("background comes first, and at least one region follows", param_hint="--regions")
    with one_line_errors():
        import torch

        from train.checkpoint import read_contents
        from train.loop import FitConfig
        from train.loop import fit as run_fit

        if threads:
            torch.set_num_threads(threads)
        if resume is not None:
            read_contents(resume)
        best = run_fit(
            FitConfig(
                arch=arch,
                data=tuple(data),
                backgrounds=tuple(backgrounds or ()),
                out=out,
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
                weight_decay=weight_decay,
                width=width,
                regions=chosen,
                seed=seed,
                workers=workers,
                resume=resume,
            )
        )
    console.print(f"wrote {out} (best: {best.name}, last.pt, metrics/, curves.png)")


@app.command()
def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt file that `fit` wrote.")],
    data: Annotated[list[Path], typer.Option(help="Label set; its held-out side is scored.")],
    out: Annotated[Path, typer.Option(help="Folder for scores.json and comparison.png.")],
    backgrounds: Annotated[
        list[Path] | None, typer.Option(help="Label set whose faceless photos are scenery (face-finder).")
    ] = None,
    contours: Annotated[
        Path | None, typer.Option(help="Folder of outlines drawn by people: contours.json and images/.")
    ] = None,
    landmarker: LandmarkerOption = None,
) -> None:
    """Score a checkpoint on held-out labels and on outlines that people drew."""
    with one_line_errors(), progress() as bar:
        from train.checkpoint import file_sha256, load_checkpoint
        from train.evaluation import evaluate_finder, evaluate_segmenter

        network, spec = load_checkpoint(checkpoint)
        out.mkdir(parents=True, exist_ok=True)
        task = bar.add_task("evaluating", total=None)
        on_item = partial(bar.advance, task)
        if spec.arch == FACE_FINDER:
            scores = evaluate_finder(network, data, backgrounds or [], on_item)
        else:
            landmarker_model = fetch_landmarker_if(contours is not None, landmarker)
            scores = evaluate_segmenter(network, spec, data, contours, landmarker_model, out, on_item)
        scores["checkpoint_sha256"] = file_sha256(checkpoint)
        (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    for table in score_tables(scores):
        console.print(table)
    pictures = ", ".join(sorted(path.name for path in out.glob("*.png")))
    console.print(f"wrote {out} (scores.json{', ' if pictures else ''}{pictures})")


def fetch_landmarker_if(is_needed: bool, path: Path | None) -> Path | None:
    """The landmarker's model file where one is needed."""
    from train.landmarks import fetch_landmarker

    return fetch_landmarker(path) if is_needed else None


def label_table(rows: Sequence[LabelledPhoto]) -> Table:
    """Photos, faces and rejections, by source folder."""
    reasons = sorted({row.rejected for row in rows if row.rejected})
    table = Table("source", "photos", "faces", "with crop", "grey", *reasons, title="labelled", title_justify="left")
    sources = sorted({row.source for row in rows})
    for name, part in [(s, [r for r in rows if r.source == s]) for s in sources] + [("all", list(rows))]:
        counts = [
            len(part),
            sum(len(row.faces) for row in part),
            sum(1 for _ in faces_of(part)),
            sum(row.grey for row in part),
            *(sum(row.rejected == reason for row in part) for reason in reasons),
        ]
        table.add_row(name, *map(str, counts))
    return table


def rejection_lines(rows: Sequence[LabelledPhoto]) -> list[str]:
    """A line for each reason, naming the first few photos; index.jsonl holds them all."""
    lines = []
    for reason in sorted({row.rejected for row in rows if row.rejected}):
        names = [Path(row.photo).name for row in rows if row.rejected == reason]
        more = f" and {len(names) - NAMED_REJECTIONS} more" if len(names) > NAMED_REJECTIONS else ""
        lines.append(f"{reason}: {', '.join(names[:NAMED_REJECTIONS])}{more}")
    return lines


def score_tables(scores: dict[str, Any]) -> list[Table]:
    """What `scores.json` holds, to read."""
    tables = []
    validation = scores["validation"]
    if "regions" in validation:
        table = Table("region", "Dice", "IoU", title=f"validation, {validation['faces']} faces", title_justify="left")
        for name, score in validation["regions"].items():
            table.add_row(name, *(f"{score[key]:.4f}" for key in ("dice", "iou")))
        tables.append(table)
    else:
        table = Table("measure", "value", title=f"validation, {validation['scenes']} scenes", title_justify="left")
        for name, value in validation.items():
            table.add_row(name, f"{value:.4g}")
        tables.append(table)
    if "contours" in scores:
        contours = scores["contours"]
        title = f"outlines drawn by people, {contours['photos']} photos"
        table = Table("region", "Dice", "IoU", "MediaPipe Dice", "MediaPipe IoU", title=title, title_justify="left")
        for name, ours in contours["ours"].items():
            cells = (ours["dice"], ours["iou"], *contours["mediapipe"][name].values())
            table.add_row(name, *(f"{cell:.4f}" for cell in cells))
        tables.append(table)
    return tables


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors that the user can mend become one line and exit code 1; all others stay what they are."""
    try:
        yield
    except (ValueError, OSError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        sys.exit(f"error: {first_line}")


def progress() -> Progress:
    """A progress bar on the console."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


if __name__ == "__main__":
    app()
