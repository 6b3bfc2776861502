"""`python -m train label | import | pack | fit | evaluate | predict | study`: from photos to scores and masks."""

import json
import os
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from realtime.geometry import LAYOUTS, TIGHT
from train.console import NAMED_FILES, console, one_line_errors, progress
from train.data_commands import import_set, pack
from train.fit_command import DATA_HELP, MASK_REGION_HELP, fit, one_of
from train.label_report import report_labels
from train.label_set import SCORED, VAL
from train.mask_folder import MASK_REGIONS
from train.models import FACE_FINDER
from train.study_command import study

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Label photos, train, evaluate, predict.")

LandmarkerOption = Annotated[
    Path | None, typer.Option(help="MediaPipe face_landmarker.task; without it, downloaded once and checked.")
]


@app.command()
def label(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder of the label set.")],
    landmarker: LandmarkerOption = None,
    layout: Annotated[str, typer.Option(**one_of(LAYOUTS), help="Of the crops.")] = TIGHT.name,
    whole_irises: Annotated[
        bool, typer.Option("--whole-irises", help="Draw an iris as a whole disc, also where a lid covers it.")
    ] = False,
    detections: Annotated[
        int,
        typer.Option(
            min=1, max=MOST_DETECTIONS, help="Looks at each face, mirrored, turned and scaled; their median is drawn."
        ),
    ] = DEFAULT_DETECTIONS,
    covered: Annotated[
        str | None,
        typer.Option(**one_of(COVERABLE), help="What a mask hides on these photos: background there."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many photos at once.")] = os.cpu_count() or 1,
) -> None:
    """Find the faces of photos with MediaPipe and draw their masks."""
    from train.labelling import LabelOptions, find_photos, label_photos
    from train.landmarks import fetch_landmarker

    with one_line_errors(), progress() as bar:
        options = LabelOptions(layout, whole_irises, detections, (covered,) if covered else ())
        found = find_photos(photos)
        task = bar.add_task("labelling", total=len(found))
        model = fetch_landmarker(landmarker)
        workers = min(processes, len(found))
        rows = label_photos(found, out, model, workers, partial(bar.advance, task), options)
    report_labels(rows, out)


app.command("import")(import_set)
app.command()(pack)
app.command()(fit)
app.command()(study)


@app.command()
def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt file that `fit` wrote.")],
    data: Annotated[list[Path], typer.Option(help=f"{DATA_HELP} Its held-out side is scored.")],
    out: Annotated[Path, typer.Option(help="Folder for scores.json and comparison.png.")],
    backgrounds: Annotated[
        list[Path] | None, typer.Option(help="Label set whose faceless photos are scenery (face-finder).")
    ] = None,
    contours: Annotated[
        Path | None, typer.Option(help="Folder of outlines drawn by people: contours.json and images/.")
    ] = None,
    landmarker: LandmarkerOption = None,
    mask_region: Annotated[str | None, typer.Option(**one_of(MASK_REGIONS), help=MASK_REGION_HELP)] = None,
    split: Annotated[
        str, typer.Option(**one_of(SCORED), help="Which side is scored; test where the data have one of their own.")
    ] = VAL,
) -> None:
    """Score a checkpoint on held-out labels and on outlines that people drew."""
    with one_line_errors(), progress() as bar:
        from train.checkpoint import file_sha256, load_checkpoint
        from train.evaluation import evaluate_finder, evaluate_segmenter

        network, spec = load_checkpoint(checkpoint)
        out.mkdir(parents=True, exist_ok=True)
        task = bar.add_task("evaluating", total=None)
        on_item = partial(bar.advance, task)
        if spec.arch == FACE_FINDER and split != VAL:
            raise ValueError(f"the {FACE_FINDER} is scored on its validation photos alone: leave out --split")
        if spec.arch == FACE_FINDER:
            scores = evaluate_finder(network, data, backgrounds or [], on_item)
        else:
            landmarker_model = fetch_landmarker_if(contours is not None, landmarker)
            scores = evaluate_segmenter(
                network, spec, data, contours, landmarker_model, out, on_item, mask_region, split
            )
        scores["checkpoint_sha256"] = file_sha256(checkpoint)
        (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    for table in score_tables(scores):
        console.print(table)
    pictures = ", ".join(sorted(path.name for path in out.glob("*.png")))
    console.print(f"wrote {out} (scores.json{', ' if pictures else ''}{pictures})")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A .pt file that `fit` wrote, or an .onnx file that `export` did.")],
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder for NAME.png (region ids) and NAME_overlay.jpg.")],
    aligned: Annotated[
        bool, typer.Option("--aligned", help="The photos are 178x218 crops already, laid out as the model's.")
    ] = False,
    landmarker: LandmarkerOption = None,
) -> None:
    """Write the masks of photos; the faces in them are found by MediaPipe."""
    with one_line_errors(), progress() as bar:
        from train.labelling import find_photos
        from train.landmarks import FaceLandmarker, fetch_landmarker
        from train.prediction import PhotoSegmenter, predict_photos

        segmenter = PhotoSegmenter.read(model)
        found = find_photos(photos)
        task = bar.add_task("predicting", total=len(found))
        finder = nullcontext() if aligned else FaceLandmarker(fetch_landmarker(landmarker))
        with finder as faces:
            without_face = predict_photos(segmenter, found, faces, out, on_photo=lambda: bar.advance(task))
    for path in without_face[:NAMED_FILES]:
        console.print(f"no face: {path}", highlight=False)
    console.print(f"wrote {out} (masks of {len(found)} photos, {len(without_face)} without a face)")


def fetch_landmarker_if(is_needed: bool, path: Path | None) -> Path | None:
    """The landmarker's model file where one is needed."""
    from train.landmarks import fetch_landmarker

    return fetch_landmarker(path) if is_needed else None


def score_tables(scores: dict[str, Any]) -> list[Table]:
    """What `scores.json` holds, to read."""
    tables = []
    side = next(side for side in SCORED.values() if side in scores)
    validation = scores[side]
    if "regions" in validation:
        table = Table("region", "Dice", "IoU", title=f"{side}, {validation['faces']} faces", title_justify="left")
        for name, score in validation["regions"].items():
            table.add_row(name, *(f"{score[key]:.4f}" for key in ("dice", "iou")))
        table.add_row("any region", *(f"{validation['any_region'][key]:.4f}" for key in ("dice", "iou")))
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


if __name__ == "__main__":
    app()
