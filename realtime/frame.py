"""One frame: its pixels, and where it belongs in time."""

import time
from dataclasses import dataclass, field

from realtime.core.geometry import BgrImage


@dataclass(frozen=True)
class Frame:
    """One picture and where it belongs.

    Attributes:
        image_bgr: (H, W, 3) uint8; the receiver may draw on it, and keeps it until the next frame is handed out.
        time_s: since the source began, by the source's own clock.
        name: stem for a file about this frame.
        is_still: it has nothing to do with the frame before.
        captured_s: when its pixels were in memory, by `time.perf_counter`.
    """

    image_bgr: BgrImage
    time_s: float
    name: str
    is_still: bool = False
    captured_s: float = field(default_factory=time.perf_counter)
