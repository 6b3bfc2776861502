"""A frame is drawn as the controls say, mirrored, and drawn again with another look."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.config import RealtimeConfig
from realtime.core.geometry import CropTransform
from realtime.core.preprocess import BgrImage
from realtime.core.regions import Region
from realtime.drawing.screen_painter import Painter
from realtime.face import Face
from realtime.screen.controls import Controls

REGIONS = (Region.BACKGROUND, Region.UPPER_LIP)


@pytest.fixture
def frame_bgr() -> BgrImage:
    return BgrImage(np.random.default_rng(0).integers(0, 256, (240, 200, 3), np.uint8))


@pytest.fixture
def face() -> Face:
    probs = np.zeros((2, 218, 178), np.float32)
    probs[1, 150:160, 80:100] = 1
    probs[0] = 1 - probs[1]
    return Face(1, CropTransform((89.0, 88.0), 1.0, 0.0), probs, REGIONS)


@pytest.fixture
def controls() -> Controls:
    return Controls(RealtimeConfig())


def test_the_picture_is_the_frame_itself_with_the_faces_drawn(
    controls: Controls, frame_bgr: BgrImage, face: Face
) -> None:
    before = frame_bgr.copy()
    picture = Painter(controls).paint(frame_bgr, [face])
    changed = (picture != before).any(axis=2)
    assert changed[151:159, 81:99].all()
    assert not changed[:140].any()
    assert np.shares_memory(picture, frame_bgr)


def test_a_mirror_flips_into_the_same_buffer_each_time(controls: Controls, frame_bgr: BgrImage, face: Face) -> None:
    plain = Painter(controls).paint(BgrImage(frame_bgr.copy()), [face]).copy()
    controls.is_mirrored = True
    painter = Painter(controls)
    first = painter.paint(BgrImage(frame_bgr.copy()), [face])
    assert_array_equal(first, plain[:, ::-1])
    assert painter.paint(frame_bgr, []) is first
    assert painter.paint(BgrImage(np.zeros((9, 9, 3), np.uint8)), []).shape == (9, 9, 3)


def test_painted_again_it_is_as_if_the_first_time_had_not_been(
    controls: Controls, frame_bgr: BgrImage, face: Face
) -> None:
    fresh = BgrImage(frame_bgr.copy())
    painter = Painter(controls)
    painter.paint(frame_bgr, [face])
    controls.change_opacity(0.3)
    controls.turn_mirror()
    again = painter.repaint()
    assert_array_equal(again, Painter(controls).paint(fresh, [face]))


def test_a_picture_that_is_kept_stays_when_the_source_writes_over_its_frame(
    controls: Controls, frame_bgr: BgrImage, face: Face
) -> None:
    fresh = BgrImage(frame_bgr.copy())
    painter = Painter(controls)
    painted = painter.paint(frame_bgr, [face]).copy()
    kept = painter.keep()
    frame_bgr[:] = 7
    assert_array_equal(kept, painted)
    controls.look = RealtimeConfig().look
    controls.change_opacity(-0.9)
    assert_array_equal(painter.repaint(), fresh)
