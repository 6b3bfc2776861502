"""Every segmenter, under either head and any normalization, becomes a file that answers as torch does."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn
from typer.testing import CliRunner

from export.__main__ import app
from export.choices import Output, Precision
from export.images import public_images_for
from export.onnx_graph import build_onnx_model, write_metadata
from export.parity import compare, faults, run_network
from export.precision import to_half
from export.verify import answers
from realtime.core.regions import REGION_GROUPS
from realtime.face import label_crop
from realtime.inference.session import SEGMENTER, Provider, Session
from train.checkpoint import NetworkSpec, spec_contents
from train.networks import SEGMENTERS
from train.networks.heads import SIGMOID, SOFTMAX, class_map, targets_of, to_probs
from train.prediction import PhotoSegmenter

IRISES = ["right_iris", "left_iris"]


@pytest.mark.parametrize(
    ("arch", "head", "normalize"),
    [
        *((arch, SOFTMAX, "none") for arch in SEGMENTERS),
        *((arch, SIGMOID, "imagenet") for arch in SEGMENTERS),
    ],
)
def test_a_file_gives_the_probabilities_of_torch(
    arch: str, head: str, normalize: str, make_up_weights: Callable[[nn.Module], None], tmp_path: Path
) -> None:
    torch.manual_seed(5)
    regions = IRISES if head == SIGMOID else ["background", *IRISES]
    spec = NetworkSpec(arch, regions, "celeba", 4, "made-up weights", "abc1234", head, normalize)
    network = spec.build().eval()
    make_up_weights(network)
    images = public_images_for(spec)
    crops = images[:4]
    with torch.inference_mode():
        expected = to_probs(network(torch.from_numpy(crops)), head).numpy()
    model = build_onnx_model(network, spec)
    for precision, tolerance in ((Precision.FP32, 1e-4), (Precision.FP16, 0.1)):
        converted = to_half(model) if precision is Precision.FP16 else model
        write_metadata(converted, spec, precision, {}, "0" * 64)
        path = tmp_path / f"{precision}.onnx"
        path.write_bytes(converted.SerializeToString())
        session = Session(path, SEGMENTER, Provider.CPU)
        parity = compare(answers(session, images), run_network(network, spec, images), spec, precision)
        assert list(faults(parity, None, precision)) == []
        assert session.card.activation == head
        assert [region.name.lower() for region in session.card.regions] == regions
        found = session.run(crops)
        assert_allclose(found, expected, atol=tolerance)
        assert_allclose(session.run(crops[:1]), found[:1], atol=1e-5)


def test_the_live_program_reads_independent_regions_as_training_does() -> None:
    probs = np.random.default_rng(0).random((1, 2, 218, 178), np.float32)
    label_map = label_crop(probs[0], REGION_GROUPS["iris"])
    assert_array_equal(targets_of(IRISES).index_of[:8][label_map], class_map(torch.from_numpy(probs), SIGMOID)[0])


@pytest.mark.parametrize("head", [SOFTMAX, SIGMOID])
def test_predict_gives_the_same_masks_from_the_checkpoint_and_from_the_model_file(
    head: str, make_up_weights: Callable[[nn.Module], None], tmp_path: Path
) -> None:
    torch.manual_seed(5)
    regions = ["iris"] if head == SIGMOID else ["background", *IRISES]
    spec = NetworkSpec("unet-lite", regions, "celeba", 4, "made-up weights", "abc1234", head)
    network = spec.build().eval()
    make_up_weights(network)
    state = {f"network.{name}": value for name, value in network.state_dict().items()}
    torch.save({"network_spec": spec_contents(spec), "state_dict": state}, tmp_path / "best.pt")
    result = CliRunner().invoke(app, ["checkpoint", str(tmp_path / "best.pt"), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    crop = public_images_for(spec)[0]
    masks = [PhotoSegmenter.read(tmp_path / name).segment_crop(crop) for name in ("best.pt", "unet_lite.onnx")]
    assert len(np.unique(masks[0])) > 1
    assert (masks[0] == masks[1]).mean() > 0.999


@pytest.mark.parametrize(
    ("head", "regions"),
    [
        (SOFTMAX, ["background", "left_iris", "right_iris"]),
        (SIGMOID, ["left_iris", "right_iris"]),
        (SOFTMAX, ["background", "iris"]),
        (SIGMOID, ["iris", "eyes+lips"]),
    ],
)
def test_labels_are_region_ids_whatever_the_head_and_the_classes(
    head: str, regions: list[str], make_up_weights: Callable[[nn.Module], None]
) -> None:
    torch.manual_seed(5)
    spec = NetworkSpec("unet-lite", regions, "celeba", 4, "made-up weights", "abc1234", head)
    network = spec.build().eval()
    make_up_weights(network)
    model = build_onnx_model(network, spec, Output.LABELS)
    assert "GatherND" not in {node.op_type for node in model.graph.node}
    crops = public_images_for(spec)[:3]
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    labels = session.run(None, {"crop_bgr": crops})[0]
    segmenter = PhotoSegmenter.of_network(network, spec)
    expected = np.stack([segmenter.segment_crop(crop) for crop in crops])
    assert len(np.unique(expected)) > 1
    assert labels.dtype == np.uint8
    assert (labels == expected).mean() > 0.999
