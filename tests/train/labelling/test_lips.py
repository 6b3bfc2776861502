"""Lips that touch have nothing between them. MediaPipe itself is not needed."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose

from realtime.core.regions import Region
from train.labelling.label_maps import draw_label_map
from train.labelling.landmarks import LOWER_LIP_TOP, UPPER_LIP_BOTTOM
from train.labelling.lips import (
    CLOSED_MOUTH_OPENNESS,
    OPEN_MOUTH_OPENNESS,
    close_lips,
    mouth_is_in_doubt,
    mouth_openness,
)

Drawn = Callable[..., npt.NDArray[np.float64]]
SIZE_WH = (178, 218)


def slit(drawn_face: Drawn, openness: float) -> npt.NDArray[np.float64]:
    """A face whose lips are so far apart."""
    wide = mouth_openness(drawn_face(inside_half_height=4.0))
    return drawn_face(inside_half_height=4.0 * openness / wide)


@pytest.mark.parametrize("turn_deg", [0, 90, 200])
@pytest.mark.parametrize("size", [0.5, 3])
def test_openness_is_the_lips_distance_over_the_mouths_width(drawn_face: Drawn, turn_deg: int, size: float) -> None:
    angle = np.deg2rad(turn_deg)
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    face = drawn_face(mouth_half_width=26.0, inside_half_height=4.0)
    inside = face[list(UPPER_LIP_BOTTOM)], face[list(LOWER_LIP_TOP)]
    expected = np.abs(inside[0] - inside[1])[4:7, 1].mean() / np.ptp(inside[0][:, 0])
    assert mouth_openness(face @ turn.T) == pytest.approx(expected)
    assert expected > CLOSED_MOUTH_OPENNESS


def test_a_slit_is_closed_in_its_middle_and_the_lips_share_it(drawn_face: Drawn) -> None:
    face = slit(drawn_face, 0.9 * CLOSED_MOUTH_OPENNESS)
    closed = close_lips(face)
    assert_allclose(closed[list(UPPER_LIP_BOTTOM)], closed[list(LOWER_LIP_TOP)])
    others = np.setdiff1d(np.arange(len(face)), [*UPPER_LIP_BOTTOM, *LOWER_LIP_TOP])
    assert_allclose(closed[others], face[others], atol=0)
    before, after = (draw_label_map(points, SIZE_WH) for points in (face, closed))
    assert (before == Region.MOUTH_INSIDE).any()
    assert not (after == Region.MOUTH_INSIDE).any()
    mouth = [Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE]
    assert np.array_equal(np.isin(before, mouth), np.isin(after, mouth))


def test_an_open_mouth_stays_as_it_is(drawn_face: Drawn) -> None:
    face = slit(drawn_face, 1.1 * CLOSED_MOUTH_OPENNESS)
    assert_allclose(close_lips(face), face, atol=0)


def test_no_mouth_at_all_is_no_error() -> None:
    assert_allclose(close_lips(np.zeros((478, 2))), 0)


@pytest.mark.parametrize(
    ("openness", "is_in_doubt"),
    [(0.9 * CLOSED_MOUTH_OPENNESS, False), (0.07, True), (1.05 * OPEN_MOUTH_OPENNESS, False)],
)
def test_a_mouth_that_is_hardly_open_may_be_closed(drawn_face: Drawn, openness: float, *, is_in_doubt: bool) -> None:
    assert mouth_is_in_doubt(slit(drawn_face, openness)) is is_in_doubt
