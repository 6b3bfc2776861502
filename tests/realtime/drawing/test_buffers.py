"""Work memory is used again, and grows where more is asked for."""

import numpy as np

from realtime.drawing.buffers import Buffers


def test_the_same_name_is_the_same_memory_whatever_the_shape() -> None:
    buffers = Buffers()
    large = buffers.get("work", (20, 30, 3), np.uint8)
    small = buffers.get("work", (5, 7), np.uint8)
    again = buffers.get("work", (30, 20, 3), np.uint8)
    assert np.shares_memory(large, small)
    assert np.shares_memory(large, again)
    assert small.flags.c_contiguous
    assert (small.shape, again.shape) == ((5, 7), (30, 20, 3))


def test_more_than_before_is_new_memory_and_the_old_stays_whole() -> None:
    buffers = Buffers()
    small = buffers.get("work", (2, 2), np.float32)
    small[:] = 7
    buffers.get("work", (3, 3), np.float32)[:] = 1
    assert (small == 7).all()


def test_two_names_share_nothing() -> None:
    buffers = Buffers()
    assert not np.shares_memory(buffers.get("one", (9,), np.uint8), buffers.get("other", (9,), np.uint8))
