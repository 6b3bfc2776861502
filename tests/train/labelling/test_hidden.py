"""Covered parts of outlined faces: the list, and what becomes of the labels."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.core.regions import Region
from train.data.partial_labels import LEFT_EYE_WHOLE, MOUTH_WHOLE, UNKNOWN
from train.labelling.hidden import HiddenPart, hide_parts, read_hidden


def test_the_list_is_read_and_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hidden.txt"
    path.write_text(
        "# seen by eye\nafw/1_2.webp eyes hidden\nafw/1_2.webp mouth partly  # a hand\n\nscut/a.webp mouth hidden\n"
    )
    assert read_hidden(path) == {
        "afw/1_2.webp": [HiddenPart("eyes", "hidden"), HiddenPart("mouth", "partly")],
        "scut/a.webp": [HiddenPart("mouth", "hidden")],
    }
    assert read_hidden(None) == {}


@pytest.mark.parametrize("line", ["afw/1.webp eyes", "1.webp eyes hidden", "afw/1.webp nose hidden", "a/b eyes gone"])
def test_a_line_that_is_none_is_refused_by_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "hidden.txt"
    path.write_text(f"afw/2.webp eyes hidden\n{line}\n")
    with pytest.raises(ValueError, match=r"hidden\.txt:2: not FOLDER/FILE"):
        read_hidden(path)


def test_what_is_hidden_is_background_and_what_is_partly_hidden_is_unknown() -> None:
    label_map = np.array(
        [[Region.RIGHT_EYE, Region.LEFT_IRIS, LEFT_EYE_WHOLE, Region.LOWER_LIP, MOUTH_WHOLE, 0]], np.uint8
    )
    assert_array_equal(
        hide_parts(label_map, [HiddenPart("left_eye", "hidden"), HiddenPart("mouth", "partly")]),
        [[Region.RIGHT_EYE, 0, 0, UNKNOWN, UNKNOWN, 0]],
    )
    assert_array_equal(hide_parts(label_map, [HiddenPart("eyes", "hidden")])[0, :3], 0)
    assert label_map[0, 1] == Region.LEFT_IRIS
    assert_array_equal(hide_parts(label_map, []), label_map)
