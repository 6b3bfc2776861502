"""A line of JSON per frame: masks as run lengths of the frame's size, outlines, whole lines only."""

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import realtime
from realtime.core.errors import OutputError
from realtime.core.geometry import BgrImage, CropTransform
from realtime.core.regions import Region, region_name
from realtime.face import Face, frame_label_map
from realtime.outputs.mask_lines import MaskLines, line_of, run_lengths
from realtime.outputs.sink import FrameCopy
from realtime.segmenter import Segmenter

REGIONS = (Region.BACKGROUND, Region.RIGHT_EYE, Region.UPPER_LIP)
CROP = CropTransform((89.0, 88.0), 1.0, 0.0)
"""Crop pixels are frame pixels."""
DOCS = Path(realtime.__file__).parents[1] / "docs" / "outputs.md"


def face(boxes: dict[Region, tuple[int, int, int, int]], crop: CropTransform = CROP, number: int = 1) -> Face:
    probs = np.zeros((len(REGIONS), 218, 178), np.float32)
    for region, (left, top, right, bottom) in boxes.items():
        probs[REGIONS.index(region), top:bottom, left:right] = 1
    probs[0] = 1 - probs.sum(axis=0)
    return Face(number, crop, probs, REGIONS)


def frame(*faces: Face, size_wh: tuple[int, int] = (200, 240), name: str = "one") -> FrameCopy:
    return FrameCopy(name, 1.5, size_wh, None, faces)


def one_by_one(mask: npt.NDArray[np.bool_]) -> list[int]:
    """COCO's run lengths, counted pixel by pixel."""
    runs = [(is_on, len(list(pixels))) for is_on, pixels in groupby(mask.ravel(order="F").tolist())]
    return [0] * runs[0][0] + [length for _, length in runs]


def decode(rle: dict[str, list[int]]) -> npt.NDArray[np.bool_]:
    is_on = np.arange(len(rle["counts"])) % 2 == 1
    return np.repeat(is_on, rle["counts"]).reshape(rle["size"], order="F")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["...", "..."], [6]),
        (["###", "###"], [0, 6]),
        (["#..", "..."], [0, 1, 5]),
        (["...", "..#"], [5, 1]),
        ([".#.", ".#."], [2, 2, 2]),
        (["..#", ".#."], [3, 2, 1]),
        (["##.", "#.."], [0, 3, 3]),
        (["#.#", "..."], [0, 1, 3, 1, 1]),
    ],
    ids=["none", "all", "first", "last", "a column", "over the end of a column", "on from column to column", "two"],
)
def test_run_lengths_go_down_the_columns_and_begin_with_what_is_off(rows: list[str], expected: list[int]) -> None:
    mask = np.array([[pixel == "#" for pixel in row] for row in rows])
    assert run_lengths(mask, (0, 0), (3, 2)) == one_by_one(mask) == expected


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7)), st.tuples(*[st.integers(0, 3)] * 4))
def test_run_lengths_of_a_box_are_those_of_the_whole_frame(
    mask: npt.NDArray[np.bool_], margins: tuple[int, int, int, int]
) -> None:
    left, top, right, bottom = margins
    whole = np.pad(mask, ((top, bottom), (left, right)))
    counts = run_lengths(mask, (left, top), whole.shape[::-1])
    assert counts == one_by_one(whole)
    assert_array_equal(decode({"size": list(whole.shape), "counts": counts}), whole)


def test_a_line_says_where_the_face_is_and_what_it_shows() -> None:
    box = (50, 80, 60, 90)
    line = line_of(frame(face({Region.RIGHT_EYE: box}, number=3), size_wh=(200, 240)))
    (found,) = line["faces"]
    assert (line["name"], line["time_s"], line["size_wh"], found["number"]) == ("one", 1.5, [200, 240], 3)
    assert found["crop"] == {"layout": "tight", "mid_eye_px": [89.0, 88.0], "scale": 1.0, "angle_rad": 0.0}
    assert list(found["regions"]) == ["right_eye"]
    expected = np.zeros((240, 200), bool)
    expected[80:90, 50:60] = True
    assert_array_equal(decode(found["regions"]["right_eye"]["rle"]), expected)
    (polygon,) = found["regions"]["right_eye"]["polygons"]
    points = np.reshape(polygon, (-1, 2))
    assert_allclose([points.min(axis=0), points.max(axis=0)], [[50, 80], [60, 90]], atol=1)
    assert polygon == [round(place, 1) for place in polygon]


def test_a_frame_of_nobody_has_a_line_too() -> None:
    assert line_of(frame()) == {"name": "one", "time_s": 1.5, "size_wh": [200, 240], "faces": []}
    assert line_of(frame(face({})))["faces"][0]["regions"] == {}
    far_away = CropTransform((-900.0, -900.0), 1.0, 0.0)
    assert line_of(frame(face({Region.RIGHT_EYE: (50, 80, 60, 90)}, far_away)))["faces"][0]["regions"] == {}


def test_the_masks_are_those_of_the_frames_label_map() -> None:
    rng = np.random.default_rng(1)
    probs = rng.random((3, 11, 9)).astype(np.float32).repeat(20, axis=1).repeat(20, axis=2)[:, :218, :178]
    shown = Face(1, CropTransform((3.0, 230.0), 0.8, 0.2), np.ascontiguousarray(probs), REGIONS)
    expected = frame_label_map([shown], (200, 240))
    regions = line_of(frame(shown))["faces"][0]["regions"]
    assert set(regions) == {region_name(Region(number)) for number in np.unique(expected) if number} != set()
    for name, region in regions.items():
        assert_array_equal(decode(region["rle"]), expected == Region[name.upper()])


def test_faces_that_overlap_have_their_masks_whole() -> None:
    box = (50, 80, 60, 90)
    faces = [face({Region.RIGHT_EYE: box}), face({Region.UPPER_LIP: box}, number=2)]
    first, second = line_of(frame(*faces))["faces"]
    assert first["regions"]["right_eye"]["rle"] == second["regions"]["upper_lip"]["rle"]


def test_each_line_is_in_the_file_as_soon_as_it_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "masks.jsonl"
    path.write_text("what was there before\n" * 100)
    lines = MaskLines(path)
    for index in range(3):
        lines.take(frame(name=f"frame_{index}"))
        read = [json.loads(line)["name"] for line in path.read_text().splitlines()]
        assert read == [f"frame_{number}" for number in range(index + 1)]
    lines.close()
    lines.close()
    assert lines.summary() == f"{path} (3 lines, 0.0 MB)"


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be written \(Is a directory\)$"):
        MaskLines(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's own")
def test_a_full_disk_is_told() -> None:
    lines = MaskLines(Path("/dev/full"))
    with pytest.raises(OutputError, match=r"^/dev/full: cannot be written \(No space left on device\)$"):
        lines.take(frame())
    lines.close()


class FullDisk:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, path: Path, room: int) -> None:
        self._file = path.open("wb", buffering=0)
        self._room = room

    def write(self, contents: memoryview) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        written = self._file.write(contents[: self._room])
        self._room -= written
        return written

    def truncate(self, size: int) -> int:
        return self._file.truncate(size)

    def close(self) -> None:
        self._file.close()


def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "masks.jsonl"
    lines = MaskLines(path)
    lines.take(frame(name="fits"))
    fitting = path.read_bytes()
    lines.close()
    lines = MaskLines(path)
    lines.close()
    monkeypatch.setattr(lines, "_file", FullDisk(path, room=len(fitting) + 20))
    lines.take(frame(name="fits"))
    with pytest.raises(OutputError, match="No space left"):
        lines.take(frame(name="does not"))
    lines.close()
    assert path.read_bytes() == fitting


def test_the_example_in_the_docs_gives_the_mask_of_the_png(
    tmp_path: Path, portrait: BgrImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    faces = Segmenter(provider="cpu", threads=1)(portrait, 0.0, is_still=True)
    height, width = portrait.shape[:2]
    lines = MaskLines(Path("masks.jsonl"))
    lines.take(FrameCopy("grace", 0.0, (width, height), None, tuple(faces)))
    lines.close()
    example = DOCS.read_text().split("```python\n")[1].split("```")[0]
    assert len([line for line in example.splitlines() if line]) == 5
    known: dict[str, Any] = {}
    exec(example, known)
    assert_array_equal(known["mask"], frame_label_map(faces, (width, height)) == Region.UPPER_LIP)
    assert known["mask"].sum() > 300
