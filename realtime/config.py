"""What the live program can be told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from realtime.core.regions import REGION_GROUPS, Region
from realtime.drawing.style import Effect, Style, color_bgr
from realtime.inference.session import DEFAULT_MODEL, Provider
from realtime.tracking.smoothing import Smoothing

DEFAULT_REGIONS = "iris,eyes,lips"
DEFAULT_VIDEO = "webcam.mp4"
DEFAULT_PICTURE = "webcam.png"
LARGEST_SIDE_PX = 16_384
"""Twice what 8K has: a slip of a digit is a message, not a lack of memory."""
ENDLESS_SOURCE_FRAMES = 300
"""Frames taken of a source that does not end where nobody can see the window to close it: 10 seconds."""


@dataclass(frozen=True)
class RealtimeConfig:
    """One run of the live program.

    Attributes:
        source: camera number or name, path, URL or `demo`.
        model: name in weights/, or path.
        provider: what runs the networks.
        output: video, or picture of a single image; none where it is missing.
        masks: folder for a PNG of region ids per frame.
        jsonl: file with one line per frame: faces, masks as run lengths, polygons.
        json: file for the run's numbers.
        virtual_camera: offer the overlay to other programs as a camera.
        headless: no window.
        max_frames: stop after so many.
        faces: most to follow at once.
        threads: of the CPU provider; 0 takes as many as pay.
        look: effect, regions, opacity and colours.
        smoothing: of crop and mask.
        mirror: flip what is shown and written, as in a mirror; masks and sides stay the subject's own.
        hud: numbers on the window from the start.
        size_wh: asked of a camera; the size of raw video on stdin, where it must be given.
        fps: asked of a camera; the rate of raw video on stdin.
    """

    source: str = "0"
    model: str = DEFAULT_MODEL
    provider: Provider = Provider.AUTO
    output: Path | None = None
    masks: Path | None = None
    jsonl: Path | None = None
    json: Path | None = None
    virtual_camera: bool = False
    headless: bool = False
    max_frames: int | None = None
    faces: int = 1
    threads: int = 0
    look: Style = field(default_factory=Style)
    smoothing: Smoothing = Smoothing.LOW
    mirror: bool = False
    hud: bool = False
    size_wh: tuple[int, int] | None = None
    fps: float | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> "RealtimeConfig":
        """The run that checked options ask for.

        Args:
            options: by the flags' names, with underscores, as text, numbers and truths; those that are no setting of
                a run are left out of account.
        """
        look = Style(
            effect=Effect(options["effect"]),
            regions=shown_regions(options["regions"]),
            opacity=options["opacity"],
            iris_bgr=color_bgr(options["iris_color"]),
            lipstick_bgr=color_bgr(options["lipstick_color"]),
        )
        paths = {name: options[name] and Path(options[name]) for name in ("output", "masks", "jsonl", "json")}
        read = {
            "provider": Provider(options["provider"]),
            "smoothing": Smoothing(options["smoothing"]),
            "size_wh": options["size"] and parse_size(options["size"]),
        }
        plain = {setting.name: options[setting.name] for setting in fields(cls) if setting.name in options}
        return cls(look=look, **plain | paths | read)


def shown_regions(groups: str) -> tuple[Region, ...]:
    """The regions of a comma-separated list of group names.

    Raises:
        ValueError: a name is unknown; the message lists the known ones.
    """
    names = [name.strip() for name in groups.split(",")]
    unknown = [name for name in names if name not in REGION_GROUPS]
    if unknown:
        raise ValueError(f"unknown regions {', '.join(unknown)!r}; known: {', '.join(REGION_GROUPS)}")
    return tuple(region for name in names for region in REGION_GROUPS[name])


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of a text like 1280x720.

    Raises:
        ValueError: it is none, or a side is 0 or too large.
    """
    match = re.fullmatch(r"([1-9]\d{0,4})[xX]([1-9]\d{0,4})", text)
    if match is None:
        raise ValueError(f"{text!r} is no size; one is written as 1280x720")
    if max(int(match[1]), int(match[2])) > LARGEST_SIDE_PX:
        raise ValueError(f"{text!r} is too large; a side has at most {LARGEST_SIDE_PX} pixels")
    return int(match[1]), int(match[2])


def color_text(bgr: tuple[int, int, int]) -> str:
    """A colour as `color_bgr` reads it: #rrggbb."""
    blue, green, red = bgr
    return f"#{red:02x}{green:02x}{blue:02x}"
