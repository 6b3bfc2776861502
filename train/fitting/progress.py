"""The curves of a run, drawn anew after each epoch."""

import csv
import time
from collections import defaultdict
from pathlib import Path

import lightning as L
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from realtime.command_line import console


class CurvesCallback(L.Callback):
    """Writes `curves.png` into the run's folder, from the logs of all its parts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def on_train_epoch_end(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Draw what the log holds so far."""
        for logger in trainer.loggers:
            logger.save()
        if trainer.is_global_zero:
            draw_curves(self._folder)


def draw_curves(folder: Path) -> None:
    """One panel for the losses and one for the validation scores, by step.

    Args:
        folder: of the run; `metrics/version_N/metrics.csv` are its parts, each going on where the one before was
            resumed.
    """
    figure = Figure(figsize=(12, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores = figure.subplots(1, 2)
    for name, values in sorted(read_curves(folder).items()):
        is_loss = "loss" in name or "entropy" in name
        (losses if is_loss else scores).plot(list(values), list(values.values()), label=name, linewidth=1)
    losses.set(xlabel="step", ylabel="loss", yscale="log")
    scores.set(xlabel="step", ylabel="validation score", ylim=(0, 1.02))
    for axes in (losses, scores):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=7, loc="upper left")  # `best` is slow, and warns of it
    figure.savefig(folder / "curves.png", dpi=100)


def read_curves(folder: Path) -> dict[str, dict[int, float]]:
    """Value by step of each curve but the learning rate; a later part of a run replaces what it repeats."""
    curves: dict[str, dict[int, float]] = defaultdict(dict)
    parts = sorted((folder / "metrics").glob("version_*/metrics.csv"), key=lambda path: int(path.parent.name[8:]))
    for part in parts:
        with part.open() as file:
            rows = list(csv.DictReader(file))
        first_step = int(rows[0]["step"]) if rows else 0
        for values in curves.values():
            for step in [step for step in values if step >= first_step]:
                del values[step]
        for row in rows:
            for name, value in row.items():
                if value and name not in ("epoch", "step") and not name.startswith("lr-"):
                    curves[name][int(row["step"])] = float(value)
    return curves


class EpochLine(L.Callback):
    """Prints epoch, mean loss, validation score and how long it took."""

    def on_train_start(self, *_: object) -> None:
        """Start the clock; also in the midst of an epoch."""
        self._start_s = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Print the line."""
        now_s = time.monotonic()
        values = trainer.callback_metrics
        line = (
            f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}: loss {float(values['train_loss']):.4f}, "
            f"val_score {float(values['val_score']):.4f}, {now_s - self._start_s:.1f} s"
        )
        self._start_s = now_s
        if trainer.is_global_zero:
            console.print(line, highlight=False, soft_wrap=True)
