"""Half precision for the network, full precision for what comes after it."""

from enum import StrEnum

import onnx
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import convert_float_to_float16


class Precision(StrEnum):
    """Of the weights and of the arithmetic, up to the logits."""

    FP32 = "fp32"
    FP16 = "fp16"


def to_precision(model: onnx.ModelProto, precision: Precision) -> onnx.ModelProto:
    """The model in this precision, a copy; the output is float32 in all of them.

    Args:
        model: float32, as `build_onnx_model` returns it. Read, never kept.
        precision: the one that is wanted.
    """
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    return _to_half(copied) if precision is Precision.FP16 else copied


def _to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Convert everything up to the last convolution.

    What follows it stays float32: exp(30) overflows a half, and a half cannot tell two pixels of a thumbnail apart
    beyond an eighth of one. The tail is cut off and put back, because the converter's own list of nodes to spare
    sends what passes between two of them through half precision all the same.
    """
    graph = model.graph
    last = max(index for index, node in enumerate(graph.node) if node.op_type == "Conv")
    tail, outputs = list(graph.node[last + 1 :]), list(graph.output)
    constants = _private_constants(graph, tail)
    logits = helper.make_tensor_value_info(graph.node[last].output[0], TensorProto.FLOAT, None)
    del graph.node[last + 1 :], graph.output[:]
    graph.output.append(logits)
    half = convert_float_to_float16(model, keep_io_types=True)
    del half.graph.value_info[:], half.graph.output[:]
    half.graph.node.extend(tail)
    half.graph.initializer.extend(constants)
    half.graph.output.extend(outputs)
    _remove_unused_constants(half.graph)
    onnx.checker.check_model(half, full_check=True)
    result: onnx.ModelProto = half
    return result


def _private_constants(graph: onnx.GraphProto, tail: list[onnx.NodeProto]) -> list[TensorProto]:
    """Copies, under names of their own, of the constants that the tail reads; the tail is made to read those."""
    shared = {constant.name: constant for constant in graph.initializer}
    copies: dict[str, TensorProto] = {}
    for node in tail:
        for index, name in enumerate(node.input):
            if name in shared:
                copies[name] = TensorProto()
                copies[name].CopyFrom(shared[name])
                copies[name].name = node.input[index] = f"tail.{name}"
    return list(copies.values())


def _remove_unused_constants(graph: onnx.GraphProto) -> None:
    read = {name for node in graph.node for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)
