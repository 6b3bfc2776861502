"""What a model file must compute and move: multiply-adds by kind, and bytes."""

from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

import onnx
from onnx import NodeProto, numpy_helper

POINTWISE, DENSE, DEPTHWISE, MATMUL = "1x1 convolutions", "larger convolutions", "depthwise convolutions", "matmul"
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Cost:
    """Of one image.

    Attributes:
        macs: multiply-adds by kind.
        bytes: of the model's input and output, and of what its convolutions and products read and write, weights too.
    """

    macs: dict[str, int]
    bytes: int


def cost_of(path: Path) -> Cost:
    """What one image costs.

    Args:
        path: a float32 model file whose first axis is the batch.
    """
    model = onnx.load(str(path))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        value.name: tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim)
        for value in (*graph.value_info, *graph.input, *graph.output)
    }
    shapes |= {weights.name: tuple(numpy_helper.to_array(weights).shape) for weights in graph.initializer}
    macs: Counter[str] = Counter()
    moved = prod(shapes[graph.input[0].name]) + 4 * prod(shapes[graph.output[0].name])  # uint8 in, float32 out
    for node in graph.node:
        if kind := kind_of(node, shapes):
            macs[kind] += macs_of(node, shapes)
            moved += 4 * sum(prod(shapes[name]) for name in (*node.input, *node.output) if name)
    return Cost(dict(macs), moved)


def kind_of(node: NodeProto, shapes: dict[str, Shape]) -> str | None:
    """What kind of arithmetic a node is; None where it is hardly any."""
    if node.op_type in ("MatMul", "Gemm"):
        return MATMUL
    if node.op_type not in ("Conv", "ConvTranspose"):
        return None
    weights = shapes[node.input[1]]
    groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    if groups > 1:  # a grouped ConvTranspose only puts sub-pixels in place
        return DEPTHWISE if node.op_type == "Conv" else None
    return POINTWISE if weights[2:] == (1, 1) else DENSE


def macs_of(node: NodeProto, shapes: dict[str, Shape]) -> int:
    """Multiply-adds of one node."""
    if node.op_type in ("MatMul", "Gemm"):
        return prod(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    of_one = prod(shapes[node.input[1]][1:])
    return prod(shapes[node.output[0] if node.op_type == "Conv" else node.input[0]]) * of_one
