"""Balanced by source: each by the square root of its size, its faces alike."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from train.balance import by_source, every_face_once
from train.order import SeededOrder, draw_repeatedly

SOURCES = ["large"] * 64 + ["small"] * 4 + ["tiny"]


def test_each_source_worked_by_hand() -> None:
    # The roots are 8, 2 and 1; of 11 parts, 69 faces are drawn.
    repeats = by_source(SOURCES)
    assert_allclose(repeats, [69 * 8 / 11 / 64] * 64 + [69 * 2 / 11 / 4] * 4 + [69 * 1 / 11])
    assert repeats.sum() == pytest.approx(69)


def test_one_source_is_as_it_is() -> None:
    assert_allclose(by_source(["a"] * 7), np.ones(7))
    assert every_face_once(SOURCES) is None


def test_an_epoch_draws_each_source_by_its_share_and_each_face_nearly_alike() -> None:
    order = SeededOrder(69, 1, by_source(SOURCES))
    drawn = np.zeros(69, int)
    for number in range(50):
        order.set_epoch(number)
        epoch = [index for index, _ in order]
        assert len(epoch) == len(order) == 69
        times = np.bincount(epoch, minlength=69)
        assert times[:64].sum() in (50, 51)  # 50.2
        assert set(times[:64]) <= {0, 1}
        assert set(times[64:68]) <= {3, 4}  # 3.1
        assert times[68] in (6, 7)  # 6.3
        drawn += times
    assert_allclose(drawn[:64], 50 * 69 * 8 / 11 / 64, atol=12)  # nobody is left out for good


def test_repeats_are_spread_over_the_epoch_and_have_seeds_of_their_own() -> None:
    order = SeededOrder(69, 1, by_source(SOURCES))
    draws = list(order)
    places = [place for place, (index, _) in enumerate(draws) if index == 68]
    assert np.ptp(places) > 10
    assert len({seed for _, seed in draws}) == 69
    assert draws == list(order)


def test_draws_worked_by_hand() -> None:
    # By share 2, 1, 0: the shares end at 0.5, 1.5 and 3, from a quarter on at 0.75, 1.75 and 3.25.
    repeats = np.array([1.5, 1.0, 0.5])
    assert draw_repeatedly(np.array([2, 0, 1]), repeats, 0.25).tolist() == [1, 0, 0]
    assert draw_repeatedly(np.array([2, 0, 1]), repeats, 0.5).tolist() == [2, 1, 0]
