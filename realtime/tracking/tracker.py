"""Following faces: found once by the finder, then each frame's crop comes from the mask of the frame before."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, BgrImage, Box, CropTransform, Points, crop_face
from realtime.core.regions import Region
from realtime.face import Face, FaceParts, Probs, measure_parts, part_channels
from realtime.inference.session import ModelCard
from realtime.timing import StageTimer
from realtime.tracking.finder import FaceFinder, FoundFace, is_same_face
from realtime.tracking.smoothing import STRENGTHS, CropSmoother, ProbsSmoother, Smoothing

REFINEMENTS = 2
"""How often a new face's crop is taken again from its own mask: the finder's points are good to a tenth of the face."""
LOOK_AGAIN_S = 0.5
"""While fewer faces are followed than wanted, or one is in doubt, the finder looks this often."""
KEEN_S, IDLE_LOOK_S = 1.0, 0.2
"""With nobody in view every frame is searched for so long, then only this often: an empty room should cost little."""
DOUBT_S = 1.5
"""So long a face is followed by its mouth alone (a blink, eyes hidden), unless the finder sees it too."""
REMEMBER_S = 2.0
"""A face that is found again at its old place within this time keeps its number."""
MIN_CERTAINTY = 0.75
MIN_CERTAINTY_ALONE = 0.9
"""Mean probability inside a mouth that is all one sees of a face."""
MIN_SCORE_ALONE = 0.88
"""The finder's score of a new face of which one sees only the mouth."""
LEAST_PX, MOST_PX = np.array([12.0, 12.0, 120.0]), np.array([1600.0, 1600.0, 6500.0])
"""Areas in the crop that a face's parts can have, with room to spare: eyes of the training faces cover 20 to 900
pixels, mouths 250 to 4500."""
JUMP = 0.2
"""Share of the interocular distance that a face hardly goes in one frame: a crop that does has let go of its face."""
MAX_STEP_PX = 45.0
MAX_ZOOM = 1.6
MAX_TURN_RAD = 0.7


@dataclass
class Track:
    """One face, from frame to frame.

    Attributes:
        number: stays with the face while it is in view.
        next_crop: where the face will be looked for in the next frame.
        sure_s: when at least two of its parts were last seen, or the finder saw it.
        crop: where the probabilities were computed, in this frame.
        crop_bgr: (218, 178, 3), what was seen there; valid until the next frame.
        probs: (C, 218, 178); valid until the next frame.
        boxes: of the crop around right eye, left eye and mouth; None where one is not there.
        crop_smoother: none where nothing is smoothed.
        probs_smoother: likewise.
    """

    number: int
    next_crop: CropTransform
    sure_s: float
    crop: CropTransform
    crop_bgr: BgrImage
    probs: Probs
    boxes: tuple[Box | None, ...] = ()
    crop_smoother: CropSmoother | None = None
    probs_smoother: ProbsSmoother | None = None


class CropModel(Protocol):
    """What gives probabilities of crops: a loaded model file (`realtime.inference.session.Session`), or a network."""

    @property
    def card(self) -> ModelCard:
        """What the model is; the tracker asks for `layout` and `regions`."""

    def run(
        self, images_bgr: npt.NDArray[np.uint8], out: npt.NDArray[np.float32] | None = None
    ) -> npt.NDArray[np.float32]:
        """(N, C, 218, 178) probabilities of (N, 218, 178, 3) crops, in `out` where it is given."""

    def output_shape(self, batch: int) -> tuple[int, ...]:
        """Shape of the probabilities of so many crops."""


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
        self, finder: FaceFinder, segmenter: CropModel, most_faces: int, smoothing: Smoothing, timer: StageTimer
    ) -> None:
        self._finder = finder
        self._segmenter = segmenter
        self._layout = segmenter.card.layout
        self._channels = part_channels(segmenter.card.regions)
        regions = segmenter.card.regions
        background = [regions.index(Region.BACKGROUND)] if Region.BACKGROUND in regions else []
        self._smoothed_channels = [part + background for part in self._channels or []]
        self._most_faces = most_faces
        self._strength = STRENGTHS.get(smoothing) if self._channels else None
        self._timer = timer
        rows = 2 * most_faces  # of the faces that are followed, and of those that may be new
        self._crops = np.empty((rows, *CROP_SIZE_WH[::-1], 3), np.uint8)
        self._probs = np.empty(segmenter.output_shape(rows), np.float32)
        self._tracks: list[Track] = []
        self._forget(np.inf)

    def follow(self, frame_bgr: BgrImage, time_s: float, is_still: bool) -> list[Face]:
        """The faces of this frame.

        Args:
            frame_bgr: (H, W, 3) uint8. Read, never kept.
            time_s: when the frame was taken.
            is_still: a picture that has nothing to do with the one before.

        Returns:
            the faces, each with its mask on this very frame; valid until the next call.
        """
        if is_still or self._channels is None or time_s < max(self._seen_s, self._looked_s):
            self._forget(time_s)
        followed = len(self._tracks)
        self._segment(self._tracks, frame_bgr, 0)
        self._tracks = without_doubles([track for track in self._tracks if self._goes_on(track, time_s)])
        if self._is_time_to_look(time_s):
            self._look(frame_bgr, time_s, followed)
        self._remember(time_s)
        if self._strength and not is_still:
            with self._timer.stage("smooth"):
                for track in self._tracks:
                    self._smooth(track, time_s)
        regions = self._segmenter.card.regions
        return [Face(track.number, track.crop, track.probs, regions) for track in self._tracks]

    def _forget(self, time_s: float) -> None:
        """Begin anew at this time."""
        self._tracks = []
        self._last_seen: dict[int, tuple[float, CropTransform]] = {}
        self._next_number = 1
        self._looked_s, self._seen_s = -np.inf, time_s

    def _remember(self, time_s: float) -> None:
        if self._tracks:
            self._seen_s = time_s
        recent = {number: seen for number, seen in self._last_seen.items() if time_s - seen[0] <= REMEMBER_S}
        self._last_seen = recent | {track.number: (time_s, track.next_crop) for track in self._tracks}

    def _is_time_to_look(self, time_s: float) -> bool:
        since_look = time_s - self._looked_s
        if not self._tracks:
            return time_s - self._seen_s < KEEN_S or since_look >= IDLE_LOOK_S
        in_doubt = any(time_s > track.sure_s for track in self._tracks)
        return since_look >= LOOK_AGAIN_S and (in_doubt or len(self._tracks) < self._most_faces)

    def _segment(self, tracks: Sequence[Track], frame_bgr: BgrImage, first_row: int) -> None:
        """Set crop and probabilities of these tracks, all in one batch, in rows of the buffers that are free."""
        if not tracks:
            return
        rows = slice(first_row, first_row + len(tracks))
        with self._timer.stage("crop"):
            for track, out in zip(tracks, self._crops[rows], strict=True):
                track.crop = track.next_crop
                crop_face(frame_bgr, track.crop, out=out)
        with self._timer.stage("infer"):
            self._segmenter.run(self._crops[rows], out=self._probs[rows])
        for track, crop_bgr, probs in zip(tracks, self._crops[rows], self._probs[rows], strict=True):
            track.crop_bgr, track.probs = BgrImage(crop_bgr), probs

    def _look(self, frame_bgr: BgrImage, time_s: float, first_row: int) -> None:
        """Ask the finder; faces in doubt that it sees are sure again, and new ones are followed from now on."""
        self._looked_s = time_s
        with self._timer.stage("find"):
            found = self._finder.find(frame_bgr)
        unknown: list[FoundFace] = []
        for find in found:
            known = [track for track in self._tracks if is_same_face(find.points, track.next_crop.face_points)]
            for track in known:
                track.sure_s = time_s
            if not known:
                unknown.append(find)
        while unknown and len(self._tracks) < self._most_faces:
            free = self._most_faces - len(self._tracks)
            self._tracks += self._confirm(unknown[:free], frame_bgr, time_s, first_row)
            self._tracks = without_doubles(self._tracks)
            del unknown[:free]
        for track in self._tracks:
            if not track.number:
                track.number = self._number(track.next_crop)

    def _confirm(self, found: Sequence[FoundFace], frame_bgr: BgrImage, time_s: float, first_row: int) -> list[Track]:
        """Those of the finds that their own masks show to be faces, each crop settled on its mask."""
        tracks = []
        for find in found:
            try:
                crop = CropTransform.from_points(find.points, self._layout)
            except ValueError:
                continue
            sure_s = time_s if find.score >= MIN_SCORE_ALONE else -np.inf
            track = Track(0, crop, sure_s, crop, BgrImage(self._crops[0]), self._probs[0])
            if self._strength:
                track.crop_smoother = CropSmoother(self._strength)
                track.probs_smoother = ProbsSmoother(self._strength, self._smoothed_channels)
            tracks.append(track)
        for _ in range(1 + (REFINEMENTS if self._channels else 0)):
            self._segment(tracks, frame_bgr, first_row)
            tracks = [track for track in tracks if self._goes_on(track, time_s)]
        for track in tracks:  # the rows are for the next finds
            track.crop_bgr, track.probs = BgrImage(track.crop_bgr.copy()), track.probs.copy()
        return tracks

    def _number(self, crop: CropTransform) -> int:
        """The old number of a face that was here a moment ago, or a new one."""
        taken = {track.number for track in self._tracks}
        points = crop.face_points
        for number, (_, old_crop) in self._last_seen.items():
            if number not in taken and is_same_face(points, old_crop.face_points):
                return number
        self._next_number += 1
        return self._next_number - 1

    def _goes_on(self, track: Track, time_s: float) -> bool:
        """Set the next crop from this mask; False where the face is to be given up."""
        if self._channels is None:
            return True
        with self._timer.stage("measure"):
            parts = measure_parts(track.probs, self._channels)
        track.boxes = parts.boxes
        seen = seen_parts(parts)
        if seen.sum() >= 2:
            track.sure_s = time_s
        elif not (seen[2] and parts.certainty[2] >= MIN_CERTAINTY_ALONE and time_s - track.sure_s <= DOUBT_S):
            return False
        points = complete_points(parts.points, seen, track.crop.layout.points_px)
        try:
            track.next_crop = CropTransform.from_points(track.crop.to_frame(points), self._layout)
        except ValueError:
            return False
        return is_near(track.crop, track.next_crop)

    def _smooth(self, track: Track, time_s: float) -> None:
        if track.crop_smoother is not None and track.probs_smoother is not None:
            track.probs_smoother.smooth(track.probs, track.crop_bgr, track.boxes)
            track.next_crop = track.crop_smoother.smooth(track.next_crop, time_s)


def without_doubles(tracks: Sequence[Track]) -> list[Track]:
    """The tracks, less those that have come to lie on another: the one that jumped there goes, else the younger."""
    if len(tracks) < 2:
        return list(tracks)
    kept: list[Track] = []
    for track in sorted(tracks, key=jumped):
        points = track.next_crop.face_points
        if not any(is_same_face(points, other.next_crop.face_points) for other in kept):
            kept.append(track)
    return [track for track in tracks if any(track is one for one in kept)]


def jumped(track: Track) -> bool:
    """Whether a track's crop goes farther in this frame than a face does."""
    before, after = track.crop.face_points, track.next_crop.face_points
    distance = np.linalg.norm(after.mean(axis=0) - before.mean(axis=0))
    return bool(distance > JUMP * np.linalg.norm(before[1] - before[0]))


def seen_parts(parts: FaceParts) -> npt.NDArray[np.bool_]:
    """(3,) which of right eye, left eye and mouth are there, as large and as certain as a face's.

    None of them is where one is larger than any face's: that is no face.
    """
    seen: npt.NDArray[np.bool_] = (parts.areas_px >= LEAST_PX) & (parts.certainty >= MIN_CERTAINTY)
    return seen & ~(parts.areas_px > MOST_PX).any()


def complete_points(points: Points, seen: npt.NDArray[np.bool_], expected: Points) -> Points:
    """(3, 2) crop points; a part that is not seen (a blink, a hand) moves as those that are."""
    moved = (points[seen] - expected[seen]).mean(axis=0)
    return np.where(seen[:, None], points, expected + moved)


def is_near(before: CropTransform, after: CropTransform) -> bool:
    """Whether one frame can have moved a face from this crop to that one."""
    step = math.dist(before.mid_eye_px, after.mid_eye_px) * before.scale
    zoom = max(after.scale / before.scale, before.scale / after.scale)
    turn = abs(math.remainder(after.angle_rad - before.angle_rad, 2 * math.pi))
    return bool(step <= MAX_STEP_PX and zoom <= MAX_ZOOM and turn <= MAX_TURN_RAD)
