"""The benchmark's results as tables, to be shown on a terminal or pasted into a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from realtime.trial import WHOLE


@dataclass(frozen=True)
class TextTable:
    """A title, the names of the columns, and rows of as many texts; the first column is words, the others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def for_terminal(self) -> Table:
        """With rules and colours."""
        table = Table(title=self.title, title_justify="left")
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def as_markdown(self) -> str:
        """With its title as a line in bold."""
        rule = ["---"] + ["---:"] * (len(self.columns) - 1)
        lines = ["| " + " | ".join(cells) + " |" for cells in (self.columns, rule, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines, ""])


def tables_of(results: dict[str, Any]) -> list[TextTable]:
    """The results, for the eye."""
    machine, clip, end_to_end = results["machine"], results["clip"], results["end_to_end"]
    stages = end_to_end["stages_ms"]
    tables = [
        TextTable("Machine", ("what", "is"), list(machine.items())),
        TextTable(
            f"{clip['name']}, {clip['frames']} frames of {clip['size_wh'][0]}x{clip['size_wh'][1]}, "
            f"{clip['passes']} passes; {results['model']} {results['precision']} on {results['provider_used']}, "
            f"smoothing {results['smoothing']}, {end_to_end['faces_per_frame']} faces a frame: "
            f"{1e3 / stages[WHOLE]['p50']:.0f} fps",
            ("stage, ms", "p50", "p95", "p99", "p50 of each pass", "frames"),
            [
                (
                    name,
                    *(f"{stage[key]:.2f}" for key in ("p50", "p95", "p99")),
                    f"{stage['p50_least']:.2f} to {stage['p50_most']:.2f}",
                    f"{stage['frames']:.0f}",
                )
                for name, stage in stages.items()
            ],
        ),
    ]
    if "flicker" in results:
        tables += flicker_tables(results["flicker"])
    return tables


def flicker_tables(results: dict[str, Any]) -> list[TextTable]:
    """Flicker beside lag."""
    off = results["levels"]["off"]
    rows = [
        (
            f"{level}, {group}",
            f"{100 * found['flicker_mean']:.2f}",
            f"{100 * found['flicker_p50']:.2f}",
            f"{found['flicker_mean'] / max(off[group]['flicker_mean'], 1e-9):.2f}",
            f"{100 * found['change_mean']:.2f}",
            f"{100 * found['change_p50']:.2f}",
            str(found["frames"]),
        )
        for level, groups in results["levels"].items()
        for group, found in groups.items()
        if group in off
    ]
    return [
        TextTable(
            f"Mask that changes beyond the face's motion, % of its area; {results['motion_px']} crop px a frame",
            ("smoothing, region", "flicker", "p50", "to off", "change", "p50", "frames"),
            rows,
        ),
        TextTable(
            "Frames behind the mask that is not smoothed",
            ("smoothing", "place", "area of eyes", "area of lips"),
            [
                (level, *("-" if lag is None else f"{lag:.2f}" for lag in found.values()))
                for level, found in results["lag_frames"].items()
            ],
        ),
    ]
