"""The rows as a picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from realtime.bench.models.rows import Measurement
from realtime.core.errors import OutputError

BAR_INCH, GAP_INCH, PANEL_INCH, MARGIN_INCH = 0.26, 0.35, 5.5, 1.5
COLORS = ("#4477aa", "#66ccee", "#228833", "#ccbb44", "#ee6677", "#aa3377", "#bbbbbb")
"""Source: the 'bright' scheme of Paul Tol's Colour Schemes (2021), told apart by the colour-blind too."""
LOG_FROM = 20.0
"""Slowest to fastest; beyond it the axis is logarithmic, or the fast ones would not be seen."""


def draw_rows(rows: Sequence[Measurement], title: str, path: Path) -> None:
    """Write a bar for each row: its median, with a whisker up to its p95; a panel for each number of images.

    Args:
        rows: at least one.
        title: of the picture.
        path: .png

    Raises:
        OutputError: it cannot be written.
    """
    batches = sorted({row.batch for row in rows})
    series = list(dict.fromkeys(series_of(row) for row in rows))
    files = list(dict.fromkeys(row.file for row in rows))
    height = len(files) * (len(series) * BAR_INCH + GAP_INCH) + MARGIN_INCH
    figure = Figure(figsize=(PANEL_INCH * len(batches) + 1, height), layout="constrained")
    panels = figure.subplots(1, len(batches), sharey=True, squeeze=False)[0]
    for panel, batch in zip(panels, batches, strict=True):
        _draw_panel(panel, [row for row in rows if row.batch == batch], files, series)
        panel.set_title(f"{batch} image{'s' * (batch > 1)} in a run")
    figure.suptitle(title, fontsize=10)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), fontsize=9)
    try:
        figure.savefig(path, format="png", dpi=130)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


def series_of(row: Measurement) -> str:
    """What one colour stands for."""
    return f"{row.provider_asked}, {row.threads} thread{'s' * (row.threads > 1)}"


def _draw_panel(panel: Axes, rows: Sequence[Measurement], files: Sequence[str], series: Sequence[str]) -> None:
    thickness = 1 / (len(series) + GAP_INCH / BAR_INCH)
    for index, name in enumerate(series):
        mine = [row for row in rows if series_of(row) == name]
        offset = (index - (len(series) - 1) / 2) * thickness
        y = np.array([files.index(row.file) + offset for row in mine])
        p50, p95 = (np.array([getattr(row, key) for row in mine]) for key in ("p50_ms", "p95_ms"))
        whiskers = np.array([np.zeros(len(mine)), p95 - p50])
        color = COLORS[index % len(COLORS)]
        bars = panel.barh(y, p50, thickness * 0.9, color=color, label=name, xerr=whiskers, ecolor="#444444", capsize=2)
        for bar, row, right, place in zip(bars, mine, p95, y, strict=True):
            bar.set_hatch("//" if row.fell_back else "")
            text = f" {row.p50_ms:.2f}, p95 {row.p95_ms:.2f}" + f", on {row.provider_used}" * row.fell_back
            panel.text(right, place, text, va="center", fontsize=8)
    panel.set_yticks(range(len(files)), [file.removesuffix(".onnx") for file in files])
    panel.set_ylim(len(files) - 0.5, -0.5)
    medians = [row.p50_ms for row in rows]
    if medians and max(medians) > LOG_FROM * min(medians):
        panel.set_xscale("log")
    panel.margins(x=0.25)
    panel.set_xlabel("ms a run: median, whisker to p95")
    panel.spines[["top", "right"]].set_visible(False)
