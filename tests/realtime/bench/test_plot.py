"""The picture of the rows."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.bench.models.rows import Measurement
from realtime.bench.plot import COLORS, draw_rows, series_of
from realtime.core.errors import OutputError

Make = Callable[..., Measurement]


def pixels_of(picture: np.ndarray, color: str) -> int:
    bgr = [int(color[index : index + 2], 16) for index in (5, 3, 1)]
    return int((np.abs(picture.astype(int) - bgr).max(axis=2) <= 2).sum())


def drawn(rows: list[Measurement], path: Path) -> np.ndarray:
    draw_rows(rows, "a machine", path)
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture


def test_a_bar_is_as_long_as_its_median(make_row: Make, tmp_path: Path) -> None:
    rows = [make_row(p50_ms=6.0, p95_ms=7.0), make_row(threads=2, p50_ms=3.0, p95_ms=7.0)]
    picture = drawn(rows, tmp_path / "rows.png")
    long, short = pixels_of(picture, COLORS[0]), pixels_of(picture, COLORS[1])
    assert long / short == pytest.approx(2, rel=0.15)  # the legend has a patch of each


def test_each_batch_has_its_panel_and_each_file_its_place(make_row: Make, tmp_path: Path) -> None:
    one = drawn([make_row()], tmp_path / "one.png")
    more = [make_row(), make_row(batch=4), make_row(file="b.onnx"), make_row(file="b.onnx", batch=4)]
    picture = drawn(more, tmp_path / "more.png")
    assert picture.shape[1] > 1.5 * one.shape[1]
    assert picture.shape[0] > one.shape[0]


def test_a_fast_model_is_seen_beside_a_slow_one(make_row: Make, tmp_path: Path) -> None:
    rows = [make_row(p50_ms=1.0, p95_ms=1.2), make_row(threads=2, p50_ms=500.0, p95_ms=510.0)]
    assert pixels_of(drawn(rows, tmp_path / "rows.png"), COLORS[0]) > 2000


def test_a_colour_stands_for_provider_and_threads(make_row: Make) -> None:
    assert (series_of(make_row()), series_of(make_row(threads=2))) == ("cpu, 1 thread", "cpu, 2 threads")


def test_a_picture_that_cannot_be_written_is_one_line(make_row: Make, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"rows\.png: cannot be written"):
        draw_rows([make_row()], "a machine", tmp_path / "none" / "rows.png")
