"""Export a checkpoint for the live program: python -m export runs/unet_lite/best.pt --precision fp32 fp16."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import onnx
import typer
from rich.console import Console
from rich.table import Table
from torch import nn

from export.checksums import write_checksums
from export.onnx_graph import build_onnx_model, write_metadata
from export.parity import Images, Parity, ParityError, check_parity, label_set_images, public_images
from export.precision import Precision, to_precision
from realtime.errors import OutputError, UserError
from train.checkpoint import NetworkSpec, file_sha256, load_checkpoint

FILE_SUFFIXES = {Precision.FP32: "", Precision.FP16: "_fp16"}
PRECISION_OPTION = "--precision"
PRECISION_WORD = re.compile(r"(fp|int)\d+")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class Source:
    """What is exported.

    Attributes:
        network: trained, in evaluation mode.
        spec: what it is.
        scores: of this network, by name.
        checkpoint_sha256: of the file it came from.
        images: to compare the files with it on.
    """

    network: nn.Module
    spec: NetworkSpec
    scores: dict[str, Any]
    checkpoint_sha256: str
    images: Images


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="The .pt file that `python -m train fit` wrote.")],
    precision: Annotated[
        list[Precision] | None,
        typer.Option(help="Of the weights; several may follow, as in fp32 fp16 (default: fp32)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the .onnx files and SHA256SUMS.")] = Path("weights"),
    name: Annotated[str | None, typer.Option(help="Of the files, without .onnx (default: the network's).")] = None,
    data: Annotated[Path | None, typer.Option(help="Label set whose held-out faces the parity is measured on.")] = None,
    scores: Annotated[Path | None, typer.Option(help="JSON of `python -m train evaluate`, kept in the file.")] = None,
) -> None:
    """Write a checkpoint as ONNX, one file for each precision; a file that answers unlike the network is not kept."""
    if name is not None and not re.fullmatch(r"\w[\w.-]*", name):
        raise typer.BadParameter("a plain file name is needed", param_hint="--name")
    try:
        source = read_source(checkpoint, data, scores)
        with _writing(out):
            out.mkdir(parents=True, exist_ok=True)
        stem = name or source.spec.arch.replace("-", "_")
        failures = write_files(source, out, stem, precision or [Precision.FP32])
    except UserError as error:
        failures = [error]
    for failure in failures:
        typer.echo(f"error: {failure}", err=True)
    if failures:
        raise typer.Exit(1)


def read_source(checkpoint: Path, data: Path | None, scores: Path | None) -> Source:
    """Everything the export needs, read and checked before anything is written.

    Raises:
        UserError: a file is missing or broken; the message says which.
    """
    try:
        network, spec = load_checkpoint(checkpoint)
        images = public_images(spec) if data is None else label_set_images(spec, data)
        return Source(network, spec, read_scores(scores) if scores else {}, file_sha256(checkpoint), images)
    except ValueError as error:
        raise UserError(str(error)) from None


def read_scores(path: Path) -> dict[str, Any]:
    """What `python -m train evaluate` wrote.

    Raises:
        ValueError: the file is missing, or holds no JSON object.
    """
    try:
        scores = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: no scores can be read from it ({error})") from None
    if not isinstance(scores, dict):
        raise ValueError(f"{path}: no scores can be read from it (not a JSON object)")
    return scores


def write_files(source: Source, out: Path, name: str, precisions: Sequence[Precision]) -> list[UserError]:
    """One file for each precision, the table of them, and the folder's checksums.

    Returns:
        why a file was not kept, for each that was not.
    """
    model = build_onnx_model(source.network, source.spec)
    table = Table(
        *("file", "size", "parameters", "max Δ", "agreement", "min IoU"),
        title=f"compared with torch on {len(source.images)} images",
        title_justify="left",
    )
    written: list[Path] = []
    failures: list[UserError] = []
    for precision in dict.fromkeys(precisions):
        path = out / f"{name}{FILE_SUFFIXES[precision]}.onnx"
        try:
            parity = write_file(source, to_precision(model, precision), precision, path)
        except ParityError as error:
            failures.append(error)
            continue
        written.append(path)
        table.add_row(path.name, *_table_cells(source.network, path, parity))
    if written:
        with _writing(out):
            written.append(write_checksums(out))
        console = Console(markup=False, highlight=False)
        console.print(table)
        console.print("wrote " + ", ".join(map(str, written)), soft_wrap=True)
    return failures


def write_file(source: Source, model: onnx.ModelProto, precision: Precision, path: Path) -> Parity:
    """Write one model file; it gets its name only once it has been found to answer as the network does.

    Raises:
        ParityError: it does not, and is not kept.
        OutputError: the folder cannot be written to.
    """
    write_metadata(model, source.spec, precision, source.scores, source.checkpoint_sha256)
    partial = path.with_name(f"{path.name}.partial")
    with _writing(path):
        try:
            partial.write_bytes(model.SerializeToString())
            parity = check_parity(partial, source.network, source.spec, precision, source.images)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return parity


def spread_precisions(words: Sequence[str]) -> list[str]:
    """The command line with one value after each `--precision`, as typer wants it.

    People write several: `--precision fp32 fp16` or `--precision fp32,fp16`. What comes after the first value
    belongs to it only where it looks like a precision, so that a checkpoint may follow.
    """
    spread: list[str] = []
    for word in _split_option_and_value(words):
        values = word.split(",")
        if spread[-1:] == [PRECISION_OPTION]:
            spread.pop()
        elif spread[-2:-1] != [PRECISION_OPTION] or not all(map(PRECISION_WORD.fullmatch, values)):
            spread.append(word)
            continue
        for value in values:
            spread += [PRECISION_OPTION, value]
    return spread


def _split_option_and_value(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        option, _, value = word.partition("=")
        yield from (option, value) if option == PRECISION_OPTION and value else (word,)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a path that cannot be written into the user's line."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None


def _table_cells(network: nn.Module, path: Path, parity: Parity) -> list[str]:
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return [
        f"{path.stat().st_size / 1000:.0f} kB",
        f"{parameters:,}",
        f"{parity.max_delta:.1e}",
        f"{parity.agreement:.5f}",
        "-" if parity.least_iou is None else f"{parity.least_iou:.4f}",
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line."""
    app(args=spread_precisions(sys.argv[1:] if words is None else words))


if __name__ == "__main__":
    main()
