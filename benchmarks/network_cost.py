"""`python -m benchmarks.network_cost runs/studies/networks`: what the networks of a study's runs cost to run.

Each is exported as it is shipped, and all are timed in turn; `cost.json` in each run's folder has the result.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import onnx
import onnxruntime as ort
import typer
from rich.table import Table

from export.onnx_graph import build_onnx_model, count_macs
from realtime.bench.models.blocks import STEADY, Pace, summarize, time_in_turn
from realtime.command_line import console, one_line_errors
from realtime.core.geometry import CROP_SIZE_WH
from train.checkpoint import load_checkpoint
from train.studies.study import COST_NAME

CHECKPOINT_NAME = "best.pt"


def measure_costs(checkpoints: Sequence[Path], pace: Pace) -> list[dict[str, Any]]:
    """Milliseconds of a crop on one thread, as `summarize` tells them, and `million_macs`, of each segmenter.

    Raises:
        ValueError: a file is no checkpoint.
    """
    models = [build_onnx_model(*load_checkpoint(path)) for path in checkpoints]
    with TemporaryDirectory() as folder:
        runs = [crop_runner(model, Path(folder) / f"{index}.onnx") for index, model in enumerate(models)]
        timed = [summarize(blocks) for blocks in time_in_turn(runs, pace)]
    return [{**times, "million_macs": count_macs(model) / 1e6} for times, model in zip(timed, models, strict=True)]


def crop_runner(model: onnx.ModelProto, path: Path) -> Callable[[], object]:
    """What segments one crop on one thread; the model goes through this file."""
    onnx.save(model, str(path))
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    crop = np.random.default_rng(0).integers(0, 256, (1, *CROP_SIZE_WH[::-1], 3), np.uint8)
    return lambda: session.run(None, {session.get_inputs()[0].name: crop})


def main(runs: Annotated[Path, typer.Argument(help="Folder of a study's runs.")]) -> None:
    """Measure what each finished run's network costs."""
    with one_line_errors():
        checkpoints = sorted(runs.glob(f"*/{CHECKPOINT_NAME}"))
        if not checkpoints:
            raise ValueError(f"{runs}: no run with a {CHECKPOINT_NAME} here")
        costs = measure_costs(checkpoints, STEADY)
    table = Table("run", "p50, ms", "least and most of a block", "million multiply-adds")
    for path, cost in zip(checkpoints, costs, strict=True):
        (path.parent / COST_NAME).write_text(json.dumps(cost, indent=2) + "\n")
        spread = f"{cost['p50_least_ms']:.2f} to {cost['p50_most_ms']:.2f}"
        table.add_row(path.parent.name, f"{cost['p50_ms']:.2f}", spread, f"{cost['million_macs']:.1f}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
