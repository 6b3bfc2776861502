"""The least time that this machine allows a model, on one thread: what `python -m realtime.bench --floor` loads.

Its multiply-adds over the rate of the same kind in one large node, plus its bytes over the rate of streaming; beside it
the time that it really takes, and which operators take it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.onnx_cost import Cost, cost_of
from benchmarks.probes import PROBES, STREAMED
from realtime.bench.models.blocks import Pace, summarize, time_in_turn
from realtime.bench.models.placement import profile
from realtime.bench.text_table import TextTable
from realtime.core.errors import UserError
from realtime.inference.providers import Provider
from realtime.inference.session import SEGMENTER, Session

PROFILED_RUNS = 200


def measure_floors(paths: Sequence[Path], pace: Pace) -> list[dict[str, Any]]:
    """The floor of each float32 segmenter among these, and its time, taken in turn with the rates.

    Args:
        paths: model files.
        pace: how long to measure.

    Raises:
        UserError: there is no float32 segmenter among them.
    """
    sessions = [Session(path, None, Provider.CPU, 1) for path in paths]
    sessions = [one for one in sessions if (one.card.kind, one.card.precision) == (SEGMENTER, "fp32")]
    if not sessions:
        raise UserError("--floor: no float32 segmenter among the models")
    runs: list[Callable[[], object]] = [*(probe.runner() for probe in PROBES.values()), *map(_runner, sessions)]
    medians = [float(summarize(blocks)["p50_ms"]) for blocks in time_in_turn(runs, pace)]
    per_ms = {
        name: probe.amount / elapsed_ms
        for (name, probe), elapsed_ms in zip(PROBES.items(), medians[: len(PROBES)], strict=True)
    }
    return [
        floor_of(session.path.name, cost_of(session.path), per_ms, elapsed_ms) | {"operators_ms": operators(session)}
        for session, elapsed_ms in zip(sessions, medians[len(PROBES) :], strict=True)
    ]


def floor_of(file: str, cost: Cost, per_ms: dict[str, float], elapsed_ms: float) -> dict[str, Any]:
    """The floor, part by part, and how far above it the model is.

    Args:
        file: the model's.
        cost: what it computes and moves.
        per_ms: multiply-adds by kind, and bytes, that a millisecond allows.
        elapsed_ms: what the model takes.
    """
    amounts = {**cost.macs, STREAMED: cost.bytes}
    parts = {
        name: {"millions": amount / 1e6, "per_s": per_ms[name] / 1e6, "ms": amount / per_ms[name]}
        for name, amount in amounts.items()
    }
    floor_ms = sum(part["ms"] for part in parts.values())
    return {
        "file": file,
        "parts": {name: {key: round(value, 3) for key, value in part.items()} for name, part in parts.items()},
        "floor_ms": round(floor_ms, 3),
        "p50_ms": round(elapsed_ms, 3),
        "ratio": round(elapsed_ms / floor_ms, 2),
    }


def operators(session: Session) -> dict[str, float]:
    """Milliseconds of each kind of operator in a run on one thread, the costliest first."""
    taken: Counter[str] = Counter()
    for run in profile(session.path, Provider.CPU, threads=1, runs=PROFILED_RUNS):
        taken[run.operator] += run.elapsed_ms  # type: ignore[assignment]  # a Counter may hold any number
    return {operator: round(elapsed_ms, 3) for operator, elapsed_ms in taken.most_common()}


def tables_of(found: Sequence[dict[str, Any]]) -> list[TextTable]:
    """For each model its floor, and its operators."""
    return [table for one in found for table in (_floor_table(one), _operators_table(one))]


def _floor_table(one: dict[str, Any]) -> TextTable:
    rows = [
        (name, f"{part['millions']:.2f}", f"{part['per_s']:.1f}", f"{part['ms']:.3f}")
        for name, part in one["parts"].items()
    ]
    rows += [("floor", "", "", f"{one['floor_ms']:.3f}"), ("measured", "", "", f"{one['p50_ms']:.3f}")]
    rows.append(("measured to floor", "", "", f"{one['ratio']:.2f}"))
    title = f"{one['file']}, one image, one thread: multiply-adds and bytes over this machine's rates"
    return TextTable(title, ("what", "millions", "thousand millions a second", "ms"), rows)


def _operators_table(one: dict[str, Any]) -> TextTable:
    taken = one["operators_ms"]
    whole = sum(taken.values())
    rows = [(name, f"{ms:.3f}", f"{100 * ms / whole:.0f}") for name, ms in taken.items()]
    return TextTable(f"{one['file']}: where it goes, by ONNX Runtime's profile", ("operator", "ms", "%"), rows)


def _runner(session: Session) -> Callable[[], object]:
    images = np.random.default_rng(0).integers(0, 256, session.input_shape(1), np.uint8)
    out = np.empty(session.output_shape(1), np.float32)
    return lambda: session.run(images, out=out)
