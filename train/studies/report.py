"""What a study found, as Markdown, CSV and a picture; numbers only from runs that were made."""

import csv
import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from train.fitting.progress import read_curves
from train.studies.study import Study, StudyPlaces, finished_rows

Table = dict[str, dict[str, float]]
"""Numbers by row and heading."""

_BELOW: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14)}


def write_report(study: Study, places: StudyPlaces, out: Path) -> list[Path]:
    """Write NAME.md, NAME.csv and NAME.png from the rows that are done.

    Args:
        study: which.
        places: where its runs are.
        out: folder; made where it is missing.

    Returns:
        the files; none where no row is done.
    """
    results = finished_rows(study, places)
    if not results:
        return []
    out.mkdir(parents=True, exist_ok=True)
    table = {name: row_numbers(study, result) for name, result in results.items()}
    page, numbers, picture = (out / f"{study.name}.{suffix}" for suffix in ("md", "csv", "png"))
    with numbers.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        headings = next(iter(table.values())).keys()
        writer.writerow(["row", *headings, "options"])
        for name, cells in table.items():
            writer.writerow([name, *cells.values(), shlex.join(results[name]["words"])])
    draw_report(study, places, table, picture)
    page.write_text(page_text(study, places, results, table))
    return [page, numbers, picture]


def row_numbers(study: Study, result: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of one row, by heading: the study's columns and costs, then what every study tells."""
    numbers = {heading: round(look_up(result["scores"], where), 4) for heading, where in study.columns.items()}
    costs = {heading: look_up(result["cost"], name) for heading, name in study.costs.items()}
    return {
        **numbers,
        **costs,
        "parameters": result["parameters"],
        "epochs": result["epochs"],
        "minutes": round(result["seconds"] / 60, 1),
    }


def look_up(scores: Mapping[str, Any], where: str) -> float:
    """The number at a dotted path, the mean of those at several with + between them; NaN where it is not there."""
    values = []
    for path in where.split("+"):
        value: Any = scores
        for key in path.split("."):
            value = value.get(key, math.nan) if isinstance(value, Mapping) else math.nan
        values.append(float(value))
    return sum(values) / len(values)


def page_text(study: Study, places: StudyPlaces, results: Mapping[str, Any], table: Table) -> str:
    """The study's page."""
    headings = list(next(iter(table.values())))
    lines = [f"# {study.title}", "", study.about, "", f"![]({study.name}.png)", ""]
    lines += [f"| | {' | '.join(headings)} |", "|" + " --- |" * (len(headings) + 1)]
    for name, cells in table.items():
        lines.append(f"| {name} | {' | '.join(map(cell_text, cells.values()))} |")
    for name, known in (study.reference or {}).items():
        lines.append(f"| {name} | {' | '.join(cell_text(known.get(heading, math.nan)) for heading in headings)} |")
    missing = [row.title for row in study.rows if row.title not in results]
    if missing:
        lines += ["", f"Not run yet: {', '.join(missing)}."]
    first = next(iter(results.values()))
    seeds = sorted({str(result["seed"]) for result in results.values()})
    commits = sorted({result["commit"] for result in results.values()})
    machines = sorted({result["machine"] for result in results.values()})
    lines += [
        "",
        f"Seed {', '.join(seeds)}, one run a row. Commit {', '.join(commits)}. Machine: {'; '.join(machines)};",
    ]
    lines += ["minutes are of one thread there, with other work beside. Scored on the held-out side of"]
    lines += [
        f"`{study.scored_on}`, {first['scores']['validation']['faces']} faces, labels: "
        f"{first['scores']['validation']['labels']}.",
        "",
        "## Again",
        "",
        "```",
    ]
    given = " ".join(f"--data {name}=FOLDER" for name in study.data)
    outlines = " --contours FOLDER" if study.uses_contours else ""
    command = f"python -m train study {study.name} {given}{outlines}"
    lines.append(command)
    if study.costs:
        lines += [f"python -m benchmarks.network_cost runs/studies/{study.name}", f"{command} --report-only"]
    lines += ["```", "", "where the data are:", ""]
    lines += [f"- `{name}`: {what}" for name, what in study.data.items()]
    lines += ["", "Each row is `python -m train fit` with", "", "```"]
    for row in study.rows:
        if row.title in results:
            words = [f"{{{row.after}}}" if word == "{after}" else word for word in results[row.title]["words"]]
            lines.append(f"# {row.title}\n{' '.join(words)}")
    return "\n".join([*lines, "```", ""])


def cell_text(value: float) -> str:
    """A number as the table shows it."""
    if math.isnan(value):
        return "-"
    if float(value).is_integer():
        return f"{int(value):,}"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1
    return f"{value:.{digits}f}"


def draw_report(study: Study, places: StudyPlaces, table: Table, path: Path) -> None:
    """Validation score by epoch; beside it the losses, the columns over the first cost, or the columns as bars."""
    figure = Figure(figsize=(12, 4 + 0.35 * len(table)), layout="constrained")
    FigureCanvasAgg(figure)
    scores, beside = figure.subplots(1, 2)
    for row in study.rows:
        if row.title not in table:
            continue
        curves = read_curves(places.folder(study, row))
        (line,) = scores.plot(*_by_epoch(curves, "val_score"), label=row.title, linewidth=1.5)
        if study.shows_loss:
            for side, style in (("train", "-"), ("val", "--")):
                values = _by_epoch(curves, f"{side}_dice_loss")
                beside.plot(*values, style, color=line.get_color(), label=f"{row.title}, {side}", linewidth=1.2)
    scores.set(xlabel="epoch", ylabel="validation Dice", title="by epoch, on each row's own classes", ylim=(0, 1))
    scores.grid(alpha=0.3)
    scores.legend(fontsize=8, **_BELOW)
    if study.shows_loss:
        beside.set(xlabel="epoch", ylabel="Dice loss", title="Dice loss (dashed: validation)")
        beside.grid(alpha=0.3)
        beside.legend(fontsize=8, **_BELOW)
    elif study.costs:
        _draw_costs(beside, list(study.columns), next(iter(study.costs)), table)
    else:
        _draw_bars(beside, list(study.columns), table)
    figure.savefig(path, dpi=100)


def _draw_costs(axes: Any, headings: Sequence[str], cost: str, table: Table) -> None:
    for heading in headings:
        axes.scatter(*([cells[name] for cells in table.values()] for name in (cost, heading)), label=heading, s=14)
    for name, cells in table.items():
        axes.annotate(name, (cells[cost], cells[headings[0]]), fontsize=6, xytext=(3, 3), textcoords="offset points")
    axes.set(xlabel=cost, title="the best checkpoint's scores, and what it costs")
    axes.legend(fontsize=8, ncols=2, **_BELOW)
    axes.grid(alpha=0.3)


def _draw_bars(axes: Any, headings: Sequence[str], table: Table) -> None:
    height = 0.8 / len(headings)
    for index, heading in enumerate(headings):
        places = [row + index * height for row in range(len(table))]
        bars = axes.barh(places, [cells[heading] for cells in table.values()], height, label=heading)
        axes.bar_label(bars, fmt="%.3f", fontsize=7, padding=2)
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(table))], list(table), fontsize=8)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.1), title="the best checkpoint's scores")
    axes.legend(fontsize=8, ncols=2, **_BELOW)
    axes.grid(alpha=0.3, axis="x")


def _by_epoch(curves: Mapping[str, Mapping[int, float]], name: str) -> tuple[list[int], list[float]]:
    values = [value for _, value in sorted(curves.get(name, {}).items())]
    return list(range(1, len(values) + 1)), values
