"""The live loop: take a frame, follow its faces, draw their masks, hand the picture on."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import cv2

from realtime.config import DEFAULT_PICTURE, DEFAULT_VIDEO, ENDLESS_SOURCE_FRAMES, RealtimeConfig
from realtime.errors import SourceError
from realtime.outputs import Outputs
from realtime.overlay import Overlay
from realtime.preprocess import BgrImage
from realtime.report import RunReport
from realtime.segmenter import Segmenter
from realtime.sources import Source, demo_source, open_source
from realtime.timing import percentiles
from realtime.window import Window, display_problem

CAMERA_0 = "0"
TITLE = "eye-lip-segmenter (q quits)"
Tell = Callable[[str], None]


def run(config: RealtimeConfig, tell: Tell) -> RunReport:
    """Run until the source ends, the user quits, or `max_frames` is reached; outputs are finished in every case.

    Args:
        config: what to do.
        tell: called with each line for the user.

    Raises:
        UserError: a source, model, provider or output cannot be used; the text is one line.
    """
    _silence_opencv()
    segmenter = Segmenter(
        config.model,
        provider=config.provider,
        faces=config.faces,
        threads=config.threads,
        smoothing=config.smoothing,
    )
    with open_source_or_demo(config.source, tell) as source:
        config = without_display(config, source, tell)
        outputs = Outputs(config, is_live=source.is_live, is_one_picture=source.is_one_picture)
        try:
            with outputs:
                frames, frames_with_face, seconds = _loop(source, segmenter, outputs, config)
        finally:
            for line in outputs.written():
                tell(f"wrote {line}")
    stages = segmenter.timer.summary()
    report = RunReport(
        frames=frames,
        frames_with_face=frames_with_face,
        fps=round(frames / seconds, 2) if frames else 0.0,
        latency_ms=stages.pop("latency", percentiles([])),
        stages_ms=stages,
        provider=segmenter.provider.value,
        model=segmenter.path.stem,
        precision=segmenter.card.precision,
        dropped=source.dropped,
        source=source.name,
        not_written=outputs.dropped,
    )
    tell(report.summary())
    if config.json is not None:
        report.write(config.json)
        tell(f"wrote {config.json}")
    return report


def _silence_opencv() -> None:
    """Its own lines about a broken file or a missing camera say less than ours."""
    set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel  # of OpenCV 4, and of 5
    set_log_level(0)


def _loop(source: Source, segmenter: Segmenter, outputs: Outputs, config: RealtimeConfig) -> tuple[int, int, float]:
    timer, overlay = segmenter.timer, Overlay()
    frames = frames_with_face = 0
    start = last = time.perf_counter()
    with suppress(KeyboardInterrupt), ExitStack() as stack:  # Ctrl-C is an ordinary end
        window = None if config.headless else stack.enter_context(Window(TITLE, is_paced=not source.is_live))
        for frame in source:
            if frame is None:
                continue
            arrived = time.perf_counter()
            faces = segmenter(frame.image_bgr, frame.time_s, is_still=frame.is_still)
            with timer.stage("draw"):
                picture = overlay.draw(frame.image_bgr, faces, config.look)
                if config.mirror:
                    picture = BgrImage(cv2.flip(picture, 1))
            timer.add("read", (arrived - last) * 1e3)
            timer.add("latency", (time.perf_counter() - frame.captured_s) * 1e3)
            with timer.stage("write"):
                outputs.write(frame, picture, faces)
                goes_on = window is None or window.show(picture, frame.time_s, hold=source.is_one_picture)
            frames += 1
            frames_with_face += bool(faces)
            now = time.perf_counter()
            timer.add("whole", (now - last) * 1e3)
            timer.end_frame()
            last = now
            if not goes_on or frames == config.max_frames:
                break
    return frames, frames_with_face, last - start


def open_source_or_demo(spec: str, tell: Tell) -> Source:
    """The source; with no camera at 0, the demo, and a line that says so.

    Raises:
        SourceError: any other source that cannot be opened.
    """
    try:
        return open_source(spec)
    except SourceError as error:
        if spec != CAMERA_0:
            raise
        tell(f"{error}: playing the demo instead")
        return demo_source()


def without_display(config: RealtimeConfig, source: Source, tell: Tell) -> RealtimeConfig:
    """The same run, written to a file where no window can be opened; what nobody can stop ends by itself."""
    if not config.headless:
        problem = display_problem()
        if problem is None:
            return config
        output = config.output or Path(DEFAULT_PICTURE if source.is_one_picture else DEFAULT_VIDEO)
        tell(f"no display ({problem}): writing {output} instead of opening a window")
        config = replace(config, headless=True, output=output)
    if source.is_endless and config.max_frames is None:
        config = replace(config, max_frames=ENDLESS_SOURCE_FRAMES)
    return config
