"""Masks against drawn outlines: overlap in the photo's pixels, edges in the crop's."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from realtime.core.geometry import TIGHT, CropTransform
from realtime.core.regions import Region
from tests.train.pictures import outlined_box
from train.evaluation.outlines import Mask, edge_distance_px, judge_outlined, outline, outlined_faces, score_outlines
from train.labelling.label_maps import face_points
from train.labelling.outlines import read_contours
from train.prediction import PhotoSegmenter

OUTLINES = {
    "right_eye": outlined_box(100, 170, 124, 182),
    "left_eye": outlined_box(230, 170, 254, 182),
    "lips_outer": outlined_box(140, 310, 220, 340),
    "lips_inner": outlined_box(160, 320, 200, 330),
}


def test_edges_are_told_in_pixels_of_the_crop_and_overlap_in_the_photos(
    drawn_face, told_landmarker, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "contours.json").write_text(json.dumps({"a.png": OUTLINES, "black.png": OUTLINES}))
    for name, level in (("a", 90), ("black", 0)):
        cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), np.full((440, 360, 3), level, np.uint8))
    photos = read_contours(tmp_path)
    truth = photos[0].label_map((360, 440))

    def moved_down(photo, faces):
        return np.roll(truth, 4, axis=0)

    def no_lips(photo, faces):
        return np.where(truth == Region.UPPER_LIP, 0, truth)

    landmarker = told_landmarker([2 * drawn_face()])  # a face twice as large as the crop has it
    drawers = {"truth": lambda photo, faces: truth, "moved": moved_down, "no lips": no_lips}
    scores, without_face = score_outlines(drawers, photos, landmarker, lambda: None, TIGHT)
    assert without_face == 1
    assert scores["truth"].regions["eyes"].dice == 1
    assert scores["truth"].edges_px == {"eyes": 0, "lips": 0}
    # Both eyes are 24 by 12: 24 by 8 are in both. Of the 68 pixels of each outline the 24 of one long side are four
    # photo pixels off, and of the short sides four on either side one, two, three and four.
    assert scores["moved"].regions["eyes"].dice == pytest.approx(8 / 12)
    assert scores["moved"].edges_px["eyes"] == pytest.approx((22 * 4 + 2 * (1 + 2 + 3 + 4) + inner_px()) / 68 / 2)
    assert scores["no lips"].regions["lips"].dice == 0
    assert np.isnan(scores["no lips"].edges_px["lips"])


def inner_px() -> float:
    """The other long side, which lies inside: four from the outline's own, or nearer to a short side's pixels."""
    return sum(min(4, distance) for column in range(1, 23) for distance in [min(column, 23 - column)])


def test_outlined_faces_stand_as_the_network_sees_them(drawn_face, told_landmarker, spec, tmp_path: Path) -> None:
    (tmp_path / "london" / "images").mkdir(parents=True)
    (tmp_path / "london" / "contours.json").write_text(json.dumps({"a.png": OUTLINES, "black.png": OUTLINES}))
    for name, level in (("a", 90), ("black", 0)):
        cv2.imwrite(str(tmp_path / "london" / "images" / f"{name}.png"), np.full((440, 360, 3), level, np.uint8))
    face = 2 * drawn_face()
    crop = CropTransform.from_points(face_points(face), TIGHT)
    eye = np.round(crop.to_crop(np.array([[100.0, 170.0], [124.0, 182.0]]))).astype(int)

    def sees_one_eye(crops):
        probs = np.zeros((1, 8, 218, 178), np.float32)
        probs[:, Region.BACKGROUND] = 0.5
        probs[:, Region.RIGHT_EYE, eye[0, 1] : eye[1, 1], eye[0, 0] : eye[1, 0]] = 1
        return probs

    segmenter = PhotoSegmenter(sees_one_eye, tuple(Region), "softmax", TIGHT)
    photos = read_contours(tmp_path / "london")
    held_out = outlined_faces(photos, told_landmarker([face]), spec.regions, TIGHT)
    assert {name: len(channels) for name, channels in held_out.classes.items()} == {"iris+eyes": 4, "lips": 2}
    canvas, label_map = held_out.faces[0].pair.read()
    assert canvas.shape == (314, 274, 3)
    assert held_out.faces[0].pair.read_canvas() is canvas
    (judged,) = judge_outlined(segmenter, held_out.faces)
    assert_array_equal(judged.truth, label_map[48:-48, 48:-48])
    assert (judged.name, judged.source) == ("a.png", "london")
    assert judged.crop_bgr.shape == (218, 178, 3)
    assert (judged.truth[eye[0, 1] : eye[1, 1], eye[0, 0] : eye[1, 0]] == Region.RIGHT_EYE).mean() > 0.9
    truth = [(judged.truth == region).sum() for region in (Region.RIGHT_EYE, Region.LEFT_EYE, Region.UPPER_LIP)]
    assert truth == pytest.approx([24 * 12 / 4, 24 * 12 / 4, (80 * 30 - 40 * 10) / 4], rel=0.15)
    assert judged.dice == pytest.approx(2 * truth[0] / (truth[0] + sum(truth)), rel=0.1)


def box(left: int, top: int, right: int, bottom: int) -> Mask:
    mask = np.zeros((20, 30), bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("one", "other", "distance_px"),
    [
        (box(3, 3, 9, 9), box(3, 3, 9, 9), 0),
        (box(3, 3, 4, 4), box(6, 7, 7, 8), 5),
        # Of three pixels in a row two lie one and two from the single pixel; back it is none: (1 + 0) / 2.
        (box(3, 3, 6, 4), box(3, 3, 4, 4), 0.5),
        (box(0, 0, 30, 1), box(0, 4, 30, 5), 4),
    ],
    ids=["the same", "3 and 4 apart", "longer", "along the border"],
)
def test_distances_worked_by_hand(one: Mask, other: Mask, distance_px: float) -> None:
    assert edge_distance_px(one, other) == pytest.approx(distance_px)


def test_an_outline_is_what_has_a_neighbour_outside_and_a_hole_has_one_too() -> None:
    ring = box(2, 2, 11, 11) & ~box(6, 6, 7, 7)
    edge = outline(ring)
    assert edge.sum() == 4 * 8 + 4
    assert edge_distance_px(ring, box(2, 2, 11, 11)) > 0


def test_without_an_outline_there_is_no_distance() -> None:
    assert math.isnan(edge_distance_px(box(0, 0, 0, 0), box(3, 3, 9, 9)))


@given(st.integers(0, 8), st.integers(0, 8), st.integers(1, 8), st.integers(1, 8))
def test_it_is_the_same_both_ways(left: int, top: int, width: int, height: int) -> None:
    one, other = box(left, top, left + width, top + height), box(5, 5, 12, 9)
    assert edge_distance_px(one, other) == pytest.approx(edge_distance_px(other, one))
