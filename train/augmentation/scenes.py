"""Made-up frames for the face finder: labelled photos set into faceless ones, at many sizes and angles."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from realtime.core.geometry import FINDER_SIDE_PX, BgrImage, CropLayout, CropTransform, Points, crop_face
from train.augmentation.camera_faults import add_noise, change_light
from train.data.crops import side_of
from train.data.label_set import DETECTIONS_DISAGREE, TRAIN, VAL, LabelledPhoto, read_index
from train.networks.finder import CELL_PX

GRID = FINDER_SIDE_PX // CELL_PX
MAX_FACES = 8
ASPECTS_WH = ((4, 3), (16, 9), (9, 16), (3, 4), (1, 1))
FACE_HEIGHT_PER_EYE_DISTANCE = 2.9
"""Hairline to chin over the distance of the eye centres: about 185 mm over 63 mm."""
FACE_HEIGHT_SHARE = (0.06, 1.2)
SMALLEST_EYE_DISTANCE_PX = 2.2
FOUND_SCORE = 0.75
"""From which a find counts in training's own score: from which the live program looks at it."""
HIT_ERROR = 0.5
"""A found face is a true one's when its points lie, on average, within this share of the interocular distance."""


@dataclass(frozen=True)
class PhotoPool:
    """Photos to make scenes of: those with faces, and those without any."""

    faces: list[LabelledPhoto]
    empty: list[LabelledPhoto]


@dataclass(frozen=True)
class ScenePhotos:
    """The two sides of the split."""

    training: PhotoPool
    validation: PhotoPool

    @classmethod
    def read(cls, data: Sequence[Path], backgrounds: Sequence[Path]) -> "ScenePhotos":
        """Sort the photos of label sets.

        Args:
            data: sets whose labelled faces are wanted.
            backgrounds: sets whose photos without a face are wanted.

        Raises:
            ValueError: a folder is no label set, or faces or backgrounds are missing on one side.
        """
        faces = [photo for folder in data for photo in read_index(folder) if _has_points(photo)]
        empty = [photo for folder in backgrounds for photo in read_index(folder) if photo.rejected == "no face"]
        sides = [
            PhotoPool([p for p in faces if _side(p) == side], [p for p in empty if _side(p) == side])
            for side in (TRAIN, VAL)
        ]
        if not all(pool.faces and pool.empty for pool in sides):
            raise ValueError(
                "the face finder needs labelled faces (--data) and faceless photos (--backgrounds) to learn"
            )
        return cls(*sides)


def _has_points(photo: LabelledPhoto) -> bool:
    """Whether all its faces' places are known: not in crops that somebody else made, nor where one is in doubt."""
    sure = all(face.points and face.rejected != DETECTIONS_DISAGREE for face in photo.faces)
    return bool(photo.faces) and sure


def _side(photo: LabelledPhoto) -> str:
    """Training or validation; another word where a photo's faces belong to both, or to neither."""
    groups = {face.group for face in photo.faces if face.group} or {f"{photo.source}/{Path(photo.photo).stem}"}
    return side_of(photo.split, groups)


class FaceScenes(Dataset[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]]):
    """One scene for each photo: thumbnail, score target, point target, point weight, and the true points.

    The last is (MAX_FACES, 3, 2) thumbnail pixels, NaN where there are fewer faces. Validation scenes repeat.
    """

    def __init__(self, pool: PhotoPool, augmented: bool) -> None:
        self._pool = pool
        self._augmented = augmented

    def __len__(self) -> int:
        return len(self._pool.faces)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        seed = int(torch.randint(2**62, ())) if self._augmented else index
        scene, faces = make_scene(self._pool, self._pool.faces[index], np.random.default_rng(seed))
        points = np.full((MAX_FACES, 3, 2), np.nan, np.float32)
        points[: len(faces)] = np.reshape(faces, (-1, 3, 2))
        score, offsets, weight = (torch.from_numpy(target) for target in draw_targets(faces))
        return torch.from_numpy(scene), score, offsets, weight, torch.from_numpy(points)


def make_scene(pool: PhotoPool, first: LabelledPhoto, rng: np.random.Generator) -> tuple[BgrImage, list[Points]]:
    """A (160, 160, 3) thumbnail and the (3, 2) points of each face in it, at most `MAX_FACES`."""
    aspect = ASPECTS_WH[rng.integers(len(ASPECTS_WH))]
    longer = max(aspect)
    size_wh = (round(FINDER_SIDE_PX * aspect[0] / longer), round(FINDER_SIDE_PX * aspect[1] / longer))
    scene = read_background(pool, size_wh, rng)
    faces: list[Points] = []
    for _ in range(int(rng.choice(3, p=(0.6, 0.25, 0.15)))):
        scene = _paste_empty(scene, pool, rng)
    photos = [first] + [
        pool.faces[i] for i in rng.integers(len(pool.faces), size=int(rng.choice(4, p=(0.6, 0.2, 0.12, 0.08))))
    ]
    for photo in photos if rng.random() < 0.85 else []:
        scene, faces = paste_photo(scene, faces, photo, rng)
    inside = [face for face in faces if _can_be_found(face, size_wh)]
    square = np.zeros((FINDER_SIDE_PX, FINDER_SIDE_PX, 3), np.uint8)
    square[: size_wh[1], : size_wh[0]] = spoil_scene(scene, rng)
    return BgrImage(square), inside[:MAX_FACES]


def draw_targets(
    faces: Sequence[Points],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """What the network should say of these faces; `face_finder_loss` tells the three shapes."""
    score = np.zeros((GRID, GRID), np.float32)
    offsets = np.zeros((6, GRID, GRID), np.float32)
    weight = np.zeros((GRID, GRID), np.float32)
    rows, columns = np.mgrid[:GRID, :GRID]
    for face in faces:
        cells = face / CELL_PX
        center_x, center_y = np.clip(_face_center(cells).astype(int), 0, GRID - 1)
        eye_distance = float(np.linalg.norm(cells[1] - cells[0]))
        sigma = np.clip(0.35 * eye_distance, 0.4, 2.0)
        bump = np.exp(-((columns - center_x) ** 2 + (rows - center_y) ** 2) / (2 * sigma**2)).astype(np.float32)
        nearest = (bump > 0.3) & (bump > score)
        for index, value in enumerate(cells.ravel()):
            offsets[index][nearest] = value - (rows if index % 2 else columns)[nearest] - 0.5
        weight[nearest] = 1 / eye_distance
        score = np.maximum(score, bump)
    return score, offsets, weight


def point_errors(found: npt.NDArray[np.float32], true: npt.NDArray[np.float32]) -> tuple[list[float], int, int]:
    """Compare found faces with true ones.

    Args:
        found: (K, 7) score and points, as the face finder decodes them; scores of `FOUND_SCORE` and more count.
        true: (M, 3, 2) points, NaN where there is no face.

    Returns:
        the mean point error of each true face that was found, as a share of its interocular distance; how many
        faces were found; how many there are.
    """
    faces = [face for face in true if np.isfinite(face).all()]
    errors = face_errors(found, faces, FOUND_SCORE)
    return [error for error in errors if np.isfinite(error)], int((found[:, 0] >= FOUND_SCORE).sum()), len(faces)


def face_errors(
    found: npt.NDArray[np.floating[Any]], faces: Sequence[npt.NDArray[np.floating[Any]]], least_score: float
) -> list[float]:
    """The mean point error of each true face, as a share of its interocular distance; NaN where it was not found.

    Args:
        found: (K, 7) score and points.
        faces: (3, 2) points of each true face.
        least_score: finds below it do not count.
    """
    candidates = [row[1:].reshape(3, 2) for row in found if row[0] >= least_score]
    errors = []
    unused = list(range(len(candidates)))
    for face in faces:
        eye_distance = np.linalg.norm(face[1] - face[0])
        error = {i: np.linalg.norm(candidates[i] - face, axis=1).mean() / eye_distance for i in unused}
        best = min(error, key=error.__getitem__, default=None)
        if best is None or error[best] > HIT_ERROR:
            errors.append(math.nan)
        else:
            unused.remove(best)
            errors.append(float(error[best]))
    return errors


def _face_center(face: Points) -> npt.NDArray[np.float64]:
    center: npt.NDArray[np.float64] = (face[0] + face[1] + 2 * face[2]) / 4
    return center


def _can_be_found(face: Points, size_wh: tuple[int, int]) -> bool:
    center = _face_center(face)
    large_enough = bool(np.linalg.norm(face[1] - face[0]) >= SMALLEST_EYE_DISTANCE_PX)
    return large_enough and bool((center >= 0).all() and (center < size_wh).all())


def _read_photo(photo: LabelledPhoto) -> BgrImage:
    pixels = cv2.imread(photo.photo, cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{photo.photo}: gone or unreadable since it was labelled")
    return BgrImage(pixels)


def read_background(pool: PhotoPool, size_wh: tuple[int, int], rng: np.random.Generator) -> BgrImage:
    """Part of a faceless photo, of this (width, height)."""
    photo = _read_photo(pool.empty[rng.integers(len(pool.empty))])
    height, width = photo.shape[:2]
    share = rng.uniform(0.4, 1.0) * min(width / size_wh[0], height / size_wh[1])
    part_wh = (max(1, int(share * size_wh[0])), max(1, int(share * size_wh[1])))
    left, top = int(rng.integers(width - part_wh[0] + 1)), int(rng.integers(height - part_wh[1] + 1))
    part = photo[top : top + part_wh[1], left : left + part_wh[0]]
    return BgrImage(cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA))


def _paste_empty(scene: BgrImage, pool: PhotoPool, rng: np.random.Generator) -> BgrImage:
    """Part of another faceless photo, cut like a face would be: an edge alone must not mean a face."""
    height, width = scene.shape[:2]
    other = read_background(pool, (width, height), rng)
    alpha = np.zeros((height, width), np.uint8)
    axes = (int(rng.integers(4, width // 2)), int(rng.integers(4, height // 2)))
    center = (int(rng.integers(width)), int(rng.integers(height)))
    if rng.random() < 0.5:
        cv2.ellipse(alpha, center, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    else:
        corners = cv2.boxPoints((center, (2 * axes[0], 2 * axes[1]), float(rng.normal(0, 15))))
        cv2.fillPoly(alpha, [corners.astype(np.int32)], 255)
    return _blend(scene, other, alpha)


def paste_photo(
    scene: BgrImage,
    faces: list[Points],
    photo: LabelledPhoto,
    rng: np.random.Generator,
    place_of: Callable[[Points, tuple[int, int], np.random.Generator], CropTransform] | None = None,
) -> tuple[BgrImage, list[Points]]:
    """The scene with a photo's faces set into it, whole or cut out along the head; faces it covers are gone.

    Args:
        scene: (H, W, 3) uint8. Read, never kept.
        faces: (3, 2) points of each face that is in it.
        photo: with a face.
        rng: decides everything.
        place_of: where in a scene of (width, height) a face goes; anywhere, of any size, where it is not given.
    """
    height, width = scene.shape[:2]
    pixels = _read_photo(photo)
    points = [np.array(face.points) for face in photo.faces]
    if rng.random() < 0.5:
        pixels = BgrImage(np.ascontiguousarray(pixels[:, ::-1]))
        points = [(face * (-1, 1) + (photo.width, 0))[[1, 0, 2]] for face in points]
    chosen = int(rng.integers(len(points)))
    place = (place_of or _random_place)(points[chosen], (width, height), rng)
    pasted = crop_face(pixels, place, (width, height))
    alpha = np.zeros((height, width), np.uint8)
    corners = np.array([[0, 0], [photo.width, 0], [photo.width, photo.height], [0, photo.height]], np.float64)
    cv2.fillPoly(alpha, [np.round(place.to_crop(corners)).astype(np.int32)], 255)
    if rng.random() < 0.45:
        points = [points[chosen]]
        alpha &= _head_alpha(place.to_crop(points[0]), (width, height), rng)
    uncovered = [face for face in faces if not _is_covered(face, alpha)]
    return _blend(scene, pasted, alpha), uncovered + [place.to_crop(face) for face in points]


def _random_place(face: Points, size_wh: tuple[int, int], rng: np.random.Generator) -> CropTransform:
    """Where in the scene this face goes: size log-uniform to a close-up, roll mostly small, some beyond 45 degrees."""
    width, height = size_wh
    share = math.exp(rng.uniform(*np.log(FACE_HEIGHT_SHARE)))
    height_px = max(share * min(height, width * 1.2), SMALLEST_EYE_DISTANCE_PX * FACE_HEIGHT_PER_EYE_DISTANCE)
    roll_deg = float(np.clip(rng.normal(0, 22), -70, 70) if rng.random() < 0.5 else rng.uniform(-50, 50))
    where = (float(rng.uniform(0.08, 0.92)) * width, float(rng.uniform(0.05, 0.8)) * height)
    return place_face(face, height_px, roll_deg, where)


def place_face(face: Points, height_px: float, roll_deg: float, where: tuple[float, float]) -> CropTransform:
    """From a photo into a scene, so that a face gets this height and roll, and its mid-eye point comes here."""
    upright = CropTransform.from_points(face)
    angle = upright.angle_rad + math.radians(roll_deg)
    return CropTransform(upright.mid_eye_px, height_px / face_height(face), angle, CropLayout("scene", where, 1, 1))


def face_height(face: Points) -> float:
    """Hairline to chin, from (3, 2) points; a head turned aside keeps it."""
    down = float(np.linalg.norm(face[2] - face[:2].mean(0)))
    return max(float(np.linalg.norm(face[1] - face[0])), 0.85 * down) * FACE_HEIGHT_PER_EYE_DISTANCE


def _head_alpha(face: Points, size_wh: tuple[int, int], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """An ellipse around a head that has these three points: 255 inside."""
    alpha = np.zeros(size_wh[::-1], np.uint8)
    mid_eye = (face[0] + face[1]) / 2
    down = face[2] - mid_eye
    length = float(np.linalg.norm(down)) + 1e-6
    center = mid_eye + down * 0.2
    axes = (length * rng.uniform(1.2, 1.7), length * rng.uniform(1.7, 2.2))
    angle = math.degrees(math.atan2(down[1], down[0])) - 90
    cv2.ellipse(alpha, ((float(center[0]), float(center[1])), (2 * axes[0], 2 * axes[1]), angle), 255, -1)
    return alpha


def _is_covered(face: Points, alpha: npt.NDArray[np.uint8]) -> bool:
    height, width = alpha.shape
    corners = np.clip(face, 0, (width - 1, height - 1)).astype(int)
    return bool((alpha[corners[:, 1], corners[:, 0]] > 127).any())


def _blend(scene: BgrImage, other: BgrImage, alpha: npt.NDArray[np.uint8]) -> BgrImage:
    share = cv2.GaussianBlur(alpha, (0, 0), 0.7)[:, :, None].astype(np.float32) / 255
    return BgrImage((scene * (1 - share) + other * share).astype(np.uint8))


def spoil_scene(scene: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Light for all, grey, blur and noise each by chance."""
    scene = change_light(scene, rng)
    if rng.random() < 0.2:
        scene = BgrImage(cv2.cvtColor(cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
    if rng.random() < 0.2:
        scene = BgrImage(cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.3, 1.0))))
    if rng.random() < 0.25:
        scene = add_noise(scene, rng.uniform(1, 10), rng)
    return scene
