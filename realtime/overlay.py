"""The picture one sees: each face's regions in colour over the frame, at the frame's own resolution."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

from realtime.face import Face
from realtime.geometry import warp_to_frame
from realtime.postprocess import visible_box
from realtime.preprocess import BgrImage
from realtime.regions import COLORS_BGR, REGION_GROUPS, Region

EDGE_STEEPNESS = 2.0
"""How fast colour sets in where a region begins: 1 is as soft as the network's probability, more is crisper."""
FAINTEST_PROB = 0.5 - 0.5 / EDGE_STEEPNESS
"""At this probability and below nothing is drawn."""


class Effect(StrEnum):
    """What is drawn where the regions are."""

    OVERLAY = "overlay"
    CONTOUR = "contour"
    IRIS = "iris"
    LIPSTICK = "lipstick"
    PIXELATE = "pixelate"
    CUTOUT = "cutout"


@dataclass(frozen=True)
class Look:
    """How faces are drawn.

    Attributes:
        effect: what is drawn.
        regions: where.
        opacity: of the effect, 0 to 1.
        iris_bgr: colour of `Effect.IRIS`.
        lipstick_bgr: colour of `Effect.LIPSTICK`.
    """

    effect: Effect = Effect.OVERLAY
    regions: tuple[Region, ...] = tuple(region for group in ("iris", "eyes", "lips") for region in REGION_GROUPS[group])
    opacity: float = 0.55
    iris_bgr: tuple[int, int, int] = (150, 90, 30)
    lipstick_bgr: tuple[int, int, int] = (60, 20, 170)


def color_bgr(text: str) -> tuple[int, int, int]:
    """The colour of a text like #rrggbb.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch("#[0-9a-fA-F]{6}", text):
        raise ValueError(f"{text!r} is no colour; one is written as #aa3344")
    return int(text[5:], 16), int(text[3:5], 16), int(text[1:3], 16)


class Overlay:
    """Draws effects on faces."""

    def __init__(self) -> None:
        self._changed: list[tuple[slice, slice, BgrImage]] = []

    def draw(self, frame_bgr: BgrImage, faces: Sequence[Face], look: Look) -> BgrImage:
        """The picture to show.

        Args:
            frame_bgr: (H, W, 3) uint8, changed in place, and only in boxes around the visible regions.
            faces: of this very frame.
            look: what is drawn.

        Returns:
            the frame itself.
        """
        self._changed.clear()
        for face in faces:
            self._draw_face(frame_bgr, face, look)
        return frame_bgr

    def restore(self, frame_bgr: BgrImage) -> None:
        """Put back the pixels that the last draw changed."""
        for rows, columns, before in reversed(self._changed):
            frame_bgr[rows, columns] = before
        self._changed.clear()

    def _draw_face(self, frame_bgr: BgrImage, face: Face, look: Look) -> None:
        layer = self._color_layer(face, look)
        box = visible_box(layer[:, :, 3], face.transform, (frame_bgr.shape[1], frame_bgr.shape[0]))
        if box is None:
            return
        pasted = warp_to_frame(layer, face.transform, box)
        left, top, right, bottom = box
        part = frame_bgr[top:bottom, left:right]
        self._changed.append((slice(top, bottom), slice(left, right), BgrImage(part.copy())))
        see_through = cv2.cvtColor(cv2.bitwise_not(pasted[:, :, 3]), cv2.COLOR_GRAY2BGR)
        below = cv2.multiply(part, see_through, scale=1 / 255)
        cv2.add(below, np.ascontiguousarray(pasted[:, :, :3]), dst=part)

    def _color_layer(self, face: Face, look: Look) -> npt.NDArray[np.uint8]:
        """(218, 178, 4) uint8: colour already multiplied by alpha, and alpha; worked out only around what is shown."""
        channels = [channel for channel, region in enumerate(face.regions) if region in look.regions]
        colors = [(*COLORS_BGR[face.regions[channel]], 255) for channel in channels]
        weights = (
            np.array(colors, np.float32).reshape(-1, 4) * look.opacity * (1 if look.effect == Effect.OVERLAY else 0.5)
        )
        shown = face.probs[channels]
        layer = np.zeros((*face.probs.shape[1:], 4), np.uint8)
        is_visible = shown.max(axis=0, initial=0) > FAINTEST_PROB
        x, y, width, height = cv2.boundingRect(is_visible.astype(np.uint8))
        part = shown[:, y : y + height, x : x + width].reshape(len(shown), -1)
        alpha = np.clip((part - 0.5) * EDGE_STEEPNESS + 0.5, 0, 1)
        layer[y : y + height, x : x + width] = np.minimum(alpha.T @ weights, 255).reshape(height, width, 4)
        return layer
