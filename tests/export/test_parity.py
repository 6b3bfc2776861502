"""Parity: hand-worked differences, and files that must not pass."""

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from torch import Tensor, nn

from export.choices import Precision
from export.images import held_out_images, public_images_for
from export.parity import TOLERANCES, Parity, compare, compare_faces, compare_probs, faults, run_network
from export.public_images import PUBLIC_FACE, Images
from export.verify import answers
from realtime.core.geometry import LAYOUTS, CropTransform
from realtime.inference.session import Provider, Session
from train.checkpoint import NetworkSpec, load_checkpoint
from train.data.crops import held_out
from train.data.label_set import CANVAS_SIZE_WH, MARGIN_PX, LabelledFace, LabelledPhoto, read_index, write_index

POINTS = [[30.0, 30.0], [60.0, 30.0], [45.0, 60.0]]


def one_hot(label_map: np.ndarray, region_count: int) -> np.ndarray:
    """(1, C, H, W) probs that are sure of a (H, W) label map."""
    return (np.arange(region_count)[:, None, None] == label_map)[None].astype(np.float32)


def face(score: float, x: float) -> list[float]:
    return [score, x, 10, x + 10, 10, x + 5, 20]


def spoil_one_pixel(_head: nn.Module, _inputs: object, logits: Tensor) -> Tensor:
    logits = logits.clone()
    logits[0, 0, 7, 7] = math.nan
    return logits


def group_that_is(is_held_out: bool) -> str:
    return next(name for name in map(str, range(1000)) if held_out(name) == is_held_out)


@pytest.fixture
def label_set(tmp_path: Path) -> Path:
    """One training and one held-out face; the held-out canvas is white inside its margin and black in it."""
    (tmp_path / "crops").mkdir()
    (tmp_path / "labels").mkdir()
    width, height = CANVAS_SIZE_WH
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = 255
    photos = []
    for name, is_held_out in (("training", False), ("validation", True)):
        pixels = canvas if is_held_out else np.zeros_like(canvas)
        cv2.imwrite(str(tmp_path / "crops" / f"{name}.jpg"), pixels)
        cv2.imwrite(str(tmp_path / "labels" / f"{name}.png"), np.zeros((height, width), np.uint8))
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
        labelled = LabelledFace(name, POINTS, group_that_is(is_held_out))
        photos.append(LabelledPhoto(str(tmp_path / f"{name}.png"), "made up", width, height, faces=[labelled]))
    write_index(tmp_path, photos)
    return tmp_path


def test_label_maps_compared_by_hand():
    expected = np.zeros((40, 40), int)
    expected[:20] = 1  # 800 of 1600 pixels
    found = expected.copy()
    found[0] = 0  # 40 of them lost
    parity = compare_probs(one_hot(found, 2), one_hot(expected, 2))
    assert parity.max_delta == 1
    assert parity.mean_delta == pytest.approx(40 / 1600)
    assert parity.agreement == pytest.approx(1560 / 1600)
    assert parity.least_iou == pytest.approx(760 / 800)


def test_a_lost_iris_is_seen_although_nearly_all_pixels_agree():
    expected = np.zeros((300, 300), int)
    expected[:16, :16] = 1
    parity = compare_probs(one_hot(np.zeros_like(expected), 2), one_hot(expected, 2))
    assert parity.agreement > 0.995
    assert parity.least_iou == 0


def test_a_region_of_a_few_pixels_has_no_iou():
    expected = np.zeros((300, 300), int)
    expected[0, :10] = 1
    parity = compare_probs(one_hot(np.zeros_like(expected), 2), one_hot(expected, 2))
    assert parity.least_iou == pytest.approx(1 - 10 / 90_000)


def test_faces_that_swap_their_ranks_are_the_same_faces():
    found = np.array([[face(0.8, 90), face(0.79, 20), face(0, 0)]], np.float32)
    expected = np.array([[face(0.8, 20), face(0.79, 90), face(0, 50)]], np.float32)
    parity = compare_faces(found, expected, point_px=0.01)
    assert parity.agreement == 1
    assert parity.max_delta == pytest.approx(0.01, abs=1e-6)


def test_faces_lost_moved_and_made_up_count_against_the_file():
    found = np.array([[face(0.8, 20), face(0.7, 92), face(0.6, 130)]], np.float32)
    expected = np.array([[face(0.8, 20), face(0.7, 90), face(0.04, 130)]], np.float32)
    assert compare_faces(found, expected, point_px=1).agreement == pytest.approx(2 / 5)
    assert compare_faces(found, expected, point_px=3).agreement == pytest.approx(4 / 5)


def test_best_scores_are_compared_even_where_nothing_is_a_face():
    found, expected = np.array([[face(0.05, 1)]], np.float32), np.array([[face(0.02, 9)]], np.float32)
    parity = compare_faces(found, expected, point_px=1)
    assert (parity.max_delta, parity.agreement) == (pytest.approx(0.03), 1)


@pytest.mark.parametrize("side", [0, 1])
def test_nan_is_never_parity(side):
    probs = [one_hot(np.zeros((20, 20), int), 2) for _ in range(2)]
    probs[side][0, 0, 3, 3] = np.nan
    assert math.isnan(compare_probs(*probs).max_delta)
    faces = [np.array([[face(0.8, 20)]], np.float32) for _ in range(2)]
    faces[side][0, 0, 0] = np.nan
    assert math.isnan(compare_faces(*faces, point_px=1).max_delta)


def faults_of(path: Path, network: nn.Module, spec: NetworkSpec, precision: Precision, images: Images) -> list[str]:
    found = answers(Session(path, None, Provider.CPU), images)
    return list(faults(compare(found, run_network(network, spec, images), spec, precision), None, precision))


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.FP16])
@pytest.mark.parametrize("spoilt", ["other weights", "nan weights"])
def test_a_file_of_another_network_does_not_pass(segmenter, precision, spoilt):
    network, spec = load_checkpoint(segmenter.checkpoint)
    path = segmenter.folder / ("unet_lite.onnx" if precision is Precision.FP32 else "unet_lite_fp16.onnx")
    images = public_images_for(spec)[:2]
    assert faults_of(path, network, spec, precision, images) == []
    network.head.bias.data[:4] = math.nan if spoilt == "nan weights" else 60.0
    assert faults_of(path, network, spec, precision, images)


def test_a_single_nan_does_not_pass(segmenter):
    network, spec = load_checkpoint(segmenter.checkpoint)
    network.head.register_forward_hook(spoil_one_pixel)
    path = segmenter.folder / "unet_lite_fp16.onnx"
    assert faults_of(path, network, spec, Precision.FP16, public_images_for(spec)[:2]) == [
        "largest difference nan, tolerated 1"
    ]


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("limit", ["max_delta", "agreement", "least_iou", "f1_lost"])
def test_each_limit_of_each_precision_is_seen_to_break(precision, limit):
    at = TOLERANCES[precision]
    good = Parity(at.max_delta, 0.0, at.agreement, at.least_iou)
    assert list(faults(good, at.f1_lost, precision)) == []
    worse = {"max_delta": at.max_delta * 1.01, "agreement": at.agreement - 0.001, "least_iou": at.least_iou - 0.001}
    parity = replace(good, **{limit: worse[limit]}) if limit in worse else good
    problems = list(faults(parity, at.f1_lost * (1.01 if limit == "f1_lost" else 1), precision))
    words = {
        "max_delta": "largest difference",
        "agreement": "agreement",
        "least_iou": "least IoU",
        "f1_lost": "F1 lost",
    }
    assert len(problems) == 1
    assert problems[0].startswith(words[limit])


def test_labels_have_no_largest_difference_but_must_agree():
    certain = Parity(max_delta=0.9, mean_delta=0.1, agreement=1.0, least_iou=1.0)
    assert list(faults(certain, None, Precision.FP32, are_labels=True)) == []
    assert len(list(faults(replace(certain, agreement=0.99), None, Precision.FP32, are_labels=True))) == 1
    assert len(list(faults(certain, None, Precision.FP32))) == 1


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_the_public_face_lies_where_the_layout_wants_it(segmenter, layout):
    _, spec = load_checkpoint(segmenter.checkpoint)
    images = public_images_for(replace(spec, layout=layout))
    assert images.shape == (16, 218, 178, 3)
    crop = CropTransform.from_points(PUBLIC_FACE, LAYOUTS[layout])
    for x, y in crop.to_crop(PUBLIC_FACE)[:2].astype(int):
        around = np.s_[:12, y - 8 : y + 9, x - 8 : x + 9]
        assert (images[around].min(axis=(1, 2, 3)) < 60).all()  # a pupil is dark


def test_the_public_face_is_seen_whole_by_the_face_finder(face_finder):
    _, spec = load_checkpoint(face_finder.checkpoint)
    images = public_images_for(spec)
    assert images.shape == (16, 160, 160, 3)
    assert (images.reshape(16, -1).std(axis=1) > 20).all()
    assert len(np.unique(images[:, ::40, ::40].reshape(16, -1), axis=0)) == 16


def test_crops_of_a_label_set_are_the_held_out_ones_without_their_margin(segmenter, label_set):
    _, spec = load_checkpoint(segmenter.checkpoint)
    images = held_out_images(spec, label_set)
    assert images.shape == (1, 218, 178, 3)
    assert_array_equal(images[0, 20:-20, 20:-20], 255)


def test_the_face_finder_gets_thumbnails_of_the_held_out_photos(face_finder, label_set):
    _, spec = load_checkpoint(face_finder.checkpoint)
    images = held_out_images(spec, label_set)
    assert images.shape == (1, 160, 160, 3)
    assert images[0, 80, 70].min() == 255
    assert images[0, 5, 5].max() == 0


@pytest.mark.parametrize("kind", ["segmenter", "face_finder"])
def test_a_split_of_the_photos_own_is_kept(kind, label_set, request):
    _, spec = load_checkpoint(request.getfixturevalue(kind).checkpoint)
    training, validation = read_index(label_set)
    write_index(label_set, [replace(training, split="val"), replace(validation, split="train")])
    assert held_out_images(spec, label_set).max() < 10


@pytest.mark.parametrize("kind", ["segmenter", "face_finder"])
def test_a_label_set_that_holds_nothing_out_is_refused(kind, label_set, request):
    _, spec = load_checkpoint(request.getfixturevalue(kind).checkpoint)
    labelled = LabelledFace("training", POINTS, group_that_is(False))
    write_index(label_set, [LabelledPhoto(str(label_set / "training.png"), "made up", faces=[labelled])])
    with pytest.raises(ValueError, match="validation"):
        held_out_images(spec, label_set)
