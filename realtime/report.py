"""The numbers of a run."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from realtime.core.errors import OutputError


@dataclass(frozen=True)
class RunReport:
    """What `--json` writes.

    Attributes:
        frames: taken from the source.
        frames_with_face: of them, those with a face followed.
        fps: frames a second over the whole run, reading and writing included.
        latency_ms: from a frame's capture to its finished overlay: p50, p95, p99.
        stages_ms: the same for each stage over the frames in which it ran; `whole` holds reading and writing too.
        provider: what really ran the networks.
        model: name of the segmenter's file.
        precision: of the segmenter.
        dropped: frames of a live source that were not taken in time.
        source: what the frames came from.
        not_written: frames of a live source that were shown but are in no file, because the writing lagged.
    """

    frames: int
    frames_with_face: int
    fps: float
    latency_ms: dict[str, float]
    stages_ms: dict[str, dict[str, float]]
    provider: str
    model: str
    precision: str
    dropped: int
    source: str
    not_written: int = 0

    def write(self, path: Path) -> None:
        """Write it as JSON.

        Raises:
            OutputError: the file cannot be written.
        """
        try:
            path.write_text(json.dumps(asdict(self), indent=2) + "\n")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None

    def summary(self) -> str:
        """One line for the user."""
        if not self.frames:
            return "no frame came"
        return (
            f"{self.frames} frames, {self.frames_with_face} with a face, {self.fps:.1f} fps; "
            f"latency {self.latency_ms['p50']:.1f} ms (p95 {self.latency_ms['p95']:.1f}); "
            f"{self.model} {self.precision} on {self.provider}"
        )
