"""Integers up to the logits, floats after them; layers stay in float only where that pays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from export import precision
from export.onnx_graph import build_onnx_model
from export.precision import Quantized, find_layers, rank_layers, to_int8
from export.public_images import PUBLIC_CROPS, public_images
from realtime.core.geometry import TIGHT
from realtime.inference.session import SEGMENTER, WEIGHTS_FOLDER
from train.checkpoint import load_checkpoint


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
