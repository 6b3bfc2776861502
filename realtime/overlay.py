"""The picture one sees: each face's regions in colour over the frame, at the frame's own resolution."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from realtime.geometry import CropTransform, warp_to_frame
from realtime.postprocess import Probs, visible_box
from realtime.preprocess import BgrImage
from realtime.regions import COLORS_BGR, Region

EDGE_STEEPNESS = 2.0
"""How fast colour sets in where a region begins: 1 is as soft as the network's probability, more is crisper."""
FAINTEST_PROB = 0.5 - 0.5 / EDGE_STEEPNESS
"""At this probability and below nothing is drawn."""


class Overlay:
    """Draws the masks of faces.

    Args:
        regions: the model's regions, in the order of its channels.
        shown: which of them are drawn.
        opacity: of the colour, 0 to 1.
    """

    def __init__(self, regions: Sequence[Region], shown: Sequence[Region], opacity: float) -> None:
        self._channels = [channel for channel, region in enumerate(regions) if region in shown]
        colors = [(*COLORS_BGR[regions[channel]], 255) for channel in self._channels]
        self._weights = np.array(colors, np.float32).reshape(-1, 4) * opacity

    def draw(self, frame_bgr: BgrImage, probs: Probs, crop: CropTransform) -> None:
        """Blend one face's mask into the frame; only the box around its visible regions is touched.

        Args:
            frame_bgr: (H, W, 3) uint8, changed in place.
            probs: of the face. Read, never kept.
            crop: where they were computed.
        """
        layer = self._color_layer(probs)
        box = visible_box(layer[:, :, 3], crop, (frame_bgr.shape[1], frame_bgr.shape[0]))
        if box is None:
            return
        pasted = warp_to_frame(layer, crop, box)
        left, top, right, bottom = box
        part = frame_bgr[top:bottom, left:right]
        see_through = cv2.cvtColor(cv2.bitwise_not(pasted[:, :, 3]), cv2.COLOR_GRAY2BGR)
        below = cv2.multiply(part, see_through, scale=1 / 255)
        cv2.add(below, np.ascontiguousarray(pasted[:, :, :3]), dst=part)

    def _color_layer(self, probs: Probs) -> npt.NDArray[np.uint8]:
        """(218, 178, 4) uint8: colour already multiplied by alpha, and alpha; worked out only around what is shown."""
        shown = probs[self._channels]
        layer = np.zeros((*probs.shape[1:], 4), np.uint8)
        is_visible = shown.max(axis=0, initial=0) > FAINTEST_PROB
        x, y, width, height = cv2.boundingRect(is_visible.astype(np.uint8))
        part = shown[:, y : y + height, x : x + width].reshape(len(shown), -1)
        alpha = np.clip((part - 0.5) * EDGE_STEEPNESS + 0.5, 0, 1)
        layer[y : y + height, x : x + width] = np.minimum(alpha.T @ self._weights, 255).reshape(height, width, 4)
        return layer
