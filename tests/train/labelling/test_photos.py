"""Photos to a label set: with a landmarker that knows made-up photos, and with MediaPipe's own on real ones.

The last tests need MediaPipe's model file: at EYE_LIP_LANDMARKER, or at ../shared/models beside the repository.
"""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region, mirror_label_map
from tests.train.pictures import outlined_ring
from train.data.label_set import TEST, TRAIN, VAL, LabelledPhoto, faces_of, read_index, read_pair
from train.data.partial_labels import LEFT_EYE_WHOLE, MOUTH_WHOLE, RIGHT_EYE_WHOLE, UNKNOWN
from train.labelling import photos as labelling
from train.labelling.detections import MedianFace
from train.labelling.landmarks import Landmarks
from train.labelling.photos import (
    LabelOptions,
    count_rejected,
    find_photos,
    label_photos,
    outlined_side,
    photo_name,
    same_face,
)

DrawnFace = Callable[..., Landmarks]
Label = Callable[..., list[LabelledPhoto]]
AppearsIn = Callable[[int, Sequence[Landmarks]], None]

RIGHT_EYE, LEFT_EYE, MOUTH = (156.0, 188.0), (222.0, 188.0), (189.0, 262.0)
"""66 between the eyes and 74 down to the mouth, as in the crop: the canvas shows this face unscaled and upright."""

ONE_DETECTION = LabelOptions(detections=1)
BESIDE = np.array([450.0, 60.0])
"""Where a second face is seen from the first."""


def write_photo(path: Path, width: int, height: int = 420, seed: int = 0) -> Path:
    """A colour photo of blurred noise; it shows the faces that the landmarker finds in photos of its width."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    assert cv2.imwrite(str(path), cv2.GaussianBlur(noise, (0, 0), 6.0))
    return path


def threads(
    count: int,
    mp_context: object = None,
    initializer: Callable[..., None] | None = None,
    initargs: tuple[object, ...] = (),
) -> ThreadPoolExecutor:
    """A pool of threads that is asked for like one of processes."""
    return ThreadPoolExecutor(count, initializer=initializer, initargs=initargs)


@pytest.fixture
def appears_in(monkeypatch: pytest.MonkeyPatch) -> AppearsIn:
    """Tells the made-up landmarker which faces photos of a width show; it runs in threads, not in processes."""
    faces_by_width: dict[int, Sequence[Landmarks]] = {}

    class MadeUpLandmarker:
        def __init__(self, model: Path) -> None:
            assert model == Path("face_landmarker.task")

        def find(self, photo_bgr: BgrImage) -> list[Landmarks]:
            assert photo_bgr.dtype == np.uint8
            assert photo_bgr.shape[2] == 3
            return list(faces_by_width.get(photo_bgr.shape[1], []))

    monkeypatch.setattr(labelling, "FaceLandmarker", MadeUpLandmarker)
    monkeypatch.setattr(labelling, "ProcessPoolExecutor", threads)
    monkeypatch.setattr(labelling, "_worker", None)
    monkeypatch.setattr(cv2, "setNumThreads", lambda _: None)

    def remember(width: int, faces: Sequence[Landmarks]) -> None:
        faces_by_width[width] = faces

    return remember


@pytest.fixture
def label(tmp_path: Path, appears_in: AppearsIn) -> Label:
    """Labels photos into `tmp_path / "set"`, by one detection where nothing else is asked for."""

    def run(photos: Sequence[Path], options: LabelOptions = ONE_DETECTION) -> list[LabelledPhoto]:
        return label_photos(photos, tmp_path / "set", Path("face_landmarker.task"), 1, lambda: None, options)

    return run


def test_photos_are_found_in_files_and_in_folders_to_their_depth(tmp_path: Path) -> None:
    names = ["b.JPG", "a.png", "deep/er/c.webp", "deep/notes.txt", "single.dat"]
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    folder, single = tmp_path / "in", tmp_path / "in" / "single.dat"
    expected = [folder / "a.png", folder / "b.JPG", folder / "deep/er/c.webp", single]
    assert find_photos([folder, single, folder / "a.png"]) == expected


def test_paths_that_hold_no_photo_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone: no such file or folder"):
        find_photos([tmp_path, tmp_path / "gone"])
    with pytest.raises(FileNotFoundError, match=r"no photo in .*looked for \.bmp, \.jp2, \.jpeg, \.jpg"):
        find_photos([tmp_path])


def test_a_face_is_cut_out_and_labelled_in_place(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    photo = write_photo(tmp_path / "ann" / "one.png", 400)
    (row,) = label([photo])
    assert (row.photo, row.source, row.width, row.height) == (str(photo), "ann", 400, 420)
    assert (row.rejected, row.grey, row.layout) == ("", False, "tight")
    (face,) = row.faces
    assert_allclose(face.points, [RIGHT_EYE, LEFT_EYE, MOUTH], atol=1e-3)
    canvas, label_map = read_pair(tmp_path / "set", face.name)
    # Mid-eye (189, 188) comes to (137, 136) on the canvas: it starts at column and row 52.
    assert np.abs(canvas.astype(int) - cv2.imread(str(photo))[52 : 52 + 314, 52 : 52 + 274]).mean() < 2
    assert label_map[136, 104] == Region.RIGHT_IRIS
    assert label_map[136, 170] == Region.LEFT_IRIS
    assert label_map[136 + 74 - 8, 137] == Region.UPPER_LIP
    assert label_map[136 + 74 + 8, 137] == Region.LOWER_LIP


def test_what_is_returned_is_what_the_index_says(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    photos = [write_photo(tmp_path / "ann" / "one.png", 400), write_photo(tmp_path / "ann" / "two.png", 300)]
    rows = label(photos)
    assert read_index(tmp_path / "set") == rows
    assert [row.photo for row in rows] == [str(photo) for photo in photos]


def test_photos_that_cannot_be_used_are_recorded_with_their_reason(tmp_path: Path, label: Label) -> None:
    photos = [write_photo(tmp_path / "s" / "empty.png", 300), write_photo(tmp_path / "s" / "tiny.png", 300, height=31)]
    photos.append(tmp_path / "s" / "broken.jpg")
    photos[2].write_bytes(b"no image")
    rows = label(photos)
    assert [row.rejected for row in rows] == ["no face", "tiny", "unreadable"]
    assert [(row.width, row.height) for row in rows] == [(300, 420), (300, 31), (0, 0)]
    assert not any(row.faces for row in rows)
    assert count_rejected([*rows, *rows[:1], LabelledPhoto("/good.jpg", "s")]) == {
        "no face": 2,
        "tiny": 1,
        "unreadable": 1,
    }


def test_a_photo_of_a_pixel_type_that_nothing_shows_is_recorded_too(tmp_path: Path, label: Label) -> None:
    signed = tmp_path / "s" / "signed.tiff"
    photos = [write_photo(tmp_path / "s" / "empty.png", 300), signed]
    assert cv2.imwrite(str(signed), np.zeros((60, 60), np.int16))
    rows = label(photos)
    assert rows[0].rejected == "no face"
    assert rows[1].rejected


@pytest.mark.parametrize(
    ("level", "is_grey"),
    [((90, 90, 90), True), ((90, 92, 91), True), ((90, 95, 90), False)],
    ids=["grey", "nearly grey", "tinted"],
)
def test_grey_photos_are_marked(level: tuple[int, int, int], is_grey: bool, tmp_path: Path, label: Label) -> None:
    path = tmp_path / "flat.png"
    assert cv2.imwrite(str(path), np.full((60, 60, 3), level, np.uint8))
    assert label([path])[0].grey is is_grey


@pytest.mark.parametrize(
    ("eye_distance", "face_count", "has_crop"),
    [(0.5, 0, False), (19.0, 1, False), (21.0, 1, True)],
    ids=["no size at all", "too small to label", "just large enough"],
)
def test_a_small_face_has_points_but_no_crop(
    eye_distance: float,
    face_count: int,
    has_crop: bool,
    tmp_path: Path,
    label: Label,
    appears_in: AppearsIn,
    drawn_face: DrawnFace,
) -> None:
    left_eye = (100 + eye_distance, 100.0)
    appears_in(400, [drawn_face(right_eye=(100.0, 100.0), left_eye=left_eye, mouth=(100 + eye_distance / 2, 120.0))])
    (row,) = label([write_photo(tmp_path / "s" / "a.png", 400)])
    assert len(row.faces) == face_count
    assert row.rejected == ("" if face_count else "no face")
    assert [bool(face.name) for face in row.faces] == [has_crop] * face_count
    assert len(list((tmp_path / "set" / "crops").iterdir())) == len(list((tmp_path / "set" / "labels").iterdir()))
    assert len(list((tmp_path / "set" / "crops").iterdir())) == has_crop


def test_every_face_of_a_photo_has_a_crop_of_its_own_and_all_faces_of_a_person_one_group(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    face = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)
    appears_in(400, [face])
    appears_in(900, [face, face + BESIDE])
    photos = [
        write_photo(tmp_path / "s" / "Ann_Lee_0001.png", 400, seed=1),
        write_photo(tmp_path / "s" / "Ann_Lee_0002.png", 400, seed=2),
        write_photo(tmp_path / "s" / "Bob_0001.png", 900, seed=3),
    ]
    rows = label(photos)
    assert [len(row.faces) for row in rows] == [1, 1, 2]
    names = [face.name for _, face in faces_of(rows)]
    assert len(set(names)) == 4
    assert [face.group for _, face in faces_of(rows)] == ["s/Ann_Lee", "s/Ann_Lee", "s/Bob", "s/Bob"]
    one, other = (read_pair(tmp_path / "set", face.name)[0].astype(int) for face in rows[2].faces)
    assert np.abs(one - other).mean() > 5


def test_the_same_picture_under_two_names_is_one_group(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    photos = [
        write_photo(tmp_path / "s" / f"{name}.png", 400, seed=seed) for name, seed in (("1", 7), ("2", 8), ("3", 7))
    ]
    assert [face.group for _, face in faces_of(label(photos))] == ["s/1", "s/2", "s/1"]


@pytest.mark.parametrize(
    ("paths", "widths"),
    [
        (["p/a.png", "p/a.jpg"], [400, 400]),
        (["x/p/a.png", "y/p/a.png"], [400, 400]),
        (["p/a.png", "p/a_1.png"], [900, 400]),
    ],
    ids=["another suffix", "a folder of the same name", "a second face and a numbered photo"],
)
def test_faces_of_different_photos_never_share_a_file(
    paths: list[str], widths: list[int], tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    face = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)
    appears_in(400, [face])
    appears_in(900, [face, face + BESIDE])
    rows = label([write_photo(tmp_path / path, width) for path, width in zip(paths, widths, strict=True)])
    names = [face.name for _, face in faces_of(rows)]
    assert len(set(names)) == len(names) == len(list((tmp_path / "set" / "crops").iterdir()))


def test_a_photo_with_an_exif_turn_is_labelled_as_it_is_seen_and_read_later(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    upright = cv2.imread(str(write_photo(tmp_path / "upright.png", 400)))
    assert upright is not None
    _, encoded = cv2.imencode(".jpg", cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE))
    # One EXIF entry: tag 0x112, orientation, is 6, "turn a quarter clockwise to show".
    exif = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, 6, 0, 0)
    jpeg = encoded.tobytes()
    path = tmp_path / "s" / "phone.jpg"
    path.parent.mkdir()
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    assert cv2.imread(str(path), cv2.IMREAD_COLOR).shape == (420, 400, 3)  # what train/augmentation/scenes.py will see
    (row,) = label([path])
    assert (row.width, row.height, row.rejected) == (400, 420, "")
    canvas, _ = read_pair(tmp_path / "set", row.faces[0].name)
    assert np.abs(canvas.astype(int) - upright[52 : 52 + 314, 52 : 52 + 274]).mean() < 4


def test_a_set_of_faceless_photos_can_be_labelled(tmp_path: Path, label: Label) -> None:
    rows = label([write_photo(tmp_path / "s" / f"{index}.png", 300) for index in range(2)])
    assert [row.rejected for row in rows] == ["no face", "no face"]
    assert [json.loads(line)["faces"] for line in (tmp_path / "set" / "index.jsonl").read_text().splitlines()] == [
        [],
        [],
    ]


@pytest.mark.usefixtures("appears_in")
def test_each_photo_is_reported_once_it_is_done(tmp_path: Path) -> None:
    photos = [write_photo(tmp_path / "s" / f"{index}.png", 64, height=31) for index in range(5)]
    done: list[int] = []
    label_photos(photos, tmp_path / "set", Path("face_landmarker.task"), 2, lambda: done.append(1), ONE_DETECTION)
    assert len(done) == 5


def with_mouth_of_colour(path: Path, mouth_bgr: tuple[int, int, int]) -> Path:
    """A photo of plain skin, of another colour around the mouth."""
    photo = np.full((420, 400, 3), (150, 180, 225), np.uint8)
    photo[235:300] = mouth_bgr
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), photo)
    return path


def test_a_covered_mouth_is_background_and_the_eyes_stay(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    photo = with_mouth_of_colour(tmp_path / "s" / "blue.png", (190, 160, 90))
    (row,) = label([photo], LabelOptions(detections=1, covered=("mouth",)))
    assert row.covered == ["mouth"]
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    eyes = {Region.BACKGROUND, Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS}
    assert set(np.unique(label_map)) == eyes
    (row,) = label([photo])
    assert row.covered == []
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    assert set(np.unique(label_map)) == set(Region)


def test_between_lips_that_are_hardly_open_lies_some_part_of_the_mouth_and_nothing_where_it_is_covered(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH, inside_half_height=2.0)])
    photo = with_mouth_of_colour(tmp_path / "s" / "blue.png", (190, 160, 90))
    (row,) = label([photo])
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    # The mouth's middle (189, 262) comes to (137, 210); lips end 12 above and below, the doubt 2 + 0.02 * 66 = 3.3.
    column = label_map[196:224, 137].tolist()
    lips = [0] * 2 + [Region.UPPER_LIP] * 9, [Region.LOWER_LIP] * 9 + [0] * 2
    assert column == [*lips[0], *[MOUTH_WHOLE] * 6, *lips[1]]
    assert set(np.unique(label_map)) == {*Region, MOUTH_WHOLE} - {Region.MOUTH_INSIDE}
    (row,) = label([photo], LabelOptions(detections=1, covered=("mouth",)))
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    assert set(np.unique(label_map)) == {*range(5)}


def test_lips_that_touch_have_nothing_between_them(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH, inside_half_height=0.9)])
    (row,) = label([write_photo(tmp_path / "s" / "a.png", 400)])
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    assert set(np.unique(label_map)) == set(Region) - {Region.MOUTH_INSIDE}


def test_a_mouth_that_may_be_bare_among_covered_ones_gets_no_crop(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    bare = with_mouth_of_colour(tmp_path / "s" / "bare.png", (150, 180, 225))
    (row,) = label([bare], LabelOptions(detections=1, covered=("mouth",)))
    assert [(face.name, face.rejected) for face in row.faces] == [("", "mouth may be bare")]
    assert row.rejected == ""


def test_covered_mouths_are_told_in_one_layout_alone() -> None:
    with pytest.raises(ValueError, match=r"--covered knows where a mouth is in the tight layout alone, not in celeba"):
        LabelOptions(layout="celeba", covered=("mouth",))


@pytest.mark.parametrize(
    ("options", "by_people", "labeller"),
    [
        (LabelOptions(detections=1), False, "mediapipe face_landmarker"),
        (LabelOptions(detections=1), True, "people's outlines, else mediapipe face_landmarker"),
        (LabelOptions(detections=4), False, "mediapipe face_landmarker, median of 4 detections"),
        (
            LabelOptions(detections=4),
            True,
            "people's outlines, else mediapipe face_landmarker, median of 4 detections",
        ),
        (LabelOptions(detections=1, whole_irises=True), False, "mediapipe face_landmarker, whole irises"),
    ],
)
def test_the_index_says_how_a_photo_was_labelled(options: LabelOptions, by_people: bool, labeller: str) -> None:
    assert options.labeller(by_people=by_people) == labeller


@pytest.mark.parametrize(
    ("eye_spread", "mouth_spread", "missed", "covered", "rejected"),
    [
        (0.03, 0.03, 0.4, (), ""),
        (0.04, 0.0, 0.0, (), "detections disagree"),
        (0.0, 0.04, 0.0, (), "detections disagree"),
        (0.0, 0.04, 0.0, ("mouth",), ""),
        (0.04, 0.0, 0.0, ("mouth",), "detections disagree"),
        (0.0, 0.0, 0.6, (), "detections disagree"),
    ],
    ids=["agreed", "eyes apart", "mouths apart", "hidden mouths apart", "eyes apart over a mask", "mostly missed"],
)
def test_faces_on_which_detections_disagree_get_no_crop(
    eye_spread: float,
    mouth_spread: float,
    missed: float,
    covered: tuple[str, ...],
    rejected: str,
    tmp_path: Path,
    label: Label,
    appears_in: AppearsIn,
    drawn_face: DrawnFace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    landmarks = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)
    found = MedianFace(landmarks, eye_spread, mouth_spread, missed)
    monkeypatch.setattr(labelling, "find_faces", lambda *_: [found])
    (row,) = label(
        [with_mouth_of_colour(tmp_path / "s" / "a.png", (190, 160, 90))], LabelOptions(detections=3, covered=covered)
    )
    (face,) = row.faces
    assert (face.rejected, bool(face.name)) == (rejected, not rejected)
    assert face.spread == pytest.approx(eye_spread if covered else max(eye_spread, mouth_spread))


def test_several_detections_are_asked_for_and_joined(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    face = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)
    appears_in(400, [face])  # and in no look at it: those are squares of another width
    (row,) = label([write_photo(tmp_path / "s" / "a.png", 400)], LabelOptions(detections=3))
    assert [face.rejected for face in row.faces] == ["detections disagree"]
    assert row.labeller == "mediapipe face_landmarker, median of 3 detections"


def test_what_lies_outside_the_photo_is_background(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    shift = np.array([-150.0, 0.0])
    face = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)
    appears_in(400, [face + shift])
    (row,) = label([write_photo(tmp_path / "s" / "a.png", 400)])
    canvas, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    # Column 0 of the photo lies at 137 - 39 = 98 of the canvas; the eye's middle is at 104, its half width 15.
    assert not label_map[:, :98].any()
    assert not canvas[:, :95].any()
    assert label_map[136, 98] in (Region.RIGHT_EYE, Region.RIGHT_IRIS)
    assert label_map[136, 104] == Region.RIGHT_IRIS


def write_outlined(folder: Path, width_of_photo: dict[str, int], moved: tuple[float, float] = (0, 0)) -> list[Path]:
    """Photos of these names and widths with outlines of the face that the landmarker is told: eyes and outer lips."""
    outlines = {
        "right_eye": outlined_ring(RIGHT_EYE, 15, 8),
        "left_eye": outlined_ring(LEFT_EYE, 15, 8),
        "lips_outer": outlined_ring(MOUTH, 26, 12),
    }
    row = {name: (outline + moved).tolist() for name, outline in outlines.items()}
    paths = [
        write_photo(folder / "images" / f"{name}.png", width, seed=index)
        for index, (name, width) in enumerate(width_of_photo.items())
    ]
    (folder / "contours.json").write_text(json.dumps({path.name: row for path in paths}))
    return paths


def test_a_folder_with_outlines_is_labelled_by_them_and_by_landmarks_where_nobody_drew(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    face = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH, right_eye_half_height=2.5)
    appears_in(400, [face + BESIDE, face])
    write_outlined(tmp_path / "ours", {"ann_1": 400})
    (row,) = label(find_photos([tmp_path / "ours"]))
    assert (row.source, row.split) == ("ours", outlined_side("ann_1"))
    assert row.labeller == "people's outlines, else mediapipe face_landmarker"
    (one,) = row.faces
    assert (one.name, one.group, one.rejected) == ("ours_ann_1", "ours/ann", "")
    assert_allclose(one.points, [RIGHT_EYE, LEFT_EYE, MOUTH], atol=1e-3)
    canvas, label_map = read_pair(tmp_path / "set", one.name)
    assert np.abs(canvas.astype(int) - cv2.imread(row.photo)[52 : 52 + 314, 52 : 52 + 274]).mean() < 2
    assert set(np.unique(label_map)) == {*Region, MOUTH_WHOLE} - {Region.MOUTH_INSIDE}
    # The eye is people's, 16 high less a tenth of a pixel either way; its iris is MediaPipe's, of radius 5.67.
    eye, iris = Region.RIGHT_EYE, Region.RIGHT_IRIS
    assert label_map[126:146, 104].tolist() == [0, 0, *[eye] * 2, *[iris] * 12, *[eye] * 2, 0, 0]
    assert label_map[136 + 74, 137] == MOUTH_WHOLE
    assert label_map[136 + 74 - 9, 137] == Region.UPPER_LIP
    assert label_map[136 + 74 + 9, 137] == Region.LOWER_LIP


def test_an_outlined_face_that_landmarks_do_not_find_is_labelled_as_far_as_it_is_known(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    other = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH) + BESIDE
    appears_in(400, [other])
    photos = write_outlined(tmp_path / "ours", {"beside": 400, "nobody": 300})
    for row in label(photos):
        _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
        assert set(np.unique(label_map)) == {0, RIGHT_EYE_WHOLE, LEFT_EYE_WHOLE, MOUTH_WHOLE}
        assert row.rejected == ""
    rows = label(photos, LabelOptions(detections=1, eyes_agreed=True))
    reason = "outlined face not found by landmarks"
    assert [[(face.name, face.rejected) for face in row.faces] for row in rows] == [[("", reason)]] * 2


def test_where_people_and_landmarks_differ_about_an_eye_nothing_is_known_if_they_are_to_agree(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    narrow = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH, right_eye_half_height=4.0)
    appears_in(400, [narrow])
    photos = write_outlined(tmp_path / "ours", {"ann": 400})
    (row,) = label(photos, LabelOptions(detections=1, eyes_agreed=True, eye_growth=0.0))
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    # People's eye is 8 high above and below row 136, MediaPipe's 4.
    assert label_map[126:134, 104].tolist() == [0, 0, *[UNKNOWN] * 4, *[Region.RIGHT_IRIS] * 2]
    assert label_map[138:146, 104].tolist() == [*[Region.RIGHT_IRIS] * 2, *[UNKNOWN] * 4, 0, 0]
    (row,) = label(photos, LabelOptions(detections=1, eye_growth=0.0))
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    assert not (label_map == UNKNOWN).any()


def test_photos_beside_outlined_ones_are_labelled_by_landmarks(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    write_outlined(tmp_path / "ours", {"ann": 400})
    photos = [write_photo(tmp_path / path, 400, seed=9) for path in ("ours/images/bob.png", "ours/raw/bob.png")]
    rows = label(photos)
    assert [(row.source, row.split, row.labeller) for row in rows] == [
        ("ours", "", "mediapipe face_landmarker"),
        ("raw", "", "mediapipe face_landmarker"),
    ]
    _, label_map = read_pair(tmp_path / "set", rows[0].faces[0].name)
    assert set(np.unique(label_map)) == set(Region)


def test_an_outlined_face_that_is_cut_off_or_too_small_is_treated_as_any_other(
    tmp_path: Path, label: Label, appears_in: AppearsIn
) -> None:
    (row,) = label(write_outlined(tmp_path / "cut", {"ann": 300}, moved=(-150, 0)))
    _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
    assert not label_map[:, :98].any()
    assert label_map[136, 98] == RIGHT_EYE_WHOLE
    photos = write_outlined(tmp_path / "small", {"ann": 300})
    rows = json.loads((tmp_path / "small" / "contours.json").read_text())
    small = {name: (np.array(outline) / 4).tolist() for name, outline in rows["ann.png"].items()}
    (tmp_path / "small" / "contours.json").write_text(json.dumps({"ann.png": small}))
    (row,) = label(photos)
    assert [(face.name, face.rejected) for face in row.faces] == [("", "too small")]


def test_faces_of_one_outlined_photo_are_one_group_on_one_side(
    tmp_path: Path, label: Label, appears_in: AppearsIn
) -> None:
    names = ["ann_1", "ann_2", "bob_7", "bob_123"]
    rows = label(write_outlined(tmp_path / "ours", dict.fromkeys(names, 300)))
    assert [face.group for _, face in faces_of(rows)] == ["ours/ann", "ours/ann", "ours/bob", "ours/bob_123"]
    assert [photo_name(name) for name in names] == ["ann", "ann", "bob", "bob_123"]
    assert rows[0].split == rows[1].split


def test_a_tenth_of_outlined_photos_is_for_tests_a_twentieth_validates_and_no_photo_is_on_two_sides() -> None:
    names = [f"photo{number}" for number in range(2000)]
    sides = [outlined_side(name) for name in names]
    assert sides == [outlined_side(f"{name}_1") for name in names] == [outlined_side(f"{name}_12") for name in names]
    assert sides.count(TEST) / 2000 == pytest.approx(0.10, abs=0.02)
    assert sides.count(VAL) / 2000 == pytest.approx(0.05, abs=0.015)
    assert sides.count(TRAIN) == 2000 - sides.count(TEST) - sides.count(VAL)
    # SHA-1 of "abc" begins with a9993e36, 2845392438: 38 is past the 15 of a hundred that are held out.
    assert outlined_side("abc") == TRAIN


@pytest.mark.parametrize(
    ("moved", "is_same"), [(0.0, True), (32.0, True), (34.0, False)], ids=["there", "near", "too far"]
)
def test_the_same_face_lies_within_half_the_distance_between_the_eyes(
    moved: float, is_same: bool, drawn_face: DrawnFace
) -> None:
    face = drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)
    points = np.array([RIGHT_EYE, LEFT_EYE, MOUTH])
    found = [MedianFace(face + np.array([shift, 0.0]), 0.0, 0.0, 0.0) for shift in (90.0, moved, -80.0)]
    landmarks = same_face(points, found)
    assert (landmarks is found[1].landmarks) == is_same
    assert (landmarks is None) == (not is_same)
    assert same_face(points, []) is None


def test_a_little_open_eye_among_closed_ones_teaches_nothing(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH, left_eye_half_height=3.0)])
    photo = write_photo(tmp_path / "s" / "a.png", 400)
    ids = []
    for closed_eyes in (False, True):
        (row,) = label([photo], LabelOptions(detections=1, closed_eyes=closed_eyes))
        _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
        assert {Region.RIGHT_EYE, Region.RIGHT_IRIS} < set(np.unique(label_map))
        ids.append(set(np.unique(label_map[:, 150:190])) - {0})
    assert ids[0] >= {Region.LEFT_EYE, Region.LEFT_IRIS}
    assert UNKNOWN in ids[1]
    assert not ids[1] & {Region.LEFT_EYE, Region.LEFT_IRIS}


def test_eyes_are_grown_as_they_are_asked_to_be(
    tmp_path: Path, label: Label, appears_in: AppearsIn, drawn_face: DrawnFace
) -> None:
    appears_in(400, [drawn_face(right_eye=RIGHT_EYE, left_eye=LEFT_EYE, mouth=MOUTH)])
    photo = write_photo(tmp_path / "s" / "a.png", 400)
    heights = []
    for pixels in (-2, 0, 2):
        (row,) = label([photo], LabelOptions(detections=1, eye_growth=pixels / 66))
        _, label_map = read_pair(tmp_path / "set", row.faces[0].name)
        heights.append(int((label_map[:180, 104] > 0).sum()))
    assert heights == [12, 16, 20]


# From here on: MediaPipe's own landmarker on real photos.


@pytest.fixture(scope="session")
def landmarker_file() -> Path:
    """MediaPipe's model file, where it can be had without a download."""
    pytest.importorskip("mediapipe")
    beside = Path(__file__).parents[4] / "shared" / "models" / "face_landmarker.task"
    path = Path(os.environ.get("EYE_LIP_LANDMARKER", beside))
    if not path.is_file():
        pytest.skip("no face_landmarker.task: EYE_LIP_LANDMARKER does not name it, nor is it in ../shared/models")
    return path


LABEL_ALL = """
import sys
from pathlib import Path
from train.labelling.photos import LabelOptions, find_photos, label_photos

if __name__ == "__main__":
    photos, out, landmarker = map(Path, sys.argv[1:])
    label_photos(find_photos([photos]), out, landmarker, 2, lambda: None, LabelOptions())
"""


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory, landmarker_file: Path) -> tuple[Path, dict[str, LabelledPhoto]]:
    """The portrait that matplotlib ships, as it is, mirrored, and cut tightly, labelled by MediaPipe.

    In a program of its own, as `python -m train label` does it: MediaPipe's threads and logs stay out of this one.
    """
    folder, out = tmp_path_factory.mktemp("portraits"), tmp_path_factory.mktemp("labelled")
    photo = cv2.imread(str(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    assert photo is not None
    pictures = {
        "hopper.png": photo,
        "mirrored.png": photo[:, ::-1],
        "tight.png": photo[120:310, 190:345],
        "empty.png": photo[:60, :60],
    }
    for name, pixels in pictures.items():
        assert cv2.imwrite(str(folder / name), pixels)
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", LABEL_ALL, folder, out, landmarker_file]
    subprocess.run(command, cwd=root, check=True, timeout=120)
    return out, {Path(row.photo).stem: row for row in read_index(out)}


def test_the_real_landmarker_finds_one_face_and_puts_its_eyes_and_mouth_in_place(
    portraits: tuple[Path, dict[str, LabelledPhoto]],
) -> None:
    out, rows = portraits
    assert {name: (len(row.faces), row.rejected) for name, row in rows.items()} == {
        "hopper": (1, ""),
        "mirrored": (1, ""),
        "tight": (1, ""),
        "empty": (0, "no face"),
    }
    _, label_map = read_pair(out, rows["hopper"].faces[0].name)
    centers = {}
    for name, regions in {
        "right eye": (Region.RIGHT_EYE, Region.RIGHT_IRIS),
        "left eye": (Region.LEFT_EYE, Region.LEFT_IRIS),
        "mouth": (Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE),
    }.items():
        region_rows, columns = np.nonzero(np.isin(label_map, regions))
        centers[name] = (columns.mean() + 0.5, region_rows.mean() + 0.5)
    right_eye, left_eye, mouth = (np.array(centers[name]) for name in ("right eye", "left eye", "mouth"))
    assert_allclose((right_eye + left_eye) / 2, (89 + 48, 88 + 48), atol=1)
    assert abs(left_eye[1] - right_eye[1]) < 1
    assert 50 < left_eye[0] - right_eye[0] < 67
    assert_allclose(mouth[1] - right_eye[1], 74, atol=3)
    assert set(np.unique(label_map)) >= {*range(7)}


def test_looks_at_a_real_face_agree(portraits: tuple[Path, dict[str, LabelledPhoto]]) -> None:
    _, rows = portraits
    for name in ("hopper", "mirrored", "tight"):
        assert 0 < rows[name].faces[0].spread < 0.025, name


def test_a_face_that_fills_its_photo_is_where_it_is_in_the_whole_photo(
    portraits: tuple[Path, dict[str, LabelledPhoto]],
) -> None:
    _, rows = portraits
    tight, whole = (np.array(rows[name].faces[0].points) for name in ("tight", "hopper"))
    assert_allclose(tight + np.array([190, 120]), whole, atol=3)


def test_the_irises_of_a_real_photo_are_darker_than_the_eyes_around_them(
    portraits: tuple[Path, dict[str, LabelledPhoto]],
) -> None:
    out, rows = portraits
    canvas, label_map = read_pair(out, rows["hopper"].faces[0].name)
    grey = cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY)
    for iris, eye in ((Region.RIGHT_IRIS, Region.RIGHT_EYE), (Region.LEFT_IRIS, Region.LEFT_EYE)):
        # Medians: the windows that an iris mirrors are white.
        assert np.median(grey[label_map == iris]) < np.median(grey[label_map == eye]) - 10


def test_the_mirrored_photo_has_the_mirrored_label_map_and_the_same_group(
    portraits: tuple[Path, dict[str, LabelledPhoto]],
) -> None:
    out, rows = portraits
    faces = rows["hopper"].faces[0], rows["mirrored"].faces[0]
    upright, mirrored = (read_pair(out, face.name)[1] for face in faces)
    again = mirror_label_map(mirrored)
    for region in (Region.RIGHT_EYE, Region.LEFT_EYE, Region.RIGHT_IRIS, Region.LEFT_IRIS, Region.UPPER_LIP):
        one, other = upright == region, again == region
        assert 2 * (one & other).sum() / (one.sum() + other.sum()) > 0.7, region
    assert faces[0].group == faces[1].group
    assert_array_equal(upright.shape, (314, 274))
