"""Each key of the window, pressed while the whole program runs: seen on the picture, or in the files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime import loop
from realtime.capture.sources import Source
from realtime.config import RealtimeConfig
from realtime.core.geometry import BgrImage
from realtime.frame import Frame
from realtime.inference.session import Provider
from realtime.screen.controls import KEYS

FakeScreen = Any
EYE, MOUTH = slice(165, 215), slice(255, 300)
"""Rows of the portrait, below the messages."""
FRAMES = 40
CHECKED_HERE = {"q", "Esc", "space", "m", "r", "e", "+", "-", "s", "v", "h", "?"}


@pytest.fixture
def run(
    screen: FakeScreen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[Source, str | list[str | int]], list[BgrImage]]:
    """The program on a source, with a window and these keys, in an empty folder: the pictures it showed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loop, "display_problem", lambda: None)

    def run_with(source: Source, keys: str | list[str | int]) -> list[BgrImage]:
        monkeypatch.setattr(loop, "open_source", lambda *_: source)
        screen.press(keys)
        loop.run(RealtimeConfig("x", provider=Provider.CPU, threads=1), lambda line: None)
        pictures: list[BgrImage] = screen.pictures
        return pictures

    return run_with


def still(portrait: BgrImage) -> Source:
    return Source("still", iter([Frame(BgrImage(portrait.copy()), 0.0, "still", is_still=True)]), is_one_picture=True)


def video(portrait: BgrImage, taken: list[str] | None = None) -> Source:
    """`FRAMES` frames a hundredth of a second apart; a black bar's length tells which it is."""

    def frames() -> Iterator[Frame]:
        for index in range(FRAMES):
            image = BgrImage(portrait.copy())
            image[590:, : 10 * (index + 1)] = 0
            if taken is not None:
                taken.append(f"{index}")
            yield Frame(image, index / 100, f"{index}")

    return Source("video", frames())


def change(picture: BgrImage, portrait: BgrImage, rows: slice) -> float:
    return float(np.abs(picture[rows].astype(int) - portrait[rows]).mean())


def test_every_key_of_the_table_is_pressed_here() -> None:
    assert {name for key in KEYS for name in key.names} == CHECKED_HERE


@pytest.mark.parametrize("key", ["q", "Q", 27])
def test_q_and_esc(run: Callable[..., list[BgrImage]], screen: FakeScreen, portrait: BgrImage, key: str | int) -> None:
    run(still(portrait), [-1, key, "x"])
    assert screen.keys == [ord("x")]
    assert screen.is_destroyed


def test_space(run: Callable[..., list[BgrImage]], screen: FakeScreen, portrait: BgrImage) -> None:
    taken: list[str] = []
    pictures = run(video(portrait, taken), [" ", "e", "r", "r", "m", "q"])
    assert taken == ["0"]
    bars = {int((picture[595] == 0).all(axis=1).sum()) for picture in pictures}
    assert bars == {10}  # the first frame all the time, drawn anew with each key
    assert change(pictures[0], portrait, MOUTH) > 1
    assert change(pictures[4], portrait, MOUTH) == 0  # irises only
    assert_array_equal(pictures[5][MOUTH], portrait[MOUTH, ::-1])


def test_space_again(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    taken: list[str] = []
    run(video(portrait, taken), [" ", -1, -1, " "])
    assert len(taken) == FRAMES


def test_m(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    plain, mirrored, again, *_ = run(still(portrait), "mmq")
    assert_array_equal(mirrored[100:], plain[100:, ::-1])
    assert_array_equal(again[100:], plain[100:])


def test_r(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    pictures = run(still(portrait), "rrrrq")
    drawn = [(change(picture, portrait, EYE) > 0, change(picture, portrait, MOUTH) > 0) for picture in pictures[:5]]
    assert drawn == [(True, True), (True, True), (True, False), (True, False), (False, True)]


def test_e(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    overlay, contour, *_ = run(still(portrait), "eq")
    assert (overlay[MOUTH] != contour[MOUTH]).any()
    assert change(contour, portrait, MOUTH) > 0


@pytest.mark.parametrize("keys", ["+-", "=_"])
def test_plus_and_minus(run: Callable[..., list[BgrImage]], portrait: BgrImage, keys: str) -> None:
    more, less = keys
    pictures = run(still(portrait), [more, less, less, "q"])
    began, stronger, back, fainter = (change(picture, portrait, MOUTH) for picture in pictures[:4])
    assert stronger > began == back > fainter > 0


def test_s(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    plain, *_ = run(still(portrait), "h?sq")
    (kept,) = Path().glob("*.png")
    assert_array_equal(cv2.imread(str(kept)), plain)


def test_v(run: Callable[..., list[BgrImage]], screen: FakeScreen, portrait: BgrImage) -> None:
    shown: list[int] = []
    real_show = screen.show

    def show_and_press(title: str, picture: BgrImage) -> None:
        real_show(title, picture)
        bar = int((picture[595] == 0).all(axis=1).sum()) // 10
        if bar in {5, 15, 30} and bar not in shown:
            shown.append(bar)
            screen.press("v")

    cv2.imshow = show_and_press  # the fixture puts it back
    run(video(portrait), "")
    lengths = []
    for path in sorted(Path().glob("*.mp4")):
        with av.open(str(path)) as container:
            frames = list(container.decode(video=0))
        lengths.append((len(frames), round(float(frames[-1].time - frames[0].time), 2)))
        first = frames[0].to_ndarray(format="bgr24")
        assert np.abs(first[:100].astype(int) - portrait[:100]).mean() < 8  # no mark, no message
    assert sorted(lengths) == [(10, 0.09), (10, 0.09)]  # 5 to 15, and from 30 to the end


def test_h(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    plain, numbers, again, *_ = run(still(portrait), "hhq")
    assert (numbers[:, 200:] == plain[:, 200:]).all()
    assert (numbers[20:110, 20:110] != plain[20:110, 20:110]).any(axis=2).mean() > 0.9
    assert_array_equal(again, plain)


def test_the_question_mark(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    plain, shown, again, *_ = run(still(portrait), "??q")
    assert (shown[220:380, 100:400] != plain[220:380, 100:400]).any(axis=2).mean() > 0.9
    assert_array_equal(again, plain)


def test_another_key(run: Callable[..., list[BgrImage]], portrait: BgrImage) -> None:
    plain, *others = run(still(portrait), ["x", "1", 13, 0xFF51, 0xFFBE, "q"])
    assert len(others) >= 5
    for picture in others:
        assert_array_equal(picture, plain)
    assert list(Path().iterdir()) == []
