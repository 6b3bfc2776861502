"""Rows beside those of an older run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from realtime.bench.models.rows import Row
from realtime.core.errors import SourceError

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

    def compare(self, rows: Sequence[Row]) -> list[Row]:
        """The rows, each with the older median and its own ratio to it where there is one."""
        return [
            replace(row, baseline_p50_ms=old, ratio_to_baseline=round(row.p50_ms / old, 3))
            if (old := self.p50_ms.get(key_of(row)))
            else row
            for row in rows
        ]

    def unmatched(self, rows: Sequence[Row]) -> dict[str, list[str]]:
        """In words, the rows that only one of the two has."""
        here = {key_of(row): None for row in rows}
        return {
            "only_here": [name_of(key) for key in here if key not in self.p50_ms],
            "only_there": [name_of(key) for key in self.p50_ms if key not in here],
        }


def key_of(row: Row) -> Key:
    """What the row is matched by."""
    return tuple(getattr(row, key) for key in KEYS)


def name_of(key: Key) -> str:
    """`unet_lite.onnx cpu threads 1 batch 4`."""
    return "{} {} threads {} batch {}".format(*key)
