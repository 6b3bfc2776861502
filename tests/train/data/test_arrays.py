"""Faces in arrays: packed ones are the same as in their folders; somebody else's are read as meant or refused."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from numpy.testing import assert_array_equal
from typer.testing import CliRunner, Result

from realtime.core.regions import Region, region_name
from train.__main__ import app
from train.augmentation.scenes import ScenePhotos
from train.data.arrays import ArrayPair, count_faces
from train.data.crops import FaceCrops, faces_by_side, held_out, split_faces
from train.data.folders import check_pairs, read_folder
from train.data.label_set import LabelledFace, LabelledPhoto, read_index, write_index
from train.data.packing import pack_folders

WritePair = Callable[[Path, str, npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]
NAMES = tuple(map(region_name, Region))
IRISES = ("background", "right_iris", "left_iris")
INNER = np.s_[48:-48, 48:-48]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def pack(*words: object) -> None:
    result = run("pack", *words)
    assert result.exit_code == 0, result.output


@pytest.fixture
def label_set(tmp_path: Path, write_pair: WritePair, striped_label_map: npt.NDArray[np.uint8]) -> Path:
    """Seven faces with groups, of which some are held out, one with a side of its own, one photo with two faces."""
    folder = tmp_path / "labelled"
    held = next(str(number) for number in range(400) if held_out(str(number)))
    groups = [held, "x1", "x2", "x3", "x4", "x5", "x6"]
    for index, name in enumerate("abcdefg"):
        canvas = np.random.default_rng(index).integers(0, 256, (314, 274, 3), np.uint8)
        write_pair(folder, name, canvas, np.roll(striped_label_map, 40 * index, axis=1))
    points = [[104.0, 136.0], [170.0, 136.0], [137.0, 210.0]]
    a, b, *others, g = (LabelledFace(name, points, group) for name, group in zip("abcdefg", groups, strict=True))
    photos = [LabelledPhoto(f"/{face.name}.jpg", "s", labeller="somebody", faces=[face]) for face in others]
    photos.append(LabelledPhoto("/none.jpg", "s", rejected="no face"))
    photos.append(LabelledPhoto("/two.jpg", "s", labeller="somebody", faces=[a, LabelledFace("", points), b]))
    photos.append(LabelledPhoto("/g.jpg", "s", split="test", faces=[g]))
    write_index(folder, photos)
    return folder


def examples(folder: Path, augment: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(3)
    train, validation = (side.pairs for side in split_faces([folder]))
    crops = FaceCrops([*train, *validation], NAMES, augment)
    return [crops[index] for index in range(len(crops)) for _ in range(3)]


@pytest.mark.parametrize("augment", ["none", "light", "live"])
def test_packed_examples_are_those_of_the_label_set_bit_for_bit(augment: str, label_set: Path, tmp_path: Path) -> None:
    pack("--data", label_set, "--out", tmp_path / "packed")
    pairs = list(zip(examples(label_set, augment), examples(tmp_path / "packed", augment), strict=True))
    assert len(pairs) == 3 * 6
    for (crop, indices), (packed_crop, packed_indices) in pairs:
        assert torch.equal(crop, packed_crop)
        assert torch.equal(indices, packed_indices)


def test_a_packed_set_keeps_its_index_and_every_face_its_side(label_set: Path, tmp_path: Path) -> None:
    pack("--data", label_set, "--out", tmp_path / "packed")
    assert read_index(tmp_path / "packed") == read_index(label_set)
    before, after = faces_by_side([label_set]), faces_by_side([tmp_path / "packed"])
    order = "cdefabg"
    assert {side: [pair.name for pair in faces.pairs] for side, faces in before.items()} == {
        "train": ["c", "d", "e", "f", "b"],
        "val": ["a"],
        "test": ["g"],
    }
    for side, faces in before.items():
        assert [order[pair.number] for pair in after[side].pairs] == [pair.name for pair in faces.pairs]
        assert [pair.labeller for pair in after[side].pairs] == [pair.labeller for pair in faces.pairs]


def test_two_folders_become_one_in_their_order(label_set: Path, tmp_path: Path) -> None:
    write_masks(tmp_path / "masks" / "train", ["p", "q"])
    write_masks(tmp_path / "masks" / "val", ["r"])
    words = ("--layout", "tight", "--mask-region", "iris")
    pack("--data", label_set, "--data", tmp_path / "masks", "--out", tmp_path / "both", *words)
    sides = faces_by_side([tmp_path / "both"])
    assert {side: [pair.number for pair in faces.pairs] for side, faces in sides.items()} == {
        "train": [0, 1, 2, 3, 5, 7, 8],
        "val": [4, 9],
        "test": [6],
    }
    canvas, label_map = sides["val"].pairs[1].read()
    assert set(np.unique(label_map)) == {0, Region.RIGHT_IRIS, Region.LEFT_IRIS}
    direct = faces_by_side([tmp_path / "masks"], mask_region="iris")["val"].pairs[0].read()
    assert_array_equal(canvas, direct[0])
    assert_array_equal(label_map, direct[1])
    with pytest.raises(ValueError, match="cannot give upper_lip, only --regions right_iris,left_iris"):
        split_faces([tmp_path / "both"], channels=["upper_lip"])
    assert [len(side.pairs) for side in split_faces([tmp_path / "both"], channels=IRISES)] == [7, 2]


def write_masks(folder: Path, names: list[str]) -> None:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    photo = np.random.default_rng(0).integers(0, 256, (218, 178, 3), np.uint8)
    for name in names:
        assert cv2.imwrite(str(folder / "images" / f"{name}.png"), photo)
        assert cv2.imwrite(str(folder / "masks" / f"{name}.png"), two_discs())


def two_discs() -> npt.NDArray[np.uint8]:
    mask = np.zeros((218, 178), np.uint8)
    for x in (70, 108):
        cv2.circle(mask, (x, 112), 6, 255, -1)
    return mask


def test_npy_writes_crops_that_numpy_maps_red_first_and_ids(label_set: Path, tmp_path: Path) -> None:
    pack("--data", label_set, "--out", tmp_path / "npy", "--npy")
    images = np.load(tmp_path / "npy" / "images.npy", mmap_mode="r")
    masks = np.load(tmp_path / "npy" / "masks.npy", mmap_mode="r")
    assert (images.shape, images.dtype, masks.shape, masks.dtype) == ((7, 218, 178, 3), "uint8", (7, 218, 178), "uint8")
    canvas, label_map = faces_by_side([label_set])["val"].pairs[0].read()
    assert_array_equal(images[4], canvas[INNER][:, :, ::-1])
    assert_array_equal(masks[4], label_map[INNER])
    read_canvas, read_label_map = faces_by_side([tmp_path / "npy"])["val"].pairs[0].read()
    assert_array_equal(read_canvas[INNER], canvas[INNER])
    assert_array_equal(read_canvas[0, 48:-48], canvas[48, 48:-48])
    assert_array_equal(read_label_map[INNER], label_map[INNER])
    assert not read_label_map[:48].any()
    for left, right in zip(examples(label_set, "none"), examples(tmp_path / "npy", "none"), strict=True):
        assert torch.equal(left[0], right[0])
        assert torch.equal(left[1], right[1])


def save(folder: Path, images: npt.NDArray[np.generic], masks: npt.NDArray[np.generic]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "images.npy", images)
    np.save(folder / "masks.npy", masks)
    return folder


PHOTOS = np.random.default_rng(1).integers(0, 256, (2, 218, 178, 3), np.uint8)
DISCS = np.stack([two_discs(), np.zeros((218, 178), np.uint8)])


@pytest.mark.parametrize(
    ("images", "masks"),
    [
        (PHOTOS, DISCS),
        (PHOTOS, DISCS[..., None]),
        (PHOTOS, DISCS > 0),
        (PHOTOS, DISCS // 255),
        ((PHOTOS / 255).astype(np.float32), (DISCS / 255).astype(np.float16)),
        (PHOTOS / 255, np.where(DISCS > 0, 0.6, 0.4)),
    ],
    ids=["0 and 255", "with a last axis", "bools", "0 and 1", "small floats", "unsure floats"],
)
def test_arrays_that_somebody_saved_are_read_as_meant(
    images: npt.NDArray[np.generic], masks: npt.NDArray[np.generic], tmp_path: Path
) -> None:
    folder = save(tmp_path, images, masks)
    pairs = read_folder(folder, "celeba", "iris").pairs
    check_pairs(pairs)
    canvas, label_map = pairs[0].read()
    assert_array_equal(canvas[INNER], PHOTOS[0, :, :, ::-1])
    expected = np.where(two_discs() > 0, np.where(np.arange(178) < 89, Region.RIGHT_IRIS, Region.LEFT_IRIS), 0)
    assert_array_equal(label_map[INNER], expected)
    assert not pairs[1].read()[1].any()


def test_ids_need_no_region_and_canvases_keep_their_margin(tmp_path: Path) -> None:
    images = np.random.default_rng(2).integers(0, 256, (1, 314, 274, 3), np.uint8)
    masks = np.random.default_rng(3).integers(0, 8, (1, 314, 274), np.uint8)
    canvas, label_map = ArrayPair(save(tmp_path, images, masks), 0).read()
    assert_array_equal(canvas, images[0, :, :, ::-1])
    assert_array_equal(label_map, masks[0])


@pytest.mark.parametrize(
    ("images", "masks", "message"),
    [
        (PHOTOS[:, :, :160], DISCS, r"images\.npy: its shape is \(2, 218, 160, 3\), not \(N, 218, 178, 3\)"),
        (PHOTOS.transpose(0, 3, 1, 2), DISCS, r"images\.npy: its shape is \(2, 3, 218, 178\)"),
        (PHOTOS[..., 0], DISCS, r"images\.npy: its shape is \(2, 218, 178\)"),
        (PHOTOS.astype(np.int64), DISCS, r"images\.npy: its numbers are int64, not uint8 or float"),
        (PHOTOS.astype(np.float32), DISCS, r"images\.npy\[0\]: its floats go from 0 to 255, not from 0 to 1"),
        (np.full_like(PHOTOS, np.nan, np.float32), DISCS, r"images\.npy\[0\]: its floats go from nan to nan"),
        (PHOTOS, DISCS[:1], r"masks\.npy: 1 masks for 2 images"),
        (PHOTOS, DISCS[:, :, 1:], r"masks\.npy: its shape is \(2, 218, 177\), not that of its images, \(2, 218, 178\)"),
        (PHOTOS, np.stack([DISCS] * 3, 3), r"masks\.npy: its shape is \(2, 218, 178, 3\)"),
        (PHOTOS, DISCS.astype(np.int32), r"masks\.npy: its numbers are int32, not uint8 or bool or float"),
        (PHOTOS, DISCS * 1.0, r"masks\.npy\[0\]: its floats go from 0 to 255, not from 0 to 1"),
        (PHOTOS, DISCS // 2, r"masks\.npy\[0\]: neither region ids below 8 nor 0 and 255 .its largest is 127"),
        (np.array([object()]), DISCS, r"images\.npy: not a whole array of numbers"),
    ],
    ids=[
        "width",
        "channels first",
        "grey",
        "integers",
        "floats to 255",
        "not numbers",
        "length",
        "mask width",
        "coloured masks",
        "mask integers",
        "mask floats to 255",
        "mask values",
        "objects",
    ],
)
def test_arrays_that_cannot_be_used_are_refused_with_the_files_name(
    images: npt.NDArray[np.generic], masks: npt.NDArray[np.generic], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        check_pairs(read_folder(save(tmp_path, images, masks), "celeba", "iris").pairs)


def test_masks_of_one_region_without_its_name_are_refused(tmp_path: Path) -> None:
    for number, masks in enumerate((DISCS, DISCS > 0, DISCS / 255)):
        with pytest.raises(ValueError, match=r"masks\.npy\[0\]: a mask of 0 and 255: say what it shows with --mask"):
            check_pairs(read_folder(save(tmp_path / str(number), PHOTOS, masks), "celeba", None).pairs)


def test_missing_half_written_and_surplus_arrays_are_refused(label_set: Path, tmp_path: Path) -> None:
    alone = save(tmp_path / "alone", PHOTOS, DISCS)
    (alone / "masks.npy").unlink()
    with pytest.raises(ValueError, match=r"alone/masks\.npy: no such file"):
        count_faces(alone)
    half = save(tmp_path / "half", PHOTOS, DISCS)
    (half / "images.npy").write_bytes((half / "images.npy").read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"half/images\.npy: not a whole array of numbers"):
        count_faces(half)
    pack("--data", label_set, "--out", tmp_path / "packed")
    write_index(tmp_path / "packed", read_index(label_set)[1:])
    with pytest.raises(ValueError, match=r"packed/images\.npy: 7 faces, index\.jsonl beside it has 6"):
        read_folder(tmp_path / "packed", "tight", None)


def test_somebodys_own_split_is_kept_and_without_one_the_number_decides(tmp_path: Path) -> None:
    save(tmp_path / "split" / "train", PHOTOS, DISCS)
    save(tmp_path / "split" / "val", PHOTOS[:1], DISCS[:1])
    train, validation = (side.pairs for side in split_faces([tmp_path / "split"], "celeba", "iris", IRISES))
    assert [(pair.folder.name, pair.number) for pair in train + validation] == [("train", 0), ("train", 1), ("val", 0)]
    flat = save(tmp_path / "flat", np.zeros((40, 218, 178, 3), np.uint8), np.zeros((40, 218, 178), np.uint8))
    train, validation = (side.pairs for side in split_faces([flat]))
    assert [pair.number for pair in validation] == [number for number in range(40) if held_out(str(number))]
    assert len(train) + len(validation) == 40


def test_a_face_that_cannot_be_read_leaves_no_packed_set_behind(label_set: Path, tmp_path: Path) -> None:
    (label_set / "labels" / "e.png").write_text("no picture")
    result = run("pack", "--data", label_set, "--out", tmp_path / "packed")
    assert result.exit_code == 1
    assert "labels/e.png: missing, unreadable" in result.output.replace("\n", "")
    assert not list((tmp_path / "packed").iterdir())
    with pytest.raises(ValueError, match="no face to pack"):
        pack_folders([], tmp_path / "none", lambda: None, with_margin=True)


def test_packing_never_overwrites_a_label_set_and_replaces_an_older_packed_one(label_set: Path, tmp_path: Path) -> None:
    before = read_index(label_set)
    result = run("pack", "--data", label_set, "--out", label_set)
    assert result.exit_code == 1
    assert "a label set lies there" in result.output
    assert read_index(label_set) == before
    assert sorted(path.name for path in label_set.iterdir()) == ["crops", "index.jsonl", "labels"]
    save(tmp_path / "one", PHOTOS, DISCS)
    pack("--data", tmp_path / "one", "--mask-region", "iris", "--out", tmp_path / "packed")
    pack("--data", label_set, "--out", tmp_path / "packed")
    assert len(np.load(tmp_path / "packed" / "images.npy")) == 7
    assert read_index(tmp_path / "packed") == before


def test_faces_whose_place_in_a_photo_is_unknown_are_nothing_for_the_finder(tmp_path: Path) -> None:
    write_masks(tmp_path / "masks" / "train", ["p"])
    write_masks(tmp_path / "masks" / "val", ["r"])
    pack("--data", tmp_path / "masks", "--out", tmp_path / "packed", "--mask-region", "iris")
    with pytest.raises(ValueError, match="the face finder needs labelled faces"):
        ScenePhotos.read([tmp_path / "packed"], [tmp_path / "packed"])


def test_fit_and_evaluate_read_arrays(tmp_path: Path) -> None:
    save(tmp_path / "npy" / "train", PHOTOS, DISCS)
    save(tmp_path / "npy" / "val", PHOTOS, DISCS)
    words = ("--data", tmp_path / "npy", "--mask-region", "iris")
    quick = ("--epochs", 1, "--batch-size", 2, "--width", 4, "--workers", 1, "--threads", 1)
    fitted = run("fit", *words, "--layout", "celeba", "--regions", "iris", "--out", tmp_path / "run", *quick)
    assert fitted.exit_code == 0, fitted.output
    scored = run("evaluate", tmp_path / "run" / "best.pt", *words, "--out", tmp_path / "scores")
    assert scored.exit_code == 0, scored.output
    assert '"labels": "masks of npy"' in (tmp_path / "scores" / "scores.json").read_text()
