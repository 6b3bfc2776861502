"""The picture one sees: an effect on each face, at the frame's own resolution, touching only boxes around the parts."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from realtime.effects import PAINTERS, Box, Part, Pixels, soft_alpha
from realtime.face import Face
from realtime.geometry import CROP_SIZE_WH, Points
from realtime.look import Effect, Look
from realtime.postprocess import PARTS, visible_box
from realtime.preprocess import BgrImage
from realtime.regions import REGION_GROUPS, Region
from realtime.tracker import crop_points

HIDDEN_HALF_PX = ((27.0, 19.0), (27.0, 19.0), (42.0, 29.0))
"""Half width and height, in the crop, of what is hidden around right eye, left eye and mouth, shut or not."""


class Overlay:
    """Draws effects on faces, and takes them back."""

    def __init__(self) -> None:
        self._kept: list[tuple[Box, Pixels]] = []
        self._cutout = np.zeros((0, 0, 4), np.uint8)
        self._cutout_boxes: list[Box] = []

    def draw(self, frame_bgr: BgrImage, faces: Sequence[Face], look: Look) -> npt.NDArray[np.uint8]:
        """The picture to show.

        Args:
            frame_bgr: (H, W, 3) uint8, changed in place, and only in boxes around the parts of the faces; the cut-out
                leaves it as it is.
            faces: of this very frame.
            look: what is drawn.

        Returns:
            the frame itself; for the cut-out (H, W, 4), owned by this object and valid until the next call.
        """
        self._kept.clear()
        if look.effect is Effect.CUTOUT:
            return self._cut_out(frame_bgr, faces, look)
        paint = PAINTERS[look.effect]
        for part in shown_parts(faces, look, (frame_bgr.shape[1], frame_bgr.shape[0])):
            left, top, right, bottom = part.box
            pixels = frame_bgr[top:bottom, left:right]
            self._kept.append((part.box, pixels.copy()))
            paint(pixels, part, look)
        return frame_bgr

    def restore(self, frame_bgr: BgrImage) -> None:
        """Take the last `draw` on this frame back, so that it can be drawn again with another look.

        Args:
            frame_bgr: the very frame, changed in place.
        """
        while self._kept:
            (left, top, right, bottom), pixels = self._kept.pop()  # the last first: boxes may overlap
            frame_bgr[top:bottom, left:right] = pixels

    def _cut_out(self, frame_bgr: BgrImage, faces: Sequence[Face], look: Look) -> npt.NDArray[np.uint8]:
        if self._cutout.shape[:2] != frame_bgr.shape[:2]:
            self._cutout, self._cutout_boxes = np.zeros((*frame_bgr.shape[:2], 4), np.uint8), []
        for left, top, right, bottom in self._cutout_boxes:  # clears what was there, not the whole picture
            self._cutout[top:bottom, left:right] = 0
        self._cutout_boxes.clear()
        for part in shown_parts(faces, look, (frame_bgr.shape[1], frame_bgr.shape[0])):
            left, top, right, bottom = part.box
            alpha = part.alpha_in_frame()
            pixels = self._cutout[top:bottom, left:right]
            np.maximum(pixels[:, :, 3], alpha, out=pixels[:, :, 3])
            np.copyto(pixels[:, :, :3], frame_bgr[top:bottom, left:right], where=alpha[:, :, None] > 0)
            self._cutout_boxes.append(part.box)
        return self._cutout


def shown_parts(faces: Sequence[Face], look: Look, frame_wh: tuple[int, int]) -> Iterator[Part]:
    """The parts of the faces that the look shows and the frame holds."""
    for face in faces:
        points = crop_points(face.transform, in_crop=True)
        for part, point, half_px in zip(PARTS, points, HIDDEN_HALF_PX, strict=True):
            regions = tuple(region for region in part if region in shown_regions(look))
            if not regions:
                continue
            alpha = hiding_alpha(point, half_px) if look.effect is Effect.PIXELATE else soft_alpha(face, regions)
            box = visible_box(alpha, face.transform, frame_wh)
            if box is not None:
                yield Part(face, regions, alpha, box)


def shown_regions(look: Look) -> tuple[Region, ...]:
    """Where the look's effect is drawn."""
    if look.effect is Effect.IRIS:
        return REGION_GROUPS["iris"]
    return REGION_GROUPS["lips"] if look.effect is Effect.LIPSTICK else look.regions


def hiding_alpha(point: Points, half_px: tuple[float, float]) -> Pixels:
    """(218, 178) uint8 around the place of a part, wherever its mask may be: a shut eye is to be hidden too."""
    alpha = np.zeros(CROP_SIZE_WH[::-1], np.uint8)
    (left, top), (right, bottom) = np.round([point - half_px, point + half_px]).astype(int).tolist()
    alpha[max(0, top) : bottom, max(0, left) : right] = 255
    return alpha
