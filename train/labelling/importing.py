"""A public set of photos and labelled parts, written as a label set."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np

from train.data.label_set import LabelledFace, LabelledPhoto, crop_canvas, write_index, write_pair
from train.labelling.parsing_sets import CLASSES, NoLabelsError, ParsedPhoto, canvas_label_map
from train.labelling.photos import MIN_CROP_EYE_DISTANCE_PX, is_grey, with_groups


def import_photos(
    photos: Sequence[ParsedPhoto], out: Path, layout: str, processes: int, on_photo: Callable[[], None]
) -> list[LabelledPhoto]:
    """Cut out every photo's face with its labels, and write the set.

    Args:
        photos: one that cannot be used is recorded with its reason, never fatal.
        out: folder to write to; made where it is missing.
        layout: of the crops.
        processes: how many at once.
        on_photo: called after each photo, for a progress bar.
    """
    for name in ("crops", "labels"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rows = []
    spawn = multiprocessing.get_context("spawn")  # a fork inherits the locks of OpenCV's threads, and can hang
    with ProcessPoolExecutor(processes, spawn, cv2.setNumThreads, (1,)) as pool:
        for row in pool.map(import_photo, photos, repeat(out), repeat(layout), chunksize=8):
            rows.append(row)
            on_photo()
    rows = with_groups(rows, out)
    write_index(out, rows)
    return rows


def import_photo(photo: ParsedPhoto, out: Path, layout: str) -> LabelledPhoto:
    """Write one photo's crop and label map where its face is large enough, and say what became of it."""
    row = LabelledPhoto(
        photo=str(photo.photo.absolute()),
        source=photo.source,
        layout=layout,
        labeller=f"people, {photo.source.split()[0]}",
        split=photo.split,
        classes=CLASSES,
    )
    try:
        photo_bgr, label_map, points = photo.read()
    except NoLabelsError as error:
        return replace(row, rejected=str(error))
    photo_wh = (photo_bgr.shape[1], photo_bgr.shape[0])
    row = replace(row, width=photo_wh[0], height=photo_wh[1], grey=is_grey(photo_bgr))
    eye_distance = np.linalg.norm(points[1] - points[0])
    if eye_distance < 1:
        return replace(row, rejected="tiny")
    face = LabelledFace("", np.round(points, 3).tolist())
    if eye_distance >= MIN_CROP_EYE_DISTANCE_PX:
        canvas = crop_canvas(photo_bgr, face.points, layout)
        write_pair(out, photo.name, canvas, canvas_label_map(label_map, photo_wh, face.points, layout))
        face = replace(face, name=photo.name)
    return replace(row, faces=[face])
