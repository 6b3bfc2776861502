"""Masks face by face beside MediaPipe's: F1, area, eyes that are drawn, and what stands in the summary."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from realtime.core.geometry import TIGHT
from realtime.core.regions import Region
from train.data.label_set import LabelledFace, LabelledPhoto, write_index
from train.evaluation.segmenter import Yardsticks, unlearnt_outlines
from train.evaluation.yardstick import (
    MaskScore,
    NetworkModel,
    ScoredFace,
    eye_opening,
    nearest,
    score_mask,
    summary,
)
from train.prediction import PhotoSegmenter

OUTLINES = {"right_eye": np.zeros((6, 2)), "left_eye": np.zeros((6, 2)), "lips_outer": np.zeros((12, 2))}
LENS = np.array([[0, 0], [2, -1], [4, -1], [6, 0], [4, 1], [2, 1]], np.float64)


def test_a_mask_worked_by_hand() -> None:
    truth, mask = np.zeros((2, 10, 20), np.uint8)
    truth[2:4, 2:7], truth[2:4, 12:17] = Region.RIGHT_EYE, Region.LEFT_EYE  # 10 pixels each
    mask[2:4, 4:9], mask[2, 12] = Region.RIGHT_IRIS, Region.LEFT_EYE  # 6 of them, 4 beside; 1 of the other eye
    truth[7, 5:15], mask[7, 5:15] = Region.UPPER_LIP, Region.MOUTH_INSIDE
    score = score_mask(mask, truth, OUTLINES)
    assert score.f1["eyes"] == pytest.approx(2 * 7 / (20 + 11))
    assert score.area_ratio["eyes"] == pytest.approx(11 / 20)
    assert score.f1["mouth"] == 1
    assert np.isnan(score.f1["lips"])  # nobody drew where the lips part
    assert np.isnan(score.f1["irises"])
    assert score.drawn == (True, False)  # 0.6 and 0.1 of them


def test_lips_and_irises_are_scored_where_people_drew_them() -> None:
    truth, mask = np.zeros((2, 4, 8), np.uint8)
    truth[0, :4], mask[0, :2] = Region.LEFT_IRIS, Region.LEFT_IRIS
    truth[2, :4], mask[2, :4] = Region.UPPER_LIP, Region.LOWER_LIP
    score = score_mask(mask, truth, OUTLINES | {"lips_inner": LENS, "right_iris": LENS})
    assert score.f1["irises"] == pytest.approx(2 * 2 / 6)
    assert score.f1["lips"] == 1


def test_the_opening_is_about_height_over_width_and_does_not_change_with_size_or_turn() -> None:
    opening = eye_opening(LENS)
    assert opening == pytest.approx(2 / 6, rel=0.15)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    assert eye_opening(7 * LENS @ turn.T + 3) == pytest.approx(opening)
    assert eye_opening(LENS * (1, 0.5)) == pytest.approx(opening / 2, rel=0.1)


@pytest.mark.parametrize(("shift", "is_found"), [(0.0, True), (4.9, True), (5.1, False)])
def test_only_a_mask_of_the_outlined_face_counts(shift: float, is_found: bool) -> None:
    points = np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 10.0]])
    found = nearest([(points + np.array([40, 0]), "far"), (points + np.array([shift, 0]), "near")], points)
    assert found == ("near" if is_found else None)


def test_nobody_is_nearest_where_nobody_is() -> None:
    assert nearest([], np.zeros((3, 2))) is None


def scored(name: str, ours: float, mediapipe: float, **others: object) -> ScoredFace:
    """A face whose eyes have these F1, both open by 0.12."""

    def mask(f1: float) -> MaskScore:
        nothing = dict.fromkeys(("lips", "mouth", "irises"), float("nan"))
        return MaskScore({"eyes": f1, **nothing}, {"eyes": 1 + f1, **nothing}, (f1 > 0.1, f1 > 0.5))

    plain = {"openings": (0.12, 0.12), "covered": False, "tone": "tan", "is_found": ours > 0}
    return ScoredFace(name, name.split("/")[0], ours=mask(ours), mediapipe=mask(mediapipe), **plain | others)


def test_the_summary_worked_by_hand() -> None:
    faces = [
        scored("a/1", 0.8, 0.6),
        scored("a/2", 0.2, 0.6, tone="light"),
        scored("b/1", 0.0, 0.9),
        scored("b/2", 0.9, 0.1, covered=True),
    ]
    found = summary(faces)
    eyes = found["sources"]["a"]["eyes"]
    assert eyes["ours"] == pytest.approx({"mean": 0.5, "median": 0.5, "poor": 1, "area_ratio": 1.5})
    assert eyes["difference"] == pytest.approx(-0.1)
    assert eyes["standard_error"] == pytest.approx(0.3 / np.sqrt(2))  # differences of 0.2 and -0.4
    assert "lips" not in found["sources"]["a"]
    assert [found["sources"][name]["not_found"] for name in "ab"] == [0, 1]
    assert found["sources"]["b"]["faces"] == found["covered"]["faces"] == 1
    assert found["tones"]["dark+brown+tan"]["faces"] == 2
    assert found["tones"]["all others"]["eyes"]["ours"]["mean"] == pytest.approx(0.2)
    # Of six eyes with one opening ours draws 2, 1 and 0, MediaPipe all.
    assert found["openings"] == {"0.10 to 0.15": {"eyes": 6, "ours": 0.5, "mediapipe": 1.0}}
    assert found["worst"] == ["b/1", "a/2", "a/1"]
    assert_allclose([face.ours.area_ratio["eyes"] for face in faces], [1.8, 1.2, 1.0, 1.9])


def test_the_tracker_runs_a_network_as_it_runs_a_model_file() -> None:
    probs = np.random.default_rng(0).random((3, 8, 218, 178), np.float32)
    segmenter = PhotoSegmenter(lambda crops: probs[: len(crops)], tuple(Region), "softmax", TIGHT)
    model = NetworkModel.of_segmenter(segmenter)
    out = np.zeros(model.output_shape(2), np.float32)
    assert model.run(np.zeros((2, 218, 178, 3), np.uint8), out=out) is out
    assert_allclose(out, probs[:2])
    assert (model.card.layout, model.card.regions) == (TIGHT, tuple(Region))


def test_a_photo_that_was_learnt_from_is_not_scored(tmp_path: Path) -> None:
    (tmp_path / "wild" / "images").mkdir(parents=True)
    outlines = {name: LENS.tolist() for name in ("right_eye", "left_eye", "lips_outer")}
    (tmp_path / "wild" / "contours.json").write_text(json.dumps({"a.png": outlines, "b.png": outlines}))
    for name in "ab":
        cv2.imwrite(str(tmp_path / "wild" / "images" / f"{name}.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "set").mkdir()
    rows = [
        LabelledPhoto(f"/photos/wild/images/{name}.png", "wild", faces=[LabelledFace(name, [], name)], split=split)
        for name, split in (("a", "train"), ("b", "test"))
    ]
    write_index(tmp_path / "set", rows)
    (photo,) = unlearnt_outlines(tmp_path / "wild", [tmp_path / "set"], Yardsticks(outline_shift_px=0.25))
    assert photo.path.name == "b.png"
    assert_allclose(photo.outlines["right_eye"], LENS + 0.25)
