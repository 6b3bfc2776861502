"""Balanced by source: each by the square root of its size, its faces alike; and by tone of skin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose

from realtime.core.geometry import TIGHT
from realtime.core.preprocess import BgrImage
from train.data.balance import (
    MOST_OFTENER,
    TrainingFaces,
    by_shares,
    by_source,
    by_source_and_tone,
    every_face_once,
    parse_share,
)
from train.data.order import SeededOrder, draw_repeatedly

SOURCES = TrainingFaces(["large"] * 64 + ["small"] * 4 + ["tiny"], [], TIGHT)


def test_each_source_worked_by_hand() -> None:
    # The roots are 8, 2 and 1; of 11 parts, 69 faces are drawn.
    repeats = by_source(SOURCES)
    assert_allclose(repeats, [69 * 8 / 11 / 64] * 64 + [69 * 2 / 11 / 4] * 4 + [69 * 1 / 11])
    assert repeats.sum() == pytest.approx(69)


def test_one_source_is_as_it_is() -> None:
    assert_allclose(by_source(TrainingFaces(["a"] * 7, [], TIGHT)), np.ones(7))
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


@dataclass(frozen=True)
class OneColor:
    """A face of a data set that is all of one grey level: a tone of `train.data.skin_tone` each."""

    level: int
    labeller: str = ""

    def read_canvas(self) -> BgrImage:
        return BgrImage(np.full((314, 274, 3), self.level, np.uint8))

    def read(self) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
        raise AssertionError("its labels are not asked for")


def test_tones_are_shown_alike_within_the_sources_shares_and_none_too_often() -> None:
    # Grey has no yellow: L* above 50 is very light, below it dark. Of six tones each should have a sixth.
    levels = [200] * 60 + [20] * 40
    repeats = by_source_and_tone(TrainingFaces(["a"] * 100, [OneColor(level) for level in levels], TIGHT))
    assert_allclose(repeats, [50 / 60] * 60 + [50 / 40] * 40)
    rare = by_source_and_tone(TrainingFaces(["a"] * 100, [OneColor(level) for level in [200] * 99 + [20]], TIGHT))
    assert rare[-1] / rare[0] == pytest.approx(MOST_OFTENER / (1 / (6 * 0.99)))
    assert rare.sum() == pytest.approx(100)
    sources = ["large"] * 64 + ["small"] * 4
    both = by_source_and_tone(TrainingFaces(sources, [OneColor(200)] * 68, TIGHT))
    assert_allclose(both, by_source(TrainingFaces(sources, [], TIGHT)))


def test_shares_worked_by_hand() -> None:
    # Of 69 draws tiny has 20 percent, small 5; 75 are left to the 64 large ones.
    repeats = by_shares(SOURCES, None, {"tiny": 20, "small": 5})
    assert_allclose(repeats, [69 * 0.75 / 64] * 64 + [69 * 0.05 / 4] * 4 + [69 * 0.2])
    assert repeats.sum() == pytest.approx(69)


def test_what_is_left_goes_to_the_other_sources_as_they_were_balanced() -> None:
    # Balanced, large has 8 parts and tiny 1: they divide 40 percent; small has 60.
    balanced = by_source(SOURCES)
    before = balanced.copy()
    repeats = by_shares(SOURCES, balanced, {"small": 60})
    assert_allclose(repeats, [69 * 0.4 * 8 / 9 / 64] * 64 + [69 * 0.6 / 4] * 4 + [69 * 0.4 / 9])
    assert_allclose(balanced, before, atol=0)


def test_within_a_share_faces_keep_the_balance_that_they_had() -> None:
    faces = TrainingFaces(["a", "a", "b", "b"], [], TIGHT)
    assert_allclose(by_shares(faces, np.array([3.0, 1.0, 1.0, 1.0]), {"a": 20}), [0.6, 0.2, 1.6, 1.6])


def test_shares_of_every_source_add_up_to_all_of_it() -> None:
    faces = TrainingFaces(["a", "b", "b"], [], TIGHT)
    assert_allclose(by_shares(faces, None, {"a": 90, "b": 10}), [2.7, 0.15, 0.15])
    assert_allclose(by_shares(faces, None, {"a": 100 / 3, "b": 200 / 3}), [1, 1, 1])


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"nobody": 5.0}, "--share nobody: no training face is of it, only of large, small, tiny"),
        ({"tiny": 60.0, "small": 50.0}, "the shares add up to 110 percent, and 64 faces are of other sources"),
        ({"tiny": 60.0, "small": 40.0}, "the shares add up to 100 percent, and 64 faces are of other sources"),
        ({"tiny": 1.0, "small": 1.0, "large": 1.0}, "the shares add up to 3 percent, and 0 faces are of other sources"),
    ],
    ids=["no such source", "more than all", "nothing for the others", "nobody for the rest"],
)
def test_shares_that_cannot_be_shown_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        by_shares(SOURCES, None, shares)


@pytest.mark.parametrize(
    ("text", "share"), [("ibug=5", ("ibug", 5.0)), ("a=b=12.5", ("a=b", 12.5)), ("all=100", ("all", 100.0))]
)
def test_a_share_is_a_name_and_a_percent(text: str, share: tuple[str, float]) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["ibug", "ibug=", "=5", "ibug=0", "ibug=-1", "ibug=101", "ibug=nan", "ibug=five"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"--share {text} is not NAME=PERCENT"):
        parse_share(text)
