"""Frames as a webcam gives them, with faces whose height, roll and yaw are known, made of photos held out."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.core.geometry import BgrImage, CropTransform, Points
from train.augmentation.scenes import PhotoPool, face_height, paste_photo, place_face, read_background, spoil_scene
from train.data.label_set import LabelledPhoto
from train.evaluation.held_out import spread
from train.labelling.label_maps import face_points
from train.labelling.landmarks import FaceLandmarker, head_yaw_deg
from train.prediction import read_photo

FRAME_WH = (640, 480)
HEIGHT_SHARE = (0.08, 0.8)
MOST_ROLL_DEG = 45.0
SEVERAL_SHARE = 0.3
"""Of the frames have two or three faces, unless one covers another."""


@dataclass(frozen=True)
class FrameFace:
    """One face of a frame.

    Attributes:
        points: (3, 2) right eye, left eye and mouth centres in frame pixels.
        height_share: hairline to chin, of the frame's height.
        roll_deg: of the eye line.
        yaw_deg: how far the head is turned aside; NaN where nobody measured it.
    """

    points: Points
    height_share: float
    roll_deg: float
    yaw_deg: float = math.nan

    @classmethod
    def of_points(cls, points: Points, frame_height_px: int, yaw_deg: float = math.nan) -> "FrameFace":
        """That of these points in a frame of this height."""
        dx, dy = points[1] - points[0]
        return cls(points, face_height(points) / frame_height_px, math.degrees(math.atan2(dy, dx)), yaw_deg)


@dataclass(frozen=True)
class MadeFrame:
    """(H, W, 3) uint8, and all faces in it."""

    frame_bgr: BgrImage
    faces: list[FrameFace]


def made_frames(pool: PhotoPool, landmarker: FaceLandmarker | None, most: int = 0) -> Iterator[MadeFrame]:
    """One frame of 640x480 for each photo with one face, the same in every run.

    Args:
        pool: photos that are held out.
        landmarker: measures how far the heads are turned; None where nobody does.
        most: frames, spread over the photos; all where it is 0.
    """
    single = [photo for photo in pool.faces if len(photo.faces) == 1]
    yaw_of = _yaw_reader(landmarker)
    for index, photo in enumerate(spread(single, most)):
        rng = np.random.default_rng(index)
        others = rng.integers(len(single), size=int(rng.integers(1, 3))) if rng.random() < SEVERAL_SHARE else ()
        yield make_frame(PhotoPool(single, pool.empty), [photo, *(single[i] for i in others)], yaw_of, rng)


def make_frame(
    pool: PhotoPool, photos: Sequence[LabelledPhoto], yaw_of: Callable[[LabelledPhoto], float], rng: np.random.Generator
) -> MadeFrame:
    """A faceless photo with the faces of these photos set into it; those that a later one covers are gone.

    Args:
        pool: its faceless photos are scenery.
        photos: each with one face.
        yaw_of: how far the head of a photo is turned, in degrees.
        rng: decides everything.
    """
    scene = read_background(pool, FRAME_WH, rng)
    faces: list[Points] = []
    yaws: list[tuple[Points, float]] = []
    for photo in photos:
        scene, faces = paste_photo(scene, faces, photo, rng, webcam_place)
        yaws.append((faces[-1], yaw_of(photo)))
    turned = [(points, next(yaw for known, yaw in yaws if known is points)) for points in faces]
    return MadeFrame(spoil_scene(scene, rng), [FrameFace.of_points(points, FRAME_WH[1], yaw) for points, yaw in turned])


def webcam_place(face: Points, size_wh: tuple[int, int], rng: np.random.Generator) -> CropTransform:
    """Where a face goes: height log-uniform in `HEIGHT_SHARE`, roll uniform to `MOST_ROLL_DEG`, wholly in the frame."""
    height_px = math.exp(rng.uniform(*np.log(HEIGHT_SHARE))) * size_wh[1]
    roll_deg = float(rng.uniform(-MOST_ROLL_DEG, MOST_ROLL_DEG))
    margins = ((0.4, 0.4), (0.4, 0.6))  # of the mid-eye point, in face heights: left, right; top, bottom
    low = [before * height_px for before, _ in margins]
    high = [size - after * height_px for size, (_, after) in zip(size_wh, margins, strict=True)]
    x, y = (float(rng.uniform(min(a, b), max(a, b))) for a, b in zip(low, high, strict=True))
    return place_face(face, height_px, roll_deg, (x, y))


def faces_in(frame_bgr: BgrImage, landmarker: FaceLandmarker) -> MadeFrame:
    """A real frame, and the faces that the landmarker sees in it."""
    return MadeFrame(
        frame_bgr,
        [
            FrameFace.of_points(face_points(points[:, :2]), frame_bgr.shape[0], head_yaw_deg(points))
            for points in landmarker.find_in_depth(frame_bgr)
        ],
    )


def empty_frames(photos: Sequence[LabelledPhoto], exceptions: frozenset[str]) -> Iterator[BgrImage]:
    """Photos without a face, whole, but for those that a person found a face in.

    Args:
        photos: faceless, as the landmarker saw them.
        exceptions: `FOLDER/FILE` of those that are left out.
    """
    for photo in photos:
        if f"{photo.source}/{Path(photo.photo).name}" not in exceptions:
            yield read_photo(Path(photo.photo), is_aligned=False)


def _yaw_reader(landmarker: FaceLandmarker | None) -> Callable[[LabelledPhoto], float]:
    """Yaw of the face of a photo, each photo looked at once: of the landmarks nearest to the labelled points."""
    known: dict[str, float] = {}

    def read(photo: LabelledPhoto) -> float:
        if landmarker is None:
            return math.nan
        if photo.photo not in known:
            found = landmarker.find_in_depth(read_photo(Path(photo.photo), is_aligned=False))
            labelled = np.array(photo.faces[0].points)
            yaws = {
                float(np.linalg.norm(face_points(points[:, :2]) - labelled)): head_yaw_deg(points) for points in found
            }
            known[photo.photo] = yaws[min(yaws)] if yaws else math.nan
        return known[photo.photo]

    return read
