"""Integers up to the logits, floats after them; layers stay in float only where that pays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.testing import assert_array_equal
from onnx import TensorProto, helper, numpy_helper
from onnx.shape_inference import infer_shapes

from export import precision
from export.images import public_images_for
from export.onnx_graph import build_onnx_model
from export.parity import compare_faces, compare_probs
from export.precision import Quantized, find_layers, rank_layers, to_half, to_int8
from export.public_images import PUBLIC_CROPS, public_images
from realtime.core.geometry import TIGHT
from realtime.inference.session import FACE_FINDER, SEGMENTER, WEIGHTS_FOLDER, Provider, Session
from train.checkpoint import load_checkpoint
from train.networks.finder import decode_faces


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """The shipped network: real weights."""
    return onnx.load(WEIGHTS_FOLDER / "unet_lite.onnx")


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return public_images(SEGMENTER, TIGHT)[:PUBLIC_CROPS]


@pytest.fixture(scope="module")
def quantized(model: onnx.ModelProto, images: np.ndarray) -> Quantized:
    return to_int8(model, images)


def writers_and_readers(graph: onnx.GraphProto) -> Callable[[onnx.NodeProto], set[str]]:
    writers = {name: node for node in graph.node for name in node.output}

    def neighbours(node: onnx.NodeProto) -> set[str]:
        before = {writers[name].op_type for name in node.input if name in writers}
        return before | {other.op_type for other in graph.node if set(node.output) & set(other.input)}

    return neighbours


def test_everything_between_the_convolutions_is_in_integers_and_nothing_after_them(quantized):
    graph = quantized.model.graph
    neighbours = writers_and_readers(graph)
    for node in graph.node:
        if node.op_type in ("Conv", "Add", "Resize"):
            assert neighbours(node) <= {"QuantizeLinear", "DequantizeLinear", "Clip"}, node.name
    last = max(index for index, node in enumerate(graph.node) if node.op_type == "DequantizeLinear")
    tail = [node.op_type for node in graph.node[last + 1 :]]
    assert tail.count("Transpose") == 2
    assert tail[-1] == "Mul"
    assert not {"QuantizeLinear", "DequantizeLinear", "Conv"} & set(tail)


def test_weights_have_a_scale_for_each_channel(quantized):
    constants = {constant.name: constant for constant in quantized.model.graph.initializer}
    weights = [constant for constant in constants.values() if constant.data_type == TensorProto.INT8 and constant.dims]
    kernels = [weight for weight in weights if len(weight.dims) == 4]
    assert len(kernels) == 32
    for kernel in kernels:
        scale = constants[kernel.name.removesuffix("_quantized") + "_scale"]
        assert list(scale.dims) == [kernel.dims[0]]
        assert len(np.unique(numpy_helper.to_array(scale))) > 1


def test_the_model_holds_nothing_of_the_tools_that_made_it(quantized):
    assert [(opset.domain, opset.version) for opset in quantized.model.opset_import] == [("", 18)]
    assert quantized.model.ir_version <= 8
    resized = {node.output[0] for node in quantized.model.graph.node if node.op_type == "Resize"}
    assert {value.name for value in quantized.model.graph.value_info} <= resized
    assert not quantized.model.metadata_props


def test_the_model_that_is_quantized_stays_as_it_was(model, quantized):
    assert model == onnx.load(WEIGHTS_FOLDER / "unet_lite.onnx")
    assert len(quantized.model.SerializeToString()) < 0.6 * len(model.SerializeToString())


def test_no_layer_of_the_shipped_network_stays_in_float(quantized):
    assert quantized.float_layers == []


def test_a_layer_that_spoils_the_rest_stays_in_float(calm_checkpoint, images):
    model = build_onnx_model(*load_checkpoint(calm_checkpoint))
    result = to_int8(model, images)
    assert result.float_layers == ["head"]
    weights = {node.input[1] for node in result.model.graph.node if node.op_type == "Conv"}
    assert "network.head.weight" in weights
    assert sum(name.endswith("_DequantizeLinear_Output") for name in weights) == 31


def test_the_worst_layers_stay_in_float_as_long_as_that_pays(model, images, monkeypatch):
    # Pretend that each layer in float takes away a share of the error, until four are.
    errors = {0: 1.0, 1: 0.8, 2: 0.6, 4: 0.3, 8: 0.29}

    def run(path: Path, pictures: np.ndarray) -> np.ndarray:
        count = path.stem.removeprefix("quantized_")
        return np.array([errors[int(count)] if count.isdecimal() else 0.0])

    monkeypatch.setattr(precision, "_run", run)
    result = to_int8(model, images[:2])
    assert len(result.float_layers) == 4
    weights = {node.input[1] for node in result.model.graph.node if node.op_type == "Conv"}
    assert sum(not name.endswith("_DequantizeLinear_Output") for name in weights) == 4


def test_layers_are_convolutions_with_the_relu_on_them(model):
    layers = find_layers(model.graph)
    assert len(layers) == 32
    assert [len(layer.nodes) for layer in layers].count(2) == 27
    assert layers[1].name == "encoder.0.0.0.0"
    assert layers[-1].name == "head"


def test_the_layer_that_is_spoilt_most_is_ranked_first(model, quantized, images, tmp_path):
    onnx.save(model, tmp_path / "float.onnx")
    spoilt = onnx.ModelProto()
    spoilt.CopyFrom(quantized.model)
    name = "network.refine.1.0.weight_scale"
    scale = next(constant for constant in spoilt.graph.initializer if constant.name == name)
    noise = np.random.default_rng(0).uniform(-9, 9, list(scale.dims)).astype(np.float32)
    scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) * noise, name))
    onnx.save(spoilt, tmp_path / "quantized.onnx")
    ranked = rank_layers(tmp_path / "float.onnx", tmp_path / "quantized.onnx", images[:2])
    assert {layer.name for layer in ranked[:2]} == {"refine.1.0", "head"}  # what follows it is spoilt with it


def element_types(model: onnx.ModelProto) -> dict[str, int]:
    """The type of every value in the graph."""
    graph = infer_shapes(model, strict_mode=True).graph
    types = {constant.name: constant.data_type for constant in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        types[value.name] = value.type.tensor_type.elem_type
    return types


def model_with_a_shared_constant() -> onnx.ModelProto:
    """An image times 2000, convolved with 1, and times the same 2000: what comes out overflows a half."""
    constants = {"factor": np.full((1, 1, 1, 1), 2000, np.float32), "weight": np.ones((1, 1, 1, 1), np.float32)}
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["image"], ["x"], name="cast", to=TensorProto.FLOAT),
            helper.make_node("Mul", ["x", "factor"], ["scaled"], name="before"),
            helper.make_node("Conv", ["scaled", "weight"], ["logits"], name="conv"),
            helper.make_node("Mul", ["logits", "factor"], ["result"], name="after"),
        ],
        "shared",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["N", 1, 2, 2])],
        [helper.make_tensor_value_info("result", TensorProto.FLOAT, ["N", 1, 2, 2])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.mark.parametrize("kind", [SEGMENTER, FACE_FINDER])
def test_the_network_is_half_and_what_follows_it_is_not(kind, request):
    exported = request.getfixturevalue(kind)
    model = onnx.load(next(exported.folder.glob("*_fp16.onnx")))
    nodes, types = model.graph.node, element_types(model)
    last = max(index for index, node in enumerate(nodes) if node.op_type == "Conv")
    network = {types[name] for node in nodes[: last + 1] for name in node.output}
    tail = {types[name] for node in nodes[last + 1 :] for name in node.output}
    constants = {types[name] for node in nodes[last + 1 :] for name in node.input[1:]}
    assert network == {TensorProto.FLOAT16}
    assert TensorProto.FLOAT in tail & constants
    assert TensorProto.FLOAT16 not in tail | constants
    assert (types[model.graph.input[0].name], types[model.graph.output[0].name]) == (
        TensorProto.UINT8,
        TensorProto.FLOAT,
    )


@pytest.mark.parametrize("kind", [SEGMENTER, FACE_FINDER])
def test_the_half_file_is_half_as_large(kind, request):
    large, small = sorted(request.getfixturevalue(kind).folder.glob("*.onnx"))
    assert small.stem == f"{large.stem}_fp16"
    assert small.stat().st_size < 0.65 * large.stat().st_size


def test_the_half_segmenter_labels_as_torch_does(segmenter):
    network, spec = load_checkpoint(segmenter.checkpoint)
    crops = public_images_for(spec)[:4]
    with torch.inference_mode():
        expected = network(torch.from_numpy(crops)).softmax(1).numpy()
    probs = Session(segmenter.folder / "unet_lite_fp16.onnx", SEGMENTER, Provider.CPU).run(crops)
    assert np.isfinite(probs).all()
    assert compare_probs(probs, expected).agreement >= 0.995


def test_the_half_face_finder_finds_what_torch_does(face_finder):
    network, spec = load_checkpoint(face_finder.checkpoint)
    thumbnails = public_images_for(spec)[:4]
    with torch.inference_mode():
        expected = decode_faces(network(torch.from_numpy(thumbnails))).numpy()
    faces = Session(face_finder.folder / "face_finder_fp16.onnx", FACE_FINDER, Provider.CPU).run(thumbnails)
    parity = compare_faces(faces, expected, point_px=0.5)
    assert parity.agreement >= 0.99
    assert parity.max_delta < 0.02


def test_a_constant_that_network_and_tail_share_is_half_in_one_and_whole_in_the_other():
    half = to_half(model_with_a_shared_constant())
    session = ort.InferenceSession(half.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.array([[[[0, 1], [2, 30]]]], np.uint8)
    assert_array_equal(session.run(None, {"image": image})[0], [[[[0, 4e6], [8e6, 1.2e8]]]])


def test_the_model_that_is_converted_stays_as_it_was():
    model = model_with_a_shared_constant()
    before = model.SerializeToString(deterministic=True)
    converted = to_half(model)
    assert model.SerializeToString(deterministic=True) == before
    assert converted.SerializeToString(deterministic=True) != before
