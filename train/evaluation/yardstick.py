"""Masks face by face against people's outlines, ours beside MediaPipe's, with crops placed by the program itself."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, TIGHT, BgrImage, CropTransform, Points, crop_face
from realtime.core.regions import Region
from realtime.face import Face, frame_label_map
from realtime.inference.session import FACE_FINDER, SEGMENTER, ModelCard, Provider, Session, find_model
from realtime.timing import StageTimer
from realtime.tracking.finder import FaceFinder
from realtime.tracking.smoothing import Smoothing
from realtime.tracking.tracker import FaceTracker
from train.data.skin_tone import TONES, tone_of, typology_angle_deg
from train.labelling.label_maps import draw_label_map, face_points, polygon_centroid
from train.labelling.landmarks import FaceLandmarker
from train.labelling.outlines import ContourPhoto, Outlines, smooth_outline
from train.labelling.photos import collection_of
from train.prediction import PhotoSegmenter, Probs

GROUPS: dict[str, tuple[Region, ...]] = {
    "eyes": (Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS),
    "lips": (Region.UPPER_LIP, Region.LOWER_LIP),
    "mouth": (Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE),
    "irises": (Region.RIGHT_IRIS, Region.LEFT_IRIS),
}
NEEDED_OUTLINES = {"eyes": "right_eye", "lips": "lips_inner", "mouth": "lips_outer", "irises": "right_iris"}
"""The outline without which a group cannot be scored."""
OPENINGS = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30)
"""Lower edges of the classes of `eye_opening`; the last one has no upper edge."""
DRAWN_SHARE = 0.2
"""An eye counts as drawn when so much of it is."""
POOR_F1 = 0.3
SAME_FACE_SHARE = 0.5
"""Of the interocular distance: a mask whose face lies further from the outlined one is of somebody else."""
MOST_FACES = 6
DARKER_TONES = ("dark", "brown", "tan")
LabelMap = npt.NDArray[np.uint8]
FindFaces = Callable[[BgrImage], Sequence[Face]]
Item = TypeVar("Item")


@dataclass(frozen=True)
class MaskScore:
    """One mask of a face.

    Attributes:
        f1: by name of `GROUPS`, NaN where people drew none of it.
        area_ratio: the mask's area over that of people's outline, by the same names.
        drawn: of the right and the left eye, whether `DRAWN_SHARE` of it is drawn.
    """

    f1: dict[str, float]
    area_ratio: dict[str, float]
    drawn: tuple[bool, bool]


@dataclass(frozen=True)
class ScoredFace:
    """One outlined face and the masks of it.

    Attributes:
        name: `FOLDER/FILE` of its photo.
        source: what it is counted under.
        openings: of the right and the left eye.
        covered: whether something lies before its eyes or mouth.
        tone: of its skin, as `train.data.skin_tone` names it; empty where MediaPipe found no face.
        is_found: whether the program found the face.
        ours, mediapipe: the two masks.
    """

    name: str
    source: str
    openings: tuple[float, float]
    covered: bool
    tone: str
    is_found: bool
    ours: MaskScore
    mediapipe: MaskScore


def eye_opening(outline: Points) -> float:
    """How far an eye is open as people outlined it: 1.25 times area over width squared, about height over width."""
    smooth = smooth_outline(outline)
    x, y = smooth.T
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    return float(1.25 * area / np.sum((outline[len(outline) // 2] - outline[0]) ** 2))


def score_face(
    photo: ContourPhoto, find_faces: FindFaces, landmarker: FaceLandmarker, covered: Collection[str]
) -> ScoredFace:
    """Both masks of one face.

    Args:
        photo: with its outlines.
        find_faces: the program on a still: faces with their masks.
        landmarker: finds MediaPipe's face.
        covered: `FOLDER/FILE` of photos in which something lies before eyes or mouth.

    Raises:
        ValueError: the photo cannot be read.
    """
    photo_bgr = photo.read()
    photo_wh = (photo_bgr.shape[1], photo_bgr.shape[0])
    truth, points = photo.label_map(photo_wh), outlined_points(photo.outlines)
    face = nearest([(one.transform.face_points, one) for one in find_faces(photo_bgr)], points)
    landmarks = nearest([(face_points(one), one) for one in landmarker.find(photo_bgr)], points)
    ours = frame_label_map([face] if face is not None else [], photo_wh)
    theirs = (
        np.zeros(photo_wh[::-1], np.uint8)
        if landmarks is None
        else draw_label_map(landmarks, photo_wh, closed_below=0.0)
    )
    tone = ""
    if landmarks is not None:
        crop = CropTransform.from_points(face_points(landmarks), TIGHT)
        tone = tone_of(typology_angle_deg(crop_face(photo_bgr, crop), TIGHT))
    name = f"{collection_of(photo.path)}/{photo.path.name}"
    return ScoredFace(
        name=name,
        source=collection_of(photo.path),
        openings=(eye_opening(photo.outlines["right_eye"]), eye_opening(photo.outlines["left_eye"])),
        covered=name in covered,
        tone=tone,
        is_found=face is not None,
        ours=score_mask(ours, truth, photo.outlines),
        mediapipe=score_mask(theirs, truth, photo.outlines),
    )


@dataclass(frozen=True)
class NetworkModel:
    """A network that the program's tracker runs in place of a model file.

    Attributes:
        card: says where a face stands in its crops, and which regions its channels are.
        predict: as of `PhotoSegmenter`.
    """

    card: ModelCard
    predict: Callable[[npt.NDArray[np.uint8]], Probs]

    @classmethod
    def of_segmenter(cls, segmenter: PhotoSegmenter) -> "NetworkModel":
        """That of any segmenter."""
        card = ModelCard(SEGMENTER, segmenter.regions, segmenter.layout, segmenter.head, "fp32", "", "", {})
        return cls(card, segmenter.predict)

    def run(self, images_bgr: npt.NDArray[np.uint8], out: Probs | None = None) -> Probs:
        """(N, C, 218, 178) probabilities, in `out` where it is given."""
        probs = self.predict(np.ascontiguousarray(images_bgr))
        if out is None:
            return probs
        out[...] = probs
        return out

    def output_shape(self, batch: int) -> tuple[int, ...]:
        """Shape of the probabilities of so many crops."""
        return (batch, len(self.card.regions), *CROP_SIZE_WH[::-1])


def program_on_stills(segmenter: PhotoSegmenter) -> FindFaces:
    """The program's own way to the faces of a still: its finder, its tracker, and this segmenter."""
    finder = FaceFinder(Session(find_model(FACE_FINDER), FACE_FINDER, Provider.CPU))
    model = NetworkModel.of_segmenter(segmenter)

    def find_faces(photo_bgr: BgrImage) -> Sequence[Face]:
        tracker = FaceTracker(finder, model, MOST_FACES, Smoothing.OFF, StageTimer())
        return tracker.follow(photo_bgr, 0.0, is_still=True)

    return find_faces


def outlined_points(outlines: Outlines) -> Points:
    """(3, 2) centres of the outlined right eye, left eye and mouth, in photo pixels."""
    return np.stack(
        [polygon_centroid(smooth_outline(outlines[name])) for name in ("right_eye", "left_eye", "lips_outer")]
    )


def nearest(found: Iterable[tuple[Points, Item]], points: Points) -> Item | None:
    """What lies at these (3, 2) points; None where nothing is near enough to be the same face.

    Args:
        found: (3, 2) points, and what lies there.
        points: of the outlined face.
    """
    apart = [(float(np.linalg.norm(at.mean(axis=0) - points.mean(axis=0))), item) for at, item in found]
    distance, item = min(apart, key=lambda one: one[0], default=(np.inf, None))
    return item if distance <= SAME_FACE_SHARE * np.linalg.norm(points[1] - points[0]) else None


def score_mask(mask: LabelMap, truth: LabelMap, outlines: Outlines) -> MaskScore:
    """A mask against people's.

    Args:
        mask: (H, W) region ids of this face alone.
        truth: the same of `ContourPhoto.label_map`.
        outlines: what people drew.
    """
    f1, area_ratio = {}, {}
    for group, regions in GROUPS.items():
        is_drawn, is_true = np.isin(mask, regions), np.isin(truth, regions)
        drawn_px, true_px = int(is_drawn.sum()), int(is_true.sum())
        is_known = NEEDED_OUTLINES[group] in outlines and true_px > 0
        f1[group] = 2 * int((is_drawn & is_true).sum()) / (drawn_px + true_px) if is_known else float("nan")
        area_ratio[group] = drawn_px / true_px if is_known else float("nan")
    eyes = (Region.RIGHT_EYE, Region.RIGHT_IRIS), (Region.LEFT_EYE, Region.LEFT_IRIS)
    is_eye = np.isin(mask, GROUPS["eyes"])
    drawn = [bool(is_eye[np.isin(truth, one)].sum() >= DRAWN_SHARE * np.isin(truth, one).sum()) for one in eyes]
    return MaskScore(f1, area_ratio, (drawn[0], drawn[1]))


def summary(faces: Sequence[ScoredFace]) -> dict[str, Any]:
    """All that `scores.json` keeps of scored faces.

    Args:
        faces: of all sources; those that something covers are summed up apart.

    Returns:
        `sources`: `group_scores` by source; `covered`: those of all covered faces; `tones`: those by tone, and of the
        `DARKER_TONES` together; `openings`: `opening_scores`; `worst`: names of the faces whose eyes score lowest.
    """
    bare = [face for face in faces if not face.covered]
    sources = sorted({face.source for face in bare})
    darker = [face for face in bare if face.tone in DARKER_TONES]
    tones = {tone: [face for face in bare if face.tone == tone] for tone in TONES}
    by_tone = {**tones, "+".join(DARKER_TONES): darker, "all others": [face for face in bare if face not in darker]}
    return {
        "sources": {source: group_scores([face for face in bare if face.source == source]) for source in sources},
        "covered": group_scores([face for face in faces if face.covered]),
        "tones": {tone: group_scores(part) for tone, part in by_tone.items() if part},
        "openings": opening_scores(bare),
        "worst": [face.name for face in sorted(bare, key=lambda face: face.ours.f1["eyes"])[:40]],
    }


def group_scores(faces: Sequence[ScoredFace]) -> dict[str, Any]:
    """What some faces say together.

    Returns:
        `faces` and how many are `not_found`; by name of `GROUPS`, of the faces on which people drew it, for both masks
        `mean`, `median`, `poor` and `area_ratio`, and the `difference` of the means with its `standard_error`.
    """
    found: dict[str, Any] = {"faces": len(faces), "not_found": sum(not face.is_found for face in faces)}
    for group in GROUPS:
        f1 = np.array([(face.ours.f1[group], face.mediapipe.f1[group]) for face in faces]).reshape(-1, 2)
        ratio = np.array([(face.ours.area_ratio[group], face.mediapipe.area_ratio[group]) for face in faces]).reshape(
            -1, 2
        )
        is_known = np.isfinite(f1).all(axis=1)
        if not is_known.any():
            continue
        f1, ratio = f1[is_known], ratio[is_known]
        difference = f1[:, 0] - f1[:, 1]
        found[group] = {
            who: {
                "mean": float(f1[:, column].mean()),
                "median": float(np.median(f1[:, column])),
                "poor": int((f1[:, column] < POOR_F1).sum()),
                "area_ratio": float(np.median(ratio[:, column])),
            }
            for column, who in enumerate(("ours", "mediapipe"))
        } | {
            "faces": len(f1),
            "difference": float(difference.mean()),
            "standard_error": float(difference.std() / np.sqrt(len(difference))),
        }
    return found


def opening_scores(faces: Sequence[ScoredFace]) -> dict[str, Any]:
    """By class of opening: `eyes`, and the share of them that is drawn, `ours` and `mediapipe`."""
    opening = np.array([face.openings for face in faces]).ravel()
    drawn = {"ours": [face.ours.drawn for face in faces], "mediapipe": [face.mediapipe.drawn for face in faces]}
    classes = {}
    for low, high in zip(OPENINGS, (*OPENINGS[1:], np.inf), strict=True):
        is_here = (opening >= low) & (opening < high)
        if is_here.any():
            name = f"{low:.2f} to {high:.2f}" if np.isfinite(high) else f"{low:.2f} and more"
            shares = {who: float(np.array(of_one).ravel()[is_here].mean()) for who, of_one in drawn.items()}
            classes[name] = {"eyes": int(is_here.sum()), **shares}
    return classes
