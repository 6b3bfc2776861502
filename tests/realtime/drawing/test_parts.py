"""The boxes of a face's parts: around all that is seen, inside the frame, never the whole of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from realtime.core.geometry import CELEBA, TIGHT, CropLayout, CropTransform
from realtime.core.regions import Region
from realtime.drawing.parts import Buffers, SoftPart, find_patch, hiding_box
from realtime.face import Face

FRAME_WH = (640, 480)
AS_IT_IS = CropTransform((189.0, 138.0), 1.0, 0.0)
"""Crop pixel (x, y) is frame pixel (x + 100, y + 50)."""
EYE = (Region.RIGHT_EYE, Region.RIGHT_IRIS)


def face_with(left: int, top: int, right: int, bottom: int, crop: CropTransform = AS_IT_IS) -> Face:
    probs = np.zeros((3, 218, 178), np.float32)
    probs[1, top:bottom, left:right] = 1
    return Face(1, crop, probs, (Region.BACKGROUND, Region.RIGHT_EYE, Region.RIGHT_IRIS))


def patch_of(face: Face) -> SoftPart | None:
    return find_patch(face, EYE, FRAME_WH, Buffers())


def test_a_patch_reaches_little_further_than_what_is_seen() -> None:
    patch = patch_of(face_with(40, 60, 70, 80))
    assert patch is not None
    assert patch.crop_box == (40, 60, 70, 80)
    assert patch.box == (138, 108, 172, 132)
    assert patch.regions == EYE


@pytest.mark.parametrize("crop", [AS_IT_IS, CropTransform((300.0, 200.0), 0.3, 0.4), CropTransform((50.0, 9.0), 3, 0)])
def test_what_is_warped_lies_where_it_was_seen(crop: CropTransform) -> None:
    face = face_with(40, 60, 70, 100, crop)
    patch = patch_of(face)
    assert patch is not None
    prob = patch.warp(patch.soften(patch.seen), "prob", Buffers())
    ys, xs = np.nonzero(prob > 127)
    center = np.array([[xs.mean() + 0.5 + patch.box[0], ys.mean() + 0.5 + patch.box[1]]])
    assert_allclose(crop.to_crop(center), [[55, 80]], atol=0.5 * max(1, crop.scale))
    assert prob.max() > 250


@pytest.mark.parametrize("box", [(0, 0, 5, 5), (173, 213, 178, 218), (0, 0, 178, 218)], ids=["first", "last", "all"])
def test_what_touches_the_crops_side_ends_there(box: tuple[int, int, int, int]) -> None:
    patch = patch_of(face_with(*box))
    assert patch is not None
    prob = patch.warp(patch.soften(patch.seen), "prob", Buffers())
    seen_area = (box[2] - box[0]) * (box[3] - box[1])
    assert np.count_nonzero(prob > 127) == pytest.approx(seen_area, rel=0.05, abs=2)


@pytest.mark.parametrize(
    "face",
    [
        face_with(0, 0, 0, 0),
        face_with(40, 60, 70, 80, CropTransform((-400.0, 100.0), 1.0, 0.0)),
        Face(1, AS_IT_IS, np.ones((1, 218, 178), np.float32), (Region.UPPER_LIP,)),
    ],
    ids=["nothing seen", "outside the frame", "a model without eyes"],
)
def test_there_is_no_patch_where_there_is_nothing_to_draw(face: Face) -> None:
    assert patch_of(face) is None


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 8.0, 300.0, 6e7], ids=lambda scale: f"{scale:g}")
def test_faces_of_any_size_have_patches(scale: float) -> None:
    face = face_with(80, 80, 98, 96, CropTransform((320.0, 240.0), scale, 0.3))
    patch = patch_of(face)
    assert patch is not None
    assert patch.warp(patch.soften(patch.seen), "prob", Buffers()).shape == patch.shape_hw


def contains(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


@pytest.mark.parametrize("layout", [TIGHT, CELEBA], ids=["tight", "celeba"])
@pytest.mark.parametrize("part", [0, 1, 2], ids=["right eye", "left eye", "mouth"])
def test_a_part_that_is_not_seen_is_hidden_where_it_stands_in_every_crop(part: int, layout: CropLayout) -> None:
    points = np.array([[250.0, 200.0], [350.0, 200.0], [300.0, 310.0]])
    crop = CropTransform.from_points(points, layout)
    box = hiding_box(part, None, crop, FRAME_WH)
    assert box is not None
    x, y = points[part]
    half_width, half_height = (55, 32) if part == 2 else (38, 25)
    assert contains(box, (int(x - half_width), int(y - half_height), int(x + half_width), int(y + half_height)))
    assert box[2] - box[0] < 130  # and no more of the face than that


def test_what_is_seen_is_hidden_with_a_quarter_of_its_width_around_it() -> None:
    # A mouth wide open: 80 by 70, so 20 more to each side; crop (40..160, 130..240) of which 218 rows exist.
    face = face_with(60, 150, 140, 218)
    patch = patch_of(face)
    box = hiding_box(2, patch, AS_IT_IS, FRAME_WH)
    assert box is not None
    assert contains(box, (140, 180, 260, 288))


def test_the_same_name_is_the_same_memory_whatever_the_shape() -> None:
    buffers = Buffers()
    large = buffers.get("work", (20, 30, 3), np.uint8)
    small = buffers.get("work", (5, 7), np.uint8)
    again = buffers.get("work", (30, 20, 3), np.uint8)
    assert np.shares_memory(large, small)
    assert np.shares_memory(large, again)
    assert small.flags.c_contiguous
    assert (small.shape, again.shape) == ((5, 7), (30, 20, 3))


def test_more_than_before_is_new_memory_and_the_old_stays_whole() -> None:
    buffers = Buffers()
    small = buffers.get("work", (2, 2), np.float32)
    small[:] = 7
    buffers.get("work", (3, 3), np.float32)[:] = 1
    assert (small == 7).all()


def test_two_names_share_nothing() -> None:
    buffers = Buffers()
    assert not np.shares_memory(buffers.get("one", (9,), np.uint8), buffers.get("other", (9,), np.uint8))
