"""What the end-to-end tests compare the page with, by the weights of now: `python -m web.e2e.truth FOLDER`."""

import json
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import typer

from realtime.capture.demo import FPS, SIZE_WH, demo_frames
from realtime.core.geometry import BgrImage
from realtime.core.regions import REGION_GROUPS
from realtime.drawing.painter import Overlay
from realtime.drawing.style import Effect, Style
from realtime.face import frame_label_map
from realtime.segmenter import Segmenter

CLIP_FRAMES = 150
COMPARED = 10
STILL_EVERY = 15
"""Of the demo's frames, the stills that are compared are so far apart. The frames of a video follow each other: where a
face jumps between two, the tracker makes much of a hundredth of a pixel's difference, Python's own runs included."""


def main(folder: Path) -> None:
    """Write the clip, ten of its frames and ten stills with their masks, and a still with each effect drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = list(islice(demo_frames(), CLIP_FRAMES))
    write_y4m(frames, folder / "demo.y4m")
    write_masks(frames[:COMPARED], folder, "frame", is_still=False)
    write_masks(frames[: STILL_EVERY * COMPARED : STILL_EVERY], folder, "still", is_still=True)
    write_effects(frames[0], folder)
    groups = {name: list(map(int, regions)) for name, regions in REGION_GROUPS.items()}
    truth = {"fps": FPS, "compared": COMPARED, "groups": groups}
    (folder / "truth.json").write_text(json.dumps(truth))
    typer.echo(f"wrote {folder}")


def write_y4m(frames: list[BgrImage], path: Path) -> None:
    """The frames as a camera would give them: what Chromium plays as a fake camera."""
    with path.open("wb") as file:
        file.write("YUV4MPEG2 W{} H{} F{}:1 Ip A1:1 C420jpeg\n".format(*SIZE_WH, FPS).encode())
        for frame in frames:
            file.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())


def write_masks(frames: list[BgrImage], folder: Path, name: str, *, is_still: bool) -> None:
    """Each frame as PNG, and the ids that Python has for it, byte after byte."""
    segmenter = Segmenter()
    for index, frame in enumerate(frames):
        faces = segmenter(frame, index / FPS, is_still=is_still)
        cv2.imwrite(str(folder / f"{name}{index}.png"), frame)
        (folder / f"{name}{index}.ids").write_bytes(frame_label_map(faces, SIZE_WH).tobytes())


def write_effects(frame: BgrImage, folder: Path) -> None:
    """The frame with each effect drawn, red green blue, byte after byte."""
    faces, overlay = Segmenter()(frame, is_still=True), Overlay()
    for effect in Effect:
        if effect is not Effect.CUTOUT:
            drawn: npt.NDArray[Any] = overlay.draw(frame, faces, Style(effect))
            (folder / f"{effect.value}.rgb").write_bytes(np.ascontiguousarray(drawn[:, :, ::-1]).tobytes())
            overlay.restore(frame)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
