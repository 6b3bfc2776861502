"""Where the lids' edges are drawn: MediaPipe's outlines of the eyes, moved to what a viewer sees as the eye's edge.

Looked at closely, MediaPipe's lower line runs along the lid's wet rim, its upper one inside the lashes' roots, and its
inner corner takes in the pink flesh. Four numbers move them. They were chosen by outlines that people drew on the 102
photos of the London set, so that set is no unseen yardstick of them; no photo of it is learnt from. What they bring:
`python -m benchmarks.labels`.
"""

import numpy as np

from train.landmarks import EYE_OUTLINE, IRIS_CENTER, Landmarks

OUTER_CORNER, LOWER_LID, INNER_CORNER, UPPER_LID = -0.004, -0.007, -0.008, 0.003
"""Outwards, as a share of the interocular distance."""
_OUTWARDS = np.array(
    [OUTER_CORNER, *[LOWER_LID] * 7, INNER_CORNER, UPPER_LID - 0.008, UPPER_LID - 0.004, *[UPPER_LID] * 5]
)
"""Of the 16 points of `EYE_OUTLINE`; the upper line ends at the inner corner without a step."""


def move_lids(landmarks: Landmarks) -> Landmarks:
    """The same (478, 2) landmarks with both eyes' outlines moved; the irises stay."""
    moved = landmarks.copy()
    right_iris, left_iris = (landmarks[center] for center in IRIS_CENTER.values())
    distance = np.linalg.norm(left_iris - right_iris)
    for outline in EYE_OUTLINE.values():
        points = landmarks[list(outline)]
        along = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
        normals = np.column_stack([along[:, 1], -along[:, 0]])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        outwards = np.sign(np.sum((points - points.mean(axis=0)) * normals))
        moved[list(outline)] = points + outwards * distance * _OUTWARDS[:, None] * normals
    return moved
