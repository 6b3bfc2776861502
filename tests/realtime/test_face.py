"""What a face of the Python API offers."""

import cv2
import numpy as np
from numpy.testing import assert_array_equal

from realtime.core.geometry import CropTransform
from realtime.core.regions import Region
from realtime.face import Face
from realtime.frame_labels import frame_label_map

REGIONS = (Region.BACKGROUND, Region.UPPER_LIP, Region.LOWER_LIP)
AS_THE_FRAME = CropTransform((89.0, 88.0), 1.0, 0.0)
"""The crop lies on the frame's top left corner, pixel upon pixel."""


def face_with(region: Region, rows: slice, columns: slice, transform: CropTransform = AS_THE_FRAME) -> Face:
    """A face with one rectangle of one region."""
    probs = np.zeros((3, 218, 178), np.float32)
    probs[0] = 1
    probs[:, rows, columns] = 0
    probs[REGIONS.index(region), rows, columns] = 1
    return Face(1, transform, probs, REGIONS)


def test_the_label_map_is_the_crops() -> None:
    label_map = face_with(Region.LOWER_LIP, slice(10, 14), slice(20, 30)).label_map
    assert label_map.shape == (218, 178)
    assert (label_map[10:14, 20:30] == Region.LOWER_LIP).all()
    assert np.count_nonzero(label_map) == 40


def test_polygons_are_in_frame_pixels_and_only_of_what_is_seen() -> None:
    twice_as_large = CropTransform((178.0, 176.0), 0.5, 0.0)
    polygons = face_with(Region.LOWER_LIP, slice(10, 14), slice(20, 30), twice_as_large).polygons
    assert list(polygons) == [Region.LOWER_LIP]
    (outline,) = polygons[Region.LOWER_LIP]
    assert_array_equal([outline.min(axis=0), outline.max(axis=0)], [[40, 20], [60, 28]])


def test_the_frames_label_map_holds_all_faces_the_later_on_top() -> None:
    first = face_with(Region.UPPER_LIP, slice(10, 14), slice(20, 30))
    second = face_with(Region.LOWER_LIP, slice(10, 14), slice(26, 36))
    label_map = frame_label_map([first, second], (200, 240))
    assert label_map.shape == (240, 200)
    assert_array_equal(label_map[12, 18:38], [0] * 2 + [Region.UPPER_LIP] * 6 + [Region.LOWER_LIP] * 10 + [0] * 2)


def test_a_copy_keeps_its_probabilities() -> None:
    face = face_with(Region.UPPER_LIP, slice(10, 14), slice(20, 30))
    kept = face.copy()
    face.probs[:] = 0
    assert np.count_nonzero(kept.label_map == Region.UPPER_LIP) == 40


def test_filling_all_outlines_gives_the_region_with_its_hole() -> None:
    face = face_with(Region.UPPER_LIP, slice(10, 30), slice(20, 60))
    face.probs[:, 15:20, 30:50] = np.array([1, 0, 0], np.float32)[:, None, None]
    outlines = face.polygons[Region.UPPER_LIP]
    assert len(outlines) == 2
    filled = np.zeros((218, 178), np.uint8)
    fine = [np.round((outline - 0.5) * 256).astype(np.int32) for outline in outlines]  # OpenCV's centre is (0, 0)
    cv2.fillPoly(filled, fine, 1, shift=8)
    wrong = np.count_nonzero((filled == 1) != (face.label_map == Region.UPPER_LIP))
    assert wrong <= 2 * (20 + 40) + 2 * (5 + 20)  # fillPoly paints the rim too
    assert filled[17, 40] == 0
