"""Where the faces of a frame are, from a thumbnail of it."""

from dataclasses import dataclass

import numpy as np

from realtime.core.geometry import BgrImage, Points, thumbnail
from realtime.inference.session import Session

MIN_SCORE = 0.75
"""A find is looked at again by the segmenter, so that one empty photo in five may have one."""
SAME_FACE_SHARE = 0.6
"""Two finds whose centres lie closer than this share of the larger's interocular distance are one face."""


@dataclass(frozen=True)
class FoundFace:
    """One find: its score in [0, 1], and (3, 2) right eye, left eye and mouth centres in frame pixels."""

    score: float
    points: Points


class FaceFinder:
    """The face finder network on whole frames.

    Args:
        session: a loaded model of kind `face_finder`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, frame_bgr: BgrImage) -> list[FoundFace]:
        """The faces of a frame, the best score first.

        Args:
            frame_bgr: (H, W, 3) uint8. Read, never kept.
        """
        small, scale = thumbnail(frame_bgr)
        found: list[FoundFace] = []
        for row in self._session.run(small[None])[0]:
            face = FoundFace(float(row[0]), row[1:].reshape(3, 2).astype(np.float64) / scale)
            if face.score >= MIN_SCORE and not any(is_same_face(face.points, other.points) for other in found):
                found.append(face)
        return found


def is_same_face(one: Points, other: Points) -> bool:
    """Whether two sets of points, each (3, 2), lie on one face."""
    eye_distance = max(np.linalg.norm(one[1] - one[0]), np.linalg.norm(other[1] - other[0]))
    return bool(np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)) < SAME_FACE_SHARE * eye_distance)
