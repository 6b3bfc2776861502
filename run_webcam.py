"""Live masks of irises, eyes and lips: `python run_webcam.py`, or `python run_webcam.py --source demo`."""

import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from realtime.config import DEFAULT_MODEL, RealtimeConfig, shown_regions
from realtime.errors import UserError
from realtime.loop import run
from realtime.look import Look
from realtime.session import Provider
from realtime.smoothing import Smoothing


def webcam(
    source: Annotated[str, typer.Option(help="Camera number, video, image, folder of images, URL, or 'demo'.")] = "0",
    model: Annotated[str, typer.Option(help="Name of a model in weights/, or path of an .onnx file.")] = DEFAULT_MODEL,
    provider: Annotated[
        Provider, typer.Option(help="What runs the networks; only 'auto' may fall back.")
    ] = Provider.AUTO,
    output: Annotated[
        Path | None, typer.Option(help="Write the overlay: .mp4, .mkv, .mov; .png or .jpg of one image.")
    ] = None,
    masks: Annotated[
        Path | None, typer.Option(help="Write a PNG of region ids for each frame into this folder.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the run's numbers to this file.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Open no window.")] = False,
    max_frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many frames.")] = None,
    faces: Annotated[int, typer.Option(min=1, max=8, help="Most faces to follow at once.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads of the networks; 0: as many as pay.")] = 0,
    regions: Annotated[str, typer.Option(help="What is drawn: a list of iris, eyes, lips, mouth.")] = "iris,eyes,lips",
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Of the colour.")] = Look.opacity,
    smoothing: Annotated[Smoothing, typer.Option(help="Of crop and mask over time.")] = RealtimeConfig.smoothing,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Flip the picture as a mirror does; masks are not flipped.")
    ] = False,
) -> None:
    """Live masks of irises, eyes and lips."""
    try:
        shown = shown_regions(regions)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--regions") from None
    config = RealtimeConfig(
        source,
        model,
        provider,
        output,
        masks,
        json,
        headless,
        max_frames,
        faces,
        threads,
        Look(regions=shown, opacity=opacity),
        smoothing,
        mirror,
    )
    signal.signal(signal.SIGTERM, _interrupt)  # so that a video being written is finished, as with Ctrl-C
    try:
        run(config, tell=typer.echo)
    except UserError as error:
        sys.exit(f"error: {error}")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point of `eye-lip-segmenter`; wrong usage is one line and exit code 2."""
    app = typer.Typer(add_completion=False)
    app.command()(webcam)
    usage_error = typer.BadParameter.__base__  # click's UsageError, wherever this typer keeps its click
    try:
        app(standalone_mode=False)
    except usage_error as error:  # type: ignore[misc]  # a class that mypy cannot name
        typer.echo(f"error: {error.format_message()} (--help lists all)", err=True)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)


if __name__ == "__main__":
    main()
