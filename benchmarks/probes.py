"""Large nodes of known arithmetic or traffic: how fast this machine and ONNX Runtime can go at all."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from benchmarks.onnx_cost import DENSE, DEPTHWISE, MATMUL, POINTWISE

OPSET, IR_VERSION = 18, 8
STREAMED = "bytes"


@dataclass(frozen=True)
class Probe:
    """One node, again and again, so that bringing the input into ONNX Runtime's own layout and back hardly counts.

    Attributes:
        operator: as ONNX calls it.
        input_shape: of its one input that is no weight; its output is of the same shape.
        weights_shape: none for an operator without weights.
        groups: of a convolution.
        nodes: how many.
    """

    operator: str
    input_shape: tuple[int, ...]
    weights_shape: tuple[int, ...] = ()
    groups: int = 1
    nodes: int = 1

    @property
    def amount(self) -> int:
        """Multiply-adds of a run; bytes read and written where there are no weights."""
        if not self.weights_shape:
            return self.nodes * 2 * 4 * prod(self.input_shape)
        places = prod(self.input_shape) // self.input_shape[1 if self.operator == "Conv" else -1]
        return self.nodes * places * prod(self.weights_shape)

    def runner(self) -> Callable[[], object]:
        """What runs it once, on one thread."""
        noise = np.random.default_rng(0)
        attributes: dict[str, Any] = {}
        weights = []
        if self.weights_shape:
            fan_in = prod(self.weights_shape[1:]) if self.operator == "Conv" else self.weights_shape[0]
            values = noise.standard_normal(self.weights_shape) / fan_in**0.5  # or sixteen nodes grow beyond a float
            weights = [numpy_helper.from_array(values.astype(np.float32), "weights")]
        if self.operator == "Conv":
            side = self.weights_shape[-1]
            attributes = {"group": self.groups, "kernel_shape": [side, side], "pads": [side // 2] * 4}
        names = ["x", *(f"x{index}" for index in range(1, self.nodes)), "y"]
        nodes = [
            helper.make_node(self.operator, [before, *(w.name for w in weights)], [after], **attributes)
            for before, after in pairwise(names)
        ]
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input_shape)
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        graph = helper.make_graph(nodes, "probe", [x], [y], weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_cpu_input("x", noise.standard_normal(self.input_shape).astype(np.float32))
        binding.bind_output("y", "cpu")
        return lambda: session.run_with_iobinding(binding)


PROBES = {
    POINTWISE: Probe("Conv", (1, 128, 28, 28), (128, 128, 1, 1), nodes=8),
    DENSE: Probe("Conv", (1, 64, 28, 28), (64, 64, 3, 3), nodes=4),
    DEPTHWISE: Probe("Conv", (1, 64, 56, 56), (64, 1, 3, 3), groups=64, nodes=32),
    MATMUL: Probe("MatMul", (256, 256), (256, 256), nodes=4),
    STREAMED: Probe("Relu", (1, 8, 218, 178)),
}
"""Large enough that a node's own start does not count, small enough for the caches that the models' tensors fit too. A
run takes about as long as a model's, or on a busy machine the longer would be interrupted more."""
