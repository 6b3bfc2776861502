"""F1 of a network and of the files made from it, on the same faces: what each file loses."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from export.images import held_out_faces
from export.verify import answers
from realtime.core.geometry import BgrImage
from realtime.inference.session import Session
from train.checkpoint import NetworkSpec
from train.data.classes import common_classes
from train.data.crops import faces_by_side
from train.data.label_set import MARGIN_PX, VAL
from train.data.one_class import regions_of
from train.evaluation.metrics import RegionScore
from train.evaluation.outlines import Areas, areas_of, score_outlines, scores_of_areas
from train.labelling.landmarks import FaceLandmarker
from train.labelling.outlines import read_contours
from train.prediction import PhotoSegmenter

F1 = dict[str, float]
"""By name of a region, or of several together; NaN where neither side has any."""


def segmenter_of(session: Session) -> PhotoSegmenter:
    """A model file of either output as what draws label maps."""
    return PhotoSegmenter.of_card(session.card, partial(answers, session))


def f1_on_contours(segmenters: Mapping[str, PhotoSegmenter], contours: Path, landmarker: Path) -> dict[str, F1]:
    """The F1 of each against outlines that people drew.

    Args:
        segmenters: by name.
        contours: folder of outlines, as `read_contours` reads it.
        landmarker: MediaPipe model file, which places the crops.

    Raises:
        ValueError: a folder or file is not what it should be.
    """
    photos = read_contours(contours)
    with FaceLandmarker(landmarker) as finder:
        drawers = {name: segmenter.segment_photo for name, segmenter in segmenters.items()}
        scores, _ = score_outlines(drawers, photos, finder, on_item=lambda: None)
    return {name: _dice(of_one.regions) for name, of_one in scores.items()}


def f1_on_labels(
    segmenters: Mapping[str, PhotoSegmenter], spec: NetworkSpec, folder: Path, mask_region: str | None = None
) -> dict[str, F1]:
    """The F1 of each against a folder's held-out labels, on the faces that parity is measured on.

    Args:
        segmenters: by name.
        spec: of the network that they all are.
        folder: of faces.
        mask_region: what its masks of 0 and 255 show.

    Raises:
        ValueError: the folder is of no kind, or its labels have nothing in common with the network.
    """
    common = common_classes(faces_by_side([folder], spec.layout, mask_region)[VAL].classes, spec.regions)
    if not common:
        raise ValueError(f"{folder}: its labels have nothing in common with the network's regions")
    regions = {name: regions_of(name) for name in common}
    areas: dict[str, list[Areas]] = {who: [] for who in segmenters}
    for face in held_out_faces(spec, folder, mask_region):
        canvas, label_map = (array[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] for array in face.read())
        for who, segmenter in segmenters.items():
            predicted = segmenter.segment_crop(BgrImage(np.ascontiguousarray(canvas)))
            areas[who].append(areas_of(regions, label_map, predicted))
    return {who: _dice(scores_of_areas(of_faces)) for who, of_faces in areas.items()}


def f1_lost(of_network: F1, of_file: F1) -> F1:
    """By how much the file is worse, by region; those that have no F1 are left out."""
    lost = {name: of_network[name] - of_file[name] for name in of_network}
    return {name: difference for name, difference in lost.items() if not np.isnan(difference)}


def _dice(scores: Mapping[str, RegionScore]) -> F1:
    return {name: score.dice for name, score in scores.items()}
