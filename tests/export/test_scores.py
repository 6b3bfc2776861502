"""What a file loses in F1, on small cases worked by hand."""

import json
from contextlib import nullcontext
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from export import scores
from export.scores import f1_lost, f1_on_contours, f1_on_labels
from realtime.core.geometry import TIGHT
from realtime.core.regions import Region
from tests.train.pictures import outlined_box
from train.checkpoint import NetworkSpec
from train.data.crops import held_out
from train.data.label_set import CANVAS_SIZE_WH, MARGIN_PX, LabelledFace, LabelledPhoto, write_index, write_pair
from train.prediction import PhotoSegmenter

IRISES = (Region.BACKGROUND, Region.RIGHT_IRIS, Region.LEFT_IRIS)
SPEC = NetworkSpec("unet-lite", ["background", "right_iris", "left_iris"], "tight", 4, "", "")


def segmenter_that_says(label_map: np.ndarray) -> PhotoSegmenter:
    probs = np.stack([label_map == region for region in IRISES])[None].astype(np.float32)
    return PhotoSegmenter(lambda crops: probs, IRISES, "softmax", TIGHT)


@pytest.fixture
def label_set(tmp_path):
    """One held-out face: a right iris of 10 by 10 pixels of the crop, a left one of 10 by 20."""
    for name in ("crops", "labels"):
        (tmp_path / name).mkdir()
    label_map = np.zeros(CANVAS_SIZE_WH[::-1], np.uint8)
    inside = label_map[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    inside[80:90, 50:60] = Region.RIGHT_IRIS
    inside[80:90, 110:130] = Region.LEFT_IRIS
    write_pair(tmp_path, "face", np.zeros((*label_map.shape, 3), np.uint8), label_map)
    group = next(name for name in map(str, range(1000)) if held_out(name))
    face = LabelledFace("face", [[80.0, 90.0], [140.0, 90.0], [110.0, 150.0]], group)
    write_index(tmp_path, [LabelledPhoto("photo.png", "made up", faces=[face])])
    return tmp_path, inside.copy()


def test_f1_on_labels_worked_by_hand(label_set):
    folder, truth = label_set
    half = truth.copy()
    half[:, 120:130] = 0  # 100 of the left iris's 200 pixels are lost: F1 is 2 * 100 / (200 + 100)
    segmenters = {"in torch": segmenter_that_says(truth), "a.onnx": segmenter_that_says(half)}
    f1 = f1_on_labels(segmenters, SPEC, folder)
    assert f1["in torch"] == {"right_iris": 1, "left_iris": 1}
    assert f1["a.onnx"] == {"right_iris": 1, "left_iris": pytest.approx(2 / 3)}
    assert f1_lost(f1["in torch"], f1["a.onnx"]) == {"right_iris": 0, "left_iris": pytest.approx(1 / 3)}


def test_regions_without_f1_are_left_out():
    assert f1_lost({"eyes": 0.9, "lips": float("nan")}, {"eyes": 0.8, "lips": float("nan")}) == {
        "eyes": pytest.approx(0.1)
    }


def test_f1_on_outlines_worked_by_hand(tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.zeros((100, 100, 3), np.uint8))
    square = {"right_eye": (10, 30), "left_eye": (60, 80), "lips_outer": (40, 50), "lips_inner": (44, 46)}
    outlines = {name: outlined_box(x0, 10, x1, 30) for name, (x0, x1) in square.items()}
    (tmp_path / "contours.json").write_text(json.dumps({"a.png": outlines}))
    finder = SimpleNamespace(find=lambda photo: ["a face"])
    monkeypatch.setattr(scores, "FaceLandmarker", lambda path: nullcontext(finder))

    def draw(*names: str):
        label_map = np.zeros((100, 100), np.uint8)
        for name in names:
            label_map[10:30, slice(*square[name])] = Region.RIGHT_EYE
        return SimpleNamespace(segment_photo=lambda photo, faces: label_map)

    f1 = f1_on_contours({"whole": draw("right_eye", "left_eye"), "half": draw("left_eye")}, tmp_path, tmp_path / "task")
    assert f1["whole"]["eyes"] == pytest.approx(1, abs=0.05)
    assert f1["half"]["eyes"] == pytest.approx(2 / 3, abs=0.05)
    assert f1["whole"]["lips"] == 0
