"""What a new label set holds, told on the console: a table, the rejected photos, a contact sheet."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.table import Table

from realtime.command_line import NAMED_FILES, console
from realtime.core.geometry import BgrImage
from train.augmentation.augment import center_pair
from train.data.label_set import LabelledPhoto, faces_of, read_index, read_pair
from train.labelling.label_maps import tint


def report_labels(rows: Sequence[LabelledPhoto], out: Path) -> None:
    """Print what was found, and write the contact sheet.

    Args:
        rows: the set's index.
        out: its folder.
    """
    from train.labelling.report import write_contact_sheet

    console.print(label_table(rows))
    for line in rejection_lines(rows):
        console.print(line, highlight=False)
    sheet = write_contact_sheet(out) if any(faces_of(rows)) else None
    console.print(f"wrote {out} (index.jsonl, crops/, labels/" + (f", {sheet.name})" if sheet else ")"))


def label_table(rows: Sequence[LabelledPhoto]) -> Table:
    """Photos, faces and rejections, by source folder."""
    reasons = sorted({row.rejected for row in rows if row.rejected})
    of_faces = sorted({face.rejected for row in rows for face in row.faces if face.rejected})
    columns = [*(f"face: {reason}" for reason in of_faces), *reasons]
    table = Table("source", "photos", "faces", "with crop", "grey", *columns, title="labelled", title_justify="left")
    sources = sorted({row.source for row in rows})
    for name, part in [(s, [r for r in rows if r.source == s]) for s in sources] + [("all", list(rows))]:
        counts = [
            len(part),
            sum(len(row.faces) for row in part),
            sum(1 for _ in faces_of(part)),
            sum(row.grey for row in part),
            *(sum(face.rejected == reason for row in part for face in row.faces) for reason in of_faces),
            *(sum(row.rejected == reason for row in part) for reason in reasons),
        ]
        table.add_row(name, *map(str, counts))
    return table


def rejection_lines(rows: Sequence[LabelledPhoto]) -> list[str]:
    """A line for each reason, naming the first few photos; index.jsonl holds them all."""
    lines = []
    for reason in sorted({row.rejected for row in rows if row.rejected}):
        names = [Path(row.photo).name for row in rows if row.rejected == reason]
        more = f" and {len(names) - NAMED_FILES} more" if len(names) > NAMED_FILES else ""
        lines.append(f"{reason}: {', '.join(names[:NAMED_FILES])}{more}")
    return lines


COLUMNS, ROWS = 12, 6


def write_contact_sheet(folder: Path) -> Path:
    """Write `contact_sheet.png` into a label set: crops spread evenly over it, their masks laid over them.

    Raises:
        ValueError: the folder is no label set, or holds no crop.
    """
    names = [face.name for _, face in faces_of(read_index(folder))]
    if not names:
        raise ValueError(f"{folder}: no crop in this label set")
    chosen = np.linspace(0, len(names) - 1, min(len(names), COLUMNS * ROWS)).astype(int)
    tiles = []
    for index in chosen:
        crop, label_map = center_pair(*read_pair(folder, names[index]))
        tiles.append(tint(crop, label_map))
    blank = BgrImage(np.zeros_like(tiles[0]))
    tiles += [blank] * (-len(tiles) % COLUMNS)
    sheet = np.vstack([np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)])
    path = folder / "contact_sheet.png"
    cv2.imwrite(str(path), sheet)
    return path
