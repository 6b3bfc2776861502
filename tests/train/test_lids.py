"""The edges that eyes are drawn with. MediaPipe itself is not needed."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose

from realtime.regions import Region
from train.landmarks import EYE_OUTLINE, IRIS_CENTER
from train.lids import LOWER_LID, UPPER_LID, move_lids

Drawn = Callable[..., npt.NDArray[np.float64]]


@pytest.mark.parametrize("eye", [Region.RIGHT_EYE, Region.LEFT_EYE], ids=["right", "left"])
@pytest.mark.parametrize("turn_deg", [0, 90, 200])
@pytest.mark.parametrize("is_mirrored", [False, True], ids=["as it is", "mirrored"])
def test_the_lower_lid_rises_and_the_upper_one_too(
    drawn_face: Drawn, eye: Region, turn_deg: int, *, is_mirrored: bool
) -> None:
    angle = np.deg2rad(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if is_mirrored:
        turn[:, 0] *= -1
    face = drawn_face()
    right, left = (face[center] for center in IRIS_CENTER.values())
    moved = (move_lids(face @ turn.T) @ turn - face) / np.linalg.norm(left - right)
    outline = EYE_OUTLINE[eye]
    assert_allclose(moved[outline[4]], [0, LOWER_LID], atol=0.002)
    assert_allclose(moved[outline[12]], [0, -UPPER_LID], atol=0.001)


def test_nothing_but_the_eyes_outlines_moves(drawn_face: Drawn) -> None:
    face = drawn_face()
    others = np.setdiff1d(np.arange(len(face)), [index for outline in EYE_OUTLINE.values() for index in outline])
    assert_allclose(move_lids(face)[others], face[others], atol=0)
