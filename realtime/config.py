"""What the live program can be told."""

from dataclasses import dataclass, field
from pathlib import Path

from realtime.look import Look
from realtime.regions import REGION_GROUPS, Region
from realtime.session import Provider
from realtime.smoothing import Smoothing

DEFAULT_MODEL = "unet_lite"
DEFAULT_VIDEO = "webcam.mp4"
DEFAULT_PICTURE = "webcam.png"
ENDLESS_SOURCE_FRAMES = 300
"""Frames taken of a source that does not end where nobody can see the window to close it: 10 seconds."""


@dataclass(frozen=True)
class RealtimeConfig:
    """One run of the live program.

    Attributes:
        source: camera number, path, URL or `demo`.
        model: name in weights/, or path.
        provider: what runs the networks.
        output: video, or picture of a single image; none where it is missing.
        masks: folder for a PNG of region ids per frame.
        json: file for the run's numbers.
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
        jsonl: file with one line per frame: faces, masks as run lengths, polygons.
        virtual_camera: offer the overlay to other programs as a camera.
    """

    source: str = "0"
    model: str = DEFAULT_MODEL
    provider: Provider = Provider.AUTO
    output: Path | None = None
    masks: Path | None = None
    json: Path | None = None
    headless: bool = False
    max_frames: int | None = None
    faces: int = 1
    threads: int = 0
    look: Look = field(default_factory=Look)
    smoothing: Smoothing = Smoothing.LOW
    mirror: bool = False
    hud: bool = False
    size_wh: tuple[int, int] | None = None
    fps: float | None = None
    jsonl: Path | None = None
    virtual_camera: bool = False


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
