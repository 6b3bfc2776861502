"""The newest frame, drawn as the controls say, and drawn again when they change."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.preprocess import BgrImage
from realtime.drawing.painter import Overlay
from realtime.face import Face
from realtime.screen.controls import Controls

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
