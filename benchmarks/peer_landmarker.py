"""Our masks beside MediaPipe's Face Landmarker, on the same frames in one run.

python -m benchmarks.peer_landmarker --landmarker face_landmarker.task --video clip.mp4 --size 640x480
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from realtime.bench.__main__ import Size, show, write_json
from realtime.bench.clip import Clip, read_clip
from realtime.bench.machine import describe_machine
from realtime.bench.tables import TextTable
from realtime.bench.trial import WHOLE, Setup, Trial
from realtime.config import parse_size
from realtime.errors import UserError
from realtime.preprocess import BgrImage
from realtime.session import DEFAULT_MODEL, Provider
from realtime.smoothing import Smoothing
from realtime.timing import percentiles
from train.landmarks import fetch_landmarker, silent_stderr


class PeerTrial:
    """MediaPipe Face Landmarker, following one face of a video: 478 points a frame, no mask.

    Timed is what its user does: the frame to RGB, and the points.
    """

    def __init__(self, clip: Clip, model: Path) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=1,
        )
        with silent_stderr():
            self._landmarker = vision.FaceLandmarker.create_from_options(options)
        self._clip = clip
        self._frames_seen = 0
        self._passes = 0

    def play(self) -> tuple[list[float], int]:
        """Milliseconds of each frame of a pass, and frames with a face; forth, and the next time back."""
        frames = self._clip.frames if self._passes % 2 == 0 else self._clip.frames[::-1]
        self._passes += 1
        found = [self._find(frame) for frame in frames]
        return [elapsed_ms for elapsed_ms, _ in found], sum(has_face for _, has_face in found)

    def _find(self, frame_bgr: BgrImage) -> tuple[float, bool]:
        import mediapipe

        self._frames_seen += 1
        time_ms = round(self._frames_seen * self._clip.step_s * 1e3)
        start = perf_counter()
        rgb = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2RGB)
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
        points = self._landmarker.detect_for_video(image, time_ms).face_landmarks
        return (perf_counter() - start) * 1e3, bool(points)

    def close(self) -> None:
        """Give its native memory back."""
        self._landmarker.close()


def compare(clip: Clip, setup: Setup, landmarker: Path, repeat: int) -> dict[str, Any]:
    """Both on the clip, pass by pass in turn, after one pass each that does not count.

    Returns:
        `ours` (frame to overlay), `ours_undrawn` (frame to masks) and `peer` in ms; `ratio` of the medians of ours to
        the peer's, and of ours without drawing, with least and most over the passes; frames with a face of both.
    """
    ours, peer = Trial(clip, setup), PeerTrial(clip, landmarker)
    turns: list[tuple[list[float], list[float], list[float]]] = []
    our_faces = peer_faces = 0
    try:
        for turn in range(repeat + 1):
            for is_ours in (True, False) if turn % 2 else (False, True):
                if is_ours:
                    played = ours.play()
                else:
                    peer_ms, found = peer.play()
            if turn:
                whole = played.stages_ms[WHOLE]
                undrawn = [ms - drawn for ms, drawn in zip(whole, played.stages_ms["draw"], strict=True)]
                turns.append((whole, undrawn, peer_ms))
                our_faces, peer_faces = our_faces + sum(played.faces), peer_faces + found
    finally:
        peer.close()
    whole, undrawn, peer_all = ([ms for turn in turns for ms in turn[which]] for which in range(3))
    return {
        "ours": percentiles(whole),
        "ours_undrawn": percentiles(undrawn),
        "peer": percentiles(peer_all),
        "ratio": ratio_of([turn[0] for turn in turns], [turn[2] for turn in turns]),
        "ratio_undrawn": ratio_of([turn[1] for turn in turns], [turn[2] for turn in turns]),
        "frames": len(whole),
        "ours_frames_with_face": our_faces,
        "peer_frames_with_face": peer_faces,
    }


def ratio_of(ours_ms: Sequence[Sequence[float]], peer_ms: Sequence[Sequence[float]]) -> dict[str, float]:
    """Ours to the peer's, median against median in each pass: the median over the passes, the least, the most."""
    ratios = [float(np.median(our) / np.median(peer)) for our, peer in zip(ours_ms, peer_ms, strict=True)]
    return {"p50": round(float(np.median(ratios)), 3), "least": round(min(ratios), 3), "most": round(max(ratios), 3)}


def table_of(results: dict[str, Any]) -> TextTable:
    """One row for each of the two, and one for ours without drawing."""
    found = results["peer_landmarker"]
    names = {
        "peer": ("MediaPipe Face Landmarker, 478 points", found["peer_frames_with_face"], None),
        "ours_undrawn": ("ours, masks", found["ours_frames_with_face"], found["ratio_undrawn"]),
        "ours": ("ours, masks and overlay", found["ours_frames_with_face"], found["ratio"]),
    }
    rows = [
        (
            name,
            *(f"{found[key][part]:.2f}" for part in ("p50", "p95", "p99")),
            f"{ratio['p50']:.2f} ({ratio['least']:.2f} to {ratio['most']:.2f})" if ratio else "1",
            f"{100 * with_face / found['frames']:.1f}",
        )
        for key, (name, with_face, ratio) in names.items()
    ]
    title = f"{results['clip']}, {results['width']}x{results['height']}, one face, in turn in one run, ms a frame"
    return TextTable(title, ("what", "p50", "p95", "p99", "ratio", "face found, % of frames"), rows)


def main(
    landmarker: Annotated[Path, typer.Option(help="MediaPipe's face_landmarker.task.")],
    video: Annotated[str, typer.Option(help="A video, or 'demo'.")] = "demo",
    frames: Annotated[int, typer.Option(min=2, help="Of the video, held in memory.")] = 300,
    size: Size = None,
    repeat: Annotated[int, typer.Option(min=1, help="Passes that count.")] = 5,
    model: Annotated[str, typer.Option(help="Name of a model in weights/, or path of an .onnx file.")] = DEFAULT_MODEL,
    provider: Annotated[Provider, typer.Option(help="What runs our networks.")] = Provider.AUTO,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads of ours; 0: as many as pay.")] = 0,
    smoothing: Annotated[Smoothing, typer.Option(help="Of our crop and mask over time.")] = Smoothing.LOW,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print tables to paste into a page.")] = False,
) -> None:
    """Our masks beside MediaPipe's Face Landmarker, on the same frames in one run."""
    try:
        clip = read_clip(video, frames, parse_size(size) if size else None)
        found = compare(clip, Setup(model, provider, threads, smoothing), fetch_landmarker(landmarker), repeat)
        results = {
            "machine": describe_machine(),
            "clip": clip.name,
            "width": clip.size_wh[0],
            "height": clip.size_wh[1],
            "peer_landmarker": found,
        }
        if json is not None:
            write_json(json, results)
    except (UserError, FileNotFoundError, ImportError) as error:
        sys.exit(f"error: {error}")
    show([table_of(results)], markdown)


if __name__ == "__main__":
    typer.run(main)
