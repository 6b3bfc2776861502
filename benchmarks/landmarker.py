"""MediaPipe Face Landmarker, following one face of a video, beside our masks on the same frames."""

from pathlib import Path
from time import perf_counter
from typing import Any

import cv2

from realtime.bench.models.blocks import Blocks, ratio_of
from realtime.bench.text_table import TextTable
from realtime.bench.video.clip import Clip
from realtime.bench.video.trial import WHOLE, Setup, Trial
from realtime.core.geometry import BgrImage
from realtime.timing import percentiles
from train.labelling.landmarks import silent_stderr


class LandmarkerTrial:
    """478 points a frame, no mask.

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


def compare_landmarker(clip: Clip, setup: Setup, landmarker: Path, repeat: int) -> dict[str, Any]:
    """Both on the clip, pass by pass in turn, after one pass each that does not count.

    Returns:
        `ours` (frame to overlay), `ours_undrawn` (frame to masks) and `peer` in ms; `ratio` of the medians of ours to
        the peer's, and of ours without drawing, with least and most over the passes; frames with a face of both.
    """
    ours, peer = Trial(clip, setup), LandmarkerTrial(clip, landmarker)
    drawn: Blocks = []
    undrawn: Blocks = []
    points: Blocks = []
    our_faces = peer_faces = 0
    try:
        for turn in range(repeat + 1):
            for is_ours in (True, False) if turn % 2 else (False, True):
                if is_ours:
                    played = ours.play()
                else:
                    peer_ms, found = peer.play()
            if turn:
                whole_ms = played.stages_ms[WHOLE]
                drawn.append(whole_ms)
                undrawn.append([ms - draw_ms for ms, draw_ms in zip(whole_ms, played.stages_ms["draw"], strict=True)])
                points.append(peer_ms)
                our_faces, peer_faces = our_faces + sum(played.faces), peer_faces + found
    finally:
        peer.close()
    return {
        "clip": clip.name,
        "width": clip.size_wh[0],
        "height": clip.size_wh[1],
        "ours": percentiles([ms for block in drawn for ms in block]),
        "ours_undrawn": percentiles([ms for block in undrawn for ms in block]),
        "peer": percentiles([ms for block in points for ms in block]),
        "ratio": ratio_of(drawn, points),
        "ratio_undrawn": ratio_of(undrawn, points),
        "frames": sum(map(len, drawn)),
        "ours_frames_with_face": our_faces,
        "peer_frames_with_face": peer_faces,
    }


def landmarker_table(found: dict[str, Any]) -> TextTable:
    """One row for each of the two, and one for ours without drawing."""
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
    title = f"{found['clip']}, {found['width']}x{found['height']}, one face, in turn in one run, ms a frame"
    return TextTable(title, ("what", "p50", "p95", "p99", "ratio", "face found, % of frames"), rows)
