"""The crop's place in the frame: worked by hand, and the laws of a similarity transform."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import (
    CELEBA,
    CROP_SIZE_WH,
    FINDER_SIDE_PX,
    LAYOUTS,
    TIGHT,
    BgrImage,
    Box,
    CropLayout,
    CropTransform,
    Points,
    crop_face,
    shift_matrix,
    thumbnail,
    warp_to_frame,
)

TIGHT_FACE = np.array([[56.0, 88.0], [122.0, 88.0], [89.0, 162.0]])
"""A face that already stands where the tight layout wants it."""

CROPS = st.builds(
    CropTransform,
    mid_eye_px=st.tuples(st.floats(-500, 4500), st.floats(-500, 4500)),
    scale=st.floats(0.02, 50),
    angle_rad=st.floats(-math.pi, math.pi),
    layout=st.sampled_from([TIGHT, CELEBA]),
)
POINTS = hnp.arrays(np.float64, (5, 2), elements=st.floats(-5000, 5000))


def turned(points: Points, degrees: float) -> Points:
    """Points turned about (0, 0), clockwise as seen on a screen."""
    angle = math.radians(degrees)
    return points @ np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])


def test_the_crop_and_its_layouts_are_those_of_the_contract() -> None:
    assert CROP_SIZE_WH == (178, 218)
    assert sorted(LAYOUTS) == ["celeba", "tight"]
    assert LAYOUTS["tight"] == TIGHT == CropLayout("tight", (89.0, 88.0), 66.0, 74.0)
    assert LAYOUTS["celeba"] == CELEBA == CropLayout("celeba", (89.0, 112.0), 39.0, 42.0)


@pytest.mark.parametrize(
    ("layout", "face", "expected"),
    [
        (TIGHT, [[234, 300], [366, 300], [300, 448]], [[56, 88], [122, 88], [89, 162]]),
        (CELEBA, [[261, 300], [339, 300], [300, 384]], [[69.5, 112], [108.5, 112], [89, 154]]),
    ],
    ids=["tight", "celeba"],
)
def test_an_upright_face_stands_where_the_layout_wants_it(
    layout: CropLayout, face: list[list[float]], expected: list[list[float]]
) -> None:
    face_points = np.array(face, np.float64)
    assert_allclose(CropTransform.from_points(face_points, layout).to_crop(face_points), expected)


@pytest.mark.parametrize(
    ("face", "scale"),
    [
        ([[0, 0], [66, 0], [33, 74]], 1.0),
        ([[0, 0], [132, 0], [66, 74]], 0.5),
        ([[0, 0], [66, 0], [33, 148]], 0.5),
        ([[0, 0], [33, 0], [16.5, 18.5]], 2.0),
        ([[0, 0], [33, 0], [16.5, 37]], 2.0),
    ],
    ids=["exact fit", "eyes far apart", "mouth far down", "mouth near", "both small"],
)
def test_the_longer_of_the_two_lengths_bounds_the_scale(face: list[list[float]], scale: float) -> None:
    assert CropTransform.from_points(np.array(face, np.float64)).scale == pytest.approx(scale)


def test_a_face_lying_on_its_side_is_turned_upright() -> None:
    lying = np.array([[100.0, 100.0], [100.0, 166.0], [26.0, 133.0]])  # a quarter turn clockwise
    crop = CropTransform.from_points(lying)
    assert crop.angle_rad == pytest.approx(math.pi / 2)
    assert_allclose(crop.to_crop(lying), TIGHT_FACE)


@settings(deadline=None)
@given(st.floats(-180, 180), st.floats(0.05, 20), st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)), st.data())
def test_a_face_moved_turned_and_scaled_gets_the_same_crop(
    degrees: float, scale: float, shift: tuple[float, float], data: st.DataObject
) -> None:
    face = np.array([[20.0, 3.0], [80.0, -4.0], [55.0, 61.0]])
    nose = data.draw(hnp.arrays(np.float64, (1, 2), elements=st.floats(-100, 200)))
    moved = turned(np.vstack([face, nose]), degrees) * scale + shift
    expected = CropTransform.from_points(face).to_crop(np.vstack([face, nose]))
    assert_allclose(CropTransform.from_points(moved[:3]).to_crop(moved), expected, atol=1e-6)


@pytest.mark.parametrize(
    "face",
    [
        [[10, 10], [10, 10], [10, 40]],
        [[0, 10], [20, 10], [10, 10]],
        [[math.nan, 10], [20, 10], [10, 40]],
        [[0, 10], [20, 10], [10, math.nan]],
        [[0, 10], [math.inf, 10], [10, 40]],
        [[0, 10], [20, 10], [10, -math.inf]],
    ],
    ids=["one eye", "mouth between the eyes", "eye not a number", "mouth not a number", "eye at infinity", "mouth too"],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_points_that_no_face_can_have_are_refused(face: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="no face can have these three points"):
        CropTransform.from_points(np.array(face, np.float64))


@settings(deadline=None)
@given(CROPS, POINTS)
def test_points_return_from_the_crop_to_where_they_were_in_the_frame(crop: CropTransform, points: Points) -> None:
    assert_allclose(crop.to_frame(crop.to_crop(points)), points, atol=1e-6)


@settings(deadline=None)
@given(CROPS, POINTS)
def test_points_return_from_the_frame_to_where_they_were_in_the_crop(crop: CropTransform, points: Points) -> None:
    assert_allclose(crop.to_crop(crop.to_frame(points)), points, atol=1e-5)


def test_both_ways_agree_with_a_case_worked_by_hand() -> None:
    # A quarter turn clockwise at half the scale: 20 to the right of mid-eye becomes 10 up in the crop.
    crop = CropTransform((300.0, 200.0), 0.5, math.pi / 2)
    in_frame, in_crop = np.array([[300.0, 200.0], [320.0, 200.0], [300.0, 220.0]]), [[89, 88], [89, 78], [99, 88]]
    assert_allclose(crop.to_crop(in_frame), in_crop)
    assert_allclose(crop.to_frame(np.array(in_crop, np.float64)), in_frame)


@settings(deadline=None)
@given(CROPS, POINTS)
def test_the_matrix_says_the_same_as_to_crop(crop: CropTransform, points: Points) -> None:
    homogeneous = np.column_stack([points, np.ones(len(points))])
    assert_allclose(homogeneous @ crop.matrix.T, crop.to_crop(points), rtol=1e-9, atol=1e-6)


def test_the_matrix_of_a_quarter_turn_worked_by_hand() -> None:
    crop = CropTransform((300.0, 200.0), 0.5, math.pi / 2)
    assert_allclose(crop.matrix, [[0, 0.5, -11], [-0.5, 0, 238]], atol=1e-12)


@pytest.mark.parametrize(
    ("scale", "angle_rad", "shift"),
    [(1.0, 0.0, [-211, -112]), (2.0, 0.0, [-510.5, -311.5]), (0.5, math.pi / 2, [-11.25, 237.25])],
    ids=["moved only", "twice the size", "half the size, a quarter turn"],
)
def test_the_first_pixel_is_half_a_pixel_off_for_opencv(scale: float, angle_rad: float, shift: list[float]) -> None:
    # By hand, twice the size: the first frame pixel's centre (0.5, 0.5) goes to (-510, -311), OpenCV's -510.5, -311.5.
    crop = CropTransform((300.0, 200.0), scale, angle_rad)
    assert_allclose(crop.pixel_matrix[:, 2], shift)
    assert_array_equal(crop.pixel_matrix[:, :2], crop.matrix[:, :2])


@settings(deadline=None)
@given(CROPS, POINTS, st.floats(-10, 10))
def test_a_shifted_matrix_maps_the_shifted_points(crop: CropTransform, points: Points, by: float) -> None:
    shifted = shift_matrix(crop.matrix, by)
    mapped = (points - by) @ shifted[:, :2].T + shifted[:, 2]
    assert_allclose(mapped + by, crop.to_crop(points), atol=1e-5)


def test_shifting_a_matrix_leaves_the_old_one_alone() -> None:
    matrix = np.array([[2.0, 0.0, 3.0], [0.0, 2.0, 5.0]])
    assert_array_equal(shift_matrix(matrix, by=0.5), [[2, 0, 3.5], [0, 2, 5.5]])
    assert_array_equal(matrix, [[2, 0, 3], [0, 2, 5]])


def test_a_face_that_fits_its_crop_stands_where_the_layout_wants_it() -> None:
    assert_allclose(TIGHT.points_px, [[56, 88], [122, 88], [89, 162]])
    # Half the scale, a quarter turn clockwise: 33 aside becomes 66 below, 74 below becomes 148 to the left.
    in_frame = CropTransform((200.0, 300.0), 0.5, math.pi / 2).face_points
    assert_allclose(in_frame, [[200, 234], [200, 366], [52, 300]])


def crop_at(left: float, top: float, scale: float = 1.0, angle_rad: float = 0.0) -> CropTransform:
    """An upright crop, at scale 1, whose top left corner is here in the frame."""
    return CropTransform((left + 89, top + 88), scale, angle_rad)


@pytest.mark.parametrize(
    ("crop", "box_xyxy"),
    [
        (crop_at(44, 12), (44, 12, 222, 230)),
        (crop_at(44.3, 12.6), (44, 12, 223, 231)),
        (crop_at(-50, -20), (0, 0, 128, 198)),
        (crop_at(600, 400), (600, 400, 640, 480)),
        (CropTransform((300.0, 200.0), 0.5, 0.0), (122, 24, 478, 460)),
        # The crop's y axis points to the frame's left: 88 above mid-eye is 88 to its right, 130 below is to its left.
        (CropTransform((300.0, 200.0), 1.0, math.pi / 2), (170, 111, 388, 289)),
        (crop_at(-178, 0), None),
        (crop_at(640, 0), None),
        (crop_at(0, -218), None),
        (crop_at(0, 480), None),
        (crop_at(-177, -217), (0, 0, 1, 1)),
        (CropTransform((320.0, 240.0), 0.01, 0.0), (0, 0, 640, 480)),
    ],
    ids=[
        "inside",
        "between pixels",
        "past the top left",
        "past the bottom right",
        "half scale",
        "a quarter turn",
        "left of the frame",
        "right of the frame",
        "above the frame",
        "below the frame",
        "one pixel left",
        "larger than the frame",
    ],
)
def test_the_frame_box_holds_the_crop_and_stays_in_the_frame(
    crop: CropTransform, box_xyxy: tuple[int, int, int, int] | None
) -> None:
    box = crop.frame_box((640, 480))
    # cos(90 degrees) is not quite 0: a box may be a pixel wider than by hand, never narrower.
    if box_xyxy is None or crop.angle_rad == 0:
        assert box == box_xyxy
    else:
        assert box is not None
        assert_allclose(box, box_xyxy, atol=1)


def test_the_frame_box_of_a_piece_of_the_crop_lies_around_that_piece() -> None:
    assert crop_at(100, 100).frame_box((640, 480), (-5, 10, 20, 30)) == (95, 110, 120, 130)
    assert crop_at(100, 100).frame_box((110, 480), (-5, 10, 20, 30)) == (95, 110, 110, 130)
    assert crop_at(100, 100).frame_box((95, 480), (-5, 10, 20, 30)) is None


@settings(deadline=None)
@given(CROPS, hnp.arrays(np.float64, (20, 2), elements=st.floats(0, 1)))
def test_every_crop_point_that_lies_in_the_frame_lies_in_the_frame_box(
    crop: CropTransform, shares: npt.NDArray[np.float64]
) -> None:
    in_frame = crop.to_frame(shares * CROP_SIZE_WH)
    visible = in_frame[((in_frame > 0) & (in_frame < (640, 480))).all(axis=1)]
    box = crop.frame_box((640, 480))
    if box is None:
        assert len(visible) == 0
    else:
        left, top, right, bottom = box
        assert 0 <= left < right <= 640
        assert 0 <= top < bottom <= 480
        assert ((visible >= (left, top)) & (visible <= (right, bottom))).all()


def test_on_whole_pixels_the_crop_is_copied_back_to_its_place_in_the_box() -> None:
    crop_pixels = np.random.default_rng(0).integers(1, 256, (218, 178), np.uint8)
    # The crop starts at (44, 12) of the frame: 4 right of and 2 below the box's corner.
    warped = warp_to_frame(crop_pixels, crop_at(44, 12), (40, 10, 240, 70))
    expected = np.zeros((60, 200), np.uint8)
    expected[2:, 4:182] = crop_pixels[:58]
    assert_array_equal(warped, expected)


def test_at_half_the_scale_each_crop_pixel_becomes_four_of_the_frame() -> None:
    # Column c of the crop is at 2 c + 1 in the box; the box's column centres 0.5, 1.5 lie a quarter to its sides.
    ramp = np.tile(np.arange(178, dtype=np.float32)[None, :, None] * 8, (218, 1, 2))
    crop = CropTransform((178.0, 176.0), 0.5, 0.0)
    warped = warp_to_frame(ramp, crop, (0, 0, 300, 40))
    assert (warped.shape, warped.dtype) == ((40, 300, 2), np.float32)
    assert_allclose(warped[20, 1:6, 0], [2, 6, 10, 14, 18], atol=0.3)


@settings(deadline=None, max_examples=30)
@given(
    st.tuples(st.integers(40, 130), st.integers(40, 170)),
    st.floats(0.2, 4),
    st.floats(-math.pi, math.pi),
    st.tuples(st.integers(-20, 40), st.integers(-20, 40)),
)
def test_a_dot_of_the_crop_lands_where_to_frame_says(
    pixel: tuple[int, int], scale: float, angle_rad: float, corner: tuple[int, int]
) -> None:
    # A soft dot, wide enough to be sampled well where the frame has fewer pixels than the crop.
    rows, columns = np.mgrid[:218, :178]
    width = 1.5 * max(1, scale)
    crop_pixels = np.exp(-((columns - pixel[0]) ** 2 + (rows - pixel[1]) ** 2) / (2 * width**2)).astype(np.float32)
    crop = CropTransform((700.0, 700.0), scale, angle_rad)
    warped = warp_to_frame(crop_pixels, crop, (*corner, 1500, 1500))
    rows, columns = np.nonzero(warped)
    light = warped[rows, columns]
    landed = np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum() + 0.5 + corner
    expected = crop.to_frame(np.array([pixel]) + 0.5)[0]
    assert np.linalg.norm(landed - expected) < 0.1 * max(1, 1 / scale)


@given(
    st.floats(-500, 1000),
    st.floats(-500, 1000),
    st.floats(0.05, 20),
    st.floats(-math.pi, math.pi),
    st.integers(0, 150),
    st.integers(0, 200),
)
def test_a_box_in_the_frame_holds_all_of_the_box_of_the_crop_that_the_frame_holds(
    x: float, y: float, scale: float, angle: float, left: int, top: int
) -> None:
    crop = CropTransform((x, y), scale, angle)
    box = crop.frame_box((640, 480), (left, top, left + 20, top + 10))
    corners = np.array([[left, top], [left + 20, top], [left + 20, top + 10], [left, top + 10], [left + 10, top + 5]])
    inside = [corner for corner in crop.to_frame(corners) if 0.5 < corner[0] < 639.5 and 0.5 < corner[1] < 479.5]
    if box is None:
        assert not inside
        return
    assert 0 <= box[0] < box[2] <= 640
    assert 0 <= box[1] < box[3] <= 480
    for corner in inside:
        assert box[0] - 0.01 <= corner[0] <= box[2] + 0.01
        assert box[1] - 0.01 <= corner[1] <= box[3] + 0.01


@pytest.mark.parametrize(
    ("crop_box", "expected"),
    [
        ((10, 20, 30, 25), (110, 70, 130, 75)),
        ((-110, 20, -90, 25), (0, 70, 10, 75)),
        ((-130, 20, -110, 25), None),
    ],
    ids=["inside", "cut at the frame", "outside"],
)
def test_the_frames_box_of_a_box_of_the_crop_worked_by_hand(crop_box: Box, expected: Box | None) -> None:
    assert CropTransform((189.0, 138.0), 1.0, 0.0).frame_box((640, 480), crop_box) == expected


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
