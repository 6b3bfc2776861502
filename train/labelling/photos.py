"""Photos to a label set: find the faces, draw their masks, group them, in several processes."""

import hashlib
import multiprocessing
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import TIGHT, BgrImage, CropTransform, Points
from realtime.core.images import IMAGE_SUFFIXES, natural_key
from realtime.core.regions import Region
from train.data.label_set import (
    CANVAS_SIZE_WH,
    COVERABLE,
    DETECTIONS_DISAGREE,
    MARGIN_PX,
    MOUTH_MAY_BE_BARE,
    NOT_FOUND_AGAIN,
    TEST,
    TOO_SMALL,
    TRAIN,
    VAL,
    LabelledFace,
    LabelledPhoto,
    canvas_transform,
    crop_canvas,
    faces_of,
    read_pair,
    write_index,
    write_pair,
)
from train.data.partial_labels import CANDIDATES
from train.labelling.covered_mouths import mouth_is_covered
from train.labelling.detections import DEFAULT_DETECTIONS, SAME_FACE_SHARE, MedianFace, find_faces
from train.labelling.hidden import HiddenPart, HiddenParts, hide_parts
from train.labelling.label_maps import (
    OVERSAMPLING,
    close_lips,
    draw_label_map,
    face_points,
    fill_polygon,
    reduce_label_map,
)
from train.labelling.landmarks import FaceLandmarker, Landmarks
from train.labelling.near_duplicates import difference_hash, group_faces, mirrored_hash, person_of
from train.labelling.outlines import CONTOURS_NAME, IMAGES_NAME, Outlines, outlines_of_photos
from train.labelling.shapes import EYE_GROWTH, shapes_of_landmarks, shapes_of_outlines

MIN_PHOTO_PX = 32
GREY_LEVELS = 2
"""A photo whose channels never differ by more is grey: counted, and used."""
MIN_CROP_EYE_DISTANCE_PX = 20
"""Faces with a smaller interocular distance train the finder alone: their eyes hold too few pixels to label."""
MOST_SPREAD = 0.035
"""Of the interocular distance. Among 270 faces of six sources, looked at on a sheet: above lie dark glasses, faces cut
off by the photo's edge, strong blur; below, few outlines are wrong."""
MOST_MISSED = 0.5
"""Share of the looks that may fail to find the face again."""


@dataclass(frozen=True)
class LabelOptions:
    """How photos are labelled.

    Attributes:
        layout: of the crops.
        whole_irises: draw them as whole discs.
        detections: of each face, whose median is drawn; 1 to `MOST_DETECTIONS`.
        covered: what all faces hide, of `COVERABLE`; background, and faces on which it may be bare get no crop.
        closed_eyes: whether the photos are of closed eyes: one that MediaPipe sees a little open teaches nothing.
        eye_growth: how far the eyes' outlines are moved outwards, as a share of the interocular distance.
        hidden: what something covers on outlined faces.
        eyes_agreed: whether pixels that are an eye's by people's outlines alone, or by MediaPipe alone, teach nothing.

    Raises:
        ValueError: covered mouths are told in the tight layout alone.
    """

    layout: str = TIGHT.name
    whole_irises: bool = False
    detections: int = DEFAULT_DETECTIONS
    covered: tuple[str, ...] = ()
    closed_eyes: bool = False
    eye_growth: float = EYE_GROWTH
    eyes_agreed: bool = False
    hidden: HiddenParts = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.covered and self.layout != TIGHT.name:
            raise ValueError(f"--covered knows where a mouth is in the {TIGHT.name} layout alone, not in {self.layout}")

    def labeller(self, *, by_people: bool) -> str:
        """Who draws the labels, for the index."""
        median = f", median of {self.detections} detections" if self.detections > 1 else ""
        drawn = "people's outlines, else " if by_people else ""
        return drawn + "mediapipe face_landmarker" + median + (", whole irises" if self.whole_irises else "")


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
        photos += [path] if path.is_file() else [p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES]
    if not photos:
        raise FileNotFoundError(
            f"no photo in {', '.join(map(str, paths))} (looked for {', '.join(sorted(IMAGE_SUFFIXES))})"
        )
    return sorted(set(photos), key=natural_key)


def label_photos(
    photos: Sequence[Path],
    out: Path,
    landmarker: Path,
    processes: int,
    on_photo: Callable[[], None],
    options: LabelOptions,
) -> list[LabelledPhoto]:
    """Label every photo and write the set.

    Args:
        photos: files; one that cannot be used is recorded with its reason, never fatal.
        out: folder to write to; made where it is missing.
        landmarker: the MediaPipe model file.
        processes: how many at once, each with a landmarker of its own.
        on_photo: called after each photo, for a progress bar.
        options: how they are labelled.
    """
    for name in ("crops", "labels"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rows = []
    spawn = multiprocessing.get_context("spawn")  # a fork inherits the locks of OpenCV's threads, and can hang
    with ProcessPoolExecutor(processes, spawn, _start_worker, (landmarker,)) as pool:
        label_photo = partial(_label_photo, out=out, options=options)
        outlines = outlines_of_photos(photos)
        for row in pool.map(label_photo, photos, unique_names(photos), outlines, chunksize=8):
            rows.append(row)
            on_photo()
    rows = with_groups(rows, out)
    write_index(out, rows)
    return rows


def _start_worker(landmarker: Path) -> None:
    global _worker
    cv2.setNumThreads(1)
    _worker = FaceLandmarker(landmarker)


def unique_names(photos: Sequence[Path]) -> list[str]:
    """A name for each photo: its folder and stem, numbered where an earlier photo has the same."""
    names = [f"{collection_of(path)}_{path.stem}" for path in photos]
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return unique


def collection_of(path: Path) -> str:
    """The folder that a photo is counted under: its own, or the one that its `images/` and `contours.json` lie in."""
    folder = path.absolute().parent
    has_outlines = folder.name == IMAGES_NAME and (folder.parent / CONTOURS_NAME).is_file()
    return folder.parent.name if has_outlines else folder.name


def _label_photo(
    path: Path, name: str, outlines: Outlines | None, *, out: Path, options: LabelOptions
) -> LabelledPhoto:
    assert _worker is not None
    path = path.absolute()
    row = LabelledPhoto(
        photo=str(path),
        source=collection_of(path),
        layout=options.layout,
        labeller=options.labeller(by_people=outlines is not None),
        covered=list(options.covered),
        split="" if outlines is None else outlined_side(path.stem),
    )
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        return replace(row, rejected="unreadable")
    row = replace(row, width=pixels.shape[1], height=pixels.shape[0])
    if min(pixels.shape[:2]) < MIN_PHOTO_PX:
        return replace(row, rejected="tiny")
    photo_bgr = BgrImage(pixels)
    found = find_faces(_worker, photo_bgr, options.detections)
    faces: list[LabelledFace | None]
    if outlines is not None:
        hidden = options.hidden.get(f"{row.source}/{path.name}", [])
        faces = [_label_outlined(photo_bgr, outlines, hidden, found, name, options, out)]
    else:
        faces = [
            _label_found(photo_bgr, one, f"{name}~face{number}" if number > 1 else name, options, out)
            for number, one in enumerate(found, 1)
        ]
    kept = [face for face in faces if face is not None]
    return replace(row, faces=kept, grey=is_grey(photo_bgr), rejected="" if kept else "no face")


def photo_name(stem: str) -> str:
    """What the photo is called that an outlined file was cut from: `NAME` of `NAME_1` and `NAME_2`, its faces."""
    return re.sub(r"_\d{1,2}$", "", stem)


def outlined_side(stem: str) -> str:
    """Which side of the split a photo with people's outlines lies on: one in ten is for tests, one in twenty validates.

    Faces of one photo, `NAME_1` and `NAME_2`, lie on one side. The same for every run, machine and seed.
    """
    number = int.from_bytes(hashlib.sha1(photo_name(stem).encode(), usedforsecurity=False).digest()[:4]) % 100
    return TEST if number < 10 else VAL if number < 15 else TRAIN


def is_grey(photo_bgr: BgrImage) -> bool:
    """Whether a photo has no colours."""
    return bool(np.ptp(photo_bgr, axis=2).max() <= GREY_LEVELS)


def _label_found(
    photo_bgr: BgrImage, found: MedianFace, name: str, options: LabelOptions, out: Path
) -> LabelledFace | None:
    """Write the crop and label map of a face that MediaPipe draws, or say why not; None where the face has no size."""
    points = face_points(found.landmarks)
    eye_distance = np.linalg.norm(points[1] - points[0])
    if eye_distance < 1:
        return None
    spread = found.eye_spread if "mouth" in options.covered else max(found.eye_spread, found.mouth_spread)
    face = LabelledFace("", np.round(points, 3).tolist(), spread=round(spread, 5))
    if eye_distance < MIN_CROP_EYE_DISTANCE_PX:
        return replace(face, rejected=TOO_SMALL)
    if spread > MOST_SPREAD or found.missed > MOST_MISSED:
        return replace(face, rejected=DETECTIONS_DISAGREE)
    canvas = crop_canvas(photo_bgr, face.points, options.layout)
    if "mouth" in options.covered and not mouth_is_covered(canvas):
        return replace(face, rejected=MOUTH_MAY_BE_BARE)
    place = canvas_transform(face.points, options.layout)
    if options.whole_irises:
        landmarks = place.to_crop(close_lips(found.landmarks))
        label_map = draw_label_map(landmarks, CANVAS_SIZE_WH, whole_irises=True)
    else:
        shapes = shapes_of_landmarks(found.landmarks, options.eye_growth, among_closed_eyes=options.closed_eyes)
        label_map = shapes.label_map(place, CANVAS_SIZE_WH)
    hidden: list[int] = [region for part in options.covered for region in COVERABLE[part]]
    hidden += [label_id for label_id, regions in CANDIDATES.items() if set(regions) <= set(hidden)]
    label_map[np.isin(label_map, hidden) | ~photo_area(place, photo_bgr.shape[1::-1])] = Region.BACKGROUND
    write_pair(out, name, canvas, label_map)
    return replace(face, name=name)


def _label_outlined(
    photo_bgr: BgrImage,
    outlines: Outlines,
    hidden: Sequence[HiddenPart],
    found: list[MedianFace],
    name: str,
    options: LabelOptions,
    out: Path,
) -> LabelledFace:
    """Write the crop and label map of a face that people drew, or say why it has none."""
    by_people = shapes_of_outlines(outlines, None, options.eye_growth)
    eye_distance = np.linalg.norm(by_people.points[1] - by_people.points[0])
    face = LabelledFace("", np.round(by_people.points, 3).tolist())
    if eye_distance < MIN_CROP_EYE_DISTANCE_PX:
        return replace(face, rejected=TOO_SMALL)
    landmarks = same_face(by_people.points, found)
    if landmarks is None and options.eyes_agreed:
        return replace(face, rejected=NOT_FOUND_AGAIN)
    place = canvas_transform(face.points, options.layout)
    shapes = shapes_of_outlines(outlines, landmarks, options.eye_growth)
    if options.eyes_agreed and landmarks is not None:
        label_map = shapes.agreeing(shapes_of_landmarks(landmarks, 0.0), place, CANVAS_SIZE_WH)
    else:
        label_map = shapes.label_map(place, CANVAS_SIZE_WH)
    label_map = hide_parts(label_map, hidden)
    label_map[~photo_area(place, photo_bgr.shape[1::-1])] = Region.BACKGROUND
    write_pair(out, name, crop_canvas(photo_bgr, face.points, options.layout), label_map)
    return replace(face, name=name)


def same_face(points: Points, found: Sequence[MedianFace]) -> Landmarks | None:
    """The landmarks of the face that lies at these (3, 2) points; None where none is near enough."""
    apart = [float(np.linalg.norm(face_points(face.landmarks) - points, axis=1).mean()) for face in found]
    is_near = apart and min(apart) <= SAME_FACE_SHARE * np.linalg.norm(points[1] - points[0])
    return found[int(np.argmin(apart))].landmarks if is_near else None


def photo_area(place: CropTransform, photo_wh: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """(314, 274) where the canvas shows the photo; it is black where a face reaches past it."""
    width, height = photo_wh
    corners = place.to_crop(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64))
    enlarged = fill_polygon(corners, (CANVAS_SIZE_WH[1] * OVERSAMPLING, CANVAS_SIZE_WH[0] * OVERSAMPLING))
    return reduce_label_map(enlarged.astype(np.uint8)) > 0


def with_groups(rows: list[LabelledPhoto], out: Path) -> list[LabelledPhoto]:
    """The same rows, each face with the name of its group, by file names and by the written crops."""
    named = list(faces_of(rows))
    persons = [
        f"{photo.source}/{photo_name(Path(photo.photo).stem)}"
        if photo.split
        else person_of(photo.source, Path(photo.photo).stem)
        for photo, _ in named
    ]
    hashes, mirrored = np.zeros((2, len(named), 256), np.float32)
    for index, (_, face) in enumerate(named):
        canvas, _ = read_pair(out, face.name)
        crop = BgrImage(canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])
        hashes[index], mirrored[index] = difference_hash(crop), mirrored_hash(crop)
    group_of = dict(zip((face.name for _, face in named), group_faces(persons, hashes, mirrored), strict=True))
    return [
        replace(row, faces=[replace(face, group=group_of.get(face.name, "")) for face in row.faces]) for row in rows
    ]


def count_rejected(rows: Iterable[LabelledPhoto]) -> Counter[str]:
    """How many photos were rejected for each reason."""
    return Counter(row.rejected for row in rows if row.rejected)
