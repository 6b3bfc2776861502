"""`python -m benchmarks.labels FOLDER`: how well our labels agree with people's outlines, and what each step brings.

Even and odd photos apart. With a trained network also its own averaged answers, and the labels that `train sharpen`
makes of both; with --eye-distance all of it on photos as coarse as those that we learn from.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.table import Table

from realtime.command_line import console, one_line_errors, progress
from realtime.core.geometry import BgrImage, CropTransform, warp_to_frame
from train.data.label_set import crop_canvas
from train.evaluation.outlines import score_outlines
from train.labelling.detections import DEFAULT_DETECTIONS, look_again
from train.labelling.label_maps import close_lips, draw_label_map, face_points
from train.labelling.landmarks import FaceLandmarker, Landmarks, fetch_landmarker
from train.labelling.outlines import COMPARED, read_contours
from train.prediction import LabelMap, PhotoSegmenter, Probs
from train.sharpening import averaged_probs, mix

Drawer = Callable[[BgrImage, Sequence[Landmarks]], LabelMap]
Step = Callable[[Landmarks], Landmarks]
STEPS: dict[str, tuple[int, Sequence[Step]]] = {
    "MediaPipe": (1, []),
    f"median of {DEFAULT_DETECTIONS}": (DEFAULT_DETECTIONS, []),
    "and slits between lips closed": (DEFAULT_DETECTIONS, [close_lips]),
}
"""What `train label` does, step by step: how often it looks, and what becomes of the landmarks."""
COARSE_QUALITY = 75
"""Of the JPEG, as many photos on the web have it."""


def drawers(landmarker: FaceLandmarker, teacher: PhotoSegmenter | None) -> dict[str, Drawer]:
    """Who draws masks of a photo and the face found in it: MediaPipe alone, each step added, and with a network."""

    def label(photo: BgrImage, faces: Sequence[Landmarks], detections: int, steps: Sequence[Step]) -> LabelMap:
        landmarks = look_again(landmarker, photo, faces[0], detections).landmarks
        for step in steps:
            landmarks = step(landmarks)
        return draw_label_map(landmarks, photo.shape[1::-1])

    def answer(photo: BgrImage, faces: Sequence[Landmarks]) -> Probs:
        assert teacher is not None
        points, frame = face_points(faces[0]), (0, 0, *photo.shape[1::-1])
        probs = averaged_probs(teacher, crop_canvas(photo, points.tolist(), teacher.layout.name))
        crop = CropTransform.from_points(points, teacher.layout)
        return np.stack([warp_to_frame(channel, crop, frame) for channel in probs])

    def sharpen(photo: BgrImage, faces: Sequence[Landmarks]) -> LabelMap:
        return mix(label(photo, faces, *list(STEPS.values())[-1]), answer(photo, faces))

    named: dict[str, Drawer] = {
        name: partial(label, detections=detections, steps=steps) for name, (detections, steps) in STEPS.items()
    }
    if teacher is not None:
        named["the network, averaged"] = lambda photo, faces: answer(photo, faces).argmax(axis=0).astype(np.uint8)
        named["labels sharpened by it"] = sharpen
    return named


def seeing(draw: Drawer, landmarker: FaceLandmarker, eye_distance_px: float | None) -> Drawer:
    """The same, shown the photo as it is or so coarse; nothing is drawn where no face is found."""

    def draw_seen(photo: BgrImage, faces: Sequence[Landmarks]) -> LabelMap:
        if faces and eye_distance_px is not None:
            photo = coarsen(photo, faces[0], eye_distance_px)
            faces = landmarker.find(photo)[:1]
        return draw(photo, faces) if faces else np.zeros(photo.shape[:2], np.uint8)

    return draw_seen


def coarsen(photo: BgrImage, landmarks: Landmarks, eye_distance_px: float) -> BgrImage:
    """The photo as if it had been taken with so few pixels, compressed, and enlarged to its old size."""
    right, left, _ = face_points(landmarks)
    scale = eye_distance_px / float(np.linalg.norm(left - right))
    small = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, file = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, COARSE_QUALITY])
    return BgrImage(cv2.resize(cv2.imdecode(file, cv2.IMREAD_COLOR), photo.shape[1::-1]))


def main(
    contours: Annotated[Path, typer.Argument(help="Folder of outlines drawn by people: contours.json and images/.")],
    landmarker: Annotated[Path | None, typer.Option(help="MediaPipe face_landmarker.task; else downloaded.")] = None,
    teacher: Annotated[Path | None, typer.Option(help="A trained segmenter: .pt of `fit`, .onnx of `export`.")] = None,
    eye_distance: Annotated[
        float | None, typer.Option(min=10, help="Pixels between the eyes, to which photos are made coarse.")
    ] = None,
) -> None:
    """F1 of labels against people's outlines."""
    with one_line_errors(), progress() as bar, FaceLandmarker(fetch_landmarker(landmarker)) as found:
        photos = read_contours(contours)
        named = drawers(found, PhotoSegmenter.read(teacher) if teacher else None)
        shown = {who: seeing(draw, found, eye_distance) for who, draw in named.items()}
        task = bar.add_task("scoring", total=len(photos))
        halves = {"even": photos[::2], "odd": photos[1::2]}
        scores = {
            half: score_outlines(shown, part, found, partial(bar.advance, task))[0]
            for half, part in halves.items()
            if part
        }
    table = Table("labels", *(f"{name}, {half} photos" for half in scores for name in COMPARED))
    for who in next(iter(scores.values())):
        table.add_row(who, *(f"{scores[half][who].regions[name].dice:.4f}" for half in scores for name in COMPARED))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
