"""A small dark card with text that is laid over a picture for a moment, and taken off again."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage

FONT = cv2.FONT_HERSHEY_SIMPLEX
HAS_OUTLINE_FONT = hasattr(cv2, "FontFace")
"""OpenCV 5 sets the same name in an outline font of its own; OpenCV 4 in strokes, which must grow with the letters."""
GROUND_BGR = (26, 22, 20)
GROUND_ALPHA = 0.8
BRIGHT_BGR = (240, 240, 240)
QUIET_BGR = (190, 182, 176)
TEXT_SCALE = 0.43
MIN_ZOOM, MAX_ZOOM = 0.8, 2.5
"""Below, letters could not be read; above, a card would cost more time than it is worth: a window shows so large a
picture reduced anyway."""


@dataclass(frozen=True)
class PanelLine:
    """A line of a card.

    Attributes:
        left: at the left edge.
        right: in the second column.
        dot_bgr: colour of a dot before it.
    """

    left: str
    right: str = ""
    dot_bgr: tuple[int, int, int] | None = None


def zoom_for(size_wh: tuple[int, int]) -> float:
    """How large cards are on a picture of this size: 1 at 640 by 480."""
    return min(MAX_ZOOM, max(MIN_ZOOM, min(size_wh[0] / 640, size_wh[1] / 480)))


class Panel:
    """Rows of text on a dark rounded ground, rendered once.

    Args:
        rows: from the top.
        zoom: 1 for a picture of 640 by 480.
        is_list: what stands at the left is the point, and the right explains it, in a column of its own; else the left
            names the number that stands at the right edge.
    """

    def __init__(self, rows: Sequence[PanelLine], zoom: float, *, is_list: bool = False) -> None:
        scale, self._thickness = TEXT_SCALE * zoom, 1 if zoom < 2 or HAS_OUTLINE_FONT else 2
        self._scale = scale
        line_px, pad_px, gap_px = round(19 * zoom), round(10 * zoom), round(16 * zoom)
        dot_px = round(12 * zoom)
        lefts = [self._width(row.left) + (dot_px if row.dot_bgr else 0) for row in rows]
        rights = [self._width(row.right) for row in rows]
        column_px = max((left for left, row in zip(lefts, rows, strict=True) if row.right), default=0) + gap_px
        inner_px = max(lefts + [column_px + right for right, row in zip(rights, rows, strict=True) if row.right])
        width, height = inner_px + 2 * pad_px, line_px * len(rows) + 2 * pad_px - round(4 * zoom)
        ground = _rounded((width, height), round(7 * zoom))
        self._alpha = (ground * GROUND_ALPHA).astype(np.uint8)
        self._ink = (ground[:, :, None] / 255 * GROUND_BGR * GROUND_ALPHA).astype(np.uint8)
        for index, (row, right) in enumerate(zip(rows, rights, strict=True)):
            baseline = pad_px + line_px * index + round(11 * zoom)
            x = pad_px
            if row.dot_bgr:
                self._dot((x + round(4 * zoom), baseline - round(4.5 * zoom)), round(4 * zoom), row.dot_bgr)
                x += dot_px
            self._write(row.left, (x, baseline), QUIET_BGR if row.right and not is_list else BRIGHT_BGR)
            x = pad_px + column_px if is_list else width - pad_px - right
            self._write(row.right, (x, baseline), QUIET_BGR if is_list else BRIGHT_BGR)
        self._shine_through = cv2.cvtColor(cv2.bitwise_not(self._alpha), cv2.COLOR_GRAY2BGR)
        self._under = np.empty_like(self._ink)
        self.size_wh = (width, height)

    def lay(self, picture: BgrImage, left: int, top: int) -> None:
        """Draw it with its corner here; what reaches past the picture is cut off."""
        self._left, self._top = max(0, left), max(0, top)
        part, under, ink, shine_through = self._parts(picture)
        if not part.size:
            return
        np.copyto(under, part)
        cv2.multiply(part, shine_through, dst=part, scale=1 / 255)
        cv2.add(part, ink, dst=part)

    def take_off(self, picture: BgrImage) -> None:
        """Put back the pixels on which it lies."""
        part, under, *_ = self._parts(picture)
        np.copyto(part, under)

    def _parts(self, picture: BgrImage) -> list[npt.NDArray[np.uint8]]:
        part = picture[self._top : self._top + self.size_wh[1], self._left : self._left + self.size_wh[0]]
        height, width = part.shape[:2]
        return [part, *(whole[:height, :width] for whole in (self._under, self._ink, self._shine_through))]

    def _width(self, text: str) -> int:
        return cv2.getTextSize(text, FONT, self._scale, self._thickness)[0][0] if text else 0

    def _write(self, text: str, origin: tuple[int, int], color_bgr: tuple[int, int, int]) -> None:
        for canvas, color in ((self._ink, color_bgr), (self._alpha, 255)):
            cv2.putText(canvas, text, origin, FONT, self._scale, color, self._thickness, cv2.LINE_AA)

    def _dot(self, center: tuple[int, int], radius: int, color_bgr: tuple[int, int, int]) -> None:
        for canvas, color in ((self._ink, color_bgr), (self._alpha, 255)):
            cv2.circle(canvas, center, radius, color, cv2.FILLED, cv2.LINE_AA)


def _rounded(size_wh: tuple[int, int], radius: int) -> BgrImage:
    """(H, W) uint8: 255 in a rectangle with round corners, smooth at its edge."""
    width, height = size_wh
    x = np.maximum(np.abs(np.arange(width) - (width - 1) / 2) - (width / 2 - radius), 0)
    y = np.maximum(np.abs(np.arange(height) - (height - 1) / 2) - (height / 2 - radius), 0)
    distance = np.hypot(x[None, :], y[:, None])
    return BgrImage((np.clip(radius - distance + 0.5, 0, 1) * 255).astype(np.uint8))
