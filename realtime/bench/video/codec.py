"""What stands before and after the loop: reading frames from a video, and writing them to one."""

import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter

from realtime.bench.video.clip import Clip
from realtime.bench.video.trial import Pass
from realtime.capture.sources import DEMO, open_source
from realtime.outputs.video_file import VideoFile

DECODE, ENCODE = "decode", "encode"


class CodecTrial:
    """Writes a clip to a video and reads a video, as the live program does, and nothing beside it.

    The frames are written one after another, as fast as the encoder takes them, without an overlay on them. What is
    read is the clip's own file, in its own size; of the demo, which is no file, what was just written.

    Args:
        clip: what is written. Read, never kept.
        spec: where it came from: a video's path, or `demo`.
    """

    def __init__(self, clip: Clip, spec: str) -> None:
        self._clip = clip
        self._spec = spec

    def play(self) -> Pass:
        """Milliseconds of each frame of one pass; the last written has the end of the file in it."""
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "clip.mp4"
            encode_ms = self._encode(written)
            decode_ms = self._decode(str(written) if self._spec == DEMO else self._spec)
        return Pass({DECODE: decode_ms, ENCODE: encode_ms}, [])

    def _encode(self, path: Path) -> list[float]:
        taken_ms = []
        with VideoFile(path) as video:
            for index, frame_bgr in enumerate(self._clip.frames):
                start = perf_counter()
                video.write(frame_bgr, index * self._clip.step_s)
                taken_ms.append((perf_counter() - start) * 1e3)
            start = perf_counter()
            video.close()
            taken_ms[-1] += (perf_counter() - start) * 1e3
        return taken_ms

    def _decode(self, spec: str) -> list[float]:
        taken_ms = []
        start = perf_counter()
        with open_source(spec) as source:
            for _ in islice(source, len(self._clip.frames)):
                now = perf_counter()
                taken_ms.append((now - start) * 1e3)
                start = now
        return taken_ms
