"""Ids land at the face's place in the frame, at the frame's resolution, and the box leaves none out."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.geometry import CropTransform, warp_to_frame
from realtime.core.regions import Region
from realtime.face import Face, Probs, frame_label_map, frame_labels, label_crop
from realtime.outputs.sink import FrameCopy

ALL = tuple(Region)
EYES_AND_LIPS = (Region.RIGHT_EYE, Region.LEFT_EYE, Region.UPPER_LIP, Region.LOWER_LIP)
AS_IT_IS = CropTransform((189.0, 138.0), 1.0, 0.0)
"""Crop pixel (x, y) is frame pixel (x + 100, y + 50)."""
LARGE = CropTransform((300.0, 300.0), 0.25, 0.0)
"""Crop pixel (x, y) is 4 x 4 frame pixels from (4 x - 56, 4 y - 52)."""


def probs_of(regions: tuple[Region, ...], *boxes: tuple[Region, tuple[int, int, int, int], float]) -> Probs:
    """(C, 218, 178) with a probability for each (region, box_xyxy); the rest is background, where there is one."""
    probs = np.zeros((len(regions), 218, 178), np.float32)
    for region, (left, top, right, bottom), prob in boxes:
        probs[regions.index(region), top:bottom, left:right] = prob
    if Region.BACKGROUND in regions:
        probs[regions.index(Region.BACKGROUND)] = 1 - probs.sum(axis=0)
    return probs


REGIONS = (Region.BACKGROUND, Region.RIGHT_EYE, Region.UPPER_LIP)
FRAME_WH = (200, 240)


def patches(seed: int) -> npt.NDArray[np.float32]:
    """(3, 218, 178) squares of 20 by 20 pixels, all of them background at the rim."""
    probs = np.random.default_rng(seed).random((3, 11, 9)).astype(np.float32)
    probs[0, [0, -1]] = probs[0][:, [0, -1]] = 1
    return np.ascontiguousarray(probs.repeat(20, axis=1).repeat(20, axis=2)[:, :218, :178])


def box_only(probs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """An eye of 4 by 4 pixels, which is nearly as probable all around."""
    probs = np.full_like(probs, 0.49)
    probs[2] = 0
    probs[1, 86:90, 87:91] = 1
    probs[0] = 1 - probs[1]
    return probs


@pytest.mark.parametrize(
    "crop",
    [
        CropTransform((100.0, 120.0), 1.0, 0.4),
        CropTransform((100.0, 120.0), 0.1, -2.0),
        CropTransform((100.0, 120.0), 3.0, 0.0),
        CropTransform((3.0, 230.0), 0.8, 0.2),
    ],
    ids=["turned", "large", "small", "half outside"],
)
@pytest.mark.parametrize("probs", [patches(0), box_only(patches(0))], ids=["many patches", "one that reaches far"])
def test_the_box_holds_all_that_the_whole_frame_shows(crop: CropTransform, probs: npt.NDArray[np.float32]) -> None:
    face = Face(1, crop, probs, REGIONS)
    whole = np.stack([warp_to_frame(prob, crop, (0, 0, *FRAME_WH)) for prob in probs])
    inside = warp_to_frame(np.ones((218, 178), np.float32), crop, (0, 0, *FRAME_WH)) > 0
    expected = np.where(inside, label_crop(whole, REGIONS), 0)
    labels = frame_labels(face, FRAME_WH)
    assert labels is not None
    left, top, right, bottom = labels.box_xyxy
    found = np.zeros_like(expected)
    found[top:bottom, left:right] = labels.ids
    assert_array_equal(found, expected)
    assert (found > 0).any()


def test_a_face_of_which_nothing_is_seen_has_no_box() -> None:
    nothing = np.zeros((3, 218, 178), np.float32)
    nothing[0] = 1
    assert frame_labels(Face(1, CropTransform((89.0, 88.0), 1.0, 0.0), nothing, REGIONS), FRAME_WH) is None
    assert frame_labels(Face(1, CropTransform((-900.0, 0.0), 1.0, 0.0), patches(0), REGIONS), FRAME_WH) is None


@pytest.mark.parametrize("regions", [ALL, EYES_AND_LIPS], ids=["with background", "without"])
def test_ids_land_at_the_faces_place_in_the_frame_and_nowhere_else(regions: tuple[Region, ...]) -> None:
    probs = probs_of(regions, (Region.LEFT_EYE, (120, 80, 140, 95), 0.9), (Region.LOWER_LIP, (70, 160, 110, 170), 0.9))
    label_map = frame_label_map([Face(1, AS_IT_IS, probs, regions)], (640, 480))
    expected = np.zeros((480, 640), np.uint8)
    expected[130:145, 220:240] = 2
    expected[210:220, 170:210] = 6
    assert_array_equal(label_map, expected)


def test_a_face_that_lies_on_its_side_is_pasted_on_its_side() -> None:
    # A quarter turn clockwise: what is right of the crop's mid-eye point is below it in the frame; below becomes left.
    probs = probs_of(ALL, (Region.LEFT_EYE, (119, 88, 129, 90), 0.9))
    label_map = frame_label_map([Face(1, CropTransform((300.0, 200.0), 1.0, math.pi / 2), probs, ALL)], (640, 480))
    expected = np.zeros((480, 640), np.uint8)
    expected[230:240, 298:300] = 2
    assert_array_equal(label_map, expected)


def test_a_large_face_gets_edges_at_the_frames_own_resolution() -> None:
    # A slanting edge that moves half a pixel aside on each row: in the frame too, not by 2 every 4th row.
    probs = np.zeros((1, 218, 178), np.float32)
    rows, columns = np.mgrid[:218, :178]
    probs[0] = np.clip((columns - rows * 0.5) * 0.2 + 0.5, 0, 1)
    label_map = frame_label_map([Face(1, LARGE, probs, (Region.LEFT_IRIS,))], (700, 900))
    edges = np.argmax(label_map[100:600] == 4, axis=1)
    assert_allclose(np.diff(edges), 0.5, atol=0.51)
    assert_allclose(edges[-1] - edges[0], 499 / 2, atol=1)


@pytest.mark.parametrize(
    ("mid_eye", "expected"),
    [
        ((0.0, 0.0), (0, 0, 33, 12)),
        ((640.0, 480.0), (607, 470, 640, 480)),
        ((320.0, -5.0), (287, 0, 353, 7)),
        ((-300.0, 100.0), None),
        ((1e6, 1e6), None),
    ],
    ids=["top left", "bottom right", "above", "outside", "far outside"],
)
def test_a_face_at_the_border_is_cut_there(
    mid_eye: tuple[float, float], expected: tuple[int, int, int, int] | None
) -> None:
    probs = probs_of(ALL, (Region.RIGHT_EYE, (56, 78, 122, 100), 0.9))
    label_map = frame_label_map([Face(1, CropTransform(mid_eye, 1.0, 0.0), probs, ALL)], (640, 480))
    cut = np.zeros((480, 640), np.uint8)
    if expected:
        left, top, right, bottom = expected
        cut[top:bottom, left:right] = 1
    assert_array_equal(label_map, cut)


def test_where_faces_overlap_the_later_is_on_top_as_in_the_whole_frame() -> None:
    faces = tuple(Face(n, CropTransform((80.0 + 10 * n, 100.0), 1.0, 0.1), patches(n), REGIONS) for n in range(3))
    copy = FrameCopy("three", 0.0, FRAME_WH, None, faces)
    assert_array_equal(copy.label_map, frame_label_map(faces, FRAME_WH))
    assert copy.labels is copy.labels
