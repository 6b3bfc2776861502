"""Export a checkpoint for the live program: python -m export runs/unet_lite/best.pt --precision fp32 fp16."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from export.choices import NEWEST_OPSET, OLDEST_OPSET, Format, Output, Precision
from realtime.command_line import MASK_REGION_HELP, one_of
from realtime.core.errors import UserError
from realtime.inference.session import Provider
from train.data.mask_folder import MASK_REGIONS


def with_command(words: Sequence[str], commands: Sequence[str], default: str) -> list[str]:
    """The words after the default command where they name none and do not ask for help."""
    if words and words[0] in (*commands, "--help"):
        return list(words)
    return [default, *words]


def spread_values(words: Sequence[str], options: Mapping[str, re.Pattern[str]]) -> list[str]:
    """The command line with one value after each of some options, as typer wants it.

    People write several: `--precision fp32 fp16` or `--precision fp32,fp16`. What comes after the first value
    belongs to it only where it looks like one, so that a checkpoint may follow.

    Args:
        words: as they were typed.
        options: each with what its values look like.
    """
    spread: list[str] = []
    for word in _split_option_and_value(words, options):
        values = word.split(",")
        if spread and spread[-1] in options:
            option = spread.pop()
        elif len(spread) > 1 and spread[-2] in options and all(map(options[spread[-2]].fullmatch, values)):
            option = spread[-2]
        else:
            spread.append(word)
            continue
        for value in values:
            spread += [option, value]
    return spread


def _split_option_and_value(words: Sequence[str], options: Mapping[str, re.Pattern[str]]) -> Iterator[str]:
    for word in words:
        option, _, value = word.partition("=")
        yield from (option, value) if option in options and value else (word,)


SEVERAL_VALUES = {"--precision": re.compile(r"(fp|int)\d+"), "--format": re.compile(r"onnx|ort")}
CHECKPOINT, VERIFY, WEB = "checkpoint", "verify", "web"

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="python -m export CHECKPOINT: write a checkpoint as ONNX (python -m export checkpoint --help: its options).",
)


def check_opset(opset: int) -> int:
    """Refuse what the exporter cannot write."""
    if opset < OLDEST_OPSET:
        raise typer.BadParameter(
            f"{opset} is too old: torch writes {OLDEST_OPSET} and later, and ONNX has no way down from there; "
            f"files of opset {OLDEST_OPSET} open in ONNX Runtime 1.17"
        )
    if opset > NEWEST_OPSET:
        raise typer.BadParameter(f"{opset} is newer than the newest that is written, {NEWEST_OPSET}")
    return opset


def parse_batch(text: str) -> str:
    """Refuse what is neither `dynamic` nor a number of images."""
    if text != "dynamic" and not (text.isdecimal() and int(text) > 0):
        raise typer.BadParameter(f"{text!r} is neither dynamic nor a number of images")
    return text


@app.command(CHECKPOINT)
def export(
    checkpoint: Annotated[Path, typer.Argument(help="The .pt file that `python -m train fit` wrote.")],
    precision: Annotated[
        list[Precision] | None,
        typer.Option(help="Of the weights; several may follow, as in fp32 fp16 (default: fp32)."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the model files, SHA256SUMS and export.json.")] = Path(
        "weights"
    ),
    name: Annotated[str | None, typer.Option(help="Of the files, without .onnx (default: the network's).")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of faces; those held out are compared on.")] = None,
    mask_region: Annotated[str | None, typer.Option(**one_of(MASK_REGIONS), help=MASK_REGION_HELP)] = None,
    scores: Annotated[Path | None, typer.Option(help="JSON of `python -m train evaluate`, kept in the file.")] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(help="For int8: folder of faces (its training side), or of 300 or more crops of 178x218."),
    ] = None,
    opset: Annotated[int, typer.Option(callback=check_opset, help="ONNX opset of the files.")] = OLDEST_OPSET,
    batch: Annotated[
        str, typer.Option(callback=parse_batch, metavar="dynamic|N", help="Images at a time: any number, or this one.")
    ] = "dynamic",
    format: Annotated[
        list[Format] | None,
        typer.Option(help="onnx, ort (for ONNX Runtime's minimal builds), or both (default: onnx)."),
    ] = None,
    output: Annotated[
        Output, typer.Option(help="Probabilities, or region ids alone, which the live program cannot use.")
    ] = Output.PROBS,
    contours: Annotated[
        Path | None, typer.Option(help="Folder of outlines drawn by people, to tell the F1 that each file loses.")
    ] = None,
    landmarker: Annotated[
        Path | None, typer.Option(help="MediaPipe face_landmarker.task, for --contours; else downloaded once.")
    ] = None,
) -> None:
    """Write a checkpoint as ONNX, one file for each precision; a file that answers unlike the network is not kept."""
    if name is not None and not re.fullmatch(r"\w[\w.-]*", name):
        raise typer.BadParameter("a plain file name is needed", param_hint="--name")
    precisions = precision or [Precision.FP32]
    with one_line_errors():
        from export.model_files import Wanted, export_files
        from export.onnx_graph import model_kind
        from export.report import next_commands
        from export.request import read_source
        from realtime.inference.session import SEGMENTER

        source = read_source(checkpoint, precisions, data, mask_region, scores, calibration, contours, landmarker)
        is_segmenter = model_kind(source.spec) == SEGMENTER
        if output is Output.LABELS and not is_segmenter:
            raise UserError(f"{checkpoint}: a face finder has no labels: leave out --output")
        size = None if batch == "dynamic" else int(batch)
        wanted = Wanted(precisions, format or [Format.ONNX], output, opset, size)
        report, paths, failures = export_files(source, wanted, out, name or source.spec.arch.replace("-", "_"))
    console = Console(markup=False, highlight=False)
    if paths:
        models = [path for path in paths if path.suffix in (".onnx", ".ort")]
        console.print(report.to_table())
        console.print("next:", *next_commands(models, output, is_segmenter=is_segmenter), sep="\n  ", soft_wrap=True)
        console.print("wrote " + ", ".join(map(str, paths)), soft_wrap=True)
    for failure in failures:
        typer.echo(f"error: {failure}", err=True)
    if failures:
        raise typer.Exit(1)


@app.command(VERIFY)
def verify(
    model: Annotated[Path, typer.Argument(help="An .onnx or .ort file that `export` wrote.")],
    provider: Annotated[Provider, typer.Option(help="What to run it on.")] = Provider.CPU,
) -> None:
    """Check a model file: its sum, what it says of itself, and that it answers here as where it was made."""
    with one_line_errors():
        from export.verify import verify_file

        typer.echo(verify_file(model, provider))


@app.command(WEB)
def web(
    model: Annotated[str, typer.Option(help="The .onnx file that the page runs, or the name of a shipped one.")],
    out: Annotated[Path, typer.Option(help="Folder for the page; an earlier page in it is replaced.")],
    serve: Annotated[bool, typer.Option("--serve", help="Serve it on this machine until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="For --serve; 0 takes a free one.")] = 8000,
) -> None:
    """Write a page that segments in the browser: a folder for any static host (docs/web.md)."""
    with one_line_errors():
        from export.web_page import PageServer, write_page
        from realtime.inference.session import find_model

        page = write_page(find_model(model), out)
        typer.echo(page.summary())
        if serve:
            with PageServer(out, port) as server:
                typer.echo(f"{server.url} (Ctrl-C ends it)")
                server.run()


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors that the user can mend become one line and exit code 1; all others stay what they are."""
    try:
        yield
    except UserError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line."""
    typed = sys.argv[1:] if words is None else words
    app(args=with_command(spread_values(typed, SEVERAL_VALUES), (CHECKPOINT, VERIFY, WEB), CHECKPOINT))


if __name__ == "__main__":
    main()
