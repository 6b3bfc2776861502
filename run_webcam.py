"""Live masks of irises, eyes and lips: `python run_webcam.py`, or `python run_webcam.py --source demo`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from realtime import __version__
from realtime.capture.cameras import list_cameras
from realtime.capture.credentials import redact
from realtime.command_line import kind_problem, read_settings, to_toml
from realtime.config import DEFAULT_REGIONS, RealtimeConfig, color_text, parse_size, shown_regions
from realtime.core.errors import UserError
from realtime.drawing.style import Effect, Style, color_bgr
from realtime.inference.session import Provider
from realtime.loop import run
from realtime.tracking.smoothing import Smoothing


def _checked(parse: Callable[[str], object]) -> Callable[[str | None], str | None]:
    """A check of an option's text; the text stays as it was typed, so that `--print-config` can give it back."""

    def check(text: str | None) -> str | None:
        try:
            _ = text is None or parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        return text

    return check


def _use_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make the file's settings the defaults of the flags, each checked as if it were given as one."""
    if path is None:
        return None
    try:
        settings = read_settings(path)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    flags = {flag.name: flag for flag in context.command.params if flag.name and not flag.is_eager}
    for name, written in settings.items():
        key = f"{path}: {name.replace('_', '-')}"
        if name not in flags:
            raise typer.BadParameter(f"{key}: no such setting; known: {', '.join(flags).replace('_', '-')}")
        try:
            read = flags[name].process_value(context, written)
        except typer.BadParameter as error:
            raise typer.BadParameter(f"{key}: {error.message}") from None
        except TypeError:  # older readers of options ask the system for a path of any kind
            raise typer.BadParameter(f"{key}: {written!r} is of the wrong kind") from None
        if problem := kind_problem(written, read):
            raise typer.BadParameter(f"{key}: {problem}")
    context.default_map = settings
    return path


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"eye-lip-segmenter {__version__}")
        raise typer.Exit


def _print_cameras(is_wanted: bool) -> None:
    if is_wanted:
        lines = [f"{camera.number}  {camera.name}" for camera in list_cameras()]
        typer.echo("\n".join(lines or ["no camera found"]))
        raise typer.Exit


def webcam(
    context: typer.Context,
    source: Annotated[
        str, typer.Option(help="Camera number or name, video, image, folder of images, URL, '-' or 'demo'.")
    ] = RealtimeConfig.source,
    size: Annotated[
        str | None,
        typer.Option(callback=_checked(parse_size), metavar="WxH", help="Asked of a camera; of raw video on stdin."),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=0.1, max=1000, help="Asked of a camera; of raw video on stdin.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="Name of a model in weights/, or path of an .onnx file.")
    ] = RealtimeConfig.model,
    provider: Annotated[
        Provider, typer.Option(help="What runs the networks; only 'auto' may fall back.")
    ] = RealtimeConfig.provider,
    threads: Annotated[
        int, typer.Option(min=0, help="CPU threads of the networks; 0: as many as pay.")
    ] = RealtimeConfig.threads,
    faces: Annotated[int, typer.Option(min=1, max=8, help="Most faces to follow at once.")] = RealtimeConfig.faces,
    smoothing: Annotated[Smoothing, typer.Option(help="Of crop and mask over time.")] = RealtimeConfig.smoothing,
    effect: Annotated[Effect, typer.Option(help="What is drawn.")] = Style.effect,
    regions: Annotated[
        str, typer.Option(callback=_checked(shown_regions), help="Where: a list of iris, eyes, lips, mouth.")
    ] = DEFAULT_REGIONS,
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Of the effect.")] = Style.opacity,
    iris_color: Annotated[
        str, typer.Option(callback=_checked(color_bgr), metavar="COLOR", help="Of the effect 'iris'.")
    ] = color_text(Style.iris_bgr),
    lipstick_color: Annotated[
        str, typer.Option(callback=_checked(color_bgr), metavar="COLOR", help="Of the effect 'lipstick'.")
    ] = color_text(Style.lipstick_bgr),
    mirror: Annotated[bool, typer.Option(help="Flip the picture as a mirror does; masks are not flipped.")] = False,
    hud: Annotated[bool, typer.Option(help="Begin with numbers on the window.")] = False,
    output: Annotated[
        Path | None, typer.Option(help="Write the overlay: .mp4, .mkv, .mov; .png or .jpg of one image.")
    ] = None,
    masks: Annotated[
        Path | None, typer.Option(help="Write a PNG of region ids for each frame into this folder.")
    ] = None,
    jsonl: Annotated[
        Path | None, typer.Option(help="Write a line for each frame: its faces, masks as run lengths, polygons.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the run's numbers to this file.")] = None,
    virtual_camera: Annotated[bool, typer.Option(help="Offer the overlay to other programs as a camera.")] = False,
    headless: Annotated[bool, typer.Option(help="Open no window.")] = False,
    max_frames: Annotated[int | None, typer.Option(min=1, help="Stop after so many frames.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(is_eager=True, callback=_use_config, help="Take settings from a TOML file; flags come first."),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", is_eager=True, help="Print the settings as such a file, and end.")
    ] = False,
    cameras: Annotated[
        bool, typer.Option("--list-cameras", is_eager=True, callback=_print_cameras, help="List them, and end.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print it, and end.")
    ] = False,
) -> None:
    """Live masks of irises, eyes and lips. In the window, ? lists the keys."""
    settings = {flag.name: context.params[flag.name] for flag in context.command.params if not flag.is_eager}
    if print_config:
        typer.echo(to_toml(settings | {"source": redact(source)}), nl=False)
        return
    try:
        run(RealtimeConfig.from_options(settings), tell=typer.echo)
    except UserError as error:
        sys.exit(f"error: {error}")


def main() -> None:
    """Entry point of `eye-lip-segmenter`; wrong usage is one line and exit code 2."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)  # pretty ones may show a URL's password
    app.command()(webcam)
    usage_error = typer.BadParameter.__base__  # click's UsageError, wherever this typer keeps its click
    try:
        sys.exit(app(standalone_mode=False))  # 130 of Ctrl-C before the first frame, too
    except usage_error as error:  # type: ignore[misc]  # a class that mypy cannot name
        typer.echo(f"error: {error.format_message()} (--help lists all)", err=True)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)


if __name__ == "__main__":
    main()
