"""Photos that a measure may use: those of a folder that the network cannot have learnt from."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, BgrImage, CropLayout, CropTransform, crop_face
from train.data.crops import side_of
from train.data.label_set import INDEX_NAME, SCORED, LabelledPhoto, read_index
from train.evaluation.held_out import spread
from train.labelling.label_maps import draw_label_map, face_points
from train.labelling.landmarks import FaceLandmarker, Landmarks
from train.labelling.photos import MIN_CROP_EYE_DISTANCE_PX, collection_of, find_photos
from train.prediction import read_photo


@dataclass(frozen=True)
class UnlearntPhotos:
    """Photos of a folder.

    Attributes:
        paths: those that are scored.
        learnt: how many are left out because a face of them may have been learnt from.
        excepted: how many are left out because a person says that they do not show what the folder is to show.
    """

    paths: list[Path]
    learnt: int
    excepted: int

    def counts(self) -> dict[str, int]:
        """`photos`, `learnt` and `excepted`, for the scores."""
        return {"photos": len(self.paths), "learnt": self.learnt, "excepted": self.excepted}


def unlearnt_photos(
    folder: Path, data: Sequence[Path], exceptions: Collection[str] = (), most: int = 0
) -> UnlearntPhotos:
    """The photos of a folder that may be scored.

    Args:
        folder: of photos, searched to its depth.
        data: folders of faces; a photo whose folder and file are called as one in a label set is taken for that one,
            and left out unless the label set holds all its faces out. What else was learnt from is not known here.
        exceptions: `FOLDER/FILE` of photos to leave out, as `read_exceptions` reads them.
        most: photos, spread over all; all of them where it is 0.

    Raises:
        ValueError: there is no photo that may be scored, or a label set is broken.
        FileNotFoundError: the folder is missing, or holds no photo.
    """
    learnt = {f"{photo.source}/{Path(photo.photo).name}" for one in data for photo in _index(one) if _is_learnt(photo)}
    named = {path: f"{collection_of(path)}/{path.name}" for path in find_photos([folder])}
    kept = [path for path, name in named.items() if name not in learnt]
    paths = [path for path in kept if named[path] not in exceptions]
    if not paths:
        raise ValueError(f"{folder}: none of its {len(named)} photos is held out")
    return UnlearntPhotos(spread(paths, most), len(named) - len(kept), len(kept) - len(paths))


def read_exceptions(path: Path | None) -> frozenset[str]:
    """`FOLDER/FILE` of photos, one a line; what stands behind a # is a remark.

    Raises:
        ValueError: a line is no such name.
        OSError: the file cannot be read.
    """
    if path is None:
        return frozenset()
    names = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    for number, name in enumerate(names, 1):
        if name and name.count("/") != 1:
            raise ValueError(f"{path}:{number}: {name!r} is not FOLDER/FILE of a photo")
    return frozenset(filter(None, names))


def _index(folder: Path) -> list[LabelledPhoto]:
    return read_index(folder) if (folder / INDEX_NAME).is_file() else []


def _is_learnt(photo: LabelledPhoto) -> bool:
    groups = {face.group for face in photo.faces if face.name}
    return bool(groups) and side_of(photo.split, groups) not in SCORED


@dataclass(frozen=True)
class PlacedCrop:
    """One face: its (218, 178, 3) crop, and its landmarks in pixels of the crop."""

    crop_bgr: BgrImage
    landmarks: Landmarks

    def labels(self) -> npt.NDArray[np.uint8]:
        """(218, 178) region ids, as MediaPipe's landmarks have them."""
        return draw_label_map(self.landmarks, CROP_SIZE_WH)


@dataclass(frozen=True)
class PlacedCrops:
    """The faces of photos, and how many photos have none that is found and large enough."""

    crops: list[PlacedCrop]
    without_face: int


def placed_crops(
    photos: Sequence[Path],
    landmarker: FaceLandmarker,
    layout: CropLayout,
    on_item: Callable[[], None],
    most_faces: int | None = None,
) -> PlacedCrops:
    """The faces of photos with at least `MIN_CROP_EYE_DISTANCE_PX` between the eyes: smaller ones are not labelled.

    Args:
        photos: files.
        landmarker: finds the faces.
        layout: of the crops.
        on_item: called after each photo.
        most_faces: of a photo, the first that are found; all of them where it is not given.

    Raises:
        ValueError: a photo is unreadable.
    """
    crops: list[PlacedCrop] = []
    without_face = 0
    for path in photos:
        photo_bgr = read_photo(path, is_aligned=False)
        points = [(landmarks, face_points(landmarks)) for landmarks in landmarker.find(photo_bgr)]
        large = [
            (all_of_it, three) for all_of_it, three in points if _eye_distance_px(three) >= MIN_CROP_EYE_DISTANCE_PX
        ]
        for landmarks, three in large[:most_faces]:
            place = CropTransform.from_points(three, layout)
            crops.append(PlacedCrop(crop_face(photo_bgr, place), place.to_crop(landmarks)))
        without_face += not large
        on_item()
    return PlacedCrops(crops, without_face)


def _eye_distance_px(points: npt.NDArray[np.float64]) -> float:
    return float(np.linalg.norm(points[1] - points[0]))
