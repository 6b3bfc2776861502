"""Photos to a label set: find the faces, draw their masks, group them, in several processes."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from realtime.preprocess import BgrImage, as_bgr
from train.label_set import (
    CANVAS_SIZE_WH,
    MARGIN_PX,
    LabelledFace,
    LabelledPhoto,
    canvas_transform,
    crop_canvas,
    faces_of,
    read_pair,
    write_index,
)
from train.landmarks import FaceLandmarker
from train.masks import draw_label_map, face_points
from train.near_duplicates import difference_hash, group_faces, person_of

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
MIN_PHOTO_PX = 32
MIN_CROP_EYE_DISTANCE_PX = 20
"""Faces with a smaller interocular distance train the finder alone: their eyes hold too few pixels to label."""

_worker: FaceLandmarker | None = None


def find_photos(paths: Sequence[Path]) -> list[Path]:
    """Every photo in these files and folders, folders searched to their depth, sorted.

    Raises:
        FileNotFoundError: a path does not exist, or nothing is found at all.
    """
    photos: list[Path] = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
        photos += [path] if path.is_file() else [p for p in path.rglob("*") if p.suffix.lower() in PHOTO_SUFFIXES]
    if not photos:
        raise FileNotFoundError(
            f"no photo in {', '.join(map(str, paths))} (looked for {', '.join(sorted(PHOTO_SUFFIXES))})"
        )
    return sorted(set(photos))


def label_photos(
    photos: Sequence[Path], out: Path, landmarker: Path, processes: int, on_photo: Callable[[], None]
) -> list[LabelledPhoto]:
    """Label every photo and write the set.

    Args:
        photos: files; one that cannot be used is recorded with its reason, never fatal.
        out: folder to write to; made where it is missing.
        landmarker: the MediaPipe model file.
        processes: how many at once, each with a landmarker of its own.
        on_photo: called after each photo, for a progress bar.
    """
    for name in ("crops", "labels"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rows = []
    spawn = multiprocessing.get_context("spawn")  # a fork inherits the locks of OpenCV's threads, and can hang
    with ProcessPoolExecutor(processes, spawn, _start_worker, (landmarker,)) as pool:
        for row in pool.map(_label_photo, photos, [out] * len(photos), chunksize=8):
            rows.append(row)
            on_photo()
    rows = _with_groups(rows, out)
    write_index(out, rows)
    return rows


def _start_worker(landmarker: Path) -> None:
    global _worker
    cv2.setNumThreads(1)
    _worker = FaceLandmarker(landmarker)


def _label_photo(path: Path, out: Path) -> LabelledPhoto:
    assert _worker is not None
    row = LabelledPhoto(
        photo=str(path.absolute()), source=path.resolve().parent.name, labeller="mediapipe face_landmarker"
    )
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return replace(row, rejected="unreadable")
    row = replace(row, width=pixels.shape[1], height=pixels.shape[0])
    if min(pixels.shape[:2]) < MIN_PHOTO_PX:
        return replace(row, rejected="tiny")
    photo_bgr = as_bgr(pixels)
    row = replace(row, grey=bool(np.ptp(photo_bgr, axis=2).max() <= 2))
    faces = []
    for number, landmarks in enumerate(_worker.find(photo_bgr)):
        points = face_points(landmarks)
        eye_distance = np.linalg.norm(points[1] - points[0])
        if eye_distance < 1:
            continue
        face = LabelledFace("", np.round(points, 3).tolist())
        if eye_distance >= MIN_CROP_EYE_DISTANCE_PX:
            face = replace(face, name=f"{row.source}_{path.stem}" + (f"_{number}" if number else ""))
            crop = canvas_transform(face.points, row.layout)
            label_map = draw_label_map(crop.to_crop(landmarks), CANVAS_SIZE_WH)
            canvas = crop_canvas(photo_bgr, face.points, row.layout)
            cv2.imwrite(str(out / "crops" / f"{face.name}.jpg"), canvas, [cv2.IMWRITE_JPEG_QUALITY, 95])
            cv2.imwrite(str(out / "labels" / f"{face.name}.png"), label_map)
        faces.append(face)
    return replace(row, faces=faces, rejected="" if faces else "no face")


def _with_groups(rows: list[LabelledPhoto], out: Path) -> list[LabelledPhoto]:
    named = list(faces_of(rows))
    persons = [person_of(photo.source, Path(photo.photo).stem) for photo, _ in named]
    hashes = np.zeros((len(named), 256), np.float32)
    for index, (_, face) in enumerate(named):
        canvas, _ = read_pair(out, face.name)
        hashes[index] = difference_hash(BgrImage(canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]))
    group_of = dict(zip((face.name for _, face in named), group_faces(persons, hashes), strict=True))
    return [
        replace(row, faces=[replace(face, group=group_of.get(face.name, "")) for face in row.faces]) for row in rows
    ]


def count_rejected(rows: Iterable[LabelledPhoto]) -> Counter[str]:
    """How many photos were rejected for each reason."""
    return Counter(row.rejected for row in rows if row.rejected)
