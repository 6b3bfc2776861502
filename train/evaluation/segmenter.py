"""How good a checkpoint is: all measures of `evaluate`, each from its own module in `train/evaluation/`."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import nn

from realtime.core.geometry import LAYOUTS, BgrImage, CropLayout
from train.augmentation.scenes import FaceScenes, ScenePhotos, point_errors
from train.checkpoint import NetworkSpec
from train.data.crops import FaceCrops, faces_by_side
from train.data.label_set import SCORED, VAL
from train.data.one_class import regions_of
from train.data.partial_labels import UNKNOWN
from train.data.skin_tone import TONES, pair_tone
from train.evaluation.finder import find_thresholds, network_detector, score_frames
from train.evaluation.finder_frames import empty_frames, made_frames
from train.evaluation.held_out import FaceCounts, HeldOut, HeldOutFace, count_faces, spread
from train.evaluation.hidden_parts import score_closed_eyes, score_covered_mouths
from train.evaluation.outlines import judge_outlined, outlined_faces, score_contours
from train.evaluation.photos import UnlearntPhotos, read_exceptions, unlearnt_photos
from train.evaluation.pictures import JudgedCrop, draw_worst, worst_faces
from train.evaluation.steadiness import score_jitter, score_noise_flicker
from train.evaluation.yardstick import program_on_stills, score_face, summary
from train.labelling.hidden import read_hidden
from train.labelling.label_maps import tint
from train.labelling.landmarks import FaceLandmarker
from train.labelling.outlines import ContourPhoto, read_contours
from train.networks.finder import decode_faces
from train.networks.heads import classes_of
from train.prediction import PhotoSegmenter

WORST_NAME, WORST_OUTLINES_NAME = "worst.png", "worst_outlines.png"


@dataclass(frozen=True)
class Yardsticks:
    """What a checkpoint is measured by besides the labels that were held out; nothing by default.

    Attributes:
        contours: folder of people's outlines.
        people: folders of people's outlines whose faces are scored one by one, with crops placed by the program.
        hidden: file that names photos of these in which something lies before eyes or mouth.
        outline_shift_px: by how much the outlines of these are moved right and down.
        closed_eyes: folder of photos of closed eyes.
        covered_mouths: folder of photos of face masks.
        exceptions: file that names photos of these folders, and faceless ones, that do not show what they are to.
        landmarker: the MediaPipe model file, which the folders need.
        steady_faces: held-out faces, spread over all, that are moved in their crop and shown with noise; 0: none.
        most: faces or photos of each measure, spread over all; 0: all.
    """

    contours: Path | None = None
    people: tuple[Path, ...] = ()
    hidden: Path | None = None
    outline_shift_px: float = 0.0
    closed_eyes: Path | None = None
    covered_mouths: Path | None = None
    exceptions: Path | None = None
    landmarker: Path | None = None
    steady_faces: int = 0
    most: int = 0


def evaluate_segmenter(
    network: nn.Module,
    spec: NetworkSpec,
    data: Sequence[Path],
    out: Path,
    on_item: Callable[[], None],
    yardsticks: Yardsticks = Yardsticks(),
    mask_region: str | None = None,
    split: str = VAL,
) -> dict[str, Any]:
    """All scores of a segmenter; writes `comparison.png`, `worst.png` and `worst_outlines.png` into `out`.

    Args:
        network: in evaluation mode.
        spec: what it is.
        data: folders of faces; those on one side of the split are scored.
        out: an existing folder.
        on_item: called after each face and photo.
        yardsticks: what else it is measured by.
        mask_region: what masks of 0 and 255 show.
        split: the side, one of `SCORED`.

    Raises:
        ValueError: a folder does not hold what it should, or no face of that side.
    """
    exceptions = read_exceptions(yardsticks.exceptions)
    folders = (yardsticks.closed_eyes, yardsticks.covered_mouths)
    closed, covered = (unlearnt_photos(one, data, exceptions, yardsticks.most) if one else None for one in folders)
    contours = spread(read_contours(yardsticks.contours), yardsticks.most) if yardsticks.contours else []
    people = [photo for folder in yardsticks.people for photo in unlearnt_outlines(folder, data, yardsticks)]
    side = faces_by_side(data, spec.layout, mask_region)[split]
    held_out = HeldOut.of_side(side, spec.regions, yardsticks.most)
    if not held_out.faces or not held_out.classes:
        lacking = "labels have nothing in common with the network's regions" if side.pairs else f"no {split} faces"
        raise ValueError(f"{', '.join(map(str, data))}: {lacking}")
    counts = count_faces(network, spec, held_out, on_item)
    scores: dict[str, Any] = {SCORED[split]: label_scores(held_out.faces, counts, LAYOUTS[spec.layout])}
    if yardsticks.landmarker:
        with FaceLandmarker(yardsticks.landmarker) as landmarker:
            scores |= score_photos(network, spec, contours, closed, covered, landmarker, on_item)
            if people:
                find_faces, hidden = (
                    program_on_stills(PhotoSegmenter.of_network(network, spec)),
                    read_hidden(yardsticks.hidden),
                )
                faces = []
                for photo in people:
                    faces.append(score_face(photo, find_faces, landmarker, hidden))
                    on_item()
                scores["people"] = summary(faces)
            outlined = outlined_faces(contours, landmarker, spec.regions, LAYOUTS[spec.layout])
        draw_worst_outlines(network, spec, outlined.faces, out)
        if outlined.faces and outlined.classes and yardsticks.steady_faces:
            scores["contours"]["jitter"] = score_jitter(network, spec, outlined, on_item)
    if yardsticks.steady_faces:
        some = held_out.spread(yardsticks.steady_faces)
        scores["jitter"] = score_jitter(network, spec, some, on_item)
        scores["noise_flicker"] = score_noise_flicker(network, spec, some.faces, on_item)
    draw_pictures(network, spec, held_out.faces, counts, out)
    return scores


def unlearnt_outlines(folder: Path, data: Sequence[Path], yardsticks: Yardsticks) -> list[ContourPhoto]:
    """The outlined photos of a folder that the network cannot have learnt from.

    Raises:
        ValueError: the folder has no outlines, or all of them were learnt from.
    """
    kept = set(unlearnt_photos(folder, data, most=yardsticks.most).paths)
    return [photo.shifted(yardsticks.outline_shift_px) for photo in read_contours(folder) if photo.path in kept]


def label_scores(faces: Sequence[HeldOutFace], counts: FaceCounts, layout: CropLayout) -> dict[str, Any]:
    """What the counts of held-out faces say: by region, group, source and tone of skin; all regions as one, all faces.

    Args:
        faces: that were counted.
        counts: of each.
        layout: of their crops.
    """
    regions = counts.scores()
    sources = [face.source for face in faces]
    tones = [pair_tone(face.pair, layout) for face in faces]
    return {
        "faces": len(faces),
        "labels": ", ".join(sorted({face.pair.labeller for face in faces})),
        "mean_dice": float(np.nanmean([score.dice for name, score in regions.items() if name != "background"])),
        "regions": {name: asdict(score) for name, score in regions.items()},
        "any_region": asdict(counts.any_region()),
        "photo_dice": float(np.nanmean(counts.face_dice())),
        "sources": _group_scores(counts, sources, sorted(set(sources))),
        "tones": _group_scores(counts, tones, [tone for tone in TONES if tone in tones]),
    }


def _group_scores(counts: FaceCounts, kinds: Sequence[str], order: Sequence[str]) -> dict[str, Any]:
    """`faces` and `groups` of each kind of face."""
    chosen = {kind: counts.chosen([one == kind for one in kinds]) for kind in order}
    return {
        kind: {
            "faces": len(part.confusions),
            "groups": {name: asdict(score) for name, score in part.groups().items()},
        }
        for kind, part in chosen.items()
    }


def score_photos(
    network: nn.Module,
    spec: NetworkSpec,
    contours: Sequence[ContourPhoto],
    closed_eyes: UnlearntPhotos | None,
    covered_mouths: UnlearntPhotos | None,
    landmarker: FaceLandmarker,
    on_item: Callable[[], None],
) -> dict[str, Any]:
    """The measures on photos whose faces the landmarker finds: those that are given."""
    scores: dict[str, Any] = {}
    segmenter = PhotoSegmenter.of_network(network, spec)
    if contours:
        scores["contours"] = asdict(score_contours(network, spec, contours, landmarker, on_item))
    if closed_eyes:
        scores["closed_eyes"] = score_closed_eyes(segmenter, closed_eyes, landmarker, on_item)
    if covered_mouths:
        scores["covered_mouths"] = score_covered_mouths(segmenter, covered_mouths, landmarker, on_item)
    return scores


def evaluate_finder(
    network: nn.Module,
    data: Sequence[Path],
    backgrounds: Sequence[Path],
    on_item: Callable[[], None],
    yardsticks: Yardsticks = Yardsticks(),
) -> dict[str, Any]:
    """How well faces are found in what was held out: in scenes as it learnt from, and in frames as a webcam has them.

    Args:
        network: in evaluation mode.
        data: label sets of faces.
        backgrounds: label sets whose faceless photos are scenery, and must hold no find.
        on_item: called after each scene, photo and frame.
        yardsticks: its exceptions, its landmarker, which measures yaw, and its `most` count here.

    Raises:
        ValueError: a folder is no label set.
    """
    pool = ScenePhotos.read(data, backgrounds).validation
    detectors = {"ours": network_detector(network)}
    exceptions = read_exceptions(yardsticks.exceptions)
    scores = {"validation": score_scenes(network, FaceScenes(pool, augmented=False), on_item)}
    with ExitStack() as stack:
        landmarker = stack.enter_context(FaceLandmarker(yardsticks.landmarker)) if yardsticks.landmarker else None
        thresholds = find_thresholds(detectors, empty_frames(pool.empty, exceptions), on_item)
        frames = made_frames(pool, landmarker, yardsticks.most)
        found = score_frames(detectors, thresholds, frames, on_item)
    scores["empty"] = {name: asdict(threshold) for name, threshold in thresholds.items()}
    scores["frames"] = found
    return scores


def score_scenes(network: nn.Module, scenes: FaceScenes, on_item: Callable[[], None]) -> dict[str, Any]:
    """Recall, precision and point error from `train.augmentation.scenes.FOUND_SCORE` on."""
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
        "scenes": len(scenes),
        "faces": true_count,
        "recall": len(errors) / max(true_count, 1),
        "precision": len(errors) / max(found_count, 1),
        "point_error_of_eye_distance": float(np.mean(errors)) if errors else float("nan"),
        "empty_scenes": empty_scenes,
        "empty_scenes_with_a_false_face": false_alarms,
    }


def draw_pictures(
    network: nn.Module, spec: NetworkSpec, faces: Sequence[HeldOutFace], counts: FaceCounts, out: Path
) -> None:
    """Write `comparison.png`, and `worst.png` where a face has a Dice."""
    segmenter = PhotoSegmenter.of_network(network, spec)
    cv2.imwrite(str(out / "comparison.png"), draw_comparison(segmenter, spec, faces))
    dice = counts.face_dice()
    worst = worst_faces(dice)
    if worst:
        picture = draw_worst(segmenter, [JudgedCrop.of_face(faces[index], float(dice[index])) for index in worst])
        cv2.imwrite(str(out / WORST_NAME), picture)


def draw_worst_outlines(network: nn.Module, spec: NetworkSpec, faces: Sequence[HeldOutFace], out: Path) -> None:
    """Write `worst_outlines.png`: the same of photos with people's outlines, where there are any."""
    segmenter = PhotoSegmenter.of_network(network, spec)
    crops = judge_outlined(segmenter, faces)
    worst = worst_faces(np.array([crop.dice for crop in crops]))
    if worst:
        cv2.imwrite(str(out / WORST_OUTLINES_NAME), draw_worst(segmenter, [crops[index] for index in worst]))


def draw_comparison(
    segmenter: PhotoSegmenter, spec: NetworkSpec, faces: Sequence[HeldOutFace], columns: int = 8
) -> BgrImage:
    """Rows of three: the crop, its real mask, the predicted mask; the faces are spread over the set."""
    ids = np.full(256, UNKNOWN, np.uint8)
    ids[: len(classes_of(spec.regions))] = [regions_of(name)[0] for name in classes_of(spec.regions)]
    pairs = [FaceCrops([face.pair], spec.regions)[0] for face in spread(faces, 3 * columns)]
    stacks = []
    for crop_bgr, truth in ((BgrImage(crop.numpy()), ids[truth.numpy()]) for crop, truth in pairs):
        stacks.append(np.vstack([crop_bgr, tint(crop_bgr, truth), tint(crop_bgr, segmenter.segment_crop(crop_bgr))]))
    rows = [np.hstack(stacks[start : start + columns]) for start in range(0, len(stacks), columns)]
    width = rows[0].shape[1]
    return BgrImage(
        np.vstack([cv2.copyMakeBorder(row, 0, 8, 0, width - row.shape[1], cv2.BORDER_CONSTANT) for row in rows])
    )
