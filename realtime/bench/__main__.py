"""How fast it runs here: `python -m realtime.bench`; a video from file to overlay: `--video clip.mp4`, or demo."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from realtime.bench.models.matrix import Axes
from realtime.bench.models.rows import Baseline
from realtime.bench.plan import SHORT, Length, Plan, carry_out
from realtime.bench.plot import draw_rows
from realtime.bench.text_table import TextTable
from realtime.bench.video.end_to_end import Extra
from realtime.bench.video.trial import Setup
from realtime.capture.sources import DEMO
from realtime.config import parse_size
from realtime.core.errors import UserError
from realtime.core.files import check_writable, write_json
from realtime.inference.providers import THREADS_THAT_PAY, Provider
from realtime.inference.session import DEFAULT_MODEL
from realtime.tracking.smoothing import Smoothing

PAGE_WIDTH = 140
"""Columns of what is written to no terminal."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _check_size(size: str | None) -> str | None:
    try:
        _ = size is None or parse_size(size)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return size


def _check_picture(path: Path | None) -> Path | None:
    if path is not None and path.suffix.lower() != ".png":
        raise typer.BadParameter("the picture is written as .png")
    return path


@app.command()
def bench(
    model: Annotated[
        list[str] | None, typer.Option(help="Name in weights/, or path of an .onnx file; all in weights/.")
    ] = None,
    provider: Annotated[list[Provider] | None, typer.Option(help="All that this ONNX Runtime has.")] = None,
    threads: Annotated[list[int] | None, typer.Option(min=1, help="CPU threads; 1, 2 and all cores.")] = None,
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Images in a run; 1 and 4.")] = None,
    video: Annotated[str | None, typer.Option(help="Also this video, or 'demo', from file to overlay.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Seconds instead of minutes; numbers are rougher.")] = False,
    peers: Annotated[bool, typer.Option("--peers", help="Also other people's networks, in the same run.")] = False,
    floor: Annotated[bool, typer.Option("--floor", help="Also the least time that this machine allows.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables to paste into a page.")] = False,
    plot: Annotated[Path | None, typer.Option(callback=_check_picture, help="Write a bar chart, .png.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="An older --json; each row's ratio to it.")] = None,
    frames: Annotated[int | None, typer.Option(min=2, help="Of the video, held in memory; 300.")] = None,
    size: Annotated[
        str | None, typer.Option(callback=_check_size, metavar="WxH", help="Scale the video's frames first.")
    ] = None,
    repeat: Annotated[int | None, typer.Option(min=1, help="Passes over the video that count; 5.")] = None,
    smoothing: Annotated[Smoothing, typer.Option(help="Of crop and mask over time, on the video.")] = Smoothing.LOW,
    faces: Annotated[int, typer.Option(min=1, max=8, help="Most faces to follow on the video.")] = 1,
    flicker: Annotated[bool, typer.Option("--flicker", help="Flicker and lag on the video.")] = False,
    further_faces: Annotated[bool, typer.Option("--further-faces", help="One to four faces on the video.")] = False,
    drawing: Annotated[bool, typer.Option("--drawing", help="Drawing on 1280x720 and 3840x2160.")] = False,
    start_up: Annotated[bool, typer.Option("--start-up", help="Fresh processes to the first overlay.")] = False,
    idle: Annotated[bool, typer.Option("--idle", help="CPU time with nobody in view.")] = False,
    empty_video: Annotated[str | None, typer.Option(help="Without a face, for --idle; a drawn room.")] = None,
    landmarker: Annotated[
        Path | None, typer.Option(help="MediaPipe's face_landmarker.task, for --peers; downloaded once.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that can be measured on the video.")] = False,
) -> None:
    """Time every model on every provider that is here; with --video, a video from file to overlay.

    With a video the table has only the rows of what plays it, unless --peers is given, too.
    """
    flags = (flicker, further_faces, drawing, start_up, idle)
    extras = tuple(extra for extra, is_wanted in zip(Extra, flags, strict=True) if is_wanted or everything)
    axes = Axes(tuple(model or ()), tuple(provider or ()), tuple(threads or ()), tuple(batch or ()))
    shown = video or (DEMO if extras else None)
    setup = _setup_of(axes, smoothing, faces, one_of_each=bool(shown or peers))
    if shown and not peers:
        axes = Axes((setup.model,), (setup.provider,), (setup.threads,), axes.batches or (1,))
    length = SHORT if quick else Length()
    length = replace(length, frames=frames or length.frames, repeat=repeat or length.repeat)
    size_wh = parse_size(size) if size else None
    written = [path for path in (json, plot) if path]
    try:
        for path in written:
            check_writable(path)
        old = Baseline.read(baseline) if baseline else None
        plan = Plan(axes, length, setup, shown, empty_video, size_wh, extras, peers, landmarker, floor, old)
        outcome = carry_out(plan)
        if json is not None:
            write_json(json, outcome.results)
        if plot is not None:
            draw_rows(outcome.rows, _title(outcome.results["machine"]), plot)
    except UserError as error:
        sys.exit(f"error: {error}")
    show(outcome.tables, markdown)
    for line in [*outcome.remarks(), *(f"wrote {path}" for path in written)]:
        typer.echo(line, err=True)


def _setup_of(axes: Axes, smoothing: Smoothing, faces: int, *, one_of_each: bool) -> Setup:
    """What plays a video: the program's own choice where nothing was chosen."""
    for name, values in (("--model", axes.models), ("--provider", axes.providers), ("--threads", axes.threads)):
        if one_of_each and len(values) > 1:
            raise typer.BadParameter(f"a video is played with one {name}, not {len(values)}")
    return Setup(
        axes.models[0] if axes.models else DEFAULT_MODEL,
        axes.providers[0] if axes.providers else Provider.AUTO,
        axes.threads[0] if axes.threads else THREADS_THAT_PAY,
        smoothing,
        faces,
    )


def _title(machine: dict[str, str]) -> str:
    runtimes = [f"{name} {version}" for name, version in machine.items() if name.startswith("onnxruntime")]
    parts = (machine["cpu"], f"{machine['cores']} cores", machine.get("gpu", ""), *runtimes, machine["commit"])
    return ", ".join(part for part in parts if part)


def show(tables: Sequence[TextTable], markdown: bool) -> None:
    """Print tables, for a terminal or for a page."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PAGE_WIDTH)
    for table in tables:
        if markdown:
            typer.echo(table.as_markdown())
        else:
            console.print(table.for_terminal())


if __name__ == "__main__":
    app()
