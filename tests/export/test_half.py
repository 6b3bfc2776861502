"""Half precision ends where the network ends."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.testing import assert_array_equal
from onnx import TensorProto, helper, numpy_helper
from onnx.shape_inference import infer_shapes

from export.half import to_half
from export.images import public_images_for
from export.parity import compare_faces, compare_probs
from realtime.inference.session import FACE_FINDER, SEGMENTER, Provider, Session
from train.checkpoint import load_checkpoint
from train.networks.finder import decode_faces


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
