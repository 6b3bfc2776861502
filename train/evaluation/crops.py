"""Crops of the faces of photos, placed by MediaPipe's landmarks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, CropLayout, CropTransform
from realtime.core.preprocess import BgrImage, crop_face
from train.labelling.label_maps import draw_label_map, face_points
from train.labelling.landmarks import FaceLandmarker, Landmarks
from train.labelling.photos import MIN_CROP_EYE_DISTANCE_PX
from train.prediction import read_photo


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
