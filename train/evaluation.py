"""How good a checkpoint is: on held-out labels, and on outlines that people drew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from realtime.preprocess import BgrImage
from realtime.regions import Region
from train.checkpoint import NetworkSpec
from train.contours import COMPARED, ContourPhoto, read_contours
from train.dataset import FaceCrops, faces_by_side
from train.folders import Pair
from train.heads import class_map, classes_of, to_probs
from train.label_classes import common_classes
from train.label_set import SCORED, VAL
from train.landmarks import FaceLandmarker, Landmarks
from train.masks import draw_label_map
from train.metrics import RegionScore, any_region_score, confusion_matrix, merge_classes, score_of, scores_per_class
from train.models.face_finder import decode_faces
from train.one_class import regions_of
from train.prediction import LabelMap, PhotoSegmenter
from train.scenes import FaceScenes, ScenePhotos, point_errors
from train.tint import tint

BATCH_SIZE = 32


@dataclass(frozen=True)
class ContourScores:
    """Scores on photos with outlines, pooled over their pixels, of this network and of MediaPipe's own masks.

    Attributes:
        ours, mediapipe: by name of `COMPARED`.
        photos: how many were scored.
        without_face: those in which the landmarker found none.
    """

    ours: dict[str, RegionScore]
    mediapipe: dict[str, RegionScore]
    photos: int
    without_face: int


def evaluate_segmenter(
    network: nn.Module,
    spec: NetworkSpec,
    data: Sequence[Path],
    contours: Path | None,
    landmarker: Path | None,
    out: Path,
    on_item: Callable[[], None],
    mask_region: str | None = None,
    split: str = VAL,
) -> dict[str, Any]:
    """All scores of a segmenter; writes `comparison.png` into `out`.

    Args:
        network: in evaluation mode.
        spec: what it is.
        data: folders of faces; those on one side of the split are scored.
        contours: folder of people's outlines; needs the landmarker's model file too.
        landmarker: the MediaPipe model file.
        out: an existing folder.
        on_item: called after each face and photo.
        mask_region: what masks of 0 and 255 show.
        split: the side, one of `SCORED`.

    Raises:
        ValueError: a folder does not hold what it should, or no face of that side.
    """
    photos = read_contours(contours) if contours else []
    faces, labelled = faces_by_side(data, spec.layout, mask_region)[split]
    classes = common_classes(labelled, spec.regions)
    if not faces or not classes:
        lacking = "labels have nothing in common with the network's regions" if faces else f"no {split} faces"
        raise ValueError(f"{', '.join(map(str, data))}: {lacking}")
    regions, together, photo_dice = score_faces(network, spec, faces, classes, on_item)
    scores: dict[str, Any] = {
        SCORED[split]: {
            "faces": len(faces),
            "labels": ", ".join(sorted({face.labeller for face in faces})),
            "mean_dice": float(np.nanmean([score.dice for name, score in regions.items() if name != "background"])),
            "regions": {name: asdict(score) for name, score in regions.items()},
            "any_region": asdict(together),
            "photo_dice": photo_dice,
        }
    }
    if photos and landmarker:
        with FaceLandmarker(landmarker) as labeller:
            scores["contours"] = asdict(score_contours(network, spec, photos, labeller, on_item))
    cv2.imwrite(str(out / "comparison.png"), draw_comparison(network, spec, faces))
    return scores


def evaluate_finder(
    network: nn.Module, data: Sequence[Path], backgrounds: Sequence[Path], on_item: Callable[[], None]
) -> dict[str, Any]:
    """Recall, precision and point error of the face finder on scenes made of held-out photos.

    Raises:
        ValueError: a folder is no label set.
    """
    scenes = FaceScenes(ScenePhotos.read(data, backgrounds).validation, augmented=False)
    errors: list[float] = []
    found_count = true_count = empty_scenes = false_alarms = 0
    for index in range(len(scenes)):
        thumbnail, *_, points = scenes[index]
        with torch.inference_mode():
            decoded = decode_faces(network(thumbnail[None]))[0].numpy()
        hits, found, true = point_errors(decoded, points.numpy())
        errors += hits
        found_count, true_count = found_count + found, true_count + true
        empty_scenes += true == 0
        false_alarms += true == 0 and found > 0
        on_item()
    return {
        "validation": {
            "scenes": len(scenes),
            "faces": true_count,
            "recall": len(errors) / max(true_count, 1),
            "precision": len(errors) / max(found_count, 1),
            "point_error_of_eye_distance": float(np.mean(errors)) if errors else float("nan"),
            "empty_scenes": empty_scenes,
            "empty_scenes_with_a_false_face": false_alarms,
        }
    }


def score_faces(
    network: nn.Module,
    spec: NetworkSpec,
    faces: Sequence[Pair],
    common: dict[str, list[str]],
    on_item: Callable[[], None],
) -> tuple[dict[str, RegionScore], RegionScore, float]:
    """Scores on faces.

    Args:
        network: in evaluation mode.
        spec: what it is.
        faces: with labels.
        common: from `common_classes`; channels that are in none of them count as background.
        on_item: called after each face.

    Returns:
        per class, and of all classes as one, both pooled over the pixels of all faces; and the mean over the faces of
        the Dice of all classes as one, without those that neither hold nor were given any.
    """
    crops = FaceCrops(faces, spec.regions)
    classes = classes_of(spec.regions)
    of_faces: list[npt.NDArray[np.int64]] = []
    for start in range(0, len(crops), BATCH_SIZE):
        pairs = [crops[index] for index in range(start, min(start + BATCH_SIZE, len(crops)))]
        with torch.inference_mode():
            probs = to_probs(network(torch.stack([crop for crop, _ in pairs])), spec.head)
        truth = torch.stack([label for _, label in pairs])
        for one_truth, one_predicted in zip(truth, class_map(probs, spec.head), strict=True):
            of_faces.append(confusion_matrix(one_truth, one_predicted, len(classes)))
            on_item()
    names = classes_of(list(common))
    merged = [next((names.index(name) for name, parts in common.items() if part in parts), 0) for part in classes]
    confusions = [merge_classes(confusion, merged) for confusion in of_faces]
    confusion = np.sum(confusions, axis=0)
    photo_dice = float(np.nanmean([any_region_score(of_face).dice for of_face in confusions]))
    return dict(zip(names, scores_per_class(confusion), strict=True)), any_region_score(confusion), photo_dice


def score_contours(
    network: nn.Module,
    spec: NetworkSpec,
    photos: Sequence[ContourPhoto],
    landmarker: FaceLandmarker,
    on_item: Callable[[], None],
) -> ContourScores:
    """Both masks against people's outlines, in each photo's own pixels; crops are placed by the landmarks."""
    segmenter = PhotoSegmenter.of_network(network, spec)
    scores, without_face = score_outlines(
        {
            "ours": segmenter.segment_photo,
            "mediapipe": lambda photo, faces: (
                draw_label_map(faces[0], photo.shape[1::-1]) if faces else np.zeros(photo.shape[:2], np.uint8)
            ),
        },
        photos,
        landmarker,
        on_item,
    )
    return ContourScores(scores["ours"], scores["mediapipe"], len(photos), without_face)


def score_outlines(
    drawers: Mapping[str, Callable[[BgrImage, Sequence[Landmarks]], LabelMap]],
    photos: Sequence[ContourPhoto],
    landmarker: FaceLandmarker,
    on_item: Callable[[], None],
) -> tuple[dict[str, dict[str, RegionScore]], int]:
    """Several masks of the same photos against people's outlines, pooled over the pixels of all.

    Args:
        drawers: by name, what gives the (H, W) region ids of a photo and the face in it, if there is one.
        photos: with outlines.
        landmarker: finds the faces.
        on_item: called after each photo.

    Returns:
        the scores of each, by name of `COMPARED`, and in how many photos no face was found.
    """
    areas = {who: {name: np.zeros(3) for name in COMPARED} for who in drawers}
    without_face = 0
    for photo in photos:
        photo_bgr = photo.read()
        truth = photo.label_map((photo_bgr.shape[1], photo_bgr.shape[0]))
        faces = landmarker.find(photo_bgr)
        without_face += not faces
        for who, draw in drawers.items():
            add_areas(areas[who], COMPARED, truth, draw(photo_bgr, faces[:1]))
        on_item()
    return {who: scores_of_areas(by_name) for who, by_name in areas.items()}, without_face


def add_areas(
    areas: dict[str, npt.NDArray[np.float64]],
    regions: Mapping[str, Sequence[Region]],
    truth: LabelMap,
    predicted: LabelMap,
) -> None:
    """Add what two label maps of one size overlap in, and each one's area, to (3,) sums by name of some regions."""
    for name, members in regions.items():
        is_true, is_predicted = np.isin(truth, members), np.isin(predicted, members)
        areas[name] += ((is_true & is_predicted).sum(), is_true.sum(), is_predicted.sum())


def scores_of_areas(areas: dict[str, npt.NDArray[np.float64]]) -> dict[str, RegionScore]:
    """The scores of the sums that `add_areas` made."""
    return {name: score_of(*area.tolist()) for name, area in areas.items()}


def draw_comparison(network: nn.Module, spec: NetworkSpec, faces: Sequence[Pair], columns: int = 8) -> BgrImage:
    """Rows of three: the crop, its real mask, the predicted mask; the faces are spread over the set."""
    segmenter = PhotoSegmenter.of_network(network, spec)
    ids = np.array([regions_of(name)[0] for name in classes_of(spec.regions)], np.uint8)
    chosen = [faces[index] for index in np.linspace(0, len(faces) - 1, min(len(faces), 3 * columns)).astype(int)]
    pairs = [FaceCrops([face], spec.regions)[0] for face in chosen]
    stacks = []
    for crop_bgr, truth in ((BgrImage(crop.numpy()), ids[truth.numpy()]) for crop, truth in pairs):
        stacks.append(np.vstack([crop_bgr, tint(crop_bgr, truth), tint(crop_bgr, segmenter.segment_crop(crop_bgr))]))
    rows = [np.hstack(stacks[start : start + columns]) for start in range(0, len(stacks), columns)]
    width = rows[0].shape[1]
    return BgrImage(
        np.vstack([cv2.copyMakeBorder(row, 0, 8, 0, width - row.shape[1], cv2.BORDER_CONSTANT) for row in rows])
    )
