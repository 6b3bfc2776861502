"""The face finder beside BlazeFace short range, on the same frames: `python -m benchmarks.finder --help`."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from realtime.bench.models.blocks import QUICK, STEADY, ratio_of, summarize, time_in_turn
from realtime.bench.text_table import TextTable
from realtime.command_line import one_line_errors, progress
from realtime.core.errors import UserError
from realtime.core.geometry import BgrImage, thumbnail
from realtime.inference.providers import Provider
from realtime.inference.session import FACE_FINDER, Session, find_model
from realtime.tracking.finder import MIN_SCORE, FaceFinder
from train.augmentation.scenes import ScenePhotos
from train.evaluation.finder import Detector, Finds, Threshold, find_thresholds, in_frame, score_frames
from train.evaluation.finder_frames import FRAME_WH, MadeFrame, empty_frames, faces_in, made_frames
from train.evaluation.photos import read_exceptions
from train.labelling.landmarks import FaceLandmarker, fetch_landmarker, silent_stderr

OURS, PEER = "ours", "BlazeFace"
LOWEST_SCORE = 0.1
"""Of BlazeFace's finds that are looked at; the score that counts is above it in any case."""
FRAMES_PER_CLIP = 100
Scores = Mapping[str, Mapping[str, Mapping[str, float]]]


class BlazeFace:
    """MediaPipe Face Detector (Tasks API) on single frames."""

    def __init__(self, model: Path, least_score: float = LOWEST_SCORE) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()), min_detection_confidence=least_score
        )
        with silent_stderr():
            self._detector = vision.FaceDetector.create_from_options(options)

    def find(self, frame_bgr: BgrImage) -> Finds:
        """Its finds: of its six points those of the right eye, the left eye and the mouth."""
        import mediapipe

        rgb = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2RGB)
        found = self._detector.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)).detections
        return rows_of(found, (frame_bgr.shape[1], frame_bgr.shape[0]))

    def close(self) -> None:
        """Give its native memory back."""
        self._detector.close()


def rows_of(detections: Sequence[Any], size_wh: tuple[int, int]) -> Finds:
    """(K, 7) score and points in pixels, of detections with points as shares of the frame's size.

    Source of the points' order: right eye, left eye, nose tip, mouth, ears; the subject's own right, in
    mediapipe/modules/face_detection/face_detection.proto.
    """
    rows = [
        [one.categories[0].score, *(value for index in (0, 1, 3) for value in _pixel(one.keypoints[index], size_wh))]
        for one in detections
    ]
    return np.array(rows, np.float64).reshape(-1, 7)


def _pixel(point: Any, size_wh: tuple[int, int]) -> tuple[float, float]:
    return point.x * size_wh[0], point.y * size_wh[1]


def our_detector(session: Session) -> Detector:
    """The model file, low scores included."""

    def find(frame_bgr: BgrImage) -> Finds:
        small, scale = thumbnail(frame_bgr)
        return in_frame(session.run(small[None])[0], scale)

    return Detector(find, MIN_SCORE)


def clip_frames(clip: Path, most: int, landmarker: FaceLandmarker) -> Iterator[MadeFrame]:
    """Frames of a clip, spread over it, and the faces that the landmarker sees in them.

    Raises:
        ValueError: the clip cannot be read.
    """
    reader = cv2.VideoCapture(str(clip))
    count = max(0, int(reader.get(cv2.CAP_PROP_FRAME_COUNT)))
    wanted = set(np.linspace(0, count - 1, min(count, most)).astype(int).tolist())
    if not wanted:
        raise ValueError(f"{clip}: no video that can be read")
    for index in range(count):
        is_read, pixels = reader.read()
        if is_read and index in wanted:
            yield faces_in(BgrImage(pixels), landmarker)
    reader.release()


def time_both(ours: FaceFinder, peer: BlazeFace, frame_bgr: BgrImage, *, quick: bool) -> dict[str, Any]:
    """Milliseconds of a frame, resizing included, in turn; and ours to the peer's."""
    runs: list[Callable[[], object]] = [partial(ours.find, frame_bgr), partial(peer.find, frame_bgr)]
    blocks = time_in_turn(runs, QUICK if quick else STEADY)
    return {
        "size_wh": frame_bgr.shape[1::-1],
        OURS: summarize(blocks[0]),
        PEER: summarize(blocks[1]),
        "ratio": ratio_of(*blocks),
    }


def score_table(title: str, scores: Scores) -> TextTable:
    """Recall and point error of both, row by row."""
    rows = []
    for name, first in scores[OURS].items():
        cells = [f"{100 * scores[who][name][key]:.1f}" for key in ("recall", "point_error") for who in (OURS, PEER)]
        rows.append((name, str(int(first["faces"])), *cells))
    heads = [f"{what}, {who}" for what in ("recall, %", "point error, % of eye distance") for who in (OURS, PEER)]
    return TextTable(title, ("faces", "number", *heads), rows)


def tables_of(found: Mapping[str, Any]) -> list[TextTable]:
    """Empty photos, made frames, clips, time."""
    empty = [
        (
            who,
            str(one["photos"]),
            f"{one['score']:.3f}",
            str(one["false_alarms"]),
            f"{100 * one['own_false_alarms'] / one['photos']:.1f}",
        )
        for who, one in found["empty"].items()
    ]
    columns = ("finder", "empty photos", "score that counts", "false there", "false at its own score, % of photos")
    timed = [
        (who, *(f"{found['time'][who][part]:.2f}" for part in ("p50_ms", "p95_ms", "p50_least_ms", "p50_most_ms")))
        for who in (OURS, PEER)
    ]
    width, height = found["time"]["size_wh"]
    return [
        TextTable("The score that leaves one false face in 100 empty photos", columns, empty),
        score_table(f"Made frames of {FRAME_WH[0]}x{FRAME_WH[1]}, photos not trained on", found["frames"]),
        *(score_table(f"Clip {name}", scores) for name, scores in found["clips"].items()),
        TextTable(
            f"ms a frame of {width}x{height}, resizing included, in turn in one run "
            f"(ratio {found['time']['ratio']['p50']:.2f})",
            ("finder", "p50", "p95", "least p50", "most p50"),
            timed,
        ),
    ]


def compare(
    session: Session,
    peer: BlazeFace,
    photos: ScenePhotos,
    landmarker: FaceLandmarker,
    clips: Sequence[Path],
    exceptions: frozenset[str],
    most: int,
    on_item: Callable[[], None],
) -> dict[str, Any]:
    """Scores of both: `empty`, `frames` and `clips`.

    Args:
        session: our model file.
        peer: BlazeFace, opened with a low score.
        photos: their validation side is used.
        landmarker: says where the faces of clips are, and how far heads are turned.
        clips: videos.
        exceptions: faceless photos that hold a face after all.
        most: made frames, and frames of a clip, spread over all; 0: all frames, and `FRAMES_PER_CLIP`.
        on_item: called after each photo and frame.
    """
    detectors = {OURS: our_detector(session), PEER: Detector(peer.find, 0.5)}
    pool = photos.validation
    thresholds: dict[str, Threshold] = find_thresholds(detectors, empty_frames(pool.empty, exceptions), on_item)
    score = partial(score_frames, detectors, thresholds, on_item=on_item)
    return {
        "empty": {who: asdict(threshold) for who, threshold in thresholds.items()},
        "frames": score(frames=made_frames(pool, landmarker, most)),
        "clips": {clip.name: score(frames=clip_frames(clip, most or FRAMES_PER_CLIP, landmarker)) for clip in clips},
    }


def main(
    data: Annotated[list[Path], typer.Option(help="Label set whose held-out faces are set into frames; repeatable.")],
    backgrounds: Annotated[list[Path], typer.Option(help="Label set whose held-out faceless photos are scenery.")],
    blazeface: Annotated[Path, typer.Option(help="blaze_face_short_range.tflite.")],
    model: Annotated[str, typer.Option(help="Ours: name or .onnx file.")] = FACE_FINDER,
    landmarker: Annotated[Path | None, typer.Option(help="MediaPipe face_landmarker.task; else downloaded.")] = None,
    clips: Annotated[list[Path] | None, typer.Option(help="A video; repeatable.")] = None,
    exceptions: Annotated[Path | None, typer.Option(help="File of FOLDER/FILE: faceless photos with a face.")] = None,
    most: Annotated[int, typer.Option(min=0, help="Frames of each kind, spread over all; 0: all, 100 a clip.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Short timing.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Keep the numbers in this file.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables to this file.")] = None,
) -> None:
    """Recall at one false face in 100 empty photos, point error and time of both."""
    with one_line_errors(), progress() as bar:
        if not blazeface.is_file():
            raise FileNotFoundError(f"{blazeface}: no such file")
        try:
            session = Session(find_model(model), FACE_FINDER, Provider.CPU)
        except UserError as error:
            raise ValueError(str(error)) from None
        photos, excepted = ScenePhotos.read(data, backgrounds), read_exceptions(exceptions)
        on_item = partial(bar.advance, bar.add_task("finding", total=None))
        peer = BlazeFace(blazeface)
        with FaceLandmarker(fetch_landmarker(landmarker)) as truth:
            found = compare(session, peer, photos, truth, clips or [], excepted, most, on_item)
        peer.close()
        frame = next(made_frames(photos.validation, None, 1)).frame_bgr
        live = BlazeFace(blazeface, 0.5)
        found["time"] = time_both(FaceFinder(session), live, frame, quick=quick)
        live.close()
        text = "\n".join(table.as_markdown() for table in tables_of(found))
        if json_file:
            json_file.write_text(json.dumps(found, indent=2) + "\n")
        if markdown:
            markdown.write_text(text)
    typer.echo(text)


if __name__ == "__main__":
    typer.run(main)
