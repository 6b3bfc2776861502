"""Multiply-adds and bytes counted by hand, and the floor that they give."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.floor import floor_of, measure_floors, tables_of
from benchmarks.onnx_cost import DENSE, DEPTHWISE, MATMUL, POINTWISE, Cost, cost_of
from benchmarks.probes import PROBES, STREAMED, Probe
from realtime.bench.models.blocks import Pace
from realtime.core.errors import UserError
from realtime.inference.session import find_model

SHORT = Pace(turns=1, block_s=0.0, least_runs=2, warm_up_runs=1)


def write_model(path: Path) -> None:
    """(N, 4, 4, 4) floats: 3x3 to 8 channels with stride 2, depthwise, 1x1 to 4 channels, flat, to 5 numbers."""
    weights = {"a": (8, 4, 3, 3), "b": (8, 1, 3, 3), "c": (4, 8, 1, 1), "p": (4, 1, 2, 2), "m": (16, 5)}
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["xa"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Conv", ["xa", "b"], ["xb"], pads=[1, 1, 1, 1], group=8),
        helper.make_node("Conv", ["xb", "c"], ["xc"]),
        helper.make_node("ConvTranspose", ["xc", "p"], ["xp"], strides=[2, 2], group=4),
        helper.make_node("Relu", ["xc"], ["xr"]),
        helper.make_node("Flatten", ["xr"], ["flat"]),
        helper.make_node("MatMul", ["flat", "m"], ["y"]),
    ]
    values = [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4, 4, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 5])
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [x], [y], values)), path)


def test_what_a_model_computes_and_moves_is_counted_by_hand(tmp_path: Path) -> None:
    write_model(tmp_path / "m.onnx")
    cost = cost_of(tmp_path / "m.onnx")
    assert cost.macs == {DENSE: 2 * 2 * 8 * 4 * 9, DEPTHWISE: 2 * 2 * 8 * 9, POINTWISE: 2 * 2 * 4 * 8, MATMUL: 16 * 5}
    convolutions = (64 + 288 + 32) + (32 + 72 + 32) + (32 + 32 + 16)
    assert cost.bytes == 64 + 4 * 5 + 4 * (convolutions + 16 + 80 + 5)


def test_the_floor_is_worked_by_hand() -> None:
    per_ms = {POINTWISE: 50e6, DEPTHWISE: 20e6, STREAMED: 100e6}
    found = floor_of("m.onnx", Cost({POINTWISE: 25_000_000, DEPTHWISE: 5_000_000}, 25_000_000), per_ms, 1.5)
    assert found["parts"][POINTWISE] == {"millions": 25.0, "per_s": 50.0, "ms": 0.5}
    assert (found["floor_ms"], found["p50_ms"], found["ratio"]) == (1.0, 1.5, 1.5)


@pytest.mark.parametrize(
    ("probe", "amount"),
    [
        (Probe("Conv", (1, 4, 5, 6), (4, 4, 3, 3), nodes=2), 2 * 30 * 4 * 4 * 9),
        (Probe("Conv", (1, 4, 5, 6), (4, 1, 3, 3), groups=4, nodes=1), 30 * 4 * 9),
        (Probe("MatMul", (7, 4), (4, 4), nodes=1), 7 * 16),
        (Probe("Relu", (1, 10), nodes=1), 80),
    ],
    ids=["dense", "depthwise", "product", "streamed"],
)
def test_a_probe_knows_its_amount_and_runs(probe: Probe, amount: int) -> None:
    assert probe.amount == amount
    probe.runner()()


def test_there_is_a_rate_for_everything_that_is_counted() -> None:
    assert set(PROBES) == {DENSE, DEPTHWISE, POINTWISE, MATMUL, STREAMED}


def test_a_shipped_model_is_above_its_floor_and_its_operators_are_listed() -> None:
    (found,) = measure_floors([find_model("unet_lite"), find_model("unet_lite_fp16"), find_model("face_finder")], SHORT)
    assert found["file"] == "unet_lite.onnx"
    assert found["parts"][POINTWISE]["millions"] > found["parts"][DEPTHWISE]["millions"] > 1
    assert found["floor_ms"] > 0
    assert next(iter(found["operators_ms"])) == "Conv"
    floor, operators = tables_of([found])
    assert [row[0] for row in floor.rows[-3:]] == ["floor", "measured", "measured to floor"]
    assert sum(float(row[2]) for row in operators.rows) == pytest.approx(100, abs=6)


def test_without_a_segmenter_there_is_no_floor() -> None:
    with pytest.raises(UserError, match="no float32 segmenter"):
        measure_floors([find_model("face_finder"), find_model("unet_lite_fp16")], SHORT)
