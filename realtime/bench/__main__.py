"""How fast it runs here: `python -m realtime.bench --video clip.mp4 --json bench.json`, or `--all` for everything."""

import json as json_format
import sys
from collections.abc import Callable, Collection
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from realtime.bench.clip import Clip, empty_room, read_clip
from realtime.bench.idling import measure_idling
from realtime.bench.machine import describe_machine
from realtime.bench.scaling import measure_drawing, measure_further_faces
from realtime.bench.start_up import measure_start_up
from realtime.bench.steadiness import measure_steadiness
from realtime.bench.tables import TextTable, tables_of
from realtime.bench.trial import Setup, Trial, interleave, summarize_stages
from realtime.config import parse_size
from realtime.errors import OutputError, UserError
from realtime.session import DEFAULT_MODEL, Provider
from realtime.smoothing import Smoothing


def _check_size(size: str | None) -> str | None:
    try:
        _ = size is None or parse_size(size)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return size


Size = Annotated[str | None, typer.Option(callback=_check_size, metavar="WxH", help="Scale the frames first.")]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Extra(StrEnum):
    """What can be measured beside the stages; each is a key of the JSON file."""

    FLICKER = "flicker"
    FURTHER_FACES = "further_faces"
    DRAWING = "drawing"
    START_UP = "start_up"
    IDLE = "idle"


@app.command()
def bench(
    video: Annotated[str, typer.Option(help="A video, or 'demo'.")] = "demo",
    frames: Annotated[int, typer.Option(min=2, help="Of the video, held in memory; 300 of 640x480 are 276 MB.")] = 300,
    size: Size = None,
    repeat: Annotated[int, typer.Option(min=1, help="Passes over the frames that count, after one that does not.")] = 5,
    model: Annotated[str, typer.Option(help="Name of a model in weights/, or path of an .onnx file.")] = DEFAULT_MODEL,
    provider: Annotated[Provider, typer.Option(help="What runs the networks.")] = Provider.AUTO,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads of the networks; 0: as many as pay.")] = 0,
    smoothing: Annotated[Smoothing, typer.Option(help="Of crop and mask over time.")] = Smoothing.LOW,
    faces: Annotated[int, typer.Option(min=1, max=8, help="Most faces to follow at once.")] = 1,
    flicker: Annotated[
        bool, typer.Option("--flicker", help="Also flicker and lag of each level of smoothing.")
    ] = False,
    further_faces: Annotated[
        bool, typer.Option("--further-faces", help="Also one face against two, three, four.")
    ] = False,
    drawing: Annotated[bool, typer.Option("--drawing", help="Also drawing on 1280x720 against 3840x2160.")] = False,
    start_up: Annotated[
        bool, typer.Option("--start-up", help="Also fresh processes: time to the first overlay, memory.")
    ] = False,
    idle: Annotated[bool, typer.Option("--idle", help="Also CPU time with nobody in view.")] = False,
    empty_video: Annotated[
        str | None, typer.Option(help="A video without a face, for --idle; a drawn room without it.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of these.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables to paste into a page.")] = False,
) -> None:
    """Time what happens between a frame in memory and its overlay drawn."""
    flags = (flicker, further_faces, drawing, start_up, idle)
    extras = [extra for extra, is_wanted in zip(Extra, flags, strict=True) if is_wanted or everything]
    setup = Setup(model, provider, threads, smoothing, faces)
    size_wh = parse_size(size) if size else None
    try:
        if json is not None and not json.parent.is_dir():
            raise OutputError(f"{json}: its folder does not exist")
        clip = read_clip(video, frames, size_wh)
        empty = Clip("room", empty_room(clip.size_wh, 30), clip.step_s)
        if empty_video is not None:
            empty = read_clip(empty_video, frames, clip.size_wh)
        results = measure(clip, empty, video, setup, repeat, extras)
        if json is not None:
            write_json(json, results)
    except UserError as error:
        sys.exit(f"error: {error}")
    show(tables_of(results), markdown)
    if json is not None:
        typer.echo(f"wrote {json}", err=True)


def measure(
    clip: Clip, empty: Clip, video: str, setup: Setup, repeat: int, extras: Collection[Extra]
) -> dict[str, Any]:
    """Everything that was asked for, as it is written to the JSON file.

    Args:
        clip: what is played.
        empty: the same size, nobody in view.
        video: where the clip came from; a fresh process reads it again.
        setup: what to run.
        repeat: passes that count.
        extras: what else to measure.

    Raises:
        UserError: the model or the provider cannot be used.
    """
    trial = Trial(clip, setup)
    passes = interleave([trial], repeat)[0]
    results: dict[str, Any] = {
        "machine": describe_machine(),
        "clip": {
            "name": clip.name,
            "frames": len(clip.frames),
            "width": clip.size_wh[0],
            "height": clip.size_wh[1],
            "passes": repeat,
        },
        "model": trial.segmenter.path.stem,
        "precision": trial.segmenter.card.precision,
        "provider_asked": setup.provider.value,
        "provider_used": trial.segmenter.provider.value,
        "threads": setup.threads,
        "smoothing": setup.smoothing.value,
        "end_to_end": {
            "faces_per_frame": round(sum(sum(one.faces) for one in passes) / sum(len(one.faces) for one in passes), 3),
            "stages_ms": summarize_stages(passes),
        },
    }
    measurements: dict[Extra, Callable[[], object]] = {
        Extra.FLICKER: lambda: measure_steadiness(clip, setup),
        Extra.FURTHER_FACES: lambda: measure_further_faces(clip, setup, repeat),
        Extra.DRAWING: lambda: measure_drawing(clip, setup, repeat),
        Extra.START_UP: lambda: measure_start_up(video, setup, len(clip.frames)),
        Extra.IDLE: lambda: measure_idling(clip, empty, setup),
    }
    return results | {extra.value: run() for extra, run in measurements.items() if extra in extras}


def write_json(path: Path, results: dict[str, Any]) -> None:
    """Write the results.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        path.write_text(json_format.dumps(results, indent=2) + "\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None


def show(tables: list[TextTable], markdown: bool) -> None:
    """Print tables, for a terminal or for a page."""
    console = Console()
    for table in tables:
        if markdown:
            typer.echo(table.as_markdown())
        else:
            console.print(table.for_terminal())


if __name__ == "__main__":
    app()
