"""Outlines that people drew become label maps; files that are none are refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.regions import Region
from train.contours import read_contours

SQUARES = {
    "right_eye": [[2, 2], [6, 2], [6, 4], [2, 4]],
    "left_eye": [[10, 2], [14, 2], [14, 4], [10, 4]],
    "lips_outer": [[4, 8], [12, 8], [12, 14], [4, 14]],
    "lips_inner": [[6, 10], [10, 10], [10, 12], [6, 12]],
}


def test_outlines_become_eyes_lips_and_the_mouth_between_them(tmp_path: Path) -> None:
    (tmp_path / "contours.json").write_text(json.dumps({"ann.jpg": SQUARES}))
    (photo,) = read_contours(tmp_path)
    assert photo.path == tmp_path / "images" / "ann.jpg"
    label_map = photo.label_map((16, 16))
    expected = np.zeros((16, 16), np.uint8)
    expected[2:4, 2:6], expected[2:4, 10:14] = Region.RIGHT_EYE, Region.LEFT_EYE
    expected[8:14, 4:12], expected[10:12, 6:10] = Region.UPPER_LIP, Region.MOUTH_INSIDE
    differs = label_map != expected
    # fillPoly paints the quarter pixel on the right and bottom edge too: never enough to win the next pixel.
    assert_array_equal(differs, np.zeros_like(differs))


@pytest.mark.parametrize(
    "contents",
    [None, "no json", "[]", json.dumps({"ann.jpg": {"right_eye": []}}), json.dumps({"ann.jpg": 3})],
    ids=["missing", "no JSON", "a list", "an outline missing", "a number"],
)
def test_a_file_that_is_none_is_refused_by_name(contents: str | None, tmp_path: Path) -> None:
    if contents is not None:
        (tmp_path / "contours.json").write_text(contents)
    with pytest.raises(ValueError, match=r"contours\.json"):
        read_contours(tmp_path)


def test_a_missing_photo_is_named_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "contours.json").write_text(json.dumps({"ann.jpg": SQUARES}))
    with pytest.raises(ValueError, match=r"ann\.jpg"):
        read_contours(tmp_path)[0].read()
