"""The curves of a run, drawn anew after each epoch."""

import csv
from collections import defaultdict
from pathlib import Path

import lightning as L
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class CurvesCallback(L.Callback):
    """Writes `curves.png` beside `metrics.csv`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def on_train_epoch_end(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Draw what the log holds so far."""
        for logger in trainer.loggers:
            logger.save()
        draw_curves(self._folder / "metrics.csv", self._folder / "curves.png")


def draw_curves(metrics_csv: Path, out: Path) -> None:
    """One panel for the losses and one for the validation scores, by step."""
    if not metrics_csv.is_file():
        return
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with metrics_csv.open() as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if value and name not in ("epoch", "step") and not name.startswith("lr-"):
                    curves[name].append((int(row["step"]), float(value)))
    figure = Figure(figsize=(12, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(1, 2)
    for name, points in sorted(curves.items()):
        is_loss = "loss" in name or "entropy" in name
        (losses if is_loss else scores).plot(*zip(*points, strict=True), label=name, linewidth=1)
    losses.set(xlabel="step", ylabel="loss", yscale="log")
    scores.set(xlabel="step", ylabel="validation score", ylim=(0, 1.02))
    for axes in (losses, scores):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=7)
    figure.savefig(out, dpi=100)
