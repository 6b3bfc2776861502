"""Folders of photos and masks that somebody else made: read as meant, or refused with the file's name."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_array_equal

from realtime.core.regions import Region
from train.data.crops import color_statistics, split_faces
from train.data.folders import check_pairs
from train.data.label_set import MARGIN_PX
from train.data.mask_folder import MaskPair, draw_blobs, is_mask_folder, read_mask, read_mask_folder

Image = npt.NDArray[np.uint8]
INNER = np.s_[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def two_discs(large: int = 255, shape_hw: tuple[int, int] = (218, 178)) -> Image:
    """A mask of two blobs: the subject's right one is the left one here."""
    mask = np.zeros(shape_hw, np.uint8)
    scale = shape_hw[1] / 178
    for x in (70, 108):
        cv2.circle(mask, (round(x * scale), round(112 * scale)), round(6 * scale), large, -1)
    return mask


def write_folder(folder: Path, names: list[str], mask: Image | None = None, suffix: str = "png") -> Path:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    photo = np.random.default_rng(0).integers(0, 256, (218, 178, 3), np.uint8)
    for name in names:
        assert cv2.imwrite(str(folder / "images" / f"{name}.png"), photo)
        assert cv2.imwrite(str(folder / "masks" / f"{name}.{suffix}"), two_discs() if mask is None else mask)
    return folder


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_mask_of_0_and_255_becomes_the_subjects_right_and_left(suffix: str, tmp_path: Path) -> None:
    write_folder(tmp_path, ["a"], suffix=suffix)
    canvas, label_map = MaskPair(tmp_path / "images" / "a.png", tmp_path / "masks" / f"a.{suffix}", "iris").read()
    assert_array_equal(canvas[INNER], cv2.imread(str(tmp_path / "images" / "a.png")))
    expected = np.where(two_discs() > 0, np.where(np.arange(178) < 89, Region.RIGHT_IRIS, Region.LEFT_IRIS), 0)
    differing = (label_map[INNER] != expected).mean()
    assert differing == 0 if suffix == "png" else differing < 5e-4
    assert not np.delete(label_map, np.arange(MARGIN_PX, 314 - MARGIN_PX), axis=0).any()


def test_a_blob_over_the_middle_is_one_region_worked_by_hand() -> None:
    is_inside = np.array([[1, 0, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0]], bool)
    both = (Region.RIGHT_EYE, Region.LEFT_EYE)
    assert draw_blobs(is_inside, both).tolist() == [[1, 0, 2, 2, 2, 0], [0] * 6]
    assert draw_blobs(is_inside, (Region.UPPER_LIP,)).tolist() == [[5, 0, 5, 5, 5, 0], [0] * 6]
    assert not draw_blobs(np.zeros((2, 6), bool), both).any()


def test_a_mask_of_ids_is_taken_as_it_is(tmp_path: Path) -> None:
    ids = np.arange(8, dtype=np.uint8).repeat(4).reshape(2, 16)
    cv2.imwrite(str(tmp_path / "ids.png"), ids)
    assert_array_equal(read_mask(tmp_path / "ids.png", None), ids)
    cv2.imwrite(str(tmp_path / "grey.png"), np.stack([ids] * 3, 2))
    assert_array_equal(read_mask(tmp_path / "grey.png", None), ids)


def test_zeros_and_ones_are_ids_unless_a_region_is_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "m.png"), np.array([[0, 1]], np.uint8))
    assert read_mask(tmp_path / "m.png", None).tolist() == [[0, Region.RIGHT_EYE]]
    assert read_mask(tmp_path / "m.png", "lower_lip").tolist() == [[0, Region.LOWER_LIP]]


@pytest.mark.parametrize(
    ("mask", "suffix", "region", "message"),
    [
        (two_discs(), "png", None, r"m\.png: a mask of 0 and 255: say what it shows with --mask-region"),
        (two_discs(), "jpg", None, r"m\.jpg: a mask of 0 and 255: say what it shows with --mask-region"),
        (two_discs(9), "png", "iris", r"m\.png: neither region ids below 8 nor 0 and 255 .its largest is 9"),
        (np.array([[0, 3, 255]], np.uint8), "png", "iris", r"m\.png: neither region ids below 8 nor 0 and 255"),
        (np.full((16, 16), 5, np.uint8), "jpg", "iris", r"m\.jpg: region ids cannot be kept in a JPEG"),
        (np.eye(3, dtype=np.uint8)[None] * 255, "png", "iris", r"m\.png: a coloured picture"),
        (np.zeros((4, 4), np.uint16), "png", "iris", r"m\.png: missing, unreadable or not of 8 bits"),
    ],
    ids=["no region", "no region, JPEG", "other values", "ids and 255", "ids in a JPEG", "colours", "16 bits"],
)
def test_what_is_no_mask_is_refused(mask: Image, suffix: str, region: str | None, message: str, tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / f"m.{suffix}"), mask)
    with pytest.raises(ValueError, match=message):
        read_mask(tmp_path / f"m.{suffix}", region)


def test_larger_pictures_of_the_same_shape_are_reduced(tmp_path: Path) -> None:
    write_folder(tmp_path, ["a"], mask=two_discs(shape_hw=(436, 356)))
    small = cv2.imread(str(tmp_path / "images" / "a.png"))
    cv2.imwrite(str(tmp_path / "images" / "a.png"), small.repeat(2, 0).repeat(2, 1))
    canvas, label_map = MaskPair(tmp_path / "images" / "a.png", tmp_path / "masks" / "a.png", "iris").read()
    assert_array_equal(canvas[INNER], small)
    assert ((label_map[INNER] > 0) != (two_discs() > 0)).sum() < 40


def test_another_shape_or_another_size_than_the_photos_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, ["a"], mask=np.zeros((200, 178), np.uint8))
    pair = MaskPair(tmp_path / "images" / "a.png", tmp_path / "masks" / "a.png", None)
    with pytest.raises(ValueError, match=r"masks/a\.png: 178x200, its photo is 178x218"):
        check_pairs([pair])
    cv2.imwrite(str(pair.image), np.zeros((256, 256, 3), np.uint8))
    with pytest.raises(ValueError, match=r"images/a\.png: 256x256, where an aligned face of 178x218 is needed"):
        pair.read()
    pair.image.write_text("no picture")
    with pytest.raises(ValueError, match=r"images/a\.png: missing or unreadable"):
        pair.read_canvas()


def test_missing_partners_and_twins_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, ["a", "b", "c"])
    for name in ("b", "c"):
        (folder / "masks" / f"{name}.png").unlink()
    with pytest.raises(ValueError, match=r"images/b\.png: nothing of this name in .*masks, nor for 1 more"):
        read_mask_folder(folder, "iris")
    write_folder(folder, ["b", "c"])
    (folder / "images" / "a.png").unlink()
    with pytest.raises(ValueError, match=r"masks/a\.png: nothing of this name in .*images$"):
        read_mask_folder(folder, "iris")
    write_folder(folder, ["a"], suffix="jpg")
    with pytest.raises(ValueError, match=r"masks/a\.png: a\.jpg has the same name"):
        read_mask_folder(folder, "iris")


def test_a_folders_own_split_is_kept(tmp_path: Path) -> None:
    write_folder(tmp_path / "train", ["s/10".replace("/", "_"), "a"])
    write_folder(tmp_path / "val", ["b"])
    assert is_mask_folder(tmp_path)
    train, validation = (side.pairs for side in split_faces([tmp_path], "celeba", "iris"))
    assert [pair.image.stem for pair in train] == ["a", "s_10"]
    assert [pair.image.stem for pair in validation] == ["b"]


def test_without_a_split_the_name_decides(tmp_path: Path) -> None:
    write_folder(tmp_path, [str(number) for number in range(60)])
    train, validation = (side.pairs for side in split_faces([tmp_path], "celeba", "iris"))
    assert {pair.image.stem for pair in train} | {pair.image.stem for pair in validation} == set(map(str, range(60)))
    assert 1 <= len(validation) <= 12


def test_a_split_without_its_validation_side_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path / "train", ["a"])
    with pytest.raises(ValueError, match=r"val/images: no such folder"):
        split_faces([tmp_path], "celeba", "iris")


def test_the_statistics_of_the_colours_worked_by_hand(tmp_path: Path) -> None:
    write_folder(tmp_path, ["a", "b"])
    for name, level in (("a", 100), ("b", 140)):
        cv2.imwrite(
            str(tmp_path / "images" / f"{name}.png"), np.full((218, 178, 3), (level, 50, 2 * level - 60), np.uint8)
        )
    mean, std = color_statistics([pair for _, pair in read_mask_folder(tmp_path, "iris")])
    assert mean.tolist() == [120, 50, 180]
    assert std.tolist() == [20, 0, 40]
