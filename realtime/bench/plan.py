"""One run of the benchmark: what is measured, and what comes out of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from realtime.bench.models.blocks import QUICK, STEADY, Pace
from realtime.bench.models.matrix import Axes, Timed, find_contenders, measure_rows
from realtime.bench.models.rows import Baseline, Measurement, files_table, starts_table, times_table
from realtime.bench.tables import machine_table, tables_of
from realtime.bench.text_table import TextTable
from realtime.bench.video.clip import Clip, empty_room, read_clip
from realtime.bench.video.end_to_end import Extra, Scene, measure_end_to_end
from realtime.bench.video.trial import Setup
from realtime.capture.sources import DEMO
from realtime.core.errors import ProviderError, UserError
from realtime.core.machine import describe_machine
from realtime.inference.providers import Provider


@dataclass(frozen=True)
class Length:
    """How much is measured: pace of the rows, fresh processes of each; frames of the video, passes over them."""

    pace: Pace = STEADY
    processes: int = 3
    frames: int = 300
    repeat: int = 5


SHORT = Length(QUICK, 1, 60, 2)


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        axes: the rows.
        length: how long.
        setup: what plays the video.
        video: measured from file to overlay; None for not at all. The peers then see the demo.
        empty_video: of the same size, without a face; a drawn room where it is not given.
        size_wh: the frames are scaled to it first.
        extras: what else is measured on the video.
        peers: other people's networks, too.
        landmarker: one of them; downloaded where it is not given.
        floor: the least time that this machine allows, too.
        baseline: an older run to compare with.
    """

    axes: Axes
    length: Length
    setup: Setup
    video: str | None = None
    empty_video: str | None = None
    size_wh: tuple[int, int] | None = None
    extras: tuple[Extra, ...] = ()
    peers: bool = False
    landmarker: Path | None = None
    floor: bool = False
    baseline: Baseline | None = None


@dataclass
class Outcome:
    """What came out: as it is written, the rows, and everything as tables."""

    results: dict[str, Any]
    rows: list[Measurement]
    tables: list[TextTable]

    def remarks(self) -> list[str]:
        """Lines about what is in no table."""
        lines = [f"{one['file']} not measured: {one['why']}" for one in self.results["not_started"]]
        compared = self.results.get("baseline", {})
        for where, words in (("only_here", "not in"), ("only_there", "only in")):
            lines += [f"{words} {compared['file']}: {'; '.join(compared[where])}"] if compared.get(where) else []
        return lines + [f"not measured: {why}" for why in self.results.get("peers", {}).get("left_out", [])]


def carry_out(plan: Plan) -> Outcome:
    """Measure it all.

    Raises:
        UserError: something that was named cannot be used.
    """
    peers = load("peers") if plan.peers else None
    floor = load("floor") if plan.floor else None
    scene = _read_scene(plan) if plan.video or peers else None
    outcome, timed = _measure_models(plan, peers)
    if plan.video and scene:
        outcome.results |= measure_end_to_end(scene, plan.setup, plan.length.repeat, plan.extras)
        outcome.tables += tables_of(outcome.results)
    if peers and scene:
        found = peers.compare(timed, scene.clip, plan.setup, plan.landmarker, plan.length.repeat)
        outcome.results["peers"] = found
        outcome.tables += peers.tables_of(found)
    if floor:
        found = floor.measure_floors(plan.axes.files(), plan.length.pace)
        outcome.results["floor"] = found
        outcome.tables += floor.tables_of(found)
    return outcome


def load(name: str) -> Any:
    """A module of `benchmarks/`, which may import what the runtime must not.

    Raises:
        UserError: it is not there, or what it needs is not.
    """
    try:
        return import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] == "benchmarks":
            raise UserError(f"--{name} needs the folder benchmarks/ of the repository: run it there") from None
        raise UserError(f"--{name} needs {error.name}, which is not installed: pip install '.[export]'") from None


def model_tables(rows: Sequence[Measurement]) -> list[TextTable]:
    """The times of the rows, what fresh processes need, and the files."""
    return [times_table(rows), starts_table(rows), files_table(rows)]


def _measure_models(plan: Plan, peers: Any) -> tuple[Outcome, list[Timed]]:
    """The rows; the peers take their turns among ours."""
    contenders, missing = find_contenders(plan.axes)
    if not contenders:
        raise ProviderError("; ".join(one.why for one in missing))
    if peers:
        contenders += peers.find_contenders(plan.axes.threads_on(Provider.CPU))
    timed = measure_rows(contenders, plan.length.pace, plan.length.processes)
    rows = [one.row for one in timed]
    results: dict[str, Any] = {"machine": describe_machine()}
    if plan.baseline:
        rows = plan.baseline.compare(rows)
        about = {"file": str(plan.baseline.path), "commit": plan.baseline.commit}
        results["baseline"] = about | plan.baseline.unmatched(rows)
    results |= {"rows": [row.as_json() for row in rows], "not_started": [asdict(one) for one in missing]}
    return Outcome(results, rows, [machine_table(results["machine"]), *model_tables(rows)]), timed


def _read_scene(plan: Plan) -> Scene:
    spec, frames = plan.video or DEMO, plan.length.frames
    clip = read_clip(spec, frames, plan.size_wh)
    if plan.empty_video is not None:
        return Scene(clip, read_clip(plan.empty_video, frames, clip.size_wh), spec)
    return Scene(clip, Clip("room", empty_room(clip.size_wh, 30), clip.step_s), spec)
