"""Pixels land where the crop transform says: dots, edges and a real photo through every path of the warp."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import TIGHT, CropLayout, CropTransform
from realtime.core.preprocess import FINDER_SIDE_PX, BgrImage, crop_face, thumbnail

DOT_TOLERANCE_PX = 0.15
"""A convention that is half a pixel wrong moves a dot by 0.25 or more in every case below."""


def frame_with_dot(center: tuple[int, int], side_px: int, size_wh: tuple[int, int] = (640, 480)) -> BgrImage:
    """A black frame with a white square of odd side around the centre of one pixel."""
    frame = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
    reach = side_px // 2
    frame[center[1] - reach : center[1] + reach + 1, center[0] - reach : center[0] + reach + 1] = 255
    return BgrImage(frame)


def dot_in(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(2,) where the light of an image has its centre; the first pixel's is (0.5, 0.5)."""
    light = image.astype(np.float64).sum(axis=2)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
    return np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()


@pytest.mark.parametrize(
    ("scale", "degrees", "offset_px", "side_px"),
    [
        (1.0, 0, (0, 0), 3),
        (2.3, 0, (11, -17), 3),
        (1.7, 30, (-20, 25), 3),
        (0.8, -75, (40, 31), 5),
        (0.51, 10, (60, 60), 7),
        (0.5, 0, (51, -43), 7),
        (0.45, 0, (-70, 90), 7),
        (0.45, 140, (35, 20), 7),
        (0.23, 0, (100, 100), 15),
        (0.23, -20, (-120, 60), 15),
    ],
    ids=[
        "as it is",
        "enlarged",
        "enlarged, turned",
        "reduced a little, turned",
        "just before the area path",
        "reduced by area",
        "reduced by area, uneven",
        "reduced by area, upside down",
        "reduced by area four times",
        "reduced by area four times, turned",
    ],
)
def test_a_bright_dot_lands_where_to_crop_says(
    scale: float, degrees: float, offset_px: tuple[int, int], side_px: int
) -> None:
    crop = CropTransform((311.3, 222.9), scale, math.radians(degrees))
    pixel = (311 + offset_px[0], 222 + offset_px[1])
    expected = crop.to_crop(np.array([pixel]) + 0.5)[0]
    assert_allclose(dot_in(crop_face(frame_with_dot(pixel, side_px), crop)), expected, atol=DOT_TOLERANCE_PX)


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.floats(150, 490), st.floats(150, 330)),
    st.floats(0.15, 3),
    st.floats(-math.pi, math.pi),
    st.tuples(st.floats(-0.4, 0.4), st.floats(-0.3, 0.5)),
)
def test_wherever_the_crop_lies_the_dot_lands_where_to_crop_says(
    mid_eye_px: tuple[float, float], scale: float, angle_rad: float, share: tuple[float, float]
) -> None:
    crop = CropTransform(mid_eye_px, scale, angle_rad)
    side_px = 2 * math.ceil(1.5 / scale) + 1
    x, y = crop.to_frame(np.array([[89 + 178 * share[0], 88 + 218 * share[1]]]))[0]
    pixel = (int(np.clip(x, side_px, 639 - side_px)), int(np.clip(y, side_px, 479 - side_px)))
    expected = crop.to_crop(np.array([pixel]) + 0.5)[0]
    if (expected < 10).any() or (expected > (168, 208)).any():
        return  # the frame's edge pushed the dot out of the crop
    landed = dot_in(crop_face(frame_with_dot(pixel, side_px), crop))
    assert np.linalg.norm(landed - expected) < 0.25


def test_a_crop_at_scale_one_on_whole_pixels_copies_the_frame(portrait: BgrImage) -> None:
    crop = CropTransform((44.0 + 89, 12.0 + 88), 1.0, 0.0)
    assert_array_equal(crop_face(portrait, crop), portrait[12:230, 44:222])


def test_a_crop_at_twice_the_size_samples_between_pixel_centres() -> None:
    # Frame column i is 4 i, its centre at i + 0.5. Crop column 0 has its centre at 0.5, that is 20.25 in the frame:
    # a quarter of a pixel before the centre of column 20, so 79; then every half pixel adds 2.
    ramp = np.repeat(np.arange(60, dtype=np.uint8) * 4, 3).reshape(1, 60, 3).repeat(80, axis=0)
    crop = CropTransform((20 + 4.0, 10 + 3.0), 2.0, 0.0, CropLayout("small", (8.0, 6.0), 1, 1))
    across = crop_face(BgrImage(ramp), crop, (16, 12))
    assert_array_equal(across[0, :5, 0], [79, 81, 83, 85, 87])
    down = crop_face(BgrImage(np.ascontiguousarray(ramp.transpose(1, 0, 2))), crop, (16, 12))
    assert_array_equal(down[:5, 0, 0], [39, 41, 43, 45, 47])


@pytest.mark.parametrize(
    ("left_top", "inside"),
    [
        ((-50, -20), (slice(20, 218), slice(50, 178))),
        ((540, 380), (slice(0, 100), slice(0, 100))),
        ((-50, 380), (slice(0, 100), slice(50, 178))),
    ],
    ids=["top left", "bottom right", "bottom left"],
)
def test_a_crop_that_reaches_past_the_frame_is_black_there(
    left_top: tuple[int, int], inside: tuple[slice, slice]
) -> None:
    white = BgrImage(np.full((480, 640, 3), 255, np.uint8))
    expected = np.zeros((218, 178, 3), np.uint8)
    expected[inside] = 255
    crop = CropTransform((left_top[0] + 89.0, left_top[1] + 88.0), 1.0, 0.0)
    assert_array_equal(crop_face(white, crop), expected)


def test_a_reduced_crop_that_reaches_past_the_frame_is_black_there() -> None:
    # At a quarter of the scale the frame's corner comes to (89, 88) - (160, 120) / 4 = (49, 58).
    white = BgrImage(np.full((480, 640, 3), 255, np.uint8))
    crop = crop_face(white, CropTransform((160.0, 120.0), 0.25, 0.0))
    expected = np.zeros((218, 178, 3), np.uint8)
    expected[58:178, 49:] = 255
    assert np.abs(crop.astype(int) - expected).max() < 255
    away_from_edges = np.ones((218, 178), bool)
    away_from_edges[[57, 58, 177, 178]] = False
    away_from_edges[:, [48, 49]] = False
    assert_array_equal(crop[away_from_edges], expected[away_from_edges])


@pytest.mark.parametrize("mid_eye_px", [(-4000.0, 100.0), (100.0, 4000.0)], ids=["left", "below"])
@pytest.mark.parametrize("scale", [1.0, 0.2], ids=["plain path", "area path"])
def test_a_crop_that_lies_outside_the_frame_is_all_black(mid_eye_px: tuple[float, float], scale: float) -> None:
    white = BgrImage(np.full((480, 640, 3), 255, np.uint8))
    crop = crop_face(white, CropTransform(mid_eye_px, scale, 0.0))
    assert crop.dtype == np.uint8
    assert_array_equal(crop, np.zeros((218, 178, 3)))


@pytest.mark.parametrize("factor", [2, 3, 5])
@pytest.mark.parametrize("degrees", [0, 25, -160])
def test_a_face_in_a_large_frame_gets_the_crop_it_gets_in_a_small_one(
    factor: int, degrees: float, portrait: BgrImage
) -> None:
    frame = BgrImage(cv2.GaussianBlur(portrait[100:400, 100:400], (0, 0), 2.0))
    large = BgrImage(cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))
    small_crop = CropTransform((151.3, 120.8), 0.97, math.radians(degrees))
    large_crop = CropTransform((151.3 * factor, 120.8 * factor), 0.97 / factor, math.radians(degrees))
    expected, found = crop_face(frame, small_crop).astype(int), crop_face(large, large_crop).astype(int)
    in_frame = crop_face(BgrImage(np.full_like(frame, 255)), small_crop) == 255
    covered = cv2.erode(in_frame.astype(np.uint8), np.ones((5, 5)))
    assert covered.mean() > 0.9
    assert np.abs(expected - found)[covered > 0].mean() < 0.5  # 0.2 px beside it, this is 0.7


def test_fine_texture_is_averaged_in_a_large_frame_not_sampled() -> None:
    checkers = (np.indices((900, 900)).sum(axis=0) % 2 * 255).astype(np.uint8)
    crop = crop_face(BgrImage(np.repeat(checkers[:, :, None], 3, axis=2)), CropTransform((450.0, 400.0), 0.25, 0.0))
    inner = crop[20:-20, 20:-20].astype(int)
    assert np.abs(inner - 127.5).max() < 20


@pytest.mark.parametrize(("scale", "degrees"), [(1.0, 0), (0.3, 40)], ids=["plain path", "area path"])
def test_a_wider_crop_shows_the_same_face_with_more_around_it(scale: float, degrees: float, portrait: BgrImage) -> None:
    plain = CropTransform((250.4, 200.7), scale, math.radians(degrees), TIGHT)
    x, y = TIGHT.mid_eye_px
    wider = CropTransform((250.4, 200.7), scale, math.radians(degrees), CropLayout("wide", (x + 30, y + 20), 66, 74))
    wide = crop_face(portrait, wider, (178 + 60, 218 + 40))
    assert wide.shape == (258, 238, 3)
    difference = np.abs(wide[20:-20, 30:-30].astype(int) - crop_face(portrait, plain))
    assert difference.mean() < 1.5  # the area path reduces another part of the frame, so not bit for bit
    white = BgrImage(np.full((2000, 2000, 3), 255, np.uint8))
    centred = CropTransform((1000.0, 1000.0), scale, math.radians(degrees), wider.layout)
    assert (crop_face(white, centred, (178 + 60, 218 + 40)) == 255).all()


@pytest.mark.parametrize("scale", [1.0, 0.3], ids=["plain path", "area path"])
def test_the_frame_is_read_and_the_crop_is_the_callers_own(scale: float, portrait: BgrImage) -> None:
    before = portrait.copy()
    crop = crop_face(portrait, CropTransform((133.0, 100.0), scale, 0.0))
    crop[:] = 7
    assert_array_equal(portrait, before)


@pytest.mark.parametrize(
    ("size_wh", "scale", "content_wh"),
    [
        ((640, 480), 0.25, (160, 120)),
        ((480, 640), 0.25, (120, 160)),
        ((320, 320), 0.5, (160, 160)),
        ((80, 60), 2.0, (160, 120)),
        ((160, 160), 1.0, (160, 160)),
        ((2000, 3), 0.08, (160, 1)),
        ((1, 1), 160.0, (160, 160)),
    ],
    ids=["landscape", "portrait", "square", "enlarged", "as it is", "a thin strip", "one pixel"],
)
def test_a_thumbnail_fits_the_whole_frame_into_the_top_left_of_a_square(
    size_wh: tuple[int, int], scale: float, content_wh: tuple[int, int]
) -> None:
    square, found_scale = thumbnail(BgrImage(np.full((size_wh[1], size_wh[0], 3), 200, np.uint8)))
    expected = np.zeros((FINDER_SIDE_PX, FINDER_SIDE_PX, 3), np.uint8)
    expected[: content_wh[1], : content_wh[0]] = 200
    assert found_scale == pytest.approx(scale)
    assert_array_equal(square, expected)


def test_each_thumbnail_pixel_is_the_mean_of_the_frame_pixels_under_it() -> None:
    frame = np.zeros((4, 8, 3), np.uint8)
    frame[0:2, 2:4] = [[[10, 20, 30], [30, 40, 50]], [[50, 60, 70], [70, 80, 90]]]
    square, scale = thumbnail(BgrImage(frame), side_px=4)
    expected = np.zeros((4, 4, 3), np.uint8)
    expected[0, 1] = (40, 50, 60)
    assert scale == 0.5
    assert_array_equal(square, expected)


@pytest.mark.parametrize(
    ("size_wh", "pixel", "side_px", "tolerance_px"),
    [((640, 480), (401, 77), 9, 0.1), ((96, 120), (50, 100), 3, 0.1), ((1283, 719), (1100, 650), 17, 0.5)],
    ids=["reduced", "enlarged", "the shorter side rounded to whole pixels"],
)
def test_a_thumbnail_point_over_the_scale_is_the_frame_point(
    size_wh: tuple[int, int], pixel: tuple[int, int], side_px: int, tolerance_px: float
) -> None:
    square, scale = thumbnail(frame_with_dot(pixel, side_px, size_wh))
    assert_allclose(dot_in(square), (np.array(pixel) + 0.5) * scale, atol=tolerance_px)
