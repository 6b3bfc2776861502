"""The live loop: source, segmenter, overlay, outputs, window."""

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.capture.sources import Source, Tell, demo_source, open_source
from realtime.config import DEFAULT_PICTURE, DEFAULT_VIDEO, ENDLESS_SOURCE_FRAMES, RealtimeConfig
from realtime.core.errors import SourceError
from realtime.drawing.painter import Painter
from realtime.outputs.outputs import Outputs
from realtime.process import StopSignals, calm_opencv
from realtime.screen.controls import Controls
from realtime.screen.hud import Hud
from realtime.screen.viewer import Viewer
from realtime.screen.window import Window, display_problem
from realtime.segmenter import Segmenter
from realtime.timing import RunReport, percentiles

CAMERA_0 = "0"
TITLE = "eye-lip-segmenter (? lists the keys)"


@dataclass
class Progress:
    """How far the loop has come.

    Attributes:
        frames: drawn.
        with_face: of them, those with a face followed.
        seconds: from the loop's begin to the end of its last frame, without a camera's pauses.
    """

    frames: int = 0
    with_face: int = 0
    seconds: float = 0.0


def run(config: RealtimeConfig, tell: Tell) -> RunReport:
    """Run until the source ends, the user quits, or `max_frames` is reached; outputs are finished in every case.

    Args:
        config: what to do.
        tell: called with each line for the user.

    Raises:
        UserError: a source, model, provider or output cannot be used; the text is one line.
    """
    calm_opencv()
    controls = Controls(config)

    def tell_and_show(line: str) -> None:
        tell(line)
        controls.say(line)

    with StopSignals() as stop:
        segmenter = Segmenter(
            config.model,
            provider=config.provider,
            faces=config.faces,
            threads=config.threads,
            smoothing=config.smoothing,
        )
        if segmenter.fallback:
            tell(f"{segmenter.fallback}: running on {segmenter.provider}")
        with open_source_or_demo(config, tell_and_show) as source:
            stop.hold_back()
            if config.size_wh and source.is_live and source.size_wh not in (None, config.size_wh):
                tell_and_show("{} gives {}x{}, not {}x{}".format(source.name, *source.size_wh, *config.size_wh))
            config = without_display(config, source, tell)
            with stop.raising():  # to open a pipe, or a file on a disk that is gone, may take for ever
                outputs = Outputs(config, is_live=source.is_live, is_one_picture=source.is_one_picture)
            try:
                with outputs:
                    progress = _play(source, segmenter, outputs, controls, config, stop)
            finally:
                for line in outputs.written():
                    tell(f"wrote {line}")
        report = _report(progress, segmenter, source, outputs)
        tell(report.summary())
        if config.json is not None:
            report.write(config.json)
            tell(f"wrote {config.json}")
    return report


def _play(
    source: Source,
    segmenter: Segmenter,
    outputs: Outputs,
    controls: Controls,
    config: RealtimeConfig,
    stop: StopSignals,
) -> Progress:
    timer, painter, progress = segmenter.timer, Painter(controls), Progress()
    with ExitStack() as stack, suppress(KeyboardInterrupt):  # an ordinary end
        viewer = None
        if not config.headless:
            hud = Hud(segmenter.path.stem, segmenter.card.precision, segmenter.provider.value)
            window = stack.enter_context(Window(TITLE))
            viewer = Viewer(window, controls, painter, outputs, hud, source, lambda: stop.is_set)
        last = time.perf_counter()
        for frame in stop.until_set(source):
            if frame is None or controls.is_paused:  # while it is paused, a live source is drained
                if viewer and not viewer.attend():
                    break
                last = time.perf_counter() if controls.is_paused else last
                continue
            timer.add("read", (time.perf_counter() - last) * 1e3)
            faces = segmenter(frame.image_bgr, frame.time_s, is_still=frame.is_still)
            with timer.stage("draw"):
                picture = painter.paint(frame.image_bgr, faces)
            latency_ms = (time.perf_counter() - frame.captured_s) * 1e3
            timer.add("latency", latency_ms)
            with timer.stage("write"), stop.raising():  # it may wait for a disk
                outputs.write(frame, picture, faces)
            goes_on = True
            if viewer:
                with timer.stage("show"):
                    goes_on = viewer.show(picture, frame.time_s, len(faces), latency_ms)
            now = time.perf_counter()
            timer.add("whole", (now - last) * 1e3)
            timer.end_frame()
            progress.frames += 1
            progress.with_face += bool(faces)
            progress.seconds += now - last
            last = now
            if not goes_on or progress.frames == config.max_frames:
                break
    return progress


def _report(progress: Progress, segmenter: Segmenter, source: Source, outputs: Outputs) -> RunReport:
    stages = segmenter.timer.summary()
    return RunReport(
        frames=progress.frames,
        frames_with_face=progress.with_face,
        fps=round(progress.frames / progress.seconds, 2) if progress.frames else 0.0,
        latency_ms=stages.pop("latency", percentiles([])),
        stages_ms=stages,
        provider=segmenter.provider.value,
        model=segmenter.path.stem,
        precision=segmenter.card.precision,
        dropped=source.dropped,
        source=source.name,
        not_written=outputs.dropped,
    )


def open_source_or_demo(config: RealtimeConfig, tell: Tell) -> Source:
    """The source; with no camera at 0, the demo, and a line that says so.

    Raises:
        SourceError: any other source that cannot be opened.
    """
    try:
        return open_source(config.source, config.size_wh, config.fps, tell)
    except SourceError as error:
        if config.source != CAMERA_0:
            raise
        tell(f"{error}: playing the demo instead")
        return demo_source()


def without_display(config: RealtimeConfig, source: Source, tell: Tell) -> RealtimeConfig:
    """The same run, written to a file where no window can be opened.

    What nobody can see and stop ends by itself: a window that could not be opened, or the demo. Who asks for no window
    and names a camera or a stream wants it to run until a signal comes.
    """
    is_asked = config.headless
    if not config.headless:
        problem = display_problem()
        if problem is None:
            return config
        if config.virtual_camera:
            tell(f"no display ({problem}): no window")
            return replace(config, headless=True)
        output = config.output or Path(DEFAULT_PICTURE if source.is_one_picture else DEFAULT_VIDEO)
        tell(f"no display ({problem}): writing {output} instead of opening a window")
        config = replace(config, headless=True, output=output)
    is_watched = config.virtual_camera or (is_asked and source.is_live)
    if source.is_endless and config.max_frames is None and not is_watched:
        config = replace(config, max_frames=ENDLESS_SOURCE_FRAMES)
    return config
