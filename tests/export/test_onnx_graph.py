"""The exported files: torch's answers, the session's contract, nothing of the machine that made them."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from export.images import public_images_for
from export.onnx_graph import SegmenterGraph, count_macs
from export.verify import from_text
from realtime.core.errors import ModelError
from realtime.core.geometry import CELEBA, TIGHT
from realtime.core.regions import Region
from realtime.inference.session import FACE_FINDER, METADATA_KEYS, SEGMENTER, WEIGHTS_FOLDER, Provider, Session
from train.checkpoint import NetworkSpec, file_sha256, load_checkpoint
from train.networks.finder import decode_faces
from train.networks.unet_lite import LOGIT_LIMIT


class FixedLogits(nn.Module):
    """A network that always answers the same."""

    def __init__(self, logits: list[float]) -> None:
        super().__init__()
        self.logits = torch.tensor(logits)

    def forward(self, crop_bgr: Tensor) -> Tensor:
        return self.logits.view(1, -1, 1, 1).expand(len(crop_bgr), -1, 218, 178)


def metadata_of(path: Path) -> dict[str, str]:
    return {prop.key: prop.value for prop in onnx.load(path).metadata_props}


@pytest.mark.parametrize("batch", [1, 4])
def test_the_segmenter_file_gives_the_softmax_of_torch(segmenter, batch):
    network, spec = load_checkpoint(segmenter.checkpoint)
    crops = public_images_for(spec)[-batch - 2 : -2]  # real ones and noise
    with torch.inference_mode():
        expected = network(torch.from_numpy(crops)).softmax(1).numpy()
    probs = Session(segmenter.folder / "unet_lite.onnx", SEGMENTER, Provider.CPU).run(crops)
    assert probs.shape == (batch, 8, 218, 178)
    assert probs.dtype == np.float32
    assert len(np.unique(expected.argmax(axis=1))) >= 4
    assert_allclose(probs, expected, atol=1e-4)


@pytest.mark.parametrize("batch", [1, 4])
def test_the_face_finder_file_gives_the_faces_of_torch(face_finder, batch):
    network, spec = load_checkpoint(face_finder.checkpoint)
    thumbnails = public_images_for(spec)[-batch - 2 : -2]
    with torch.inference_mode():
        expected = decode_faces(network(torch.from_numpy(thumbnails)), most=64).numpy()
    faces = Session(face_finder.folder / "face_finder.onnx", FACE_FINDER, Provider.CPU).run(thumbnails)
    assert faces.shape == (batch, 16, 7)
    assert (np.diff(faces[:, :, 0]) <= 0).all()
    assert np.ptp(expected[:, :, 1:]) > 50
    # of nearly the same score two may swap, also the 16th and the 17th: each is looked for among 64
    differences = np.abs(faces[:, :, None] - expected[:, None]).max(axis=3).min(axis=2)
    assert (differences < 1e-3).mean() > 0.95  # and between neighbouring cells a near tie may fall the other way


@pytest.mark.parametrize("name", ["unet_lite", "unet_lite_fp16"])
def test_the_probs_of_a_pixel_sum_to_one_even_at_the_logit_limit(segmenter, name):
    network, spec = load_checkpoint(segmenter.checkpoint)
    crops = public_images_for(spec)[:2]
    with torch.inference_mode():
        assert network(torch.from_numpy(crops)).max() == LOGIT_LIMIT
    probs = Session(segmenter.folder / f"{name}.onnx", SEGMENTER, Provider.CPU).run(crops)
    assert_allclose(probs.sum(axis=1), 1, atol=1e-5)


def test_softmax_worked_by_hand():
    spec = NetworkSpec("unet-lite", ["background", "right_eye", "left_eye"], "tight", 4, "", "")
    graph = SegmenterGraph(FixedLogits([0.0, float(np.log(3)), float(np.log(4))]), spec)
    probs = graph(torch.zeros(2, 218, 178, 3, dtype=torch.uint8))
    assert probs.shape == (2, 3, 218, 178)
    assert_allclose(probs[:, :, 5, 7], [[1 / 8, 3 / 8, 4 / 8]] * 2, rtol=1e-6)


def test_the_segmenter_file_says_what_it_is(segmenter):
    path = segmenter.folder / "unet_lite_fp16.onnx"
    metadata = metadata_of(path)
    assert 0 < len(from_text(metadata.pop("fingerprint"))) < 2000
    assert metadata == {
        "kind": "segmenter",
        "layout": "tight",
        "regions": "background,right_eye,left_eye,right_iris,left_iris,upper_lip,lower_lip,mouth_inside",
        "activation": "softmax",
        "output": "probs",
        "left_right": "subject",
        "precision": "fp16",
        "opset": "18",
        "commit": "abc1234",
        "training_data": "made-up weights",
        "scores": "{}",
        "checkpoint_sha256": file_sha256(segmenter.checkpoint),
    }
    card = Session(path, SEGMENTER, Provider.CPU).card
    assert (card.regions, card.layout) == (tuple(Region), TIGHT)
    assert card.layout != CELEBA


def test_the_face_finder_file_says_what_it_is(face_finder):
    metadata = metadata_of(face_finder.folder / "face_finder.onnx")
    assert (metadata["kind"], metadata["regions"], metadata["activation"]) == ("face_finder", "", "sigmoid")
    assert metadata["precision"] == "fp32"


@pytest.mark.parametrize("key", METADATA_KEYS)
def test_the_session_refuses_a_file_without_one_key_and_names_it(segmenter, tmp_path, key):
    model = onnx.load(segmenter.folder / "unet_lite.onnx")
    kept = [prop for prop in model.metadata_props if prop.key != key]
    assert len(kept) == len(model.metadata_props) - 1
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=f"lacks {key}$"):
        Session(tmp_path / "model.onnx", SEGMENTER, Provider.CPU)


@pytest.mark.parametrize("name", ["unet_lite", "unet_lite_fp16"])
def test_batch_norm_is_folded_and_the_multiplication_comes_last(segmenter, name):
    operators = [node.op_type for node in onnx.load(segmenter.folder / f"{name}.onnx").graph.node]
    assert "BatchNormalization" not in operators
    assert "Softmax" not in operators
    assert operators[-1] == "Mul"


def test_what_is_resized_keeps_its_shape_for_the_fusion_after_it(segmenter):
    graph = onnx.load(segmenter.folder / "unet_lite.onnx").graph
    shapes = {value.name: [dim.dim_param for dim in value.type.tensor_type.shape.dim] for value in graph.value_info}
    resized = [node.output[0] for node in graph.node if node.op_type == "Resize"]
    assert len(resized) == 4
    assert [shapes[name][0] for name in resized] == ["N"] * 4  # the batch by its name, which inference would lose
    assert len(shapes) == 4


@pytest.mark.parametrize("name", ["unet_lite", "unet_lite_fp16"])
def test_other_providers_find_what_they_can_run(name, segmenter):
    operators = [node.op_type for node in onnx.load(segmenter.folder / f"{name}.onnx").graph.node]
    assert operators[:2] == ["Cast", "Transpose"]  # TensorRT transposes no uint8
    assert not {"Reciprocal", "Pad", "Slice", "GatherND"} & set(operators)  # NNAPI has no Reciprocal


def test_the_files_load_in_older_runtimes(segmenter, face_finder):
    for path in [*segmenter.folder.glob("*.onnx"), *face_finder.folder.glob("*.onnx")]:
        model = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(model, full_check=True)
        assert model.ir_version <= 9  # ONNX Runtime 1.17
        assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 18)]
        assert not any(constant.external_data for constant in model.graph.initializer)


def test_the_files_hold_nothing_of_the_machine_that_made_them(segmenter, face_finder):
    for path in [*segmenter.folder.glob("*.onnx"), *face_finder.folder.glob("*.onnx")]:
        contents = path.read_bytes()
        assert str(Path(__file__).parents[2]).encode() not in contents
        assert b"site-packages" not in contents
        assert b"stack_trace" not in contents


def model_of(node: onnx.NodeProto, input_shape: list[int | str], weight_shape: list[int]) -> onnx.ModelProto:
    graph = helper.make_graph(
        [node],
        "one node",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * len(input_shape))],
        [numpy_helper.from_array(np.ones(weight_shape, np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


@pytest.mark.parametrize(
    ("node", "input_shape", "weight_shape", "macs"),
    [
        pytest.param(
            helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1], strides=[2, 2]),
            ["N", 3, 10, 8],
            [16, 3, 3, 3],
            5 * 4 * 16 * 3 * 9,
            id="convolution of stride 2",
        ),
        pytest.param(
            helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1], group=16),
            ["N", 16, 10, 8],
            [16, 1, 3, 3],
            10 * 8 * 16 * 9,
            id="depthwise convolution",
        ),
        pytest.param(
            helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2]),
            ["N", 8, 5, 4],
            [8, 6, 2, 2],
            5 * 4 * 8 * 6 * 4,
            id="transposed convolution",
        ),
        pytest.param(
            helper.make_node("MatMul", ["x", "w"], ["y"]), ["N", 7, 5], [5, 3], 7 * 5 * 3, id="matrix product"
        ),
        pytest.param(helper.make_node("Mul", ["x", "w"], ["y"]), ["N", 4], [1], 0, id="anything else"),
    ],
)
def test_macs_of_one_node(node, input_shape, weight_shape, macs):
    model = model_of(node, input_shape, weight_shape)
    before = model.SerializeToString()
    assert count_macs(model) == macs
    assert model.SerializeToString() == before


def test_macs_of_the_shipped_networks_are_those_in_the_documents():
    names = ("unet_lite", "unet_lite_fp16", "face_finder")
    counts = {name: count_macs(onnx.load(WEIGHTS_FOLDER / f"{name}.onnx")) for name in names}
    assert counts["unet_lite"] == pytest.approx(49.8e6, rel=0.01)
    assert counts["unet_lite_fp16"] == counts["unet_lite"]
    assert counts["face_finder"] == pytest.approx(28.3e6, rel=0.01)
