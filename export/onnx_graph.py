"""A trained network as an ONNX graph that says what it is."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import onnx
import torch
import torch.nn.functional as F
from onnx import helper
from onnx.shape_inference import infer_shapes
from torch import Tensor, nn

from export.choices import OLDEST_OPSET, Output
from realtime.core.geometry import CROP_SIZE_WH, FINDER_SIDE_PX
from realtime.core.regions import Region, region_name
from realtime.inference import session
from train import networks
from train.checkpoint import NetworkSpec
from train.networks.finder import decode_faces
from train.networks.heads import SIGMOID, class_map

EXAMPLE_BATCH = 2
"""More than one, or the graph would be specialised to one image."""


class SegmenterGraph(nn.Module):
    """Crops in, probs out.

    Softmax is spelt out for ONNX Runtime on a CPU, whose own is twenty times slower on an axis that is not the last.
    The logits are limited by the network, so no pass for the largest is needed; the multiplication comes last,
    because a Reshape there would cost a copy. One over the sum is a division: NNAPI has no Reciprocal, and CoreML's
    adds 1e-4 to what it divides by.
    """

    def __init__(self, network: nn.Module, spec: NetworkSpec) -> None:
        super().__init__()
        self.network = network
        self.place = spec.build_place()
        self.one = nn.Buffer(torch.ones(1))
        self.row_of_ones = nn.Buffer(torch.ones(1, len(spec.regions)))

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """(N, C, 218, 178) float32 probs of (N, 218, 178, 3) uint8 crops."""
        width, height = CROP_SIZE_WH
        e = self.network(crop_bgr).exp()
        total = torch.matmul(self.row_of_ones, e.flatten(2))
        probs: Tensor = self.place(e * (self.one / total).view(-1, 1, height, width))
        return probs


class IndependentRegionsGraph(nn.Module):
    """Crops in, probs out, each region by itself: the sigmoid head."""

    def __init__(self, network: nn.Module, spec: NetworkSpec) -> None:
        super().__init__()
        self.network = network
        self.place = spec.build_place()

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """(N, C, 218, 178) float32 probs of (N, 218, 178, 3) uint8 crops."""
        probs: Tensor = self.place(self.network(crop_bgr).sigmoid())
        return probs


class LabelsGraph(nn.Module):
    """Crops in, region ids out; the largest logit is the largest probability, so no softmax is needed."""

    def __init__(self, network: nn.Module, spec: NetworkSpec) -> None:
        super().__init__()
        place = spec.build_place()
        self.head = spec.head
        self.scores: nn.Module = network
        if spec.head == SIGMOID:
            self.scores = IndependentRegionsGraph(network, spec)
        elif place.is_needed:
            self.scores = SegmenterGraph(network, spec)
        background = [Region.BACKGROUND] if spec.head == SIGMOID else []
        self.region_ids = nn.Buffer(torch.tensor([*background, *place.regions], dtype=torch.uint8))
        self.are_in_order = self.region_ids.tolist() == list(range(len(self.region_ids)))

    def forward(self, crop_bgr: Tensor) -> Tensor:
        """(N, 218, 178) uint8 ids of `realtime.core.regions` of (N, 218, 178, 3) uint8 crops."""
        index = class_map(self.scores(crop_bgr), self.head)
        if self.are_in_order:
            return index.to(torch.uint8)
        return F.embedding(index, self.region_ids[:, None]).squeeze(
            -1
        )  # Gather, which more providers have than GatherND


class FaceFinderGraph(nn.Module):
    """Thumbnails in, faces out, the choice of the best cells included."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, thumbnail_bgr: Tensor) -> Tensor:
        """(N, 16, 7) float32 faces of (N, 160, 160, 3) uint8 thumbnails, as `decode_faces` tells them."""
        return decode_faces(self.network(thumbnail_bgr))


def model_kind(spec: NetworkSpec) -> str:
    """What the session calls a network of this specification: `SEGMENTER` or `FACE_FINDER`."""
    return session.FACE_FINDER if spec.arch == networks.FACE_FINDER else session.SEGMENTER


def build_onnx_model(
    network: nn.Module, spec: NetworkSpec, output: Output = Output.PROBS, opset: int = OLDEST_OPSET
) -> onnx.ModelProto:
    """The network as a float32 ONNX model, any batch size, without metadata.

    Args:
        network: in evaluation mode, on the CPU. Its weights are copied.
        spec: what the network is.
        output: what a segmenter's file gives.
        opset: from `OLDEST_OPSET` on.
    """
    graph: nn.Module
    if model_kind(spec) == session.FACE_FINDER:
        graph, size_hw = FaceFinderGraph(network), (FINDER_SIDE_PX, FINDER_SIDE_PX)
        input_name, output_name = "thumbnail_bgr", "faces"
    else:
        probs_graph = IndependentRegionsGraph if spec.head == SIGMOID else SegmenterGraph
        graph = (LabelsGraph if output is Output.LABELS else probs_graph)(network, spec)
        size_hw = CROP_SIZE_WH[::-1]
        input_name, output_name = "crop_bgr", str(output)
    example = torch.zeros(EXAMPLE_BATCH, *size_hw, 3, dtype=torch.uint8)
    with _quiet_exporter():
        program = torch.onnx.export(
            graph.eval(),
            (example,),
            input_names=[input_name],
            output_names=[output_name],
            dynamic_shapes=({0: torch.export.Dim("N")},),
            opset_version=opset,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    model = program.model_proto
    remove_traces(model)
    # The exporter writes IR 10 whatever the opset; the opset's own is read by older runtimes as well.
    model.ir_version = helper.find_min_ir_version_for(list(model.opset_import))
    if any(node.op_type == "BatchNormalization" for node in model.graph.node):
        raise RuntimeError("a batch norm was not folded into its convolution")
    return model


def fix_batch(model: onnx.ModelProto, batch: int) -> onnx.ModelProto:
    """A copy that takes so many images at a time and no others: for devices that want every shape known."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in (*fixed.graph.input, *fixed.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch
    return fixed


def write_metadata(
    model: onnx.ModelProto,
    spec: NetworkSpec,
    precision: str,
    scores: dict[str, Any],
    checkpoint_sha256: str,
    output: Output = Output.PROBS,
) -> None:
    """Put into the model what `realtime.inference.session` wants to know of it.

    Args:
        model: changed in place.
        spec: what the network is.
        precision: of the weights.
        scores: of this network, by name.
        checkpoint_sha256: of the file that the weights came from.
        output: what a segmenter gives.
    """
    kind = model_kind(spec)
    metadata_props = {
        "kind": kind,
        "layout": spec.layout,
        "regions": ",".join(region_name(region) for region in spec.build_place().regions),
        "activation": SIGMOID if kind == session.FACE_FINDER else spec.head,
        "output": str(output),
        "left_right": session.LEFT_RIGHT,
        "precision": precision,
        "opset": str(next(opset.version for opset in model.opset_import if not opset.domain)),
        "commit": spec.commit,
        "training_data": spec.training_data,
        "scores": json.dumps(scores),
        "checkpoint_sha256": checkpoint_sha256,
    }
    helper.set_model_props(model, metadata_props)


def remove_traces(model: onnx.ModelProto) -> None:
    """Drop what tools note on each node: source lines with this machine's paths, a fifth of the file."""
    graph = model.graph
    # What a Resize gives keeps its shape: ONNX Runtime's own inference loses the batch's name there, and with it the
    # fusion of the addition that follows.
    resized = {node.output[0] for node in graph.node if node.op_type == "Resize"}
    for index in reversed(range(len(graph.value_info))):
        if graph.value_info[index].name not in resized:
            del graph.value_info[index]
    for item in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del item.metadata_props[:]
        item.doc_string = ""


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Mute the exporter's remarks on itself (operators it lacks, calls it should not make); its errors pass."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.setLevel(level)


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
