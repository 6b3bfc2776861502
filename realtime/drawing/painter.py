"""The picture one sees: an effect on each face's regions, at the frame's own resolution."""

import math
from collections.abc import Collection, Sequence
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage, Box
from realtime.core.regions import PARTS, REGION_GROUPS, Region
from realtime.drawing import effects
from realtime.drawing.parts import Buffers, Pixels, find_patch, hiding_box
from realtime.drawing.style import Effect, Style
from realtime.face import Face
from realtime.screen.controls import Controls

SOLID_FROM = 0.5
"""The opacity from which lines and cut-outs are solid: the usual 0.55 is meant for a flat colour."""


class Overlay:
    """Draws effects on faces, and takes them off again. Holds work memory, so it serves one thread at a time."""

    def __init__(self) -> None:
        self._work = Buffers()
        self._below: list[tuple[Box, Pixels]] = []
        self._canvas: Pixels = np.zeros((0, 0, 4), np.uint8)
        self._on_canvas: list[Box] = []

    def draw(self, frame_bgr: BgrImage, faces: Sequence[Face], look: Style) -> Pixels:
        """The picture to show.

        Args:
            frame_bgr: (H, W, 3) uint8, changed in place, and only in a box around each eye and mouth drawn on.
            faces: of this very frame; a later one is drawn on top.
            look: what is drawn.

        Returns:
            the frame itself. For `Effect.CUTOUT` the frame stays as it is, and its regions come back as (H, W, 4)
            uint8 BGRA, all else transparent black: the Overlay's own picture, valid until the next `draw`.
        """
        self._below.clear()
        if look.effect is Effect.CUTOUT:
            self._clear_canvas(wh_of(frame_bgr))
            for face in faces:
                self._cut_out(frame_bgr, face, look)
            return self._canvas
        for face in faces:
            if look.effect is Effect.PIXELATE:
                self._pixelate(frame_bgr, face, look)
            elif look.opacity > 0:
                self._paint(frame_bgr, face, look)
        return frame_bgr

    def restore(self, frame_bgr: BgrImage) -> None:
        """Put back what the last `draw` changed, to the byte; a second call changes nothing.

        Args:
            frame_bgr: the frame that was drawn on; changed in place.
        """
        while self._below:  # the last box first: where two overlap, it holds what the earlier one drew
            (left, top, right, bottom), pixels = self._below.pop()
            frame_bgr[top:bottom, left:right] = pixels

    def _paint(self, frame_bgr: BgrImage, face: Face, look: Style) -> None:
        strength = math.sqrt(look.opacity)  # a tint that keeps the lightness needs more than a flat colour to be seen
        match look.effect:
            case Effect.IRIS:
                shown: Collection[Region] = REGION_GROUPS["iris"]
                paint = partial(effects.recolor, color_bgr=look.iris_bgr, pull=effects.IRIS_PULL, strength=strength)
            case Effect.LIPSTICK:
                shown = REGION_GROUPS["lips"]
                paint = partial(
                    effects.recolor, color_bgr=look.lipstick_bgr, pull=effects.LIPSTICK_PULL, strength=strength
                )
            case Effect.CONTOUR:
                shown, paint = look.regions, partial(effects.contour, opacity=_solid(look.opacity))
            case _:
                shown, paint = look.regions, partial(effects.overlay, opacity=look.opacity)
        for part in PARTS:
            patch = find_patch(face, [region for region in part if region in shown], wh_of(frame_bgr), self._work)
            if patch:
                paint(self._take(frame_bgr, patch.box), patch, work=self._work)

    def _pixelate(self, frame_bgr: BgrImage, face: Face, look: Style) -> None:
        for number, part in enumerate(PARTS):
            if {*part} & {*look.regions} & {*face.regions}:
                patch = find_patch(face, part, wh_of(frame_bgr), self._work)
                box = hiding_box(number, patch, face.transform, wh_of(frame_bgr))
                if box:
                    effects.pixelate(self._take(frame_bgr, box))

    def _clear_canvas(self, frame_wh: tuple[int, int]) -> None:
        if self._canvas.shape[:2] != frame_wh[::-1]:
            self._canvas = np.zeros((*frame_wh[::-1], 4), np.uint8)
        for left, top, right, bottom in self._on_canvas:  # not all of it: that would take longer on a larger frame
            self._canvas[top:bottom, left:right] = 0
        self._on_canvas.clear()

    def _cut_out(self, frame_bgr: BgrImage, face: Face, look: Style) -> None:
        for part in PARTS:
            regions = [region for region in part if region in look.regions]
            patch = find_patch(face, regions, wh_of(frame_bgr), self._work)
            if patch:
                left, top, right, bottom = patch.box
                inside = np.s_[top:bottom, left:right]
                effects.cut_out(frame_bgr[inside], patch, _solid(look.opacity), self._canvas[inside], self._work)
                self._on_canvas.append(patch.box)

    def _take(self, frame_bgr: BgrImage, box: Box) -> Pixels:
        """The frame's pixels in the box, to be changed; as they are, they are kept for `restore`."""
        left, top, right, bottom = box
        pixels = frame_bgr[top:bottom, left:right]
        below = self._work.get(f"below {len(self._below)}", pixels.shape, np.uint8)
        np.copyto(below, pixels)
        self._below.append((box, below))
        return pixels


def _solid(opacity: float) -> float:
    return min(1.0, opacity / SOLID_FROM)


def wh_of(frame_bgr: BgrImage) -> tuple[int, int]:
    """Its width and height."""
    return frame_bgr.shape[1], frame_bgr.shape[0]


Picture = npt.NDArray[np.uint8]
"""(H, W, 3) BGR, or (H, W, 4) BGRA of an effect that cuts out."""


class Painter:
    """Draws the faces on a frame, and flips it where the user wants a mirror.

    Args:
        controls: say how.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._overlay = Overlay()
        self._frame_bgr: BgrImage | None = None
        self._faces: Sequence[Face] = ()
        self._mirrored: Picture | None = None

    def paint(self, frame_bgr: BgrImage, faces: Sequence[Face]) -> Picture:
        """The picture to show and to write, valid until the next call.

        Args:
            frame_bgr: (H, W, 3) uint8; may be drawn on.
            faces: of this very frame; read again by `repaint`.
        """
        self._frame_bgr, self._faces = frame_bgr, faces
        picture: Picture = self._overlay.draw(frame_bgr, faces, self._controls.look)
        if not self._controls.is_mirrored:
            return picture
        if self._mirrored is None or self._mirrored.shape != picture.shape:
            self._mirrored = np.empty_like(picture)
        cv2.flip(picture, 1, dst=self._mirrored)
        return self._mirrored

    def repaint(self) -> Picture:
        """The picture of the same frame, as the controls say now."""
        assert self._frame_bgr is not None
        self._overlay.restore(self._frame_bgr)
        return self.paint(self._frame_bgr, self._faces)

    def keep(self) -> Picture:
        """The same picture on a copy of the frame, so that it stays while its source goes on."""
        assert self._frame_bgr is not None
        self._overlay.restore(self._frame_bgr)
        return self.paint(BgrImage(self._frame_bgr.copy()), self._faces)
