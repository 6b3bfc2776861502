"""What is painted on face masks: lips that nobody can see."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.regions import REGION_GROUPS
from train.evaluation.crops import placed_crops
from train.evaluation.hidden_parts import SPECK_PX
from train.evaluation.photos import UnlearntPhotos
from train.labelling.landmarks import FaceLandmarker
from train.prediction import PhotoSegmenter


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
        **{who: summarize(np.array(of_one)) for who, of_one in areas.items()},
    }


def summarize(areas: npt.NDArray[np.int64]) -> dict[str, float]:
    """Share and mean area of (F,) crop pixels of lips."""
    if not areas.size:
        return {"faces_with_lips": float("nan"), "lips_px": float("nan")}
    return {"faces_with_lips": float((areas > SPECK_PX).mean()), "lips_px": float(areas.mean())}


def _lips_px(label_map: npt.NDArray[np.uint8]) -> int:
    return int(np.isin(label_map, REGION_GROUPS["lips"]).sum())
