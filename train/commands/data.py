"""`python -m train import | sharpen | pack`: other people's data sets, better labels, and faces in arrays."""

import os
from pathlib import Path
from typing import Annotated

import typer

from realtime.command_line import DATA_HELP, MASK_REGION_HELP, console, one_line_errors, one_of, progress
from realtime.core.geometry import LAYOUTS, TIGHT
from train.data.mask_folder import MASK_REGIONS
from train.labelling.parsing_sets import PARSING_SETS
from train.labelling.report import report_labels


def import_set(
    name: Annotated[str, typer.Argument(**one_of(PARSING_SETS), help="Whose layout the folder has.")],
    folder: Annotated[Path, typer.Argument(help="The data set as it was unpacked.")],
    out: Annotated[Path, typer.Option(help="Folder of the label set.")],
    layout: Annotated[str, typer.Option(**one_of(LAYOUTS), help="Of the crops.")] = TIGHT.name,
    processes: Annotated[int, typer.Option(min=1, help="How many photos at once.")] = os.cpu_count() or 1,
) -> None:
    """Cut the faces out of LaPa or CelebAMask-HQ, with the parts that people labelled; its own split is kept."""
    from train.labelling.parsing_sets import import_photos

    with one_line_errors(), progress() as bar:
        photos = PARSING_SETS[name](folder)
        task = bar.add_task("importing", total=len(photos))
        rows = import_photos(photos, out, layout, min(processes, len(photos)), lambda: bar.advance(task))
    report_labels(rows, out)


def sharpen(
    data: Annotated[Path, typer.Argument(help="Label set, not packed.")],
    teacher: Annotated[Path, typer.Option(help="Trained on it: a .pt file of `fit`, or an .onnx file of `export`.")],
    out: Annotated[Path, typer.Option(help="Folder of the sharpened label set.")],
) -> None:
    """Improve the training faces' labels by the averaged answers of a trained network; held-out ones stay."""
    with one_line_errors(), progress() as bar:
        from train.data.label_set import faces_of, read_index
        from train.prediction import PhotoSegmenter
        from train.sharpening import sharpen_labels

        segmenter = PhotoSegmenter.read(teacher)
        task = bar.add_task("sharpening", total=sum(1 for _ in faces_of(read_index(data))))
        count = sharpen_labels(data, segmenter, teacher.stem, out, lambda: bar.advance(task))
    console.print(f"wrote {out} ({count} faces with sharpened labels)")


def pack(
    data: Annotated[list[Path], typer.Option(help=DATA_HELP)],
    out: Annotated[Path, typer.Option(help="Folder for images.npy, masks.npy and index.jsonl; --data takes it.")],
    npy: Annotated[
        bool, typer.Option("--npy", help="Crops of 178x218 alone, without the margin that augmentation draws on.")
    ] = False,
    layout: Annotated[str, typer.Option(**one_of(LAYOUTS), help="Of the crops.")] = TIGHT.name,
    mask_region: Annotated[str | None, typer.Option(**one_of(MASK_REGIONS), help=MASK_REGION_HELP)] = None,
) -> None:
    """Write faces as two NumPy arrays, which `fit` reads without decoding files; 0.34 GB for 1000 faces."""
    with one_line_errors(), progress() as bar:
        from train.data.folders import read_folder
        from train.data.packing import pack_folders

        folders = [read_folder(folder, layout, mask_region) for folder in data]
        task = bar.add_task("packing", total=sum(len(folder.pairs) for folder in folders))
        count = pack_folders(folders, out, lambda: bar.advance(task), with_margin=not npy)
    console.print(f"wrote {out} (images.npy, masks.npy, index.jsonl: {count} faces)")
