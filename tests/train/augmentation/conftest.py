"""A face of which everything is labelled, to lay things over."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from realtime.core.geometry import TIGHT, BgrImage
from train.augmentation.layer import FacePlace
from train.labelling.label_maps import draw_label_map

SKIN_BGR = (120, 150, 200)


@pytest.fixture
def crop() -> BgrImage:
    """(218, 178, 3) plain skin."""
    return BgrImage(np.full((218, 178, 3), SKIN_BGR, np.uint8))


@pytest.fixture
def face_map(drawn_face: Callable[..., npt.NDArray[np.float64]]) -> npt.NDArray[np.uint8]:
    """(218, 178) label map of a face that stands as the tight layout has it."""
    return draw_label_map(drawn_face(), (178, 218))


@pytest.fixture
def place() -> FacePlace:
    """Where that face is."""
    return FacePlace.from_points(TIGHT.points_px)
