"""How long a fresh process takes to its first overlay, and the memory it ends with.

`python -m realtime.bench.video.start_up SPEC FRAMES MODEL PROVIDER THREADS SMOOTHING` is the process that is measured.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from realtime.bench.video.trial import Setup

DRAWN = "drawn"
PROJECT = Path(__file__).parents[3]


def measure_start_up(spec: str, setup: Setup, frames: int, times: int = 3) -> dict[str, Any]:
    """Start to first overlay of fresh processes, and the most memory that one needs.

    The first process warms the disk's cache and does not count. Nothing of the clip is held in memory there: frames
    are read one by one, as the live loop does, and no window is opened.

    Args:
        spec: a video's path, or `demo`.
        setup: what to run.
        frames: each process draws so many before it says how much memory it needed.
        times: processes that count.
    """
    runs = [_run(spec, setup, frames) for _ in range(times + 1)][1:]
    starts = [start_ms for start_ms, _ in runs]
    return {
        "first_overlay_ms": round(median(starts), 1),
        "first_overlay_least_ms": round(min(starts), 1),
        "first_overlay_most_ms": round(max(starts), 1),
        "peak_rss_mb": round(max(said["peak_rss_mb"] for _, said in runs), 1),
        "processes": times,
        "frames_each": frames,
    }


def _run(spec: str, setup: Setup, frames: int) -> tuple[float, dict[str, float]]:
    spec, model = (str(Path(name).resolve()) if Path(name).exists() else name for name in (spec, setup.model))
    settings = (model, setup.provider.value, str(setup.threads), setup.smoothing.value)
    command = (sys.executable, "-m", "realtime.bench.video.start_up", spec, str(frames), *settings)
    start = perf_counter()
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first_line = process.stdout.readline().strip()
        elapsed_ms = (perf_counter() - start) * 1e3
        rest = process.stdout.read()
    if process.returncode or first_line != DRAWN:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    said: dict[str, float] = json.loads(rest)
    return elapsed_ms, said


def draw_frames(spec: str, frames: int, model: str, provider: str, threads: int, smoothing: str) -> None:
    """Do what `run_webcam.py --headless` does up to the overlay of its last frame; say when the first is drawn."""
    import run_webcam  # noqa: F401 - a user's process loads all of the program
    from realtime.capture.sources import open_source
    from realtime.core.machine import peak_rss_mb
    from realtime.drawing.painter import Overlay
    from realtime.drawing.style import Style
    from realtime.process import calm_opencv
    from realtime.segmenter import Segmenter

    calm_opencv()
    segmenter = Segmenter(model, provider=provider, threads=threads, smoothing=smoothing)
    overlay, look = Overlay(), Style()
    drawn = 0
    with open_source(spec) as source:
        for frame in source:
            if frame is None:
                continue
            overlay.draw(frame.image_bgr, segmenter(frame.image_bgr, frame.time_s), look)
            if not drawn:
                sys.stdout.write(DRAWN + "\n")
                sys.stdout.flush()
            drawn += 1
            if drawn == frames:
                break
    sys.stdout.write(json.dumps({"peak_rss_mb": peak_rss_mb()}))


if __name__ == "__main__":
    _, spec, frames, model, provider, threads, smoothing = sys.argv
    draw_frames(spec, int(frames), model, provider, int(threads), smoothing)
