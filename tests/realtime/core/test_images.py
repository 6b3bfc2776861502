"""Whatever an image file holds is read as uint8 BGR, or refused in one line."""

import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.errors import OutputError, SourceError
from realtime.core.images import IMAGE_SUFFIXES, flatten, natural_key, read_image, write_image


@pytest.mark.parametrize(
    "names",
    [
        ["1.jpg", "2.jpg", "9.jpg", "10.jpg", "11.jpg", "100.jpg"],
        ["a1/b10.png", "a2/b3.png", "a2/b20.png", "a10/b1.png"],
        ["01.png", "1.png", "2.png"],
        ["IMG", "IMG_2.jpg", "IMG_10.jpg", "IMG_b.jpg", "_10.jpg"],
    ],
)
def test_numbers_in_names_count_as_numbers(names: list[str]) -> None:
    assert [str(path) for path in sorted(map(Path, sorted(names)), key=natural_key)] == names


COLOR = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)


def encoded(pixels: npt.NDArray[np.generic], suffix: str = ".png") -> bytes:
    is_encoded, contents = cv2.imencode(suffix, pixels)
    assert is_encoded
    return contents.tobytes()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises more. Source: PNG specification, sections 5.3 and 11.2."""

    def chunk(kind: bytes, contents: bytes) -> bytes:
        return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", zlib.crc32(kind + contents))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (np.array([[[10, 20, 30]]], np.uint8), [[[10, 20, 30]]]),
        (np.array([[[0x0AFF, 0x1400, 0xFFFF]]], np.uint16), [[[10, 20, 255]]]),
        (np.array([[7, 200]], np.uint8), [[[7, 7, 7], [200, 200, 200]]]),
        (np.array([[0x07AB]], np.uint16), [[[7, 7, 7]]]),
        (
            np.array([[[10, 20, 30, 255], [100, 200, 50, 51], [9, 9, 9, 0]]], np.uint8),
            [[[10, 20, 30], [100, 200, 50], [9, 9, 9]]],
        ),
        (np.array([[[0x0A00, 0x1400, 0x1E00, 0xFFFF]]], np.uint16), [[[10, 20, 30]]]),
    ],
    ids=["1x1", "16-bit", "grey", "16-bit grey", "alpha", "16-bit alpha"],
)
def test_what_a_png_holds_becomes_8_bit_colour(
    tmp_path: Path, stored: npt.NDArray[np.generic], expected: list[list[list[int]]]
) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(encoded(stored))
    image = read_image(path)
    assert_array_equal(image, expected)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.flags.writeable


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, np.s_[:8, :8]), (3, np.s_[-8:, -8:]), (6, np.s_[:8, -8:]), (8, np.s_[-8:, :8])],
    ids=["upright", "upside down", "a quarter clockwise", "a quarter back"],
)
def test_a_phones_photo_is_turned_upright(tmp_path: Path, orientation: int, corner: tuple[slice, slice]) -> None:
    # The sensor's light is in its top left corner. Source: EXIF 2.32, tag 0x0112: which side the first row is.
    image = np.zeros((24, 32, 3), np.uint8)
    image[:8, :8] = 255
    jpeg = encoded(image, ".jpg")
    tag = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">IH", 8, 1) + tag + bytes(4)
    path = tmp_path / "phone.jpg"
    path.write_bytes(jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:])
    turned = read_image(path)
    assert turned.shape == ((32, 24, 3) if orientation > 4 else (24, 32, 3))
    assert turned[corner].min() > 200
    assert turned.mean() == pytest.approx(255 * 64 / (24 * 32), abs=5)


@pytest.mark.parametrize("name", ["фото 😀.png", "a b#%.png", "image.PNG"])
def test_a_name_may_hold_any_letters(tmp_path: Path, name: str) -> None:
    write_image(tmp_path / name, COLOR)
    assert_array_equal(read_image(tmp_path / name), COLOR)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "not an image that can be read"),
        (b"These are words, and no picture.\n", "not an image that can be read"),
        (np.random.default_rng(0).bytes(2000), "not an image that can be read"),
        (encoded(COLOR)[:60], "not an image that can be read"),
        (png_that_claims(100_000, 100_000), "not an image that can be read"),
    ],
    ids=["empty", "text", "random bytes", "truncated", "larger than any memory"],
)
def test_a_file_that_is_no_image_is_refused_in_one_line(tmp_path: Path, contents: bytes, said: str) -> None:
    path = tmp_path / "image.jpg"
    path.write_bytes(contents)
    with pytest.raises(SourceError, match=said) as refusal:
        read_image(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.png: No such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(SourceError, match="directory"):
        read_image(tmp_path)


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES - {".pgm"}))
def test_every_format_that_is_read_is_written(tmp_path: Path, suffix: str) -> None:
    smooth = cv2.resize(COLOR, (70, 50), interpolation=cv2.INTER_CUBIC)
    path = tmp_path / f"image{suffix}"
    write_image(path, smooth)
    assert_allclose(read_image(path).astype(float), smooth, atol=40)
    assert np.abs(read_image(path).astype(float) - smooth).mean() < 6


def test_a_label_map_comes_back_as_it_was(tmp_path: Path) -> None:
    label_map = np.arange(8, dtype=np.uint8).reshape(2, 4)
    write_image(tmp_path / "mask.png", label_map)
    stored = cv2.imread(str(tmp_path / "mask.png"), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    assert_array_equal(stored, label_map)


@pytest.mark.parametrize(
    ("name", "pixels", "said"),
    [
        ("image.foo", COLOR, "no image format is called '.foo'"),
        ("image", COLOR, "no image format is called 'nothing'"),
        ("none/image.png", COLOR, "No such file"),
        ("image.jpg", np.zeros((1, 70_000, 3), np.uint8), "image.jpg: "),
    ],
    ids=["unknown format", "no format", "no folder", "too wide for a JPEG"],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str, pixels: npt.NDArray[np.uint8], said: str) -> None:
    with pytest.raises(OutputError, match=said):
        write_image(tmp_path / name, pixels)
    assert not (tmp_path / name).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_picture_that_does_not_fit_on_the_disk_leaves_no_file(tmp_path: Path) -> None:
    import resource  # Windows has none

    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError, match=r"p\.png: File too large$"):
            write_image(tmp_path / "p.png", noise)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_flattening_puts_a_cut_out_over_black_and_leaves_a_picture_as_it_is() -> None:
    cut_out = np.array([[[200, 100, 50, 255], [200, 100, 50, 51], [200, 100, 50, 0]]], np.uint8)
    assert_array_equal(flatten(cut_out), [[[200, 100, 50], [40, 20, 10], [0, 0, 0]]])
    picture = cut_out[:, :, :3]
    assert flatten(picture) is picture


def test_a_png_keeps_its_alpha(tmp_path: Path) -> None:
    picture = np.array([[[200, 100, 50, 255], [200, 100, 50, 7]]], np.uint8)
    write_image(tmp_path / "cutout.png", picture)
    stored = cv2.imread(str(tmp_path / "cutout.png"), cv2.IMREAD_UNCHANGED)
    assert stored is not None
    assert_array_equal(stored, picture)
