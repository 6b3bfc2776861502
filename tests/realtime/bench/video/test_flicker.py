"""Flicker worked by hand, and the motion of the portrait that was moved by a known amount."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from realtime.bench.video.flicker import (
    aligned_masks,
    changed_share,
    face_motion,
    flickering_share,
    group_masks,
    mask_track,
)
from realtime.core.geometry import BgrImage, CropTransform, Points
from realtime.core.regions import Region
from realtime.face import Face

REGIONS = (Region.BACKGROUND, Region.RIGHT_IRIS, Region.UPPER_LIP, Region.LOWER_LIP)
MASKS = arrays(np.bool_, (8, 8))


def square_mask(left: int, width: int = 10) -> npt.NDArray[np.bool_]:
    """Ten rows high."""
    mask = np.zeros((40, 40), np.bool_)
    mask[5:15, left : left + width] = True
    return mask


def face_with(crop: CropTransform, regions: tuple[Region, ...] = REGIONS) -> Face:
    """An upper lip of 60 by 10 above a lower lip of 60 by 20, as sure as can be."""
    probs = np.zeros((len(regions), 218, 178), np.float32)
    probs[regions.index(Region.UPPER_LIP), 140:150, 60:120] = 1
    probs[regions.index(Region.LOWER_LIP), 150:170, 60:120] = 1
    return Face(1, crop, probs, regions)


def test_a_square_that_moves_by_one_column_of_ten_changes_a_fifth() -> None:
    assert changed_share(square_mask(5), square_mask(6)) == pytest.approx(20 / 100)


def test_the_share_is_of_the_mean_area() -> None:
    assert changed_share(square_mask(5, width=10), square_mask(5, width=6)) == pytest.approx(40 / 80)


def test_a_column_that_goes_and_comes_back_flickers() -> None:
    # The middle mask lacks one column of ten: 10 pixels of a mean area of (100 + 90 + 100) / 3.
    assert flickering_share(square_mask(5), square_mask(5, width=9), square_mask(5)) == pytest.approx(10 / (290 / 3))


def test_an_edge_that_goes_on_the_same_way_does_not_flicker() -> None:
    assert flickering_share(square_mask(5, width=10), square_mask(5, width=8), square_mask(5, width=6)) == 0
    assert changed_share(square_mask(5, width=10), square_mask(5, width=8)) > 0


def test_hardly_a_mask_says_nothing() -> None:
    speck = np.zeros((40, 40), np.bool_)
    speck[0, :19] = True
    assert math.isnan(changed_share(speck, speck))
    assert math.isnan(flickering_share(speck, speck, speck))


@given(MASKS, MASKS, MASKS)
def test_flicker_is_the_same_forth_and_back_and_never_more_than_the_change(
    before: npt.NDArray[np.bool_], now: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]
) -> None:
    full = np.ones((3, 8, 8), np.bool_)  # so that there is always enough of a mask
    before, now, after = (np.concatenate([mask[None], full]) for mask in (before, now, after))
    flicker = flickering_share(before, now, after)
    assert flicker == flickering_share(after, now, before)
    assert 0 <= flicker * (before.sum() + now.sum() + after.sum()) / 3 <= np.count_nonzero(before ^ now) + 1e-9


def test_the_lips_are_one_mask(portrait_face: Points) -> None:
    masks = group_masks(face_with(CropTransform.from_points(portrait_face)), np.eye(2, 3))
    assert set(masks) == {"iris", "lips"}  # the groups of which the model has a region
    assert masks["lips"].sum() == 60 * 30
    assert not masks["iris"].any()


def test_masks_of_a_face_that_moved_lie_on_each_other(portrait_face: Points) -> None:
    """A mask computed in two crops, the second of the face moved by a quarter turn and twice as near."""
    move = np.array([[0.0, -2.0, 700.0], [2.0, 0.0, 30.0]])
    moved_points = cv2.transform((portrait_face - 0.5)[None], move)[0] + 0.5
    crops = [CropTransform.from_points(portrait_face), CropTransform.from_points(moved_points)]
    faces = [face_with(crop) for crop in crops]
    before, now = aligned_masks(faces, [move, np.eye(2, 3)], crops[1])
    assert changed_share(before["lips"], now["lips"]) < 0.01
    before, now = aligned_masks(faces, [np.eye(2, 3), np.eye(2, 3)], crops[1])
    assert not changed_share(before["lips"], now["lips"]) < 0.01


def test_the_motion_of_the_portrait_is_found_from_its_pixels(portrait: BgrImage, portrait_face: Points) -> None:
    move = cv2.getRotationMatrix2D((266.0, 230.0), 2.0, 1.01)
    move[:, 2] += (3.25, -1.5)
    gray = cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY)
    moved = cv2.warpAffine(gray, move, gray.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    found = face_motion(gray, moved, CropTransform.from_points(portrait_face))
    assert found is not None
    corners = portrait_face[None]
    np.testing.assert_allclose(cv2.transform(corners, found), cv2.transform(corners, move), atol=0.1)


def test_a_blank_picture_has_no_motion(portrait_face: Points) -> None:
    blank = np.full((480, 640), 90, np.uint8)
    assert face_motion(blank, blank, CropTransform.from_points(portrait_face)) is None


def test_a_mask_is_tracked_in_frame_pixels() -> None:
    """The centre of the lips of `face_with` is (90, 155) in the crop; twice as near, they are four times as large."""
    crop = CropTransform((300.0, 200.0), 0.5, 0.0)
    x, y, eyes, lips = mask_track(face_with(crop, (Region.UPPER_LIP, Region.LOWER_LIP)))
    assert (x, y) == pytest.approx((300 + (90 - 89) / 0.5, 200 + (155 - 88) / 0.5))
    assert eyes == 0
    assert lips == pytest.approx(1800 * 4)


def test_a_lid_that_closes_does_not_move_the_place_and_an_eye_that_is_gone_ends_it() -> None:
    regions = (Region.RIGHT_EYE, Region.UPPER_LIP, Region.LOWER_LIP)
    tracks = []
    for half_height in (6, 2, 0):
        face = face_with(CropTransform((300.0, 200.0), 0.5, 0.0), regions)
        face.probs[0, 88 - half_height : 88 + half_height, 40:70] = 1
        tracks.append(mask_track(face))
    wide, narrow, shut = tracks
    assert wide[:2] == pytest.approx((300 + ((55 + 90) / 2 - 89) / 0.5, 200 + ((88 + 155) / 2 - 88) / 0.5))
    assert narrow[:2] == pytest.approx(wide[:2])
    assert narrow[2] == pytest.approx(wide[2] / 3)
    assert np.isnan(shut[:2]).all()
    assert shut[2] == 0
