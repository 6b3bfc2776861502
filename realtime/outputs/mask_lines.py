"""A file of masks: one line of JSON for each frame, as docs/outputs.md describes it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import OutputError
from realtime.core.geometry import Points
from realtime.core.regions import Region, region_name
from realtime.face import Face, FrameLabels
from realtime.outputs.sink import FrameCopy


class MaskLines:
    """One line of JSON for each frame; whole lines only, even when the program is killed.

    Args:
        path: written over.

    Raises:
        OutputError: it cannot be written.
    """

    wants_picture = False
    wants_faces = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.lines = 0
        self._bytes = 0
        try:
            self._file = path.open("wb", buffering=0)  # each line reaches the system in one piece
        except OSError as error:
            raise self._refusal(error) from None

    def take(self, frame: FrameCopy) -> None:
        """Write the frame's line.

        Raises:
            OutputError: it cannot be written; what was written of it is taken back.
        """
        line = memoryview(json.dumps(line_of(frame), separators=(",", ":")).encode() + b"\n")
        size = len(line)
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            with suppress(OSError):  # a device or pipe has no length
                self._file.truncate(self._bytes)
            raise self._refusal(error) from None
        self._bytes += size
        self.lines += 1

    def close(self) -> None:
        """Close the file.

        Raises:
            OutputError: the system could not keep what it took.
        """
        try:
            self._file.close()
        except OSError as error:
            raise self._refusal(error) from None

    def summary(self) -> str:
        """`masks.jsonl (300 lines, 1.2 MB)`."""
        return f"{self.path} ({self.lines} lines, {self._bytes / 1e6:.1f} MB)"

    def _refusal(self, error: OSError) -> OutputError:
        return OutputError(f"{self.path}: cannot be written ({error.strerror or error})")


def line_of(frame: FrameCopy) -> dict[str, Any]:
    """What the line of a frame says, of what JSON knows."""
    return {
        "name": frame.name,
        "time_s": round(frame.time_s, 6),
        "size_wh": list(frame.size_wh),
        "faces": [_face(*found, frame.size_wh) for found in zip(frame.faces, frame.labels, strict=True)],
    }


def _face(face: Face, labels: FrameLabels | None, frame_wh: tuple[int, int]) -> dict[str, Any]:
    crop = face.transform
    transform = {
        "layout": crop.layout.name,
        "mid_eye_px": [round(place, 3) for place in crop.mid_eye_px],
        "scale": round(crop.scale, 6),
        "angle_rad": round(crop.angle_rad, 6),
    }
    return {"number": face.number, "crop": transform, "regions": _regions(face, labels, frame_wh)}


def _regions(face: Face, labels: FrameLabels | None, frame_wh: tuple[int, int]) -> dict[str, Any]:
    if labels is None:
        return {}
    regions = {}
    for region in face.regions:
        mask = labels.ids == region
        if region == Region.BACKGROUND or not mask.any():
            continue
        regions[region_name(region)] = {
            "rle": {"size": list(frame_wh[::-1]), "counts": run_lengths(mask, labels.box_xyxy[:2], frame_wh)},
            "polygons": [_flat(points) for points in face.polygons.get(region, []) if len(points) > 2],
        }
    return regions


def _flat(points: Points) -> list[float]:
    flat: list[float] = points.round(1).ravel().tolist()
    return flat


def run_lengths(mask: npt.NDArray[np.bool_], left_top: tuple[int, int], frame_wh: tuple[int, int]) -> list[int]:
    """COCO's uncompressed run lengths of a mask in a frame: off, on, off, on, column by column.

    Args:
        mask: (h, w), a box of the frame.
        left_top: (x, y) of the box in the frame; all of it lies inside.
        frame_wh: of the frame.

    Returns:
        counts whose sum is the frame's pixels. Only the first may be 0: where the first pixel is on.

    Source: rleEncode of cocoapi's maskApi.c.
    """
    (left, top), (width, height) = left_top, frame_wh
    columns = np.zeros((mask.shape[1], mask.shape[0] + 1), np.int8)  # a pixel more, so that no run enters the next
    columns[:, :-1] = mask.T
    edges = np.flatnonzero(np.diff(columns.ravel(), prepend=0))  # first on, first off, first on ...
    x, y = np.divmod(edges, columns.shape[1])
    places = (left + x) * height + top + y
    if mask.shape[0] == height and len(places):  # a column on to its end may go on at the top of the next one
        off, on_again = places[1:-1:2], places[2::2]
        goes_on = np.zeros(len(places), bool)
        goes_on[1:-1:2] = goes_on[2::2] = off == on_again
        places = places[~goes_on]
    counts: list[int] = np.diff(places, prepend=0, append=width * height).tolist()
    return counts if counts[-1] or len(counts) == 1 else counts[:-1]
