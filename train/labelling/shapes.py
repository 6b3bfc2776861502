"""What is drawn of one face: outlines of its regions, by people or from landmarks, and of what nobody knows."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CropTransform, Points
from realtime.core.regions import Region
from train.data.partial_labels import LEFT_EYE_WHOLE, MOUTH_WHOLE, RIGHT_EYE_WHOLE, UNKNOWN
from train.labelling.label_maps import (
    OVERSAMPLING,
    close_lips,
    eye_openness,
    face_points,
    fill_polygon,
    mouth_is_closed,
    mouth_is_in_doubt,
    polygon_centroid,
    reduce_label_map,
)
from train.labelling.landmarks import (
    EYE_OUTLINE,
    IRIS_CENTER,
    IRIS_EDGE,
    IRIS_OF_EYE,
    LOWER_LIP_BOTTOM,
    LOWER_LIP_TOP,
    UPPER_LIP_BOTTOM,
    UPPER_LIP_TOP,
    Landmarks,
)
from train.labelling.outlines import CURVE_STEPS, Outlines, curve, smooth_outline

EYE_GROWTH = -0.0015
"""How far an eye's outline is moved outwards, as a share of the interocular distance: MediaPipe's eyes then have about
0.95 of their area, a size between the 300-W sets' and 3dsk's."""
IRIS_SHARE = 0.945
"""Of MediaPipe's iris radius, which is 1.06 times people's on 3dsk."""
DOUBTFUL_OPENNESS = (0.07, 0.16)
"""MediaPipe's openness of eyes that may be closed, or narrow: they teach nothing. Below, an eye is closed."""
DOUBTFUL_AMONG_CLOSED = (0.10, 0.25)
"""The same on photos of closed eyes: MediaPipe opens them, and some are open."""
DOUBT_MARGIN = 0.02
"""How far doubt reaches past an outline, as a share of the interocular distance."""
LEAST_GAP_SHARE = 0.012
"""Area between the lips over the mouth's squared width, below which people's inner outlines touch."""
EYES = (Region.RIGHT_EYE, Region.LEFT_EYE)
WHOLE_EYE = {Region.RIGHT_EYE: RIGHT_EYE_WHOLE, Region.LEFT_EYE: LEFT_EYE_WHOLE}


@dataclass(frozen=True)
class FaceShapes:
    """Polygons (K, 2) of one face, in the pixels of its photo or crop.

    Attributes:
        points: (3, 2) centres of right eye, left eye and mouth.
        eyes: by region; one that is missing is closed.
        irises: by region, also where lids cover them; an eye without one is an eye or its iris.
        mouth: by region; later ones lie over earlier ones.
        doubts: label ids of `train.data.partial_labels`, and where they are.
    """

    points: Points
    eyes: dict[Region, Points]
    irises: dict[Region, Points]
    mouth: dict[Region, Points]
    doubts: list[tuple[int, Points]] = field(default_factory=list)

    def label_map(self, place: CropTransform, size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """(H, W) uint8 label ids of an aligned crop: in each pixel the one that covers most of it."""
        shape_hw = (size_wh[1] * OVERSAMPLING, size_wh[0] * OVERSAMPLING)
        large = np.zeros(shape_hw, np.uint8)
        for eye, outline in self.eyes.items():
            opening = fill_polygon(place.to_crop(outline), shape_hw)
            iris = self.irises.get(IRIS_OF_EYE[eye])
            large[opening] = WHOLE_EYE[eye] if iris is None else eye
            if iris is not None:
                large[opening & fill_polygon(place.to_crop(iris), shape_hw)] = IRIS_OF_EYE[eye]
        for label_id, outline in (*self.mouth.items(), *self.doubts):
            large[fill_polygon(place.to_crop(outline), shape_hw)] = label_id
        return reduce_label_map(large)

    def agreeing(self, other: "FaceShapes", place: CropTransform, size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """`label_map`, where pixels that are an eye's here or in the other alone are unknown."""
        label_map = self.label_map(place, size_wh)
        ours, others = (
            np.isin(one, (*EYES, *IRIS_OF_EYE.values(), *WHOLE_EYE.values()))
            for one in (label_map, other.label_map(place, size_wh))
        )
        label_map[ours != others] = UNKNOWN
        return label_map


def shapes_of_landmarks(
    landmarks: Landmarks, eye_growth: float = EYE_GROWTH, *, among_closed_eyes: bool = False
) -> FaceShapes:
    """MediaPipe's face as we draw it, with what it leaves open.

    Args:
        landmarks: (478, 2).
        eye_growth: how far the eyes' outlines are moved outwards, as a share of the interocular distance.
        among_closed_eyes: whether the photo is one of closed eyes.
    """
    points = face_points(landmarks)
    eye_distance = float(np.linalg.norm(points[1] - points[0]))
    closed_below, open_from = DOUBTFUL_AMONG_CLOSED if among_closed_eyes else DOUBTFUL_OPENNESS
    eyes, doubts = {}, []
    for eye, indices in EYE_OUTLINE.items():
        outline, openness = landmarks[list(indices)], eye_openness(landmarks, eye)
        if openness >= closed_below:
            eyes[eye] = grow(outline, eye_growth * eye_distance)
        if closed_below <= openness < open_from:
            doubts.append((UNKNOWN, grow(outline, DOUBT_MARGIN * eye_distance)))
    landmarks = close_lips(landmarks)
    upper_edge, lower_edge = landmarks[list(UPPER_LIP_BOTTOM)], landmarks[list(LOWER_LIP_TOP)]
    gap = np.concatenate([upper_edge, lower_edge[-2:0:-1]])
    mouth = {
        Region.MOUTH_INSIDE: gap,
        Region.UPPER_LIP: np.concatenate([landmarks[list(UPPER_LIP_TOP)], upper_edge[::-1]]),
        Region.LOWER_LIP: np.concatenate([lower_edge, landmarks[list(LOWER_LIP_BOTTOM)][::-1]]),
    }
    if mouth_is_closed(landmarks):
        del mouth[Region.MOUTH_INSIDE]
    if mouth_is_in_doubt(landmarks):
        doubts.append((MOUTH_WHOLE, grow(gap, DOUBT_MARGIN * eye_distance)))
    return FaceShapes(points, eyes, iris_discs(landmarks), mouth, doubts)


def shapes_of_outlines(outlines: Outlines, landmarks: Landmarks | None, eye_growth: float) -> FaceShapes:
    """A face as people drew it; what they left out comes from its landmarks, or stays open.

    Args:
        outlines: of `train.labelling.outlines`: eyes and outer lips at least.
        landmarks: (478, 2) of the same face, or None where none was found.
        eye_growth: as of `shapes_of_landmarks`, from the outlines as they were drawn.
    """
    outer = outlines["lips_outer"]
    eyes = {eye: smooth_outline(outlines[eye.name.lower()]) for eye in EYES}
    points = np.stack([polygon_centroid(shape) for shape in (*eyes.values(), smooth_outline(outer))])
    eye_distance = float(np.linalg.norm(points[1] - points[0]))
    irises = {
        iris: curve(outlines[iris.name.lower()]) for iris in IRIS_OF_EYE.values() if iris.name.lower() in outlines
    }
    if not irises and landmarks is not None:
        irises = iris_discs(landmarks)
    shapes = FaceShapes(
        points, {eye: grow(shape, eye_growth * eye_distance) for eye, shape in eyes.items()}, irises, {}
    )
    if "lips_inner" in outlines:
        return replace(shapes, mouth=_mouth_of_outlines(outer, outlines["lips_inner"]))
    if landmarks is None:
        return replace(shapes, doubts=[(MOUTH_WHOLE, smooth_outline(outer))])
    mouth, doubts = _mouth_of_both(outer, landmarks, eye_distance)
    return replace(shapes, mouth=mouth, doubts=doubts)


def iris_discs(landmarks: Landmarks) -> dict[Region, Points]:
    """MediaPipe's irises as large as people's."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    discs = {}
    for iris, center in IRIS_CENTER.items():
        radius = np.linalg.norm(landmarks[list(IRIS_EDGE[iris])] - landmarks[center], axis=1).mean()
        discs[iris] = landmarks[center] + IRIS_SHARE * radius * circle
    return discs


def grow(polygon: Points, by_px: float) -> Points:
    """The polygon with each corner moved outwards, along the normal on the line between its neighbours."""
    along = np.roll(polygon, -1, axis=0) - np.roll(polygon, 1, axis=0)
    normals = np.column_stack([along[:, 1], -along[:, 0]])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    outwards = np.sign(np.sum((polygon - polygon.mean(axis=0)) * normals))
    grown: Points = polygon + outwards * by_px * normals
    return grown


def _halves(outline: Points) -> tuple[Points, Points]:
    """The curve through an outline of lips from corner to corner, above and below, both left to right."""
    smooth, corner = smooth_outline(outline), len(outline) // 2 * CURVE_STEPS
    return smooth[: corner + 1], np.concatenate([smooth[corner:], smooth[:1]])[::-1]


def _mouth_of_outlines(outer: Points, inner: Points) -> dict[Region, Points]:
    (top, bottom), (upper_edge, lower_edge) = _halves(outer), _halves(inner)
    gap = np.concatenate([upper_edge, lower_edge[::-1]])
    x, y = gap.T
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    is_open = area > LEAST_GAP_SHARE * np.sum((outer[len(outer) // 2] - outer[0]) ** 2)
    if not is_open:
        upper_edge = lower_edge = _midway(upper_edge, lower_edge)
    mouth = {
        Region.UPPER_LIP: np.concatenate([top, upper_edge[::-1]]),
        Region.LOWER_LIP: np.concatenate([lower_edge, bottom[::-1]]),
    }
    return mouth | ({Region.MOUTH_INSIDE: gap} if is_open else {})


def _midway(upper: Points, lower: Points) -> Points:
    """The line midway between two lines, each told by as many points as it has."""
    share, lower_share = np.linspace(0, 1, len(upper)), np.linspace(0, 1, len(lower))
    midway: Points = (upper + np.column_stack([np.interp(share, lower_share, along) for along in lower.T])) / 2
    return midway


def _mouth_of_both(
    outer: Points, landmarks: Landmarks, eye_distance: float
) -> tuple[dict[Region, Points], list[tuple[int, Points]]]:
    """People's outer lips with MediaPipe's line between them, and doubt where the lips may be apart."""
    top, bottom = _halves(outer)
    upper_edge, lower_edge = landmarks[list(UPPER_LIP_BOTTOM)], landmarks[list(LOWER_LIP_TOP)]
    between = (upper_edge + lower_edge) / 2
    between[0], between[-1] = top[0], top[-1]
    mouth = {
        Region.UPPER_LIP: np.concatenate([top, between[::-1]]),
        Region.LOWER_LIP: np.concatenate([between, bottom[::-1]]),
    }
    if mouth_is_closed(landmarks):
        return mouth, []
    gap = np.concatenate([upper_edge, lower_edge[-2:0:-1]])
    return mouth, [(MOUTH_WHOLE, grow(gap, DOUBT_MARGIN * eye_distance))]
