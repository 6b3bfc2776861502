"""Scenes for the face finder: the points lie on the pasted face, and the targets say so in the network's own words."""

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch import Tensor

from realtime.core.geometry import BgrImage, CropLayout, CropTransform, Points
from train.augmentation import scenes
from train.augmentation.scenes import (
    FOUND_SCORE,
    GRID,
    MAX_FACES,
    SMALLEST_EYE_DISTANCE_PX,
    FaceScenes,
    PhotoPool,
    ScenePhotos,
    draw_targets,
    make_scene,
    point_errors,
)
from train.data.label_set import LabelledFace, LabelledPhoto, write_index
from train.networks.finder import decode_faces

HELD, KEPT = "s/10", "s/ann"
"""Group names of which the first is held out; test_dataset.py works out why."""

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def write_photo(path: Path, size_wh: tuple[int, int], faces: list[list[list[float]]], grey: int = 70) -> LabelledPhoto:
    """A plain photo with a red dot on every right eye, a green one on every left eye and a blue one on every mouth."""
    photo = np.full((size_wh[1], size_wh[0], 3), grey, np.uint8)
    for points in faces:
        radius = round(0.22 * math.dist(points[0], points[1]))
        for (x, y), color in zip(points, (RED, GREEN, BLUE), strict=True):
            # The circle's centre is a pixel's, so the point at half a pixel more is in its middle.
            cv2.circle(photo, (int(x), int(y)), radius, color, -1)
    assert cv2.imwrite(str(path), photo)
    return LabelledPhoto(
        photo=str(path),
        source="s",
        width=size_wh[0],
        height=size_wh[1],
        rejected="" if faces else "no face",
        faces=[LabelledFace("", points) for points in faces],
    )


ONE_FACE = [[[120.5, 130.5], [180.5, 130.5], [150.5, 200.5]]]
TWO_FACES = [
    [[60.5, 90.5], [100.5, 95.5], [75.5, 140.5]],
    [[240.5, 130.5], [280.5, 120.5], [265.5, 180.5]],
]


@pytest.fixture
def pool(tmp_path: Path) -> PhotoPool:
    """A photo of one face, one of two, and one of none."""
    return PhotoPool(
        [
            write_photo(tmp_path / "one.png", (300, 320), ONE_FACE),
            write_photo(tmp_path / "two.png", (360, 260), TWO_FACES),
        ],
        [write_photo(tmp_path / "none.png", (320, 240), [], grey=120)],
    )


@pytest.fixture
def unspoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes in the photos' own colours."""
    monkeypatch.setattr(scenes, "spoil_scene", lambda scene, _: scene)


def content_wh(scene: BgrImage) -> npt.NDArray[np.int64]:
    """(2,) width and height of the scene in its square: the rest is black, and no photo here is."""
    return np.argwhere(scene.any(axis=2)).max(axis=0)[::-1] + 1


def colors_at(scene: BgrImage, face: Points) -> list[int | None]:
    """The channel that stands out at each of a face's points; None where none does, or outside the scene."""
    found: list[int | None] = []
    for x, y in np.floor(face).astype(int):
        inside = 0 <= x < scene.shape[1] and 0 <= y < scene.shape[0]
        levels = np.sort(scene[y, x]) if inside else np.zeros(3, np.uint8)
        found.append(int(scene[y, x].argmax()) if int(levels[2]) - int(levels[1]) > 60 else None)
    return found


@pytest.mark.usefixtures("unspoilt")
def test_the_points_of_a_scene_lie_on_its_faces_and_left_and_right_follow_a_mirror(pool: PhotoPool) -> None:
    seen = {"upright": 0, "mirrored": 0}
    for seed in range(200):
        scene, faces = make_scene(pool, pool.faces[seed % 2], np.random.default_rng(seed))
        for face in faces:
            eye_line, down = face[1] - face[0], face[2] - face[:2].mean(axis=0)
            assert (
                eye_line[0] * down[1] - eye_line[1] * down[0] > 0
            )  # seen from the front, the left eye is on the right
            outside = ((face < 1) | (face > content_wh(scene) - 1)).any(axis=1)
            if np.linalg.norm(eye_line) < 7 or outside.all():
                continue
            expected = {"upright": [2, 1, 0], "mirrored": [1, 2, 0]}
            found = colors_at(scene, face)
            matches = [
                name
                for name, channels in expected.items()
                if all(
                    color in (channel, None) if is_outside else color == channel
                    for channel, color, is_outside in zip(channels, found, outside, strict=True)
                )
            ]
            assert matches, f"seed {seed}: {face.tolist()} shows {found}"
            if len(matches) == 1:
                seen[matches[0]] += 1
    assert min(seen.values()) > 30


def test_a_scene_is_a_thumbnail_with_a_limited_number_of_findable_faces(pool: PhotoPool) -> None:
    shapes: Counter[tuple[int, int]] = Counter()
    without = 0
    for seed in range(150):
        scene, faces = make_scene(pool, pool.faces[1], np.random.default_rng(seed))
        assert (scene.shape, scene.dtype) == ((160, 160, 3), np.uint8)
        width, height = content_wh(scene)
        shapes[int(width), int(height)] += 1
        assert len(faces) <= MAX_FACES
        without += not faces
        for face in faces:
            assert np.linalg.norm(face[1] - face[0]) >= SMALLEST_EYE_DISTANCE_PX
            center = (face[0] + face[1] + 2 * face[2]) / 4
            assert (center >= 0).all()
            assert (center < (width, height)).all()
    common = {shape for shape, count in shapes.items() if count > 10}  # a close-up's black rim may hide the last rows
    assert common == {(160, 120), (160, 90), (90, 160), (120, 160), (160, 160)}
    assert sum(shapes[shape] for shape in common) >= 145
    assert 10 <= without <= 60


def test_more_faces_than_fit_are_left_out(tmp_path: Path, pool: PhotoPool) -> None:
    crowd = [[[x, y], [x + 20.0, y], [x + 10.0, y + 24.0]] for x in range(20, 300, 40) for y in range(20, 300, 60)]
    photo = write_photo(tmp_path / "crowd.png", (330, 330), crowd)
    counts = [
        len(make_scene(PhotoPool([photo], pool.empty), photo, np.random.default_rng(seed))[1]) for seed in range(40)
    ]
    assert max(counts) == MAX_FACES


def test_a_face_that_another_covers_is_gone(pool: PhotoPool, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[CropTransform] = []

    def same_place(face: Points, *_: object) -> CropTransform:
        mid_eye = face[:2].mean(axis=0)
        places.append(CropTransform((mid_eye[0], mid_eye[1]), 0.3, 0.0, CropLayout("scene", (45.0, 45.0), 1, 1)))
        return places[-1]

    monkeypatch.setattr(scenes, "_random_place", same_place)
    one_face = PhotoPool(pool.faces[:1], pool.empty)
    for seed in range(40):
        places.clear()
        _, faces = make_scene(one_face, pool.faces[0], np.random.default_rng(seed))
        assert len(faces) == min(len(places), 1)


def test_a_photo_that_is_gone_is_named(pool: PhotoPool) -> None:
    Path(pool.empty[0].photo).unlink()
    with pytest.raises(ValueError, match=r"none\.png: gone or unreadable"):
        make_scene(pool, pool.faces[0], np.random.default_rng(0))


def test_noise_in_scenes_is_as_strong_in_every_channel(tmp_path: Path) -> None:
    flat = write_photo(tmp_path / "flat.png", (320, 320), [], grey=110)
    face = LabelledPhoto(flat.photo, "s", flat.width, flat.height, faces=[LabelledFace("", ONE_FACE[0])])
    flat_pool = PhotoPool([face], [flat])
    noisy = []
    for seed in range(60):
        scene, _ = make_scene(flat_pool, face, np.random.default_rng(seed))
        spread = scene[5:85, 5:85].std(axis=(0, 1))  # inside every aspect's content; black borders of a photo show too
        noisy += [spread] if 1.5 < spread.max() < 15 else []
    assert len(noisy) >= 5
    for spread in noisy:
        assert spread.min() > 0.5 * spread.max()


FACE = np.array([[60.0, 60.0], [84.0, 60.0], [72.0, 84.0]])


def test_the_targets_of_a_face_worked_by_hand() -> None:
    # In cells of 8 pixels: eyes at (7.5, 7.5) and (10.5, 7.5), mouth (9, 10.5); the centre (9, 9) is in cell (9, 9),
    # whose own centre is (9.5, 9.5). The eyes are 3 cells apart, so the bump's sigma is 1.05 and it is over 0.3
    # within 1.63 cells.
    score, offsets, weight = draw_targets([FACE])
    assert score.shape == weight.shape == (GRID, GRID) == (20, 20)
    assert offsets.shape == (6, 20, 20)
    assert {score.dtype, offsets.dtype, weight.dtype} == {np.dtype(np.float32)}
    assert score[9, 9] == score.max() == 1
    assert_allclose(score[9, 10], math.exp(-1 / (2 * 1.05**2)), rtol=1e-6)
    assert_allclose(offsets[:, 9, 9], [-2, -2, 1, -2, -0.5, 1], atol=1e-6)
    assert_allclose(offsets[:, 9, 10], [-3, -2, 0, -2, -1.5, 1], atol=1e-6)
    assert_allclose(offsets[:, 10, 9], [-2, -3, 1, -3, -0.5, 0], atol=1e-6)
    assert_array_equal(np.argwhere(weight), [(row, column) for row in (8, 9, 10) for column in (8, 9, 10)])
    assert_allclose(weight[8:11, 8:11], 1 / 3, rtol=1e-6)


def test_no_faces_make_empty_targets() -> None:
    assert not any(target.any() for target in draw_targets([]))


def as_output(score: npt.NDArray[np.float32], offsets: npt.NDArray[np.float32]) -> Tensor:
    """(1, 7, 20, 20): what a network that has learnt these targets says."""
    return torch.from_numpy(np.concatenate([score[None] * 20 - 10, offsets]))[None]


@settings(deadline=None)
@given(st.floats(0, 159.9), st.floats(0, 159.9), st.floats(2.2, 120), st.floats(-math.pi, math.pi))
def test_targets_decode_to_the_face_they_were_drawn_from(x: float, y: float, eye_distance: float, angle: float) -> None:
    shape = np.array([[-0.5, -0.55], [0.5, -0.55], [0.0, 0.55]]) * eye_distance  # its centre is (0, 0)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    face = shape @ turn + (x, y)
    score, offsets, weight = draw_targets([face])
    found = decode_faces(as_output(score, offsets))[0].numpy()
    assert found[0, 0] > 0.99
    assert (found[1:, 0] < 0.5).all()
    assert_allclose(found[0, 1:].reshape(3, 2), face, atol=1e-3)
    assert weight[score == 1] == pytest.approx(8 / eye_distance, rel=1e-5)


def test_two_faces_decode_to_both() -> None:
    other = FACE * 0.5 + (100, 90)
    score, offsets, _ = draw_targets([FACE, other])
    found = decode_faces(as_output(score, offsets))[0].numpy()
    assert (found[:2, 0] > 0.99).all()
    assert (found[2:, 0] < 0.5).all()
    decoded = sorted(found[:2, 1:].reshape(2, 3, 2).tolist())
    assert_allclose(decoded, sorted([FACE.tolist(), other.tolist()]), atol=1e-3)


def test_of_two_faces_in_one_cell_the_first_is_kept() -> None:
    score, offsets, _ = draw_targets([FACE, FACE + 0.5])
    found = decode_faces(as_output(score, offsets))[0].numpy()
    assert_allclose(found[0, 1:].reshape(3, 2), FACE, atol=1e-3)
    assert (found[1:, 0] < 0.5).all()


NOBODY = np.full((3, 2), np.nan)
RIGHTWARDS, DOWNWARDS = np.array([1.0, 0.0]), np.array([0.0, 1.0])


@pytest.mark.parametrize(
    ("found", "true", "expected"),
    [
        ([(0.9, FACE)], [FACE, NOBODY], ([0.0], 1, 1)),
        ([(0.9, FACE + RIGHTWARDS * 2.4)], [FACE], ([0.1], 1, 1)),
        ([(FOUND_SCORE, FACE)], [FACE], ([0.0], 1, 1)),
        ([(FOUND_SCORE - 0.01, FACE)], [FACE], ([], 0, 1)),
        ([(0.9, FACE + DOWNWARDS * 11.9)], [FACE], ([11.9 / 24], 1, 1)),
        ([(0.9, FACE + DOWNWARDS * 12.1)], [FACE], ([], 1, 1)),
        ([(0.9, FACE), (0.8, FACE + 1.2)], [FACE], ([0.0], 2, 1)),
        ([(0.9, FACE)], [FACE, FACE + 1.2], ([0.0], 1, 2)),
        ([(0.9, FACE + 60), (0.8, FACE)], [FACE, FACE + 60], ([0.0, 0.0], 2, 2)),
        ([(0.9, FACE)], [NOBODY], ([], 1, 0)),
        ([], [FACE], ([], 0, 1)),
    ],
    ids=[
        "exact",
        "a tenth off",
        "just sure enough",
        "not sure enough",
        "just near enough",
        "too far off",
        "found twice",
        "one for two",
        "two for two",
        "nobody there",
        "nobody found",
    ],
)
def test_found_faces_are_compared_with_true_ones(
    found: list[tuple[float, Points]], true: list[Points], expected: tuple[list[float], int, int]
) -> None:
    rows = np.array([[score, *face.ravel()] for score, face in found], np.float32).reshape(-1, 7)
    errors, found_count, true_count = point_errors(rows, np.array(true, np.float32))
    assert errors == pytest.approx(expected[0], abs=1e-5)
    assert (found_count, true_count) == expected[1:]


def photo_of(name: str, groups: list[str], rejected: str = "") -> LabelledPhoto:
    return LabelledPhoto(
        name, "s", 100, 100, rejected=rejected, faces=[LabelledFace(g, ONE_FACE[0], g) for g in groups]
    )


def test_photos_are_sorted_into_faces_and_scenery_on_both_sides(tmp_path: Path) -> None:
    data, backgrounds = tmp_path / "data", tmp_path / "backgrounds"
    for folder in (data, backgrounds):
        folder.mkdir()
    write_index(data, [photo_of("/held.jpg", [HELD]), photo_of("/kept.jpg", [KEPT]), photo_of("/x.jpg", [], "no face")])
    write_index(
        backgrounds,
        [
            photo_of("/10.jpg", [], "no face"),
            photo_of("/ann.jpg", [], "no face"),
            photo_of("/ann.png", [], "unreadable"),
            photo_of("/face.jpg", [KEPT]),
        ],
    )
    photos = ScenePhotos.read([data], [backgrounds])
    names = [
        [photo.photo for photo in side]
        for pool in (photos.training, photos.validation)
        for side in (pool.faces, pool.empty)
    ]
    assert names == [["/kept.jpg"], ["/ann.jpg"], ["/held.jpg"], ["/10.jpg"]]


def test_a_photo_with_a_face_in_doubt_shows_the_finder_nothing(tmp_path: Path) -> None:
    faces = {reason: LabelledFace("", ONE_FACE[0], rejected=reason) for reason in ("too small", "detections disagree")}
    rows = [photo_of("/held.jpg", [HELD]), photo_of("/kept.jpg", [KEPT])]
    rows += [replace(photo_of(f"/{reason}.jpg", [KEPT]), faces=[face]) for reason, face in faces.items()]
    both = LabelledPhoto("/both.jpg", "s", faces=[*rows[1].faces, faces["detections disagree"]])
    write_index(tmp_path, [*rows, both, photo_of("/10.jpg", [], "no face"), photo_of("/ann.jpg", [], "no face")])
    photos = ScenePhotos.read([tmp_path], [tmp_path])
    found = {photo.photo for pool in (photos.training, photos.validation) for photo in pool.faces}
    assert found == {"/held.jpg", "/kept.jpg", "/too small.jpg"}


def test_a_split_of_the_photos_own_is_kept(tmp_path: Path) -> None:
    photos = [
        replace(photo_of(f"/{side}.jpg", [group]), split=side)
        for side, group in (("train", HELD), ("val", KEPT), ("test", KEPT))
    ]
    write_index(tmp_path, [*photos, photo_of("/10.jpg", [], "no face"), photo_of("/ann.jpg", [], "no face")])
    pools = ScenePhotos.read([tmp_path], [tmp_path])
    assert [photo.photo for photo in pools.training.faces] == ["/train.jpg"]
    assert [photo.photo for photo in pools.validation.faces] == ["/val.jpg"]


@pytest.mark.parametrize("missing", ["/held.jpg", "/kept.jpg", "/10.jpg", "/ann.jpg"])
def test_photos_that_lack_a_side_are_refused(missing: str, tmp_path: Path) -> None:
    photos = [
        photo_of("/held.jpg", [HELD]),
        photo_of("/kept.jpg", [KEPT]),
        photo_of("/10.jpg", [], "no face"),
        photo_of("/ann.jpg", [], "no face"),
    ]
    write_index(tmp_path, [photo for photo in photos if photo.photo != missing])
    with pytest.raises(ValueError, match=r"needs labelled faces .* and faceless photos"):
        ScenePhotos.read([tmp_path], [tmp_path])


def test_a_photo_of_several_groups_never_brings_one_to_both_sides(tmp_path: Path) -> None:
    write_index(
        tmp_path,
        [
            photo_of("/both.jpg", [HELD, KEPT]),
            photo_of("/held.jpg", [HELD]),
            photo_of("/kept.jpg", [KEPT]),
            photo_of("/10.jpg", [], "no face"),
            photo_of("/ann.jpg", [], "no face"),
        ],
    )
    photos = ScenePhotos.read([tmp_path], [tmp_path])
    sides = [{f.group for photo in pool.faces for f in photo.faces} for pool in (photos.training, photos.validation)]
    assert not sides[0] & sides[1]


def test_an_example_holds_scene_targets_and_points(pool: PhotoPool) -> None:
    examples = FaceScenes(pool, augmented=False)
    assert len(examples) == 2
    counts = []
    for thumbnail, score, offsets, weight, points in (examples[0], examples[1]):
        assert (thumbnail.shape, thumbnail.dtype) == ((160, 160, 3), torch.uint8)
        assert (points.shape, points.dtype) == ((MAX_FACES, 3, 2), torch.float32)
        faces = [face.double().numpy() for face in points if face.isfinite().all()]
        counts.append(len(faces))
        assert points[len(faces) :].isnan().all()
        for target, again in zip((score, offsets, weight), draw_targets(faces), strict=True):
            assert_allclose(target.numpy(), again, atol=1e-4)
    assert max(counts) > 0


def test_validation_scenes_repeat_and_training_scenes_do_not(pool: PhotoPool, tmp_path: Path) -> None:
    many = PhotoPool([pool.faces[index % 2] for index in range(24)], pool.empty)
    validation = FaceScenes(many, augmented=False)
    assert all(torch.equal(validation[index][0], validation[index][0]) for index in range(24))
    assert len({validation[index][0].numpy().tobytes() for index in range(24)}) == 24
    training = FaceScenes(many, augmented=True)
    torch.manual_seed(3)
    first, second = training[0][0], training[0][0]
    torch.manual_seed(3)
    assert not torch.equal(first, second)
    assert torch.equal(training[0][0], first)
