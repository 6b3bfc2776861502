"""Where nodes really ran: from a profile written by hand, and from ONNX Runtime's own."""

from typing import Any

from realtime.bench.models.placement import NodeRun, node_runs, place_nodes, placement_of, profile
from realtime.inference.providers import Provider
from realtime.inference.session import find_model


def event(name: str, operator: str, provider: str, dur_us: float, cat: str = "Node") -> dict[str, Any]:
    return {"cat": cat, "name": name, "dur": dur_us, "args": {"op_name": operator, "provider": provider}}


def ran(operator: str, provider: str) -> NodeRun:
    return NodeRun(operator, operator, provider, 1.0)


def test_a_profile_is_read_by_hand() -> None:
    events = [
        {"cat": "Session", "name": "model_loading_uri", "dur": 900, "args": {}},
        event("conv_fence_before", "Conv", "CUDAExecutionProvider", 1),
        event("conv_kernel_time", "Conv", "CUDAExecutionProvider", 4000),
        event("add_kernel_time", "Add", "CPUExecutionProvider", 10),
        event("conv_kernel_time", "Conv", "CUDAExecutionProvider", 100),
        event("conv_kernel_time", "Conv", "CUDAExecutionProvider", 300),
        event("odd_kernel_time", "Odd", "XnnpackExecutionProvider", 5),
    ]
    assert node_runs(events) == [
        NodeRun("conv", "Conv", "cuda", 0.2),  # the first of several runs does not count
        NodeRun("add", "Add", "cpu", 0.01),
        NodeRun("odd", "Odd", "XnnpackExecutionProvider", 0.005),
    ]


def test_arithmetic_says_which_provider_was_used() -> None:
    runs = [ran("Conv", "cuda"), ran("FusedConv", "cuda"), *[ran("Reshape", "cpu")] * 9]
    placement = placement_of(runs)
    assert placement.used == "cuda"
    assert placement.nodes == {"cpu": 9, "cuda": 2}


def test_a_provider_that_took_only_small_change_was_not_used() -> None:
    assert placement_of([ran("QLinearConv", "cpu"), ran("Add", "cuda"), ran("Mul", "cuda")]).used == "cpu"


def test_what_a_provider_compiled_holds_the_arithmetic_that_no_other_ran() -> None:
    runs = [ran("OpenVINO-EP-subgraph_2", "openvino"), ran("Conv", "cpu"), ran("Conv", "cpu")]
    assert placement_of(runs, heavy_in_all=30).used == "openvino"
    assert placement_of(runs, heavy_in_all=3).used == "cpu"


def test_a_graph_without_arithmetic_is_where_most_of_its_nodes_are() -> None:
    assert placement_of([ran("Add", "cpu"), ran("Mul", "cuda"), ran("Exp", "cuda")]).used == "cuda"


def test_the_cpu_runs_every_node_of_a_shipped_model() -> None:
    placement = place_nodes(find_model("unet_lite"), Provider.CPU)
    assert placement.used == "cpu"
    assert set(placement.nodes) == {"cpu"}
    assert placement.nodes["cpu"] > 30


def test_a_profile_holds_the_convolutions_and_their_times() -> None:
    runs = profile(find_model("unet_lite"), Provider.CPU, threads=1, runs=3)
    heavy = [run for run in runs if run.is_heavy]
    assert len(heavy) >= 32
    assert not any(run.is_part for run in runs)
    assert 0 < sum(run.elapsed_ms for run in runs) < 1000
