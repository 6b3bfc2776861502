"""Labels that a trained network improves: its averaged answer, mixed with the landmarks' masks.

MediaPipe errs face by face; a network that learnt from thousands has their mean. It answers by where it stands, too, so
it looks several times. On people's outlines the mixture is better than either: `python -m benchmarks.labels`.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from realtime.core.geometry import CROP_SIZE_WH, BgrImage
from realtime.core.regions import Region, mirror_label_map
from train.augmentation.augment import Move, bring_back
from train.data.arrays import has_arrays
from train.data.crops import side_of
from train.data.label_set import (
    MARGIN_PX,
    TRAIN,
    LabelledPhoto,
    faces_of,
    read_index,
    read_pair,
    write_index,
    write_label_map,
)
from train.networks.heads import SOFTMAX
from train.prediction import LabelMap, PhotoSegmenter, Probs

LABEL_SHARE = 0.3
"""Of a label in the mixture; chosen on the London set as it is and made coarse, where 0.2 to 0.35 hardly differ."""
LOOKS = (Move(scale=0.93), Move(shift_px=(1, 1)), Move(scale=1.07, shift_px=(0, 1)))
"""How a crop is moved for each look; each is mirrored as well. Odd shifts, for the networks' strides are two."""
MIRRORED = mirror_label_map(np.arange(len(Region), dtype=np.uint8)[None])[0, ::-1]
"""(8,) channels of what is seen in a mirror."""
INNER = np.s_[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
"""The crop within its canvas: all that the teacher sees of it. In the margin labels stay as they are."""


def sharpen_labels(folder: Path, teacher: PhotoSegmenter, name: str, out: Path, on_face: Callable[[], None]) -> int:
    """Write a label set with the training faces' labels sharpened; faces that are held out keep theirs.

    Args:
        folder: a label set, unpacked.
        teacher: softmax, all regions, and crops laid out as the set's.
        name: of the teacher, for the index.
        out: folder of the new set; made where it is missing.
        on_face: called after each face.

    Returns:
        how many faces' labels were sharpened.

    Raises:
        ValueError: the teacher or the set does not fit, `out` is the set itself, or a face is unreadable.
        OSError: the disk is full, or the like.
    """
    photos = read_index(folder)
    _check(folder, photos, teacher, out)
    for kind in ("crops", "labels"):
        (out / kind).mkdir(parents=True, exist_ok=True)
    sharpened: set[str] = set()
    for photo, face in faces_of(photos):
        canvas_bgr, label_map = read_pair(folder, face.name)
        if side_of(photo.split, [face.group]) == TRAIN and not photo.covered:
            label_map[INNER] = mix(label_map[INNER], averaged_probs(teacher, canvas_bgr))
            sharpened.add(face.name)
        shutil.copyfile(folder / "crops" / f"{face.name}.jpg", out / "crops" / f"{face.name}.jpg")
        write_label_map(out, face.name, label_map)
        on_face()
    write_index(out, [_signed(photo, sharpened, name) for photo in photos])
    return len(sharpened)


def averaged_probs(teacher: PhotoSegmenter, canvas_bgr: BgrImage) -> Probs:
    """(8, 218, 178) mean probabilities of all looks at a (314, 274, 3) canvas, as the unmoved crop has them."""
    matrices = [look.matrix() for look in LOOKS]
    crops = np.stack([cv2.warpAffine(canvas_bgr, matrix, CROP_SIZE_WH) for matrix in matrices])
    mirrored = np.ascontiguousarray(crops[:, :, ::-1])
    probs = (teacher.predict(crops) + teacher.predict(mirrored)[:, MIRRORED, :, ::-1]) / 2
    mean: Probs = np.mean([bring_back(seen, matrix) for seen, matrix in zip(probs, matrices, strict=True)], axis=0)
    return mean


def mix(label_map: LabelMap, probs: Probs) -> LabelMap:
    """(H, W) region ids: `LABEL_SHARE` of an (H, W) label map, the rest of (8, H, W) probabilities."""
    labelled = label_map == np.arange(len(Region))[:, None, None]
    mixed: LabelMap = (LABEL_SHARE * labelled + (1 - LABEL_SHARE) * probs).argmax(axis=0).astype(np.uint8)
    return mixed


def _check(folder: Path, photos: list[LabelledPhoto], teacher: PhotoSegmenter, out: Path) -> None:
    if has_arrays(folder):
        raise ValueError(f"{folder}: a packed set; sharpen the set that it was packed from")
    if folder.resolve() == out.resolve():
        raise ValueError(f"{out}: the set itself; give the sharpened one a folder of its own")
    if teacher.head != SOFTMAX or teacher.regions != tuple(Region):
        raise ValueError("the teacher must tell all regions apart, one a pixel (softmax)")
    for photo, _ in faces_of(photos):
        if photo.layout != teacher.layout.name or photo.classes:
            raise ValueError(f"{folder}: {photo.photo} has not all regions, or other crops than {teacher.layout.name}")


def _signed(photo: LabelledPhoto, sharpened: set[str], name: str) -> LabelledPhoto:
    if not any(face.name in sharpened for face in photo.faces):
        return photo
    return replace(photo, labeller=f"{photo.labeller}, sharpened by {name}")
