"""A folder of labelled photos: what `label` writes, and what every other command reads.

crops/NAME.jpg     the face, `MARGIN_PX` wider on every side than the network's crop, for augmentation
labels/NAME.png    the region ids of the same pixels, and the ids of `train/data/partial_labels.py`
index.jsonl        one line a photo: where it is, what was found, or why it was rejected
In a packed set (`train/data/arrays.py`) two arrays stand in place of crops/ and labels/.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, LAYOUTS, BgrImage, CropLayout, CropTransform, crop_face
from realtime.core.regions import Region

MARGIN_PX = 48
COVERABLE = {"mouth": (Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE)}
"""Regions that photos may hide on purpose, as a mask does."""
CANVAS_SIZE_WH = (CROP_SIZE_WH[0] + 2 * MARGIN_PX, CROP_SIZE_WH[1] + 2 * MARGIN_PX)
TOO_SMALL, DETECTIONS_DISAGREE = "too small", "detections disagree"
MOUTH_MAY_BE_BARE, NOT_FOUND_AGAIN = "mouth may be bare", "outlined face not found by landmarks"
"""Why a face has no crop."""
INDEX_NAME = "index.jsonl"
SIDES = TRAIN, VAL, TEST = ("train", "val", "test")
"""Of a split. Test faces are neither learnt from nor looked at while learning."""
SCORED = {VAL: "validation", TEST: "test"}
"""Sides that `evaluate` scores, and what it calls them."""


@dataclass(frozen=True)
class LabelledFace:
    """One face of a photo.

    Attributes:
        name: stem of its crop and label files; empty where it has none.
        points: right eye, left eye and mouth centres, in photo pixels.
        group: faces of one group (a person, or near-duplicate crops) never lie on both sides of a split.
        spread: how far several detections of it lie apart, as a share of the interocular distance; 0 where only one was
            made, or people drew the labels.
        rejected: why it has no crop; empty where it has one.
    """

    name: str
    points: list[list[float]]
    group: str = ""
    spread: float = 0.0
    rejected: str = ""


@dataclass(frozen=True)
class LabelledPhoto:
    """One photo of the set.

    Attributes:
        photo: its file.
        source: what it is counted under.
        width, height: in pixels.
        grey: whether it has no colours.
        rejected: why it holds no faces; empty where it does.
        layout: of the crops.
        labeller: who drew the labels.
        faces: those that were found.
        split: train, val or test where the photo's source says so; empty where the faces' groups decide.
        classes: names of what the labels tell apart, `right_eye+right_iris` where two regions are one; empty where each
            region is labelled by itself.
        covered: what is hidden on all faces and therefore background, of `COVERABLE`.
    """

    photo: str
    source: str
    width: int = 0
    height: int = 0
    grey: bool = False
    rejected: str = ""
    layout: str = "tight"
    labeller: str = ""
    faces: list[LabelledFace] = field(default_factory=list)
    split: str = ""
    classes: list[str] = field(default_factory=list)
    covered: list[str] = field(default_factory=list)


def read_index(folder: Path) -> list[LabelledPhoto]:
    """Every photo of a label set, in the order of its index.

    Raises:
        ValueError: the folder holds no index, or a line of it is broken; the message names the file.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        raise ValueError(f"{folder}: no {INDEX_NAME} here; `python -m train label PHOTOS --out {folder}` writes one")
    photos = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            row = json.loads(line)
            row["faces"] = [LabelledFace(**face) for face in row["faces"]]
            photos.append(LabelledPhoto(**row))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}:{number}: not a line that `label` wrote ({error})") from None
    return photos


def write_index(folder: Path, photos: list[LabelledPhoto]) -> None:
    """Write the index in one go, so that an interrupted run never leaves half of one."""
    partial = folder / f"{INDEX_NAME}.partial"
    partial.write_text("".join(json.dumps(asdict(photo)) + "\n" for photo in photos))
    partial.replace(folder / INDEX_NAME)


def canvas_transform(points: list[list[float]], layout: str) -> CropTransform:
    """The face's crop with `MARGIN_PX` more on every side."""
    tight = LAYOUTS[layout]
    x, y = tight.mid_eye_px
    canvas = CropLayout(layout, (x + MARGIN_PX, y + MARGIN_PX), tight.eye_distance_px, tight.eye_to_mouth_px)
    return CropTransform.from_points(np.array(points), canvas)


def crop_canvas(photo_bgr: BgrImage, points: list[list[float]], layout: str) -> BgrImage:
    """(314, 274, 3) uint8: the face's crop with its margin."""
    return crop_face(photo_bgr, canvas_transform(points, layout), CANVAS_SIZE_WH)


class LabelledPair(NamedTuple):
    """One face of a label set: the folder, the name of its crop and label files, and who drew the labels."""

    folder: Path
    name: str
    labeller: str = ""

    def read_canvas(self) -> BgrImage:
        """(314, 274, 3) uint8. Raises as `read_pair` does."""
        return self.read()[0]

    def read(self) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
        """What `read_pair` reads."""
        return read_pair(self.folder, self.name)


def read_pair(folder: Path, name: str) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
    """(314, 274, 3) uint8 canvas and (314, 274) uint8 label map of one face.

    Raises:
        ValueError: a file is missing or broken, or the two differ in size; the message names the file.
    """
    crop_path, label_path = folder / "crops" / f"{name}.jpg", folder / "labels" / f"{name}.png"
    canvas = cv2.imread(str(crop_path), cv2.IMREAD_COLOR)
    label_map = cv2.imread(str(label_path), cv2.IMREAD_UNCHANGED)
    for path, pixels in ((crop_path, canvas), (label_path, label_map)):
        channels = (3,) if path is crop_path else ()
        if pixels is None or pixels.shape != (CANVAS_SIZE_WH[1], CANVAS_SIZE_WH[0], *channels):
            raise ValueError(f"{path}: missing, unreadable or not {CANVAS_SIZE_WH[0]}x{CANVAS_SIZE_WH[1]}")
    return BgrImage(canvas), label_map


def write_pair(folder: Path, name: str, canvas_bgr: BgrImage, label_map: npt.NDArray[np.uint8]) -> None:
    """Write what `read_pair` reads.

    Raises:
        OSError: a file cannot be written.
    """
    path = folder / "crops" / f"{name}.jpg"
    if not cv2.imwrite(str(path), canvas_bgr, [cv2.IMWRITE_JPEG_QUALITY, 95]):
        raise OSError(f"{path}: cannot be written")
    write_label_map(folder, name, label_map)


def write_label_map(folder: Path, name: str, label_map: npt.NDArray[np.uint8]) -> None:
    """Write the label map of a face whose crop is there.

    Raises:
        OSError: the file cannot be written.
    """
    path = folder / "labels" / f"{name}.png"
    if not cv2.imwrite(str(path), label_map):
        raise OSError(f"{path}: cannot be written")


def faces_of(photos: Iterable[LabelledPhoto]) -> Iterator[tuple[LabelledPhoto, LabelledFace]]:
    """Every face that has a crop, with its photo."""
    for photo in photos:
        for face in photo.faces:
            if face.name:
                yield photo, face
