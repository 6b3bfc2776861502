"""Further faces and larger frames: the arithmetic by hand, the rest on a few frames of the demo."""

import math

import numpy as np
import pytest

from realtime.bench.video.clip import read_clip
from realtime.bench.video.scaling import (
    cell_clip,
    fit,
    further_cost,
    measure_drawing,
    measure_further_faces,
    whole_ms,
    window_around,
)
from realtime.bench.video.trial import Pass, Setup
from realtime.core.geometry import BgrImage
from realtime.drawing.style import Effect
from realtime.inference.session import Provider
from realtime.tracking.smoothing import Smoothing

SETUP = Setup("unet_lite", Provider.CPU, 1, Smoothing.LOW)


def test_further_faces_cost_what_they_add_to_one() -> None:
    # Three faces at 7, 9 and 8 ms against one at 3, 3 and 4: each of the two further ones adds 2, 3 and 2 ms.
    assert further_cost([7.0, 9.0, 8.0], [3.0, 3.0, 4.0], faces=3) == {
        "further_ms": 2.0,
        "further_least_ms": 2.0,
        "further_most_ms": 3.0,
    }


@pytest.mark.parametrize(("medians", "faces"), [([3.0, 3.0], 1), ([math.nan, math.nan], 2)])
def test_nothing_is_said_of_faces_that_are_not_there(medians: list[float], faces: int) -> None:
    assert further_cost(medians, [3.0, 3.0], faces) == {}


@pytest.mark.parametrize(
    ("boxes", "window"),
    [
        ([(270, 140, 370, 240)] * 3 + [(0, 0, 9, 9)], (240, 130, 400, 250)),  # 120 high is a quarter of 480
        ([(0, 0, 100, 100)], (0, 0, 160, 120)),
        ([(540, 380, 640, 480)], (480, 360, 640, 480)),
        ([(0, 0, 600, 450)], (0, 0, 640, 480)),
        ([], (0, 0, 640, 480)),
    ],
    ids=["in the middle", "in a corner", "in the other corner", "close up", "nobody"],
)
def test_the_window_is_of_the_frame_s_shape_and_lies_in_it(
    boxes: list[tuple[int, int, int, int]], window: tuple[int, int, int, int]
) -> None:
    assert window_around(boxes, (640, 480)) == window


def test_a_cell_has_half_the_width_and_height() -> None:
    clip = read_clip("demo", 2)
    cell = cell_clip(clip, SETUP)
    assert (cell.size_wh, len(cell.frames), cell.step_s) == ((320, 240), 2, clip.step_s)


def test_only_frames_in_which_all_faces_were_followed_count() -> None:
    assert whole_ms(Pass({"whole": [5.0, 9.0, 6.0]}, [2, 1, 2]), faces=2) == [5.0, 6.0]


@pytest.mark.parametrize(("size_wh", "fitted_wh"), [((640, 480), (640, 480)), ((720, 1280), (405, 720))])
def test_a_frame_is_reduced_only_where_it_must_be(size_wh: tuple[int, int], fitted_wh: tuple[int, int]) -> None:
    frame = BgrImage(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))
    assert fit(frame, (1280, 720)).shape == (fitted_wh[1], fitted_wh[0], 3)


def test_one_to_four_faces_are_followed() -> None:
    rows = measure_further_faces(read_clip("demo", 3), SETUP, repeat=1)
    assert [(row["faces"], row["followed"]) for row in rows] == [(1, 1), (2, 1), (3, 1), (4, 1)]
    assert ["further_ms" in row for row in rows] == [False, True, True, True]
    assert rows[3]["p50"] > rows[0]["p50"]


def test_each_effect_is_drawn_on_both_sizes() -> None:
    found = measure_drawing(read_clip("demo", 3), SETUP, repeat=1)
    assert set(found) == {effect.value for effect in Effect}
    for row in found.values():
        assert min(row["small"]["p50"], row["large"]["p50"]) > 0
        assert row["ratio_least"] <= row["ratio"] <= row["ratio_most"]
