"""Eight-bit integers for the network, full precision for what comes after it.

Convolutions, and what lies between them (Relu, Add, Resize), are quantized together, so that values stay integers from
the first convolution to the last. Convolutions alone cost more of both: on `unet_lite` and 200 held-out crops 0.9969 of
the labels were float's against 0.9985, in 1.42 against 1.17 of float32's time (in turn, one thread, an EPYC with VNNI).
Ranges are the means of each picture's least and most, which agreed best: 0.9990; the least and most of all 0.9985,
99.999th percentile 0.9989 at nine times the time to calibrate, entropy 0.9986.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, qdq_loss_debug, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16

from export.onnx_graph import remove_traces


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


Images = npt.NDArray[np.uint8]
QUANTIZED = ["Conv", "Relu", "Add", "Resize"]
FLOAT_LAYERS = (0, 1, 2, 4, 8)
"""How many layers are tried in float, the worst first."""
LEAST_GAIN = 0.1
"""Further layers stay in float only where they mend this share of the error: integers are what was asked for."""
RANKED_ON, JUDGED_ON = 16, 64
"""Pictures that layers are ranked on, and that the error is measured on."""


@dataclass(frozen=True)
class Quantized:
    """A model in integers.

    Attributes:
        model: without metadata.
        float_layers: names of the layers that stayed in float, the worst first.
    """

    model: onnx.ModelProto
    float_layers: list[str]


@dataclass(frozen=True)
class Layer:
    """A convolution and the Relu on it: `name` is the network's for it, `nodes` and `output` are the graph's."""

    name: str
    nodes: list[str]
    output: str


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Gives pictures one by one, as the quantizer wants them."""

    def __init__(self, input_name: str, images: Images) -> None:
        self._input_name = input_name
        self._images = iter(images)

    def get_next(self) -> dict[str, Images] | None:
        """The next picture, a batch of one; None after the last."""
        image = next(self._images, None)
        return None if image is None else {self._input_name: image[None]}


def to_int8(model: onnx.ModelProto, images: Images) -> Quantized:
    """A copy in static QDQ form: activations uint8, weights int8 per channel, up to the last convolution.

    Layers are left in float, the worst first by ONNX Runtime's QDQ loss debugger (signal to noise of what they give),
    as long as that mends `LEAST_GAIN` of the error: the mean difference of the output to the float model's.

    Args:
        model: float32, as `build_onnx_model` returns it. Read, never kept.
        images: (M, H, W, 3) uint8 to calibrate on.
    """
    with TemporaryDirectory() as folder, _quiet_quantizer():
        prepared = Path(folder) / "prepared.onnx"
        onnx.save(model, prepared.with_name("float.onnx"))
        # ONNX's own shape inference is enough; the symbolic one gives up at the Reshapes of a batch of any size.
        quant_pre_process(prepared.with_name("float.onnx"), prepared, skip_symbolic_shape=True)
        judges = images[:: max(1, len(images) // JUDGED_ON)]
        expected = _run(prepared, judges)
        ranked: list[Layer] = []
        best, least_error = Quantized(onnx.ModelProto(), []), np.inf
        for count in FLOAT_LAYERS:
            path = _quantize(prepared, images, ranked[:count])
            error = float(np.abs(_run(path, judges) - expected).mean())
            if error > (1 - LEAST_GAIN) * least_error:
                break
            best, least_error = Quantized(onnx.load(path), [layer.name for layer in ranked[:count]]), error
            ranked = ranked or rank_layers(prepared, path, images[:RANKED_ON])
    remove_traces(best.model)
    used = {node.domain for node in best.model.graph.node}  # ONNX Runtime writes every domain that it knows
    opsets = [opset for opset in best.model.opset_import if opset.domain in used]
    del best.model.opset_import[:]
    best.model.opset_import.extend(opsets)
    return best


def rank_layers(float_path: Path, quantized_path: Path, images: Images) -> list[Layer]:
    """The layers, those first whose output has the most noise in the quantized model."""
    activations = []
    for path in (float_path, quantized_path):
        augmented = path.with_name(f"{path.stem}_all_outputs.onnx")
        qdq_loss_debug.modify_model_output_intermediate_tensors(path, augmented)
        reader = Reader(_input_name(path), images)
        activations.append(qdq_loss_debug.collect_activations(str(augmented), reader))
    matched = qdq_loss_debug.create_activation_matching(activations[1], activations[0])
    errors = qdq_loss_debug.compute_activation_error({k: match for k, match in matched.items() if "float" in match})
    layers = [layer for layer in find_layers(onnx.load(float_path).graph) if layer.output in errors]
    return sorted(layers, key=lambda layer: errors[layer.output]["xmodel_err"])


def find_layers(graph: onnx.GraphProto) -> list[Layer]:
    """Every convolution, in the graph's order."""
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    layers = []
    for node in graph.node:
        if node.op_type == "Conv":
            relus = [reader for reader in readers.get(node.output[0], []) if reader.op_type == "Relu"]
            output = (relus or [node])[0].output[0]
            name = node.input[1].removeprefix("network.").removesuffix(".weight")
            layers.append(Layer(name, [node.name, *(relu.name for relu in relus)], output))
    return layers


def _quantize(prepared: Path, images: Images, in_float: Sequence[Layer]) -> Path:
    graph = onnx.load(prepared).graph
    tail = [node.name for node in graph.node[last_convolution(graph) + 1 :]]
    path = prepared.with_name(f"quantized_{len(in_float)}.onnx")
    quantize_static(
        prepared,
        path,
        Reader(_input_name(prepared), images),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=QUANTIZED,
        nodes_to_exclude=[*tail, *(node for layer in in_float for node in layer.nodes)],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        extra_options={"CalibMovingAverage": True},  # all pictures are seen in one go: a plain mean
    )
    return path


def _run(path: Path, images: Images) -> npt.NDArray[np.float32]:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: image[None]})[0] for image in images]).astype(np.float32)


def _input_name(path: Path) -> str:
    name: str = onnx.load(path).graph.input[0].name
    return name


@contextmanager
def _quiet_quantizer() -> Iterator[None]:
    """Mute the quantizer's advice, which goes to the root logger; its errors pass."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
