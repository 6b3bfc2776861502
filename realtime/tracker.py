"""Following faces: found once by the finder, then each frame's crop comes from the mask of the frame before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realtime.face import Face
from realtime.face_finder import FaceFinder, is_same_face
from realtime.geometry import CropLayout, CropTransform, Points
from realtime.postprocess import FaceParts, Probs, measure_parts, part_channels
from realtime.preprocess import BgrImage, crop_face
from realtime.session import Session
from realtime.smoothing import STRENGTHS, CropSmoother, ProbsSmoother, Smoothing
from realtime.timing import StageTimer

REFINEMENTS = 2
"""How often a new face's crop is taken again from its own mask: the finder's points are good to a tenth of the face."""
LOOK_AGAIN_FRAMES = 15
"""While fewer faces are followed than wanted, the finder looks for more this often."""
MIN_CERTAINTY = 0.75
MIN_EYE_PX, MAX_EYE_PX = 12.0, 1600.0
MIN_MOUTH_PX, MAX_MOUTH_PX = 120.0, 6500.0
"""Areas in the crop that a face's parts can have, with room to spare: eyes of the training faces cover 20 to 900
pixels, mouths 250 to 4500."""
MAX_STEP_PX = 45.0
MAX_ZOOM = 1.6
MAX_TURN_RAD = 0.7


@dataclass
class Track:
    """One face, from frame to frame.

    Attributes:
        number: stays with the face while it is followed.
        crop: where the probabilities were computed, in this frame.
        probs: (C, 218, 178); valid until the next frame.
        next_crop: where the face will be looked for in the next frame.
    """

    number: int
    crop: CropTransform
    probs: Probs
    next_crop: CropTransform
    crop_smoother: CropSmoother | None = None
    probs_smoother: ProbsSmoother | None = None


class FaceTracker:
    """Finds, follows and gives up faces.

    Args:
        finder: finds new faces.
        segmenter: a loaded model of kind `segmenter`; without eyes and lips in it every frame is searched anew.
        most_faces: how many to follow at once.
        smoothing: of crops and probabilities; has no effect on stills.
        timer: told how long each stage took.
    """

    def __init__(
        self, finder: FaceFinder, segmenter: Session, most_faces: int, smoothing: Smoothing, timer: StageTimer
    ) -> None:
        self._finder = finder
        self._segmenter = segmenter
        self._channels = part_channels(segmenter.card.regions)
        self._most_faces = most_faces
        self._strength = STRENGTHS.get(smoothing)
        self._timer = timer
        self._faces: list[Track] = []
        self._next_number = 1
        self._frames_since_look = LOOK_AGAIN_FRAMES

    def follow(self, frame_bgr: BgrImage, time_s: float, is_still: bool) -> list[Face]:
        """The faces of this frame.

        Args:
            frame_bgr: (H, W, 3) uint8. Read, never kept.
            time_s: when the frame was taken.
            is_still: a picture that has nothing to do with the one before.

        Returns:
            the faces, each with its mask on this very frame; valid until the next call.
        """
        if is_still or self._channels is None:
            self._faces = []
        faces = self._segment([face.next_crop for face in self._faces], frame_bgr)
        for face, (crop, probs) in zip(self._faces, faces, strict=True):
            face.crop, face.probs = crop, probs
        self._faces = without_doubles([face for face in self._faces if self._plan_next(face)])
        self._frames_since_look += 1
        nobody = not self._faces
        if nobody or (len(self._faces) < self._most_faces and self._frames_since_look >= LOOK_AGAIN_FRAMES):
            self._faces += self._look_for_new(frame_bgr)
            self._frames_since_look = 0
        if not is_still and self._strength is not None:
            with self._timer.stage("smooth"):
                for face in self._faces:
                    self._smooth(face, time_s)
        regions = self._segmenter.card.regions
        return [Face(face.number, face.crop, face.probs, regions) for face in self._faces]

    def _segment(self, crops: Sequence[CropTransform], frame_bgr: BgrImage) -> list[tuple[CropTransform, Probs]]:
        if not crops:
            return []
        with self._timer.stage("crop"):
            batch = np.stack([crop_face(frame_bgr, crop) for crop in crops])
        with self._timer.stage("infer"):
            probs = self._segmenter.run(batch)
        return list(zip(crops, probs, strict=True))

    def _look_for_new(self, frame_bgr: BgrImage) -> list[Track]:
        with self._timer.stage("find"):
            found = self._finder.find(frame_bgr)
        known = [crop_points(face.next_crop) for face in self._faces]
        new: list[Track] = []
        for find in found:
            if len(self._faces) + len(new) >= self._most_faces:
                break
            if any(is_same_face(find.points, points) for points in known):
                continue
            face = self._confirm(find.points, frame_bgr)
            if face is not None and not any(is_same_face(crop_points(face.next_crop), points) for points in known):
                known.append(crop_points(face.next_crop))
                new.append(face)
        return new

    def _confirm(self, points: Points, frame_bgr: BgrImage) -> Track | None:
        """The face at these points, its crop settled on its own mask; None where the mask says it is none."""
        try:
            crop = CropTransform.from_points(points, self._layout)
        except ValueError:
            return None
        face = Track(self._next_number, crop, np.zeros(0, np.float32), crop)
        for _ in range(1 + (REFINEMENTS if self._channels else 0)):
            face.crop, face.probs = self._segment([face.next_crop], frame_bgr)[0]
            if not self._plan_next(face):
                return None
        self._next_number += 1
        return face

    @property
    def _layout(self) -> CropLayout:
        return self._segmenter.card.layout

    def _plan_next(self, face: Track) -> bool:
        """Set the next crop from this mask; False where the mask does not look like a face."""
        if self._channels is None:
            return True
        parts = measure_parts(face.probs, self._channels)
        if not looks_like_a_face(parts):
            return False
        points = complete_points(parts, crop_points(face.crop, in_crop=True))
        try:
            next_crop = CropTransform.from_points(face.crop.to_frame(points), self._layout)
        except ValueError:
            return False
        face.next_crop = next_crop
        return is_near(face.crop, next_crop)

    def _smooth(self, face: Track, time_s: float) -> None:
        assert self._strength is not None
        if face.crop_smoother is None or face.probs_smoother is None:
            face.crop_smoother, face.probs_smoother = CropSmoother(self._strength), ProbsSmoother(self._strength)
        face.probs = face.probs_smoother.smooth(face.probs, face.crop)
        face.next_crop = face.crop_smoother.smooth(face.next_crop, time_s)


def without_doubles(faces: Sequence[Track]) -> list[Track]:
    """The faces, less those that have come to lie on an older one."""
    kept: list[Track] = []
    for face in faces:
        points = crop_points(face.next_crop)
        if not any(is_same_face(points, crop_points(other.next_crop)) for other in kept):
            kept.append(face)
    return kept


def looks_like_a_face(parts: FaceParts) -> bool:
    """Whether a mask's parts are as large and as certain as a face's: the mouth and an eye, or both eyes."""
    seen = np.isfinite(parts.points[:, 0])
    least = np.array([MIN_EYE_PX, MIN_EYE_PX, MIN_MOUTH_PX])
    most = np.array([MAX_EYE_PX, MAX_EYE_PX, MAX_MOUTH_PX])
    right_size = (parts.areas_px >= least) & (parts.areas_px <= most)
    certain = parts.certainty >= MIN_CERTAINTY
    if (seen & ~right_size & (parts.areas_px > most)).any():
        return False
    return int((seen & right_size & certain).sum()) >= 2


def complete_points(parts: FaceParts, expected: Points) -> Points:
    """(3, 2) crop points; a part that is not seen (a blink, a hand) moves as those that are."""
    seen = np.isfinite(parts.points[:, 0])
    moved = (parts.points[seen] - expected[seen]).mean(axis=0)
    return np.where(seen[:, None], parts.points, expected + moved)


def crop_points(crop: CropTransform, in_crop: bool = False) -> Points:
    """(3, 2) where eyes and mouth stand in this crop if it fits, in frame or crop pixels."""
    x, y = crop.layout.mid_eye_px
    half = crop.layout.eye_distance_px / 2
    points = np.array([[x - half, y], [x + half, y], [x, y + crop.layout.eye_to_mouth_px]])
    return points if in_crop else crop.to_frame(points)


def is_near(before: CropTransform, after: CropTransform) -> bool:
    """Whether one frame can have moved a face from this crop to that one."""
    step = float(np.linalg.norm(before.to_crop(np.array([after.mid_eye_px]))[0] - before.layout.mid_eye_px))
    zoom = max(after.scale / before.scale, before.scale / after.scale)
    turn = abs(np.remainder(after.angle_rad - before.angle_rad + np.pi, 2 * np.pi) - np.pi)
    return bool(step <= MAX_STEP_PX and zoom <= MAX_ZOOM and turn <= MAX_TURN_RAD)
