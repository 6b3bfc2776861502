"""Multiply-accumulates of a model, counted in its graph."""

from math import prod

import onnx
from onnx.shape_inference import infer_shapes

from export.onnx_graph import fix_batch


def count_macs(model: onnx.ModelProto) -> int:
    """Of all convolutions and matrix products, for one image; padding counts as pixels, biases and the rest as nothing.

    Args:
        model: float32, as `build_onnx_model` returns it. Read, never kept.
    """
    graph = infer_shapes(fix_batch(model, 1), strict_mode=True, data_prop=True).graph
    shapes = {constant.name: list(constant.dims) for constant in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        shapes[value.name] = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            total += prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])
        elif node.op_type == "ConvTranspose":
            total += prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
        elif node.op_type in ("MatMul", "Gemm"):
            total += prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    return total
