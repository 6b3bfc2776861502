"""Pictures to calibrate on: a label set's training side, never what is held out."""

import cv2
import numpy as np
import pytest

from export import images
from export.images import calibration_images
from train.checkpoint import NetworkSpec
from train.data.crops import held_out
from train.data.label_set import CANVAS_SIZE_WH, LabelledFace, LabelledPhoto, write_index, write_pair

SEGMENTER_SPEC = NetworkSpec("unet-lite", ["background", "right_iris"], "tight", 4, "", "")
FINDER_SPEC = NetworkSpec("face-finder", [], "tight", 4, "", "")
POINTS = [[30.0, 30.0], [60.0, 30.0], [45.0, 60.0]]


@pytest.fixture
def label_set(tmp_path):
    """Ten training faces, each of one grey, 10 to 100, and one held-out face, white."""
    for name in ("crops", "labels"):
        (tmp_path / name).mkdir()
    names = [str(number) for number in range(1000)]
    training, validation = ([name for name in names if held_out(name) == side] for side in (False, True))
    photos = []
    for index in range(11):
        grey = 10 * (index + 1) if index < 10 else 255
        canvas = np.full((*CANVAS_SIZE_WH[::-1], 3), grey, np.uint8)
        write_pair(tmp_path, str(index), canvas, canvas[:, :, 0] * 0)
        cv2.imwrite(str(tmp_path / f"{index}.png"), canvas)
        face = LabelledFace(str(index), POINTS, (training[:10] + validation[:1])[index])
        photos.append(LabelledPhoto(str(tmp_path / f"{index}.png"), "made up", faces=[face]))
    write_index(tmp_path, photos)
    return tmp_path


@pytest.mark.parametrize("spec", [SEGMENTER_SPEC, FINDER_SPEC], ids=["segmenter", "finder"])
def test_training_faces_are_taken_spread_over_all(spec, label_set, monkeypatch):
    monkeypatch.setattr(images, "LEAST_CALIBRATION", 4)
    side = (218, 178) if spec is SEGMENTER_SPEC else (160, 160)
    pictures = calibration_images(spec, label_set)
    assert pictures.shape == (4, *side, 3)
    assert pictures[:, 80, 80, 0].tolist() == [10, 40, 70, 100]


def test_held_out_faces_are_not_counted(label_set, monkeypatch):
    monkeypatch.setattr(images, "LEAST_CALIBRATION", 11)
    with pytest.raises(ValueError, match="10 pictures to calibrate on, at least 11 are needed"):
        calibration_images(SEGMENTER_SPEC, label_set)


def test_three_hundred_are_needed():
    assert images.LEAST_CALIBRATION == 300
