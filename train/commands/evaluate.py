"""`python -m train evaluate`: every measure of a checkpoint, in scores.json, tables and pictures."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from realtime.command_line import DATA_HELP, MASK_REGION_HELP, console, one_line_errors, one_of, progress
from train.data.label_set import SCORED, VAL
from train.data.mask_folder import MASK_REGIONS
from train.networks import FACE_FINDER

STEADY_FACES = 200


def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="A .pt file that `fit` wrote.")],
    data: Annotated[list[Path], typer.Option(help=f"{DATA_HELP} Its held-out side is scored.")],
    out: Annotated[Path, typer.Option(help="Folder for scores.json and the pictures.")],
    backgrounds: Annotated[
        list[Path] | None, typer.Option(help="Label set whose faceless photos are scenery (face-finder).")
    ] = None,
    contours: Annotated[
        Path | None, typer.Option(help="Folder of outlines drawn by people: contours.json and images/.")
    ] = None,
    people: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of outlines drawn by people. Its faces that were not learnt from are scored one by one, "
            "beside MediaPipe, with crops placed by the program. It may be given several times."
        ),
    ] = None,
    hidden: Annotated[
        Path | None,
        typer.Option(
            help="Text file with one FOLDER/FILE PART hidden|partly a line: faces of --people that are scored apart "
            "because something covers their eyes or mouth."
        ),
    ] = None,
    outline_shift: Annotated[
        float,
        typer.Option(
            min=-2, max=2, help="How many pixels the outlines of --people are moved right and down before they count."
        ),
    ] = 0.0,
    closed_eyes: Annotated[Path | None, typer.Option(help="Photos of closed eyes: is an iris predicted?")] = None,
    covered_mouths: Annotated[Path | None, typer.Option(help="Photos of face masks: are lips predicted?")] = None,
    exceptions: Annotated[
        Path | None,
        typer.Option(help="File of FOLDER/FILE lines: photos of these that do not show it, faceless ones with a face."),
    ] = None,
    landmarker: Annotated[
        Path | None,
        typer.Option(
            help="MediaPipe face_landmarker.task, which places crops; else downloaded once where it is needed. "
            "For a face-finder it measures yaw."
        ),
    ] = None,
    steady_faces: Annotated[
        int, typer.Option(min=0, help="Held-out faces moved in their crop, and shown with noise; 0: none.")
    ] = STEADY_FACES,
    most: Annotated[int, typer.Option(min=0, help="Faces or photos of each measure, spread over all; 0: all.")] = 0,
    mask_region: Annotated[str | None, typer.Option(**one_of(MASK_REGIONS), help=MASK_REGION_HELP)] = None,
    split: Annotated[
        str, typer.Option(**one_of(SCORED), help="Which side is scored; test where the data have one of their own.")
    ] = VAL,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables to paste into a model card.")] = False,
) -> None:
    """Score a checkpoint: held-out labels, people's outlines, what nobody can see, crops that sit wrong, noise."""
    with one_line_errors(), progress() as bar:
        from train.checkpoint import file_sha256, load_checkpoint
        from train.evaluation.segmenter import Yardsticks, evaluate_finder, evaluate_segmenter
        from train.labelling.landmarks import fetch_landmarker

        network, spec = load_checkpoint(checkpoint)
        is_finder = spec.arch == FACE_FINDER
        if is_finder and split != VAL:
            raise ValueError(f"the {FACE_FINDER} is scored on its validation photos alone: leave out --split")
        out.mkdir(parents=True, exist_ok=True)
        needs_landmarker = landmarker if is_finder else contours or people or closed_eyes or covered_mouths
        model = fetch_landmarker(landmarker) if needs_landmarker else None
        yardsticks = Yardsticks(
            contours=contours,
            people=tuple(people or ()),
            hidden=hidden,
            outline_shift_px=outline_shift,
            closed_eyes=closed_eyes,
            covered_mouths=covered_mouths,
            exceptions=exceptions,
            landmarker=model,
            steady_faces=steady_faces,
            most=most,
        )
        on_item = partial(bar.advance, bar.add_task("evaluating", total=None))
        if is_finder:
            scores = evaluate_finder(network, data, backgrounds or [], on_item, yardsticks)
        else:
            scores = evaluate_segmenter(network, spec, data, out, on_item, yardsticks, mask_region, split)
        scores["checkpoint_sha256"] = file_sha256(checkpoint)
        (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    from train.evaluation.tables import print_markdown, score_tables

    tables = score_tables(scores)
    if markdown:
        print_markdown(tables, console)
    for table in [] if markdown else tables:
        console.print(table)
    pictures = ", ".join(sorted(path.name for path in out.glob("*.png")))
    console.print(f"wrote {out} (scores.json{', ' if pictures else ''}{pictures})")
