"""Masks against outlines that people drew: overlap, and how far the edges lie off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import cv2
import numpy as np
import numpy.typing as npt
from torch import nn

from realtime.core.geometry import BgrImage, CropLayout, CropTransform, crop_face
from realtime.core.regions import Region
from train.checkpoint import NetworkSpec
from train.data.classes import common_classes
from train.data.label_set import CANVAS_SIZE_WH, canvas_transform, crop_canvas
from train.data.one_class import class_name
from train.data.skin_tone import TONES, tone_of, typology_angle_deg
from train.evaluation.held_out import HeldOut, HeldOutFace
from train.evaluation.metrics import RegionScore, score_of
from train.evaluation.pictures import JudgedCrop
from train.labelling.label_maps import draw_label_map, face_points
from train.labelling.landmarks import FaceLandmarker, Landmarks
from train.labelling.outlines import COMPARED, ContourPhoto
from train.prediction import LabelMap, PhotoSegmenter

Mask = npt.NDArray[np.bool_]


def edge_distance_px(one: Mask, other: Mask) -> float:
    """Mean distance from each pixel of one outline to the nearest of the other, both ways; NaN where one is empty.

    Args:
        one: (H, W). Its outline is its pixels with a neighbour, above, below or beside, that is not in it.
        other: the same size.

    Source: average symmetric surface distance, as in Yeghiazaryan and Voiculescu, doi:10.1117/1.JMI.5.1.015006, with
    the mean of the two ways in place of the mean over all pixels.
    """
    if not one.any() or not other.any():
        return float("nan")
    rows, columns = np.nonzero(one | other)
    around = np.s_[max(0, rows.min() - 1) : rows.max() + 2, max(0, columns.min() - 1) : columns.max() + 2]
    first, second = outline(one[around]), outline(other[around])
    return float((_distance_to(second)[first].mean() + _distance_to(first)[second].mean()) / 2)


def outline(mask: Mask) -> Mask:
    """(H, W) pixels of a mask with a neighbour that is not in it; what lies outside the picture is not."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(mask.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    edge: Mask = mask & (inner == 0)
    return edge


def _distance_to(edge: Mask) -> npt.NDArray[np.float32]:
    distance: npt.NDArray[np.float32] = cv2.distanceTransform(
        (~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    return distance


ByRegion = dict[str, RegionScore]
Areas = dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class ContourScores:
    """Scores on photos with outlines, pooled over their pixels, of this network and of MediaPipe's own masks.

    Attributes:
        ours, mediapipe: by name of `COMPARED`.
        edges_px: by whose masks they are and name of `COMPARED`, as `OutlineScores` has them.
        by_tone: by whose masks they are and tone of skin, as `OutlineScores` has them.
        tones: how many photos have each tone.
        photos: how many were scored.
        without_face: those in which the landmarker found none.
    """

    ours: ByRegion
    mediapipe: ByRegion
    edges_px: dict[str, dict[str, float]]
    by_tone: dict[str, dict[str, ByRegion]]
    tones: dict[str, int]
    photos: int
    without_face: int


@dataclass(frozen=True)
class OutlineScores:
    """Of one who draws masks, by name of `COMPARED`.

    Attributes:
        regions: overlap, pooled over the pixels of all photos.
        edges_px: mean distance of the outlines in pixels of the crop, mean over the photos; NaN where none has both,
            or nobody measured it.
        by_tone: as `regions`, by tone of `train.data.skin_tone`; empty where nobody measured it.
        tones: how many photos have each tone.
    """

    regions: ByRegion
    edges_px: dict[str, float]
    by_tone: dict[str, ByRegion]
    tones: dict[str, int]


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
        segmenter.layout,
    )
    ours = scores["ours"]
    return ContourScores(
        ours=ours.regions,
        mediapipe=scores["mediapipe"].regions,
        edges_px={who: of_one.edges_px for who, of_one in scores.items()},
        by_tone={who: of_one.by_tone for who, of_one in scores.items()},
        tones=ours.tones,
        photos=len(photos),
        without_face=without_face,
    )


def score_outlines(
    drawers: Mapping[str, Callable[[BgrImage, Sequence[Landmarks]], LabelMap]],
    photos: Sequence[ContourPhoto],
    landmarker: FaceLandmarker,
    on_item: Callable[[], None],
    layout: CropLayout | None = None,
) -> tuple[dict[str, OutlineScores], int]:
    """Several masks of the same photos against people's outlines.

    Args:
        drawers: by name, what gives the (H, W) region ids of a photo and the face in it, if there is one.
        photos: with outlines.
        landmarker: finds the faces.
        on_item: called after each photo.
        layout: of the crop in which edges and skin are measured; without it they are not.

    Returns:
        the scores of each, and in how many photos no face was found.
    """
    areas: dict[str, list[Areas]] = {who: [] for who in drawers}
    tones: list[str] = []
    edges: dict[str, dict[str, list[float]]] = {who: {name: [] for name in COMPARED} for who in drawers}
    without_face = 0
    for photo in photos:
        photo_bgr = photo.read()
        truth = photo.label_map((photo_bgr.shape[1], photo_bgr.shape[0]))
        faces = landmarker.find(photo_bgr)
        without_face += not faces
        crop = CropTransform.from_points(face_points(faces[0]), layout) if faces and layout else None
        tones.append(tone_of(typology_angle_deg(crop_face(photo_bgr, crop), crop.layout)) if crop else "")
        for who, draw in drawers.items():
            predicted = draw(photo_bgr, faces[:1])
            areas[who].append(areas_of(COMPARED, truth, predicted))
            if crop is None:
                continue
            for name, members in COMPARED.items():
                apart_px = edge_distance_px(np.isin(truth, members), np.isin(predicted, members))
                edges[who][name].append(apart_px * crop.scale)
        on_item()
    counts = {tone: tones.count(tone) for tone in TONES if tone in tones}
    scores = {
        who: OutlineScores(
            scores_of_areas(areas[who]),
            {name: _mean(found) for name, found in edges[who].items()},
            {tone: scores_of_areas(list(compress(areas[who], [one == tone for one in tones]))) for tone in counts},
            counts,
        )
        for who in drawers
    }
    return scores, without_face


@dataclass(frozen=True)
class OutlinedFace:
    """A canvas, (314, 274, 3), and its (314, 274) label map as people outlined it."""

    canvas_bgr: BgrImage
    label_map: LabelMap
    labeller: str = "people"

    def read_canvas(self) -> BgrImage:
        """The canvas."""
        return self.canvas_bgr

    def read(self) -> tuple[BgrImage, LabelMap]:
        """Both."""
        return self.canvas_bgr, self.label_map


def outlined_faces(
    photos: Sequence[ContourPhoto], landmarker: FaceLandmarker, channels: Sequence[str], layout: CropLayout
) -> HeldOut:
    """The face of each photo in which one is found, with people's outlines.

    Args:
        photos: with outlines.
        landmarker: finds the faces.
        channels: of the network; the classes are those of `COMPARED` that it can tell.
        layout: of its crops.
    """
    faces = []
    for photo in photos:
        photo_bgr = photo.read()
        for landmarks in landmarker.find(photo_bgr)[:1]:
            points = face_points(landmarks).tolist()
            label_map = photo.crop_label_map(canvas_transform(points, layout.name), CANVAS_SIZE_WH)
            face = OutlinedFace(crop_canvas(photo_bgr, points, layout.name), label_map)
            faces.append(HeldOutFace(face, photo.path.name, photo.path.absolute().parents[1].name))
    return HeldOut(
        faces, common_classes([tuple(class_name(sorted(members)) for members in COMPARED.values())], channels)
    )


def judge_outlined(segmenter: PhotoSegmenter, faces: Sequence[HeldOutFace]) -> list[JudgedCrop]:
    """The crop of each face, and the Dice of all that people outlined there."""
    crops = []
    for face in faces:
        crop = JudgedCrop.of_face(face, np.nan)
        areas = areas_of(COMPARED, crop.truth, segmenter.segment_crop(crop.crop_bgr))
        crops.append(replace(crop, dice=score_of(*sum(areas.values(), np.zeros(3)).tolist()).dice))
    return crops


def areas_of(regions: Mapping[str, Sequence[Region]], truth: LabelMap, predicted: LabelMap) -> Areas:
    """(3,) by name of some regions: what two label maps of one size overlap in, and each one's area."""
    areas = {}
    for name, members in regions.items():
        is_true, is_predicted = np.isin(truth, members), np.isin(predicted, members)
        areas[name] = np.array([(is_true & is_predicted).sum(), is_true.sum(), is_predicted.sum()], np.float64)
    return areas


def scores_of_areas(areas: Sequence[Areas]) -> ByRegion:
    """The scores of some photos' areas, pooled."""
    return {name: score_of(*np.sum([one[name] for one in areas], axis=0).tolist()) for name in areas[0]}


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
