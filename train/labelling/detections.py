"""Several looks at the same face, mirrored, turned and scaled: their median is a cleaner label than one detection."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage, shift_matrix
from train.labelling.label_maps import face_points
from train.labelling.landmarks import EYE_POINTS, MIRRORED, MOUTH_POINTS, FaceLandmarker, Landmarks

Matrix = npt.NDArray[np.float64]


class View(NamedTuple):
    """How a face is shown: mirrored, turned from upright, and how many interocular distances are around it."""

    is_mirrored: bool
    angle_deg: float
    side_per_eye_distance: float


VIEWS = (
    View(True, 0, 5.0),
    View(False, 6, 4.4),
    View(True, -6, 4.4),
    View(False, -6, 5.8),
    View(True, 6, 5.8),
    View(False, 3, 6.6),
    View(True, -3, 6.6),
    View(False, -10, 5.0),
    View(True, 10, 5.0),
)
"""What follows the first detection, in the photo as it is; whoever wants fewer takes the first ones."""
MOST_DETECTIONS = 1 + len(VIEWS)
DEFAULT_DETECTIONS = 6
MOST_SIDE_PX = 512
"""Larger faces are reduced: the landmarker itself looks at 256 pixels."""
SAME_FACE_SHARE = 0.5
"""Of the interocular distance; a face whose three points lie further from the first detection's is another."""


class MedianFace(NamedTuple):
    """A face that was looked at several times.

    Attributes:
        landmarks: (478, 2) median of the detections, in photo pixels.
        eye_spread, mouth_spread: mean distance of the detections from it, over what outlines the eyes and irises, and
            the lips, as a share of the interocular distance.
        missed: share of the looks that did not find the face again.
    """

    landmarks: Landmarks
    eye_spread: float
    mouth_spread: float
    missed: float


def find_faces(landmarker: FaceLandmarker, photo_bgr: BgrImage, detections: int) -> list[MedianFace]:
    """Every face of a photo, as the median of this many detections, 1 to `MOST_DETECTIONS`."""
    return [look_again(landmarker, photo_bgr, face, detections) for face in landmarker.find(photo_bgr)]


def look_again(landmarker: FaceLandmarker, photo_bgr: BgrImage, first: Landmarks, detections: int) -> MedianFace:
    """One face, detected in further looks at it and joined with the first detection."""
    points = face_points(first)
    eye_distance = max(float(np.linalg.norm(points[1] - points[0])), 1e-6)
    found = [first]
    looks = VIEWS[: detections - 1] if eye_distance >= 1 else ()
    for look in looks:
        matrix, side_px = look_matrix(points, look)
        shown = BgrImage(cv2.warpAffine(photo_bgr, shift_matrix(matrix, by=0.5), (side_px, side_px)))
        back = [brought_back(face, matrix, is_mirrored=look.is_mirrored) for face in landmarker.find(shown)]
        apart = [float(np.linalg.norm(face_points(face) - points, axis=1).mean()) for face in back]
        if apart and min(apart) <= SAME_FACE_SHARE * eye_distance:
            found.append(back[int(np.argmin(apart))])
    median = np.median(found, axis=0)
    distances = np.linalg.norm(np.stack(found) - median, axis=2) / eye_distance
    missed = (len(looks) + 1 - len(found)) / max(1, len(looks))
    return MedianFace(median, float(distances[:, EYE_POINTS].mean()), float(distances[:, MOUTH_POINTS].mean()), missed)


def look_matrix(points: Landmarks, look: View) -> tuple[Matrix, int]:
    """The (2, 3) map from the photo to a square around a face, and the square's side in pixels.

    Args:
        points: (3, 2) right eye, left eye and mouth; the eyes are level in the square, less the look's own turn.
        look: how the face is shown.

    Convention: as everywhere, the first pixel's centre is (0.5, 0.5).
    """
    x, y = points[1] - points[0]
    side = look.side_per_eye_distance * float(np.hypot(x, y))
    side_px = min(MOST_SIDE_PX, max(1, round(side)))
    angle = np.arctan2(y, x) + np.deg2rad(look.angle_deg)
    linear = side_px / side * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    if look.is_mirrored:
        linear[0] *= -1
    center = (points[:2].mean(axis=0) + points[2]) / 2
    return np.column_stack([linear, side_px / 2 - linear @ center]), side_px


def brought_back(landmarks: Landmarks, matrix: Matrix, *, is_mirrored: bool) -> Landmarks:
    """Landmarks of a look as landmarks of the photo, right and left as they are there."""
    in_photo: Landmarks = (landmarks - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return in_photo[MIRRORED] if is_mirrored else in_photo
