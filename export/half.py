"""Half precision for the network, full precision for what comes after it."""

import onnx
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import convert_float_to_float16


def to_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in half precision up to the last convolution.

    What follows it stays float32: exp(30) overflows a half, and a half cannot tell two pixels of a thumbnail apart
    beyond an eighth of one. The tail is cut off and put back, because the converter's own list of nodes to spare
    sends what passes between two of them through half precision all the same.

    Args:
        model: float32, as `build_onnx_model` returns it. Read, never kept.
    """
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    graph = copied.graph
    last = last_convolution(graph)
    tail, outputs = list(graph.node[last + 1 :]), list(graph.output)
    constants = _private_constants(graph, tail)
    logits = helper.make_tensor_value_info(graph.node[last].output[0], TensorProto.FLOAT, None)
    del graph.node[last + 1 :], graph.output[:]
    graph.output.append(logits)
    half = convert_float_to_float16(copied, keep_io_types=True)
    del half.graph.value_info[:], half.graph.output[:]
    half.graph.node.extend(tail)
    half.graph.initializer.extend(constants)
    half.graph.output.extend(outputs)
    _remove_unused_constants(half.graph)
    onnx.checker.check_model(half, full_check=True)
    result: onnx.ModelProto = half
    return result


def last_convolution(graph: onnx.GraphProto) -> int:
    """Which node gives the logits; what follows it stays float32 in every precision."""
    return max(index for index, node in enumerate(graph.node) if node.op_type == "Conv")


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
