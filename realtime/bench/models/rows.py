"""One model, run one way: a row of the benchmark's table."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from realtime.bench.text_table import TextTable, span
from realtime.core.errors import SourceError


@dataclass(frozen=True)
class Measurement:
    """What was asked for, what really ran, and the times of a batch.

    Attributes:
        model: its name, without its precision.
        file: the model file's name.
        precision: fp32, fp16 or int8, as the file says.
        provider_asked: what was to run it.
        provider_used: where most of the nodes that carry arithmetic ran.
        fell_back: they did not run where they were to.
        nodes_elsewhere: nodes of the graph that ran elsewhere than on the provider that was to run it.
        nodes_per_provider: all nodes of the graph as it was run.
        threads: on the CPU.
        batch: images in one run.
        file_kb: size of the file, in thousands of bytes.
        p50_ms, p95_ms, p99_ms: of a batch, over all runs that counted; NaN until it is timed, as all that follows.
        p50_least_ms, p50_most_ms: the least and the most median of a block of runs.
        runs: how many counted.
        fps: images a second, at the median.
        cold_start_ms: from file to session in a fresh process; None where it was not measured, as the next two.
        first_run_ms: of the first batch there.
        peak_rss_mb: most memory of that process.
        baseline_p50_ms: of the same row in another file of results; None where there is none.
        ratio_to_baseline: this row's median to that.
    """

    model: str
    file: str
    precision: str
    provider_asked: str
    provider_used: str
    fell_back: bool
    nodes_elsewhere: int
    nodes_per_provider: dict[str, int]
    threads: int
    batch: int
    file_kb: float
    p50_ms: float = math.nan
    p95_ms: float = math.nan
    p99_ms: float = math.nan
    p50_least_ms: float = math.nan
    p50_most_ms: float = math.nan
    runs: int = 0
    fps: float = math.nan
    cold_start_ms: float | None = None
    first_run_ms: float | None = None
    peak_rss_mb: float | None = None
    baseline_p50_ms: float | None = None
    ratio_to_baseline: float | None = None

    @property
    def ran_on(self) -> str:
        """The provider, and a mark where some or all of the nodes ran elsewhere."""
        if self.fell_back:
            return f"{self.provider_asked} FELL BACK to {self.provider_used}"
        total = sum(self.nodes_per_provider.values())
        return self.provider_used + f", {self.nodes_elsewhere} of {total} elsewhere" * bool(self.nodes_elsewhere)

    @property
    def short_name(self) -> str:
        """The file's, without its suffix."""
        return self.file.removesuffix(".onnx")

    def as_json(self) -> dict[str, Any]:
        """As it is written; what belongs to a baseline only where there is one."""
        fields = asdict(self)
        if self.baseline_p50_ms is None:
            del fields["baseline_p50_ms"], fields["ratio_to_baseline"]
        return fields


def times_table(rows: Sequence[Measurement]) -> TextTable:
    """Milliseconds of a batch."""
    columns: tuple[str, ...] = ("file", "ran on", "thr", "batch", "p50", "p95", "p99", "p50 of blocks", "fps")
    has_baseline = any(row.ratio_to_baseline is not None for row in rows)
    cells = [
        (
            row.short_name,
            row.ran_on,
            str(row.threads),
            str(row.batch),
            *(f"{value:.2f}" for value in (row.p50_ms, row.p95_ms, row.p99_ms)),
            span(row.p50_least_ms, row.p50_most_ms),
            f"{row.fps:.0f}",
            *([_number(row.ratio_to_baseline, 2) or "new"] if has_baseline else []),
        )
        for row in rows
    ]
    title = "A batch through a model, ms, in turn in one process; fps: images a second"
    return TextTable(title, columns + ("to old",) * has_baseline, cells)


def starts_table(rows: Sequence[Measurement]) -> TextTable:
    """What a fresh process needs."""
    cells = [
        (
            row.short_name,
            row.provider_asked,
            str(row.threads),
            str(row.batch),
            _number(row.cold_start_ms),
            _number(row.first_run_ms, 1),
            _number(row.peak_rss_mb),
        )
        for row in rows
        if row.cold_start_ms is not None
    ]
    columns = ("file", "asked", "thr", "batch", "load, ms", "first run, ms", "most RSS, MB")
    return TextTable("Fresh processes: a model loaded, its first run, memory", columns, cells)


def files_table(rows: Sequence[Measurement]) -> TextTable:
    """What is the same for every number of threads and images."""
    cells = {
        (row.file, row.provider_asked): (
            row.short_name,
            row.precision,
            f"{row.file_kb:.0f}",
            row.provider_asked,
            ", ".join(f"{provider} {count}" for provider, count in row.nodes_per_provider.items()),
        )
        for row in rows
    }
    columns = ("file", "precision", "kB", "asked", "nodes that ran on")
    return TextTable("Files, and where their nodes ran, as ONNX Runtime's profile has it", columns, [*cells.values()])


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}f}"


KEYS = ("file", "provider_asked", "threads", "batch")
"""What makes two rows the same measurement."""
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Baseline:
    """An older run.

    Attributes:
        path: of its file.
        commit: of the code that made it.
        p50_ms: median of each row, by `KEYS`.
    """

    path: Path
    commit: str
    p50_ms: dict[Key, float]

    @classmethod
    def read(cls, path: Path) -> "Baseline":
        """A file that `--json` wrote.

        Raises:
            SourceError: it cannot be read, or holds no rows of a benchmark.
        """
        try:
            results = json.loads(path.read_text())
            rows = {tuple(row[key] for key in KEYS): float(row["p50_ms"]) for row in results["rows"]}
            commit = str(results["machine"]["commit"])
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from None
        except (ValueError, KeyError, TypeError):
            raise SourceError(f"{path}: holds no results of this benchmark (rows, machine)") from None
        if not all(p50_ms > 0 for p50_ms in rows.values()):
            raise SourceError(f"{path}: a row's p50_ms is not more than 0")
        return cls(path, commit, rows)

    def compare(self, rows: Sequence[Measurement]) -> list[Measurement]:
        """The rows, each with the older median and its own ratio to it where there is one."""
        return [
            replace(row, baseline_p50_ms=old, ratio_to_baseline=round(row.p50_ms / old, 3))
            if (old := self.p50_ms.get(key_of(row)))
            else row
            for row in rows
        ]

    def unmatched(self, rows: Sequence[Measurement]) -> dict[str, list[str]]:
        """In words, the rows that only one of the two has."""
        here = {key_of(row): None for row in rows}
        return {
            "only_here": [name_of(key) for key in here if key not in self.p50_ms],
            "only_there": [name_of(key) for key in self.p50_ms if key not in here],
        }


def key_of(row: Measurement) -> Key:
    """What the row is matched by."""
    return tuple(getattr(row, key) for key in KEYS)


def name_of(key: Key) -> str:
    """`unet_lite.onnx cpu threads 1 batch 4`."""
    return "{} {} threads {} batch {}".format(*key)
