"""What an export made and what it costs: `export.json`, the table, and what to do next."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from export.choices import Output, Precision
from export.parity import Parity
from export.request import ExportRequest
from export.scores import F1

REPORT_NAME = "export.json"


@dataclass(frozen=True)
class FileReport:
    """One file that was made.

    Attributes:
        name: of the file.
        precision: of its weights.
        size_bytes: of the file.
        parity: with torch.
        f1: on the faces that were scored, by region; None where none were.
        f1_lost: by how much that is less than the network's own.
        float_layers: those that an int8 file keeps in float.
        faults: why it was not kept; none where it was.
    """

    name: str
    precision: Precision
    size_bytes: int
    parity: Parity
    f1: F1 | None
    f1_lost: F1 | None
    float_layers: list[str]
    faults: list[str]


@dataclass(frozen=True)
class Report:
    """One export.

    Attributes:
        source: what was exported.
        output: what the files give.
        opset: of the files.
        batch: how many images a file takes; None for any number.
        macs: multiply-accumulates for one image.
        f1: of the network in torch, by region; None where nothing was scored.
        files: one for each precision and format.
    """

    source: ExportRequest
    output: Output
    opset: int
    batch: int | None
    macs: int
    f1: F1 | None
    files: Sequence[FileReport]

    @property
    def parameters(self) -> int:
        """Of the network."""
        return sum(parameter.numel() for parameter in self.source.network.parameters())

    @property
    def compared_on(self) -> str:
        """What parity was measured on, in words."""
        where = f"held-out images of {self.source.data.name}" if self.source.data else "public images"
        return f"{len(self.source.images)} {where}"

    @property
    def scored_on(self) -> str | None:
        """What F1 was measured on, in words; None where it was not."""
        if self.f1 is None:
            return None
        return "outlines drawn by people" if self.source.contours else f"the held-out labels of {self.compared_on}"

    @property
    def title(self) -> str:
        """What was exported and what the files are measured on, in words."""
        size = f"{self.parameters:,} parameters, {self.macs / 1e6:.1f} MMAC an image"
        scored = f"\nF1 on {self.scored_on}" if self.f1 else ""
        return f"{size}\ncompared with torch on {self.compared_on}{scored}"

    def to_json(self) -> str:
        """For `export.json`."""
        contents: dict[str, Any] = {
            "checkpoint_sha256": self.source.checkpoint_sha256,
            "network": self.source.spec.arch,
            "parameters": self.parameters,
            "macs": self.macs,
            "output": self.output,
            "opset": self.opset,
            "batch": self.batch or "dynamic",
            "compared_on": self.compared_on,
            "scored_on": self.scored_on,
            "f1": self.f1,
            "files": [_row(file) for file in self.files],
        }
        return json.dumps(contents, indent=2) + "\n"

    def to_table(self) -> Table:
        """To read."""
        table = Table(
            *("file", "size", "max Δ", "mean Δ", "agree", "min IoU"),
            *(("F1 lost",) if self.f1 else ()),
            title=self.title,
            title_justify="left",
            box=None,
            padding=(0, 1, 0, 0),
        )
        for file in self.files:
            if not file.faults:
                table.add_row(*_cells(file, self.output), *_lost_cells(file))
        return table


def next_commands(paths: Sequence[Path], output: Output, *, is_segmenter: bool) -> list[str]:
    """What a user does with the files, to paste."""
    commands = [f"python -m export verify {path}" for path in paths]
    if is_segmenter and output is Output.PROBS and paths:
        commands.append(f"python run_webcam.py --model {paths[0]}")
        commands.append(f"python -m realtime.bench --model {paths[0]}")
    return commands


def _row(file: FileReport) -> dict[str, Any]:
    return {
        "file": file.name,
        "precision": file.precision,
        "kept": not file.faults,
        "faults": file.faults,
        "size_bytes": file.size_bytes,
        "max_delta": file.parity.max_delta,
        "mean_delta": file.parity.mean_delta,
        "agreement": file.parity.agreement,
        "least_iou": file.parity.least_iou,
        "f1": file.f1,
        "f1_lost": file.f1_lost,
        "float_layers": file.float_layers,
    }


def _cells(file: FileReport, output: Output) -> list[str]:
    parity, are_labels = file.parity, output is Output.LABELS
    return [
        file.name,
        f"{file.size_bytes / 1000:.0f} kB",
        "-" if are_labels else f"{parity.max_delta:.1e}",
        "-" if are_labels else f"{parity.mean_delta:.1e}",
        f"{parity.agreement:.5f}",
        "-" if parity.least_iou is None else f"{parity.least_iou:.4f}",
    ]


def _lost_cells(file: FileReport) -> list[str]:
    """The most that a region lost, and which."""
    if not file.f1_lost:
        return []
    most = max(file.f1_lost, key=file.f1_lost.__getitem__)
    return [f"{file.f1_lost[most]:.4f} {most}"]
