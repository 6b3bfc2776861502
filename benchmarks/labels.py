"""`python -m benchmarks.labels FOLDER`: how well our labels agree with people's outlines, and what each step brings.

Even and odd photos apart. The four numbers of `train/lids.py` were chosen by all of them; that both halves gain alike
says that so few numbers do not fit single photos.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from realtime.preprocess import BgrImage
from train.console import console, one_line_errors, progress
from train.contours import COMPARED, read_contours
from train.detections import DEFAULT_DETECTIONS, look_again
from train.landmarks import FaceLandmarker, Landmarks, fetch_landmarker
from train.lids import move_lids
from train.lips import close_lips
from train.masks import draw_label_map
from train.measures.outlines import score_outlines
from train.prediction import LabelMap

Drawer = Callable[[BgrImage, Sequence[Landmarks]], LabelMap]
Step = Callable[[Landmarks], Landmarks]


def drawers(landmarker: FaceLandmarker) -> dict[str, Drawer]:
    """Who draws masks of a photo and the face found in it: MediaPipe alone, then each step of ours added."""

    def draw(photo: BgrImage, faces: Sequence[Landmarks], detections: int, steps: Sequence[Step]) -> LabelMap:
        if not faces:
            return np.zeros(photo.shape[:2], np.uint8)
        landmarks = look_again(landmarker, photo, faces[0], detections).landmarks
        for step in steps:
            landmarks = step(landmarks)
        return draw_label_map(landmarks, photo.shape[1::-1])

    return {
        "MediaPipe": partial(draw, detections=1, steps=[]),
        f"median of {DEFAULT_DETECTIONS}": partial(draw, detections=DEFAULT_DETECTIONS, steps=[]),
        "and lids moved": partial(draw, detections=DEFAULT_DETECTIONS, steps=[move_lids]),
        "and slits between lips closed": partial(draw, detections=DEFAULT_DETECTIONS, steps=[move_lids, close_lips]),
    }


def main(
    contours: Annotated[Path, typer.Argument(help="Folder of outlines drawn by people: contours.json and images/.")],
    landmarker: Annotated[Path | None, typer.Option(help="MediaPipe face_landmarker.task; else downloaded.")] = None,
) -> None:
    """F1 of labels against people's outlines."""
    with one_line_errors(), progress() as bar, FaceLandmarker(fetch_landmarker(landmarker)) as found:
        photos = read_contours(contours)
        task = bar.add_task("scoring", total=len(photos))
        halves = {"even": photos[::2], "odd": photos[1::2]}
        scores = {
            half: score_outlines(drawers(found), part, found, partial(bar.advance, task))[0]
            for half, part in halves.items()
            if part
        }
    table = Table("labels", *(f"{name}, {half} photos" for half in scores for name in COMPARED))
    for who in next(iter(scores.values())):
        table.add_row(who, *(f"{scores[half][who].regions[name].dice:.4f}" for half in scores for name in COMPARED))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
