"""Outlines that people drew become label maps; files that are none are refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.core.regions import Region
from tests.train.pictures import area_of, outlined_box, outlined_ring
from train.labelling.outlines import CURVE_STEPS, curve, outlines_of_photos, read_contours, smooth_outline

BOXES = {
    "right_eye": outlined_box(2, 2, 6, 4),
    "left_eye": outlined_box(10, 2, 14, 4),
    "lips_outer": outlined_box(4, 8, 12, 14),
    "lips_inner": outlined_box(6, 10, 10, 12),
}


def test_outlines_become_eyes_lips_and_the_mouth_between_them(tmp_path: Path) -> None:
    (tmp_path / "contours.json").write_text(json.dumps({"ann.jpg": BOXES}))
    (photo,) = read_contours(tmp_path)
    assert photo.path == tmp_path / "images" / "ann.jpg"
    label_map = photo.label_map((16, 16))
    expected = np.zeros((16, 16), np.uint8)
    expected[2:4, 2:6], expected[2:4, 10:14] = Region.RIGHT_EYE, Region.LEFT_EYE
    expected[8:14, 4:12], expected[10:12, 6:10] = Region.UPPER_LIP, Region.MOUTH_INSIDE
    assert_array_equal(label_map, expected)


@pytest.mark.parametrize(
    "contents",
    [
        None,
        "no json",
        "[]",
        json.dumps({"ann.jpg": {"right_eye": []}}),
        json.dumps({"ann.jpg": 3}),
        json.dumps({"ann.jpg": BOXES | {"right_eye": [[1, 2], [3, 4]]}}),
        json.dumps({"ann.jpg": BOXES | {"left_iris": [[1, 2, 3], [3, 4, 5], [5, 6, 7]]}}),
        json.dumps({"ann.jpg": BOXES | {"lips_inner": [[1, 2], [3, 4], [5, float("nan")]]}}),
    ],
    ids=["missing", "no JSON", "a list", "outlines missing", "a number", "two points", "points in space", "no number"],
)
def test_a_file_that_is_none_is_refused_by_name(contents: str | None, tmp_path: Path) -> None:
    if contents is not None:
        (tmp_path / "contours.json").write_text(contents)
    with pytest.raises(ValueError, match=r"contours\.json"):
        read_contours(tmp_path)


def test_a_missing_photo_is_named_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "contours.json").write_text(json.dumps({"ann.jpg": BOXES}))
    with pytest.raises(ValueError, match=r"ann\.jpg"):
        read_contours(tmp_path)[0].read()


def test_inner_lips_and_irises_may_be_left_out(tmp_path: Path) -> None:
    needed = {name: BOXES[name] for name in ("right_eye", "left_eye", "lips_outer")}
    iris = {"left_iris": outlined_box(11, 2, 13, 4)}
    (tmp_path / "contours.json").write_text(json.dumps({"ann.jpg": needed, "bob.jpg": {**BOXES, **iris}}))
    ann, bob = read_contours(tmp_path)
    assert set(ann.outlines) == set(needed)
    assert set(bob.outlines) == {*needed, "lips_inner", "left_iris"}
    assert set(np.unique(ann.label_map((16, 16)))) == {0, Region.RIGHT_EYE, Region.LEFT_EYE, Region.UPPER_LIP}


def test_outlines_belong_to_the_photos_beside_them_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ours" / "images").mkdir(parents=True)
    (tmp_path / "ours" / "contours.json").write_text(json.dumps({"ann.jpg": BOXES}))
    monkeypatch.chdir(tmp_path)
    names = ["ours/images/ann.jpg", "ours/images/bob.jpg", "ours/other/ann.jpg", "images/ann.jpg", "ann.jpg"]
    ann, *others = outlines_of_photos([Path(name) for name in names])
    assert ann is not None
    assert_allclose(ann["left_eye"], BOXES["left_eye"])
    assert others == [None] * 4
    (tmp_path / "ours" / "contours.json").write_text("{")
    with pytest.raises(ValueError, match=r"ours/contours\.json: not a file of outlines"):
        outlines_of_photos([Path(names[0])])


SQUARE = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])


@pytest.mark.parametrize(
    ("corners", "middle"),
    [((), [5.0, -1.25]), ((0,), [5.625, -0.625]), ((1,), [4.375, -0.625]), ((0, 1), [5.0, 0.0])],
    ids=["round", "one end a corner", "the other end", "both"],
)
def test_the_middle_of_a_squares_side_worked_by_hand(corners: tuple[int, ...], middle: list[float]) -> None:
    # A round end's tangent is (5, -5) or (5, 5), a corner's the side itself; the middle is an eighth of what they
    # differ by from the side's own.
    assert_allclose(curve(SQUARE, corners)[CURVE_STEPS // 2], middle)


@pytest.mark.parametrize("corners", [(), (0, 3)], ids=["round", "with corners"])
def test_the_curve_passes_through_the_points_and_moves_with_them(corners: tuple[int, ...]) -> None:
    points = np.random.default_rng(0).uniform(0, 50, (7, 2))
    assert_allclose(curve(points, corners)[::CURVE_STEPS], points)
    assert len(curve(points, corners)) == 7 * CURVE_STEPS
    turn = np.array([[0.0, -3.0], [3.0, 0.0]])
    assert_allclose(curve(points @ turn + 5, corners), curve(points, corners) @ turn + 5)
    assert_allclose(curve(points[[0, 0, 1, 2]])[::CURVE_STEPS], points[[0, 0, 1, 2]])  # one set twice


def turn_deg(smooth: np.ndarray, index: int) -> float:
    """By how much a closed line turns at one of its points."""
    before, after = smooth[index] - smooth[index - 1], smooth[(index + 1) % len(smooth)] - smooth[index]
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    return float(np.degrees(np.arccos(cosine)))


def test_an_eye_is_sharp_at_its_corners_and_round_elsewhere() -> None:
    eye = outlined_ring((50, 50), 15, 8)
    smooth = smooth_outline(eye)
    turns = [turn_deg(smooth, index * CURVE_STEPS) for index in range(8)]
    polygon = [turn_deg(eye, index) for index in range(8)]
    assert [turn > 60 for turn in turns] == [True, False, False, False, True, False, False, False]
    assert turns[0] == pytest.approx(polygon[0], abs=12)
    assert max(turns[1:4] + turns[5:]) < 6 < min(polygon)
    assert turn_deg(curve(eye), 0) < 15


@pytest.mark.parametrize("count", [6, 8, 12])
def test_a_curve_through_points_of_a_circle_has_its_area(count: int) -> None:
    circle = outlined_ring((50, 50), 10, 10, count)
    assert area_of(curve(circle)) == pytest.approx(np.pi * 100, rel=0.03 if count == 6 else 0.01)
    assert area_of(circle) < 0.96 * np.pi * 100


def test_six_points_of_an_eye_have_its_area_once_a_curve_passes_through_them() -> None:
    # Two parabolas, 30 wide and 8 high either way: of 8 / 3 * 15 * 8 the hexagon has 8 / 9.
    x = np.array([-15, -5, 5, 15, 5, -5.0])
    y = 8 * (1 - (x / 15) ** 2) * [-1, -1, -1, 1, 1, 1]
    lens, true_area = np.column_stack([x, y]), 8 / 3 * 15 * 8
    assert area_of(lens) == pytest.approx(8 / 9 * true_area)
    assert 0.95 * true_area < area_of(smooth_outline(lens)) < 1.01 * true_area
