"""Copies own their memory, and it is used again once it is given back."""

import numpy as np
from numpy.testing import assert_array_equal

from realtime.outputs.buffer_pool import BufferPool


def picture(value: int, shape: tuple[int, ...] = (4, 6, 3)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def test_a_copy_is_not_changed_with_its_original_nor_by_later_copies() -> None:
    pool: BufferPool[np.uint8] = BufferPool()
    original = picture(1)
    copy = pool.copy(original)
    original[:] = 9
    other = pool.copy(picture(2))
    assert_array_equal(copy, picture(1))
    assert not np.shares_memory(copy, other)


def test_memory_given_back_is_used_again_for_the_next_of_that_shape() -> None:
    pool: BufferPool[np.uint8] = BufferPool()
    copy = pool.copy(picture(1))
    pool.give_back(copy)
    again = pool.copy(picture(2))
    assert again is copy
    assert_array_equal(again, picture(2))
    assert pool.copy(picture(3)) is not again


def test_after_a_change_of_size_the_old_memory_is_forgotten() -> None:
    pool: BufferPool[np.uint8] = BufferPool()
    old = pool.copy(picture(1))
    pool.give_back(old)
    assert_array_equal(pool.copy(picture(2, (5, 6, 4))), picture(2, (5, 6, 4)))
    assert pool.copy(picture(1)) is not old


def test_a_mirrored_view_is_copied_as_it_looks_and_lies_in_one_piece() -> None:
    mirrored = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-1]
    copy = BufferPool[np.uint8]().copy(mirrored)
    assert copy.flags.c_contiguous
    assert_array_equal(copy, mirrored)
