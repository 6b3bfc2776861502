"""`python -m train label | import | sharpen | pack | fit | evaluate | predict | study`: from photos to masks."""

import os
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from realtime.command_line import NAMED_FILES, console, one_line_errors, one_of, progress
from realtime.core.geometry import LAYOUTS, TIGHT
from train.commands.data import import_set, pack, sharpen
from train.commands.evaluate import evaluate
from train.commands.fit import fit
from train.commands.study import study
from train.data.label_set import COVERABLE
from train.labelling.detections import DEFAULT_DETECTIONS, MOST_DETECTIONS
from train.labelling.report import report_labels

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
        typer.Option(min=1, max=MOST_DETECTIONS, help="Of each face, mirrored and turned; their median is drawn."),
    ] = DEFAULT_DETECTIONS,
    covered: Annotated[
        str | None, typer.Option(**one_of(COVERABLE), help="What masks hide on these photos: background.")
    ] = None,
    closed_eyes: Annotated[
        bool,
        typer.Option(
            "--closed-eyes",
            help="The photos show closed eyes. An eye that MediaPipe sees a little open teaches nothing.",
        ),
    ] = False,
    eye_growth: Annotated[
        float | None,
        typer.Option(
            min=-0.1,
            max=0.1,
            help="How far each eye's outline is moved outwards, as a share of the distance between the eyes.",
        ),
    ] = None,
    hidden: Annotated[
        Path | None,
        typer.Option(
            help="Text file with one FOLDER/FILE PART hidden|partly a line: parts of outlined faces that something "
            "covers. A hidden part is background; a partly hidden one teaches nothing."
        ),
    ] = None,
    eyes_agreed: Annotated[
        bool,
        typer.Option("--eyes-agreed", help="Pixels that only people or only MediaPipe count as an eye teach nothing."),
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="How many photos at once.")] = os.cpu_count() or 1,
) -> None:
    """Find the faces of photos with MediaPipe and draw their masks.

    A folder with contours.json and images/ is labelled by the outlines that people drew; MediaPipe gives what they left
    out. One in ten of its photos is kept for tests, one in twenty for validation.
    """
    from train.labelling.hidden import read_hidden
    from train.labelling.landmarks import fetch_landmarker
    from train.labelling.photos import LabelOptions, find_photos, label_photos
    from train.labelling.shapes import EYE_GROWTH

    with one_line_errors(), progress() as bar:
        growth = EYE_GROWTH if eye_growth is None else eye_growth
        options = LabelOptions(
            layout=layout,
            whole_irises=whole_irises,
            detections=detections,
            covered=(covered,) if covered else (),
            closed_eyes=closed_eyes,
            eye_growth=growth,
            eyes_agreed=eyes_agreed,
            hidden=read_hidden(hidden),
        )
        found = find_photos(photos)
        task = bar.add_task("labelling", total=len(found))
        model = fetch_landmarker(landmarker)
        workers = min(processes, len(found))
        rows = label_photos(found, out, model, workers, partial(bar.advance, task), options)
    report_labels(rows, out)


app.command("import")(import_set)
app.command()(sharpen)
app.command()(pack)
app.command()(fit)
app.command()(evaluate)
app.command()(study)


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
        from train.labelling.landmarks import FaceLandmarker, fetch_landmarker
        from train.labelling.photos import find_photos
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


if __name__ == "__main__":
    app()
