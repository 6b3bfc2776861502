"""What a study's networks cost: measured from their checkpoints, kept beside them."""

import json
from pathlib import Path

import pytest
import torch
import typer
from torch import nn
from typer.testing import CliRunner

from benchmarks.network_cost import main, measure_costs
from export.onnx_graph import build_onnx_model
from realtime.bench.models.blocks import QUICK
from train.checkpoint import NetworkSpec, spec_contents
from train.networks.lite_variants import VARIANTS

runner = CliRunner()


def save(path: Path, arch: str = "unet-lite", width: int = 4) -> Path:
    spec = NetworkSpec(arch, ["background", "right_eye"], "tight", width, "made-up weights", "abc1234")
    state = {f"network.{key}": value for key, value in spec.build().state_dict().items()}
    path.parent.mkdir(parents=True)
    torch.save({"network_spec": spec_contents(spec), "state_dict": state}, path)
    return path


def run(*words: object) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(main)
    result = runner.invoke(app, list(map(str, words)))
    return result.exit_code, result.output


def test_a_wider_network_costs_more(tmp_path: Path) -> None:
    narrow, wide = measure_costs([save(tmp_path / "a/best.pt"), save(tmp_path / "b/best.pt", width=32)], QUICK)
    assert wide["million_macs"] > 8 * narrow["million_macs"] > 0
    assert wide["p50_ms"] > narrow["p50_ms"] > 0


def test_each_run_gets_its_cost_beside_its_checkpoint(tmp_path: Path) -> None:
    save(tmp_path / "lite/best.pt")
    code, output = run(tmp_path)
    assert code == 0
    cost = json.loads((tmp_path / "lite/cost.json").read_text())
    assert f"{cost['p50_ms']:.2f}" in output
    assert cost["p50_least_ms"] <= cost["p50_ms"] <= cost["p50_most_ms"]


@pytest.mark.parametrize("broken", [False, True])
def test_a_folder_without_runs_is_told_in_one_line(tmp_path: Path, broken: bool) -> None:
    if broken:
        (tmp_path / "lite").mkdir()
        (tmp_path / "lite/best.pt").write_text("nothing")
    code, output = run(tmp_path)
    assert code == 1
    assert len(output.strip().splitlines()) == 1
    assert not list(tmp_path.glob("*/cost.json"))


@pytest.mark.parametrize("arch", VARIANTS)
def test_every_variant_becomes_a_model_file(arch: str) -> None:
    network: nn.Module = VARIANTS[arch](2, 4).eval()
    spec = NetworkSpec(arch, ["background", "right_eye"], "tight", 4, "made-up weights", "abc1234")
    build_onnx_model(network, spec)
