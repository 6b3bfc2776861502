"""A frame as the sinks get it."""

import numpy as np
from numpy.testing import assert_array_equal

from realtime.outputs.sink import FrameCopy


def test_a_cut_out_is_seen_over_black_and_another_picture_as_it_is() -> None:
    cut_out = np.full((2, 2, 4), (200, 100, 50, 0), np.uint8)
    cut_out[0, 0, 3] = 255
    expected = np.zeros((2, 2, 3), np.uint8)
    expected[0, 0] = (200, 100, 50)
    frame = FrameCopy("cut", 0.0, (2, 2), cut_out, ())
    assert_array_equal(frame.picture_bgr, expected)
    assert frame.picture_bgr is frame.picture_bgr
    assert FrameCopy("drawn", 0.0, (2, 2), expected, ()).picture_bgr is expected
