"""Which provider really ran a model's nodes: what ONNX Runtime's own profile of a run says, not what was asked for."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realtime.inference.providers import ORT_NAMES, Provider
from realtime.inference.session import Session

SUFFIX = "_kernel_time"
HEAVY = ("Conv", "MatMul", "Gemm")
"""In the names of all operators that carry the arithmetic, fused and quantised ones too."""


@dataclass(frozen=True)
class NodeRun:
    """One node of one run.

    Attributes:
        name: its own.
        operator: what it does; of a part of the graph that a provider took as a whole, a name of that provider's.
        provider: as `Provider` calls it, or as ONNX Runtime does where this program does not know it.
        elapsed_ms: how long it took.
    """

    name: str
    operator: str
    provider: str
    elapsed_ms: float

    @property
    def is_heavy(self) -> bool:
        """It carries arithmetic."""
        return any(word in self.operator for word in HEAVY)

    @property
    def is_part(self) -> bool:
        """Many of the graph's nodes, run as one by a provider that compiles them; no operator has such a name."""
        return not self.operator.isalnum()


@dataclass(frozen=True)
class Placement:
    """Where a model runs.

    Attributes:
        nodes: of the graph as it is run, by provider; a compiled part counts as one.
        used: the provider that runs most of the nodes that carry arithmetic.
    """

    nodes: dict[str, int]
    used: str


def place_nodes(path: Path, provider: Provider) -> Placement:
    """Where the nodes of a model run when this provider is asked for.

    Raises:
        ModelError, ProviderError: as `Session`.
    """
    runs = profile(path, provider)
    if any(run.is_part for run in runs):
        heavy_in_all = sum(run.is_heavy for run in profile(path, Provider.CPU))
        return placement_of(runs, heavy_in_all)
    return placement_of(runs)


def placement_of(runs: Iterable[NodeRun], heavy_in_all: int = 0) -> Placement:
    """Count a run's nodes.

    Args:
        runs: each node once.
        heavy_in_all: nodes that carry arithmetic in the whole graph; those that no provider ran by themselves are in
            its compiled parts.
    """
    nodes: Counter[str] = Counter()
    heavy: Counter[str] = Counter()
    parts: list[str] = []
    for run in runs:
        nodes[run.provider] += 1
        heavy[run.provider] += run.is_heavy
        parts += [run.provider] if run.is_part else []
    if parts:
        heavy[parts[0]] += max(0, heavy_in_all - heavy.total())
    ranked = heavy if heavy.total() else nodes
    return Placement(dict(nodes.most_common()), ranked.most_common(1)[0][0])


def profile(path: Path, provider: Provider, threads: int = 0, runs: int = 1) -> list[NodeRun]:
    """The nodes of a model as ONNX Runtime ran them, each with the median of its times, in a session of its own.

    Args:
        path: the model file.
        provider: what is asked for.
        threads: as `Session`.
        runs: on nothing; the first of several is not counted.

    Raises:
        ModelError, ProviderError: as `Session`.
    """
    with tempfile.TemporaryDirectory() as folder:
        session = Session(path, None, provider, threads, profile_to=Path(folder) / "profile")
        images = np.zeros(session.input_shape(1), np.uint8)
        for _ in range(runs):
            session.run(images)
        events = json.loads(session.end_profiling().read_text())
        del session  # Windows removes no file that is open
    return node_runs(events)


def node_runs(events: Iterable[Mapping[str, Any]]) -> list[NodeRun]:
    """The nodes in ONNX Runtime's profile, in the order in which they first ran."""
    names = {name: provider.value for provider, name in ORT_NAMES.items()}
    kernels = [event for event in events if event.get("cat") == "Node" and event["name"].endswith(SUFFIX)]
    taken_us: dict[str, list[float]] = {}
    for event in kernels:
        taken_us.setdefault(event["name"], []).append(event["dur"])
    first = {event["name"]: event["args"] for event in reversed(kernels)}
    return [
        NodeRun(
            name.removesuffix(SUFFIX),
            first[name]["op_name"],
            names.get(first[name]["provider"], first[name]["provider"]),
            float(np.median(times[1:] or times)) / 1e3,
        )
        for name, times in taken_us.items()
    ]
