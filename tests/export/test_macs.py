"""Multiply-accumulates, counted by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.macs import count_macs
from realtime.inference.session import WEIGHTS_FOLDER


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
