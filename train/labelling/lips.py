"""Where closed lips meet: MediaPipe leaves a slit between lips that touch; here none is left.

On the London set MediaPipe's landmarks have a slit in a quarter of the mouths, people drew one in one of twenty. What
closing them brings: `python -m benchmarks.labels`. Where photos are coarse or lips dark, MediaPipe opens closed mouths
wider: on two sheets of 24 faces between the two numbers below, two thirds were closed. A network that learns them opens
closed mouths, too, so what lies between such lips is learnt as some part of the mouth.
"""

import numpy as np

from train.labelling.landmarks import LOWER_LIP_TOP, UPPER_LIP_BOTTOM, Landmarks

CLOSED_MOUTH_OPENNESS, OPEN_MOUTH_OPENNESS = 0.04, 0.10
"""Lips' distance over mouth width under which a mouth is closed, and from which it is open; between, nobody knows.

`mouth_openness` tells how it is measured."""


def mouth_openness(landmarks: Landmarks) -> float:
    """Mean distance of the lips' three middle point pairs over that of the mouth's inner corners; 0 is closed."""
    upper, lower = landmarks[list(UPPER_LIP_BOTTOM)], landmarks[list(LOWER_LIP_TOP)]
    width = np.linalg.norm(upper[0] - upper[-1])
    return float(np.linalg.norm(upper[4:7] - lower[4:7], axis=1).mean() / max(width, 1e-6))


def mouth_is_closed(landmarks: Landmarks) -> bool:
    """Whether the lips surely touch."""
    return mouth_openness(landmarks) < CLOSED_MOUTH_OPENNESS


def mouth_is_in_doubt(landmarks: Landmarks) -> bool:
    """Whether a mouth may be closed although its landmarks are a little open."""
    return CLOSED_MOUTH_OPENNESS <= mouth_openness(landmarks) < OPEN_MOUTH_OPENNESS


def close_lips(landmarks: Landmarks) -> Landmarks:
    """The same (478, 2) landmarks, with a closed mouth's inner edges on the line midway between them."""
    if not mouth_is_closed(landmarks):
        return landmarks
    closed = landmarks.copy()
    upper, lower = list(UPPER_LIP_BOTTOM), list(LOWER_LIP_TOP)
    closed[upper] = closed[lower] = (landmarks[upper] + landmarks[lower]) / 2
    return closed
