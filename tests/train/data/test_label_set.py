"""A label set's folder: the index comes back as written, and the canvas is the crop with a margin."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import CELEBA, LAYOUTS, TIGHT, BgrImage, CropLayout, CropTransform, crop_face
from train.data.label_set import (
    CANVAS_SIZE_WH,
    MARGIN_PX,
    LabelledFace,
    LabelledPhoto,
    canvas_transform,
    crop_canvas,
    faces_of,
    read_index,
    read_pair,
    write_index,
)

WritePair = Callable[[Path, str, npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]

FACES = st.builds(
    LabelledFace,
    name=st.text(max_size=8),
    points=st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), max_size=3),
    group=st.text(max_size=8),
    spread=st.floats(0, 1),
    rejected=st.sampled_from(["", "too small"]),
)
PHOTOS = st.builds(
    LabelledPhoto,
    photo=st.text(max_size=12),
    source=st.text(max_size=8),
    width=st.integers(0, 10000),
    height=st.integers(0, 10000),
    grey=st.booleans(),
    rejected=st.sampled_from(["", "no face", "tiny"]),
    layout=st.sampled_from(list(LAYOUTS)),
    labeller=st.text(max_size=8),
    faces=st.lists(FACES, max_size=3),
    covered=st.sampled_from([[], ["mouth"]]),
)
LINE = {"photo": "/a.jpg", "source": "a", "faces": [{"name": "a_1", "points": [[1, 2]]}]}


@settings(deadline=None, max_examples=25)
@given(photos=st.lists(PHOTOS, max_size=4))
def test_the_index_comes_back_as_it_was_written(photos: list[LabelledPhoto]) -> None:
    with TemporaryDirectory() as folder:
        write_index(Path(folder), photos)
        assert read_index(Path(folder)) == photos


def test_a_line_of_the_index_written_by_hand_is_read(tmp_path: Path) -> None:
    (tmp_path / "index.jsonl").write_text(
        '{"photo": "/photos/ann/1.jpg", "source": "ann", "width": 640, "height": 480, "grey": true, "rejected": "",'
        ' "layout": "tight", "labeller": "hand", "faces": [{"name": "ann_1", "points": [[1.5, 2], [3, 2], [2, 4]],'
        ' "group": "ann/ann"}]}\n{"photo": "/b.jpg", "source": "b", "rejected": "no face", "faces": []}\n'
    )
    assert read_index(tmp_path) == [
        LabelledPhoto(
            photo="/photos/ann/1.jpg",
            source="ann",
            width=640,
            height=480,
            grey=True,
            labeller="hand",
            faces=[LabelledFace("ann_1", [[1.5, 2], [3, 2], [2, 4]], "ann/ann")],
        ),
        LabelledPhoto(photo="/b.jpg", source="b", rejected="no face"),
    ]


def test_a_second_index_replaces_the_first_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_index(tmp_path, [LabelledPhoto("/a.jpg", "a"), LabelledPhoto("/b.jpg", "b")])
    write_index(tmp_path, [LabelledPhoto("/c.jpg", "c")])
    assert [photo.photo for photo in read_index(tmp_path)] == ["/c.jpg"]
    assert [path.name for path in tmp_path.iterdir()] == ["index.jsonl"]


def test_an_index_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_index(tmp_path, [LabelledPhoto("/a.jpg", "a")])

    def half_a_write(path: Path, text: str) -> None:
        with path.open("w") as file:
            file.write(text[: len(text) // 2])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", half_a_write)
    with pytest.raises(OSError, match="no space left"):
        write_index(tmp_path, [LabelledPhoto("/b.jpg", "b")])
    assert [photo.photo for photo in read_index(tmp_path)] == ["/a.jpg"]


def test_a_folder_without_an_index_is_refused_with_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{re.escape(str(tmp_path))}: no index\.jsonl here; `python -m train label"):
        read_index(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "",
        "[1, 2]",
        "7",
        json.dumps({key: value for key, value in LINE.items() if key != "faces"}),
        json.dumps({key: value for key, value in LINE.items() if key != "photo"}),
        json.dumps({**LINE, "colour": "green"}),
        json.dumps({**LINE, "faces": [{"name": "a_1"}]}),
        json.dumps({**LINE, "faces": [3]}),
        json.dumps({**LINE, "faces": None}),
    ],
    ids=[
        "no json",
        "empty",
        "a list",
        "a number",
        "no faces",
        "no photo",
        "an unknown field",
        "a face without points",
        "a face that is a number",
        "faces null",
    ],
)
def test_a_broken_line_is_refused_with_its_number(line: str, tmp_path: Path) -> None:
    (tmp_path / "index.jsonl").write_text(f"{json.dumps(LINE)}\n{line}\n")
    with pytest.raises(ValueError, match=r"index\.jsonl:2: not a line that `label` wrote"):
        read_index(tmp_path)


def test_only_faces_with_a_crop_are_listed_each_with_its_photo() -> None:
    large, small = LabelledFace("a_1", []), LabelledFace("", [])
    other = LabelledFace("b_1", [])
    photos = [
        LabelledPhoto("/a.jpg", "a", faces=[large, small]),
        LabelledPhoto("/none.jpg", "a", rejected="no face"),
        LabelledPhoto("/b.jpg", "b", faces=[other]),
    ]
    assert list(faces_of(photos)) == [(photos[0], large), (photos[2], other)]


def test_the_canvas_is_the_crop_with_48_pixels_more_on_every_side() -> None:
    assert MARGIN_PX == 48
    assert CANVAS_SIZE_WH == (274, 314)
    face = [[100.0, 100.0], [166.0, 100.0], [133.0, 174.0]]
    assert_allclose(canvas_transform(face, "tight").to_crop(np.array(face)), [[104, 136], [170, 136], [137, 210]])


@settings(deadline=None)
@given(
    st.sampled_from([TIGHT, CELEBA]),
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), min_size=3, max_size=3, unique=True),
)
def test_a_point_lies_48_pixels_further_in_on_the_canvas_than_in_the_crop(
    layout: CropLayout, points: list[tuple[float, float]]
) -> None:
    face = np.array(points)
    assume(min(math.dist(face[0], face[1]), math.dist(face[:2].mean(axis=0), face[2])) > 1e-3)
    crop, canvas = CropTransform.from_points(face, layout), canvas_transform(face.tolist(), layout.name)
    assert_allclose(canvas.to_crop(face), crop.to_crop(face) + MARGIN_PX, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("layout", ["tight", "celeba"])
def test_the_canvas_without_its_margin_is_the_crop_that_the_webcam_makes(layout: str) -> None:
    photo = BgrImage(cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (400, 500, 3), np.uint8), (0, 0), 3))
    face = [[200.0, 150.0], [259.0, 171.0], [205.0, 222.0]]
    canvas = crop_canvas(photo, face, layout)
    assert canvas.shape == (314, 274, 3)
    crop = crop_face(photo, CropTransform.from_points(np.array(face), LAYOUTS[layout]))
    assert np.abs(canvas[48:-48, 48:-48].astype(int) - crop).max() <= 2


def test_a_pair_is_read_as_it_was_written(
    tmp_path: Path, write_pair: WritePair, striped_label_map: npt.NDArray[np.uint8]
) -> None:
    canvas = np.full((314, 274, 3), (40, 90, 160), np.uint8)
    write_pair(tmp_path, "ann_1", canvas, striped_label_map)
    read_canvas, read_label_map = read_pair(tmp_path, "ann_1")
    assert np.abs(read_canvas.astype(int) - canvas).max() <= 3  # JPEG
    assert read_label_map.dtype == np.uint8
    assert_array_equal(read_label_map, striped_label_map)


@pytest.mark.parametrize("file", ["crops/ann_1.jpg", "labels/ann_1.png"])
@pytest.mark.parametrize("fault", ["missing", "broken", "of another size"])
def test_a_pair_with_a_bad_file_is_refused_by_the_files_name(
    fault: str, file: str, tmp_path: Path, write_pair: WritePair
) -> None:
    write_pair(tmp_path, "ann_1", np.zeros((314, 274, 3), np.uint8), np.zeros((314, 274), np.uint8))
    if fault == "missing":
        (tmp_path / file).unlink()
    elif fault == "broken":
        (tmp_path / file).write_bytes(b"no image")
    else:
        assert cv2.imwrite(str(tmp_path / file), np.zeros((274, 314), np.uint8))
    with pytest.raises(ValueError, match=rf"{file}: missing, unreadable or not 274x314"):
        read_pair(tmp_path, "ann_1")


def test_a_label_map_saved_in_colour_is_refused(tmp_path: Path, write_pair: WritePair) -> None:
    write_pair(tmp_path, "ann_1", np.zeros((314, 274, 3), np.uint8), np.zeros((314, 274, 3), np.uint8))
    with pytest.raises(ValueError, match=r"labels/ann_1\.png"):
        read_pair(tmp_path, "ann_1")
