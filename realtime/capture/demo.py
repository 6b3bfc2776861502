"""The demo source: a public-domain portrait, moved as a person before a webcam moves."""

import math
from collections.abc import Iterator
from importlib import resources
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage

PORTRAIT = "mpl-data/sample_data/grace_hopper.jpg"
"""Rear Admiral Grace Hopper; photo by James S. Davis, United States Navy, public domain. Shipped with matplotlib."""
SIZE_WH = (640, 480)
FPS = 30
PERIOD_S = 10.0
FACE_CENTER_PX = (266.0, 190.0)
"""In the portrait, which is 512 by 600 pixels."""


def demo_frames() -> Iterator[BgrImage]:
    """(480, 640, 3) frames without end; the motion repeats every `PERIOD_S` seconds."""
    packaged = resources.files("matplotlib").joinpath(PORTRAIT).read_bytes()
    portrait = BgrImage(cv2.imdecode(np.frombuffer(packaged, np.uint8), cv2.IMREAD_COLOR))
    index = 0
    while True:
        yield demo_frame(portrait, index / FPS)
        index += 1


def demo_frame(portrait: BgrImage, time_s: float) -> BgrImage:
    """The portrait as it lies at this time: swaying, nodding, coming nearer and going back."""
    matrix = portrait_matrix(time_s)
    return BgrImage(
        cv2.warpAffine(portrait, matrix, SIZE_WH, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    )


def portrait_matrix(time_s: float) -> npt.NDArray[np.float64]:
    """(2, 3) from the portrait to the frame at this time, as cv2.warpAffine takes it."""
    phase = 2 * math.pi * time_s / PERIOD_S
    scale = 1.75 + 0.2 * math.sin(phase)  # never so small that the portrait's edges come into view
    angle_deg = 8 * math.sin(2 * phase + 0.5)
    center = (SIZE_WH[0] / 2 + 40 * math.sin(phase + 1), SIZE_WH[1] / 2 + 20 * math.sin(3 * phase))
    matrix = cv2.getRotationMatrix2D(FACE_CENTER_PX, angle_deg, scale)
    matrix[:, 2] += np.subtract(center, FACE_CENTER_PX)
    return cast("npt.NDArray[np.float64]", matrix)
