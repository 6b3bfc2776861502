"""What is painted on closed lids: irises that nobody can see."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.regions import REGION_GROUPS, Region
from train.evaluation.photos import PlacedCrop, UnlearntPhotos, placed_crops
from train.labelling.label_maps import CLOSED_EYE_OPENNESS, eye_openness
from train.labelling.landmarks import IRIS_OF_EYE, FaceLandmarker
from train.prediction import PhotoSegmenter

SPECK_PX = 8
"""Crop pixels up to which a region counts as not predicted: about a fifteenth of an open iris."""


def score_closed_eyes(
    segmenter: PhotoSegmenter, photos: UnlearntPhotos, landmarker: FaceLandmarker, on_item: Callable[[], None]
) -> dict[str, Any]:
    """How often an iris is predicted on closed eyes, and how large, of this network and of MediaPipe's own masks.

    Args:
        segmenter: of the network.
        photos: of people whose eyes are closed; the folder's word is taken for it, but for its exceptions.
        landmarker: places the crops.
        on_item: called after each photo.

    Returns:
        `faces`; `photos`, `learnt`, `excepted` and `without_face` (photos that are not counted); `speck_px`; `ours` and
        `mediapipe`: `faces_with_iris` and `eyes_with_iris` as shares, `iris_px` and `eye_px`, the mean area of an eye
        in crop pixels; `lids_together`: the same of ours on the `eyes` whose lids MediaPipe sees closed.
    """
    found = placed_crops(photos.paths, landmarker, segmenter.layout, on_item, most_faces=1)
    rows = {
        "ours": [_areas(segmenter.segment_crop(crop.crop_bgr)) for crop in found.crops],
        "mediapipe": [_areas(crop.labels()) for crop in found.crops],
    }
    closed = np.array([[_is_closed(crop, eye) for eye in IRIS_OF_EYE] for crop in found.crops], bool).reshape(-1, 2)
    areas = {who: np.array(of_one, np.float64).reshape(-1, 2, 2) for who, of_one in rows.items()}
    return {
        "faces": len(found.crops),
        **photos.counts(),
        "without_face": found.without_face,
        "speck_px": SPECK_PX,
        **{who: summarize_eyes(of_one) for who, of_one in areas.items()},
        "lids_together": {"eyes": int(closed.sum()), **_of_eyes(areas["ours"][closed])},
    }


def summarize_eyes(areas: npt.NDArray[np.float64]) -> dict[str, float]:
    """Shares and mean areas of (F, 2, 2) crop pixels: of each face and eye, the iris and the rest of the eye."""
    with_iris = areas[:, :, 0].max(axis=1, initial=0) > SPECK_PX
    return {"faces_with_iris": _mean(with_iris), **_of_eyes(areas.reshape(-1, 2))}


def _of_eyes(areas: npt.NDArray[np.float64]) -> dict[str, float]:
    return {
        "eyes_with_iris": _mean(areas[:, 0] > SPECK_PX),
        "iris_px": _mean(areas[:, 0]),
        "eye_px": _mean(areas[:, 1]),
    }


def _areas(label_map: npt.NDArray[np.uint8]) -> list[list[int]]:
    return [[int(np.count_nonzero(label_map == region)) for region in (iris, eye)] for eye, iris in IRIS_OF_EYE.items()]


def _is_closed(crop: PlacedCrop, eye: Region) -> bool:
    return eye_openness(crop.landmarks, eye) < CLOSED_EYE_OPENNESS


def _mean(values: npt.NDArray[Any]) -> float:
    return float(values.mean()) if values.size else float("nan")


def score_covered_mouths(
    segmenter: PhotoSegmenter, photos: UnlearntPhotos, landmarker: FaceLandmarker, on_item: Callable[[], None]
) -> dict[str, Any]:
    """How often lips are predicted where a mask covers the mouth, of this network and of MediaPipe's own masks.

    Args:
        segmenter: of the network.
        photos: of people who wear face masks; the folder's word is taken for it, but for its exceptions.
        landmarker: finds the faces and places the crops.
        on_item: called after each photo.

    Returns:
        `faces`; `photos`, `learnt`, `excepted` and `without_face` (photos that are not counted); `speck_px`; `ours` and
        `mediapipe`: `faces_with_lips` as a share, `lips_px`, the mean area of a face in crop pixels.
    """
    found = placed_crops(photos.paths, landmarker, segmenter.layout, on_item)
    areas = {
        "ours": [_lips_px(segmenter.segment_crop(crop.crop_bgr)) for crop in found.crops],
        "mediapipe": [_lips_px(crop.labels()) for crop in found.crops],
    }
    return {
        "faces": len(found.crops),
        **photos.counts(),
        "without_face": found.without_face,
        "speck_px": SPECK_PX,
        **{who: summarize_lips(np.array(of_one)) for who, of_one in areas.items()},
    }


def summarize_lips(areas: npt.NDArray[np.int64]) -> dict[str, float]:
    """Share and mean area of (F,) crop pixels of lips."""
    if not areas.size:
        return {"faces_with_lips": float("nan"), "lips_px": float("nan")}
    return {"faces_with_lips": float((areas > SPECK_PX).mean()), "lips_px": float(areas.mean())}


def _lips_px(label_map: npt.NDArray[np.uint8]) -> int:
    return int(np.isin(label_map, REGION_GROUPS["lips"]).sum())
