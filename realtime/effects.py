"""What each effect does to the pixels of one part of a face: an eye, or the mouth.

A painter changes a box of the frame in place. Masks are brought to the frame's own resolution as soft alpha, so that
edges are smooth on a large face.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.face import Face
from realtime.geometry import warp_to_frame
from realtime.look import Effect, Look
from realtime.regions import COLORS_BGR, Region

Box = tuple[int, int, int, int]
"""box_xyxy in whole pixels of the frame, inside it and not empty."""
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """An eye or a mouth that is to be painted.

    Attributes:
        face: its own.
        regions: those of the part that are shown.
        alpha: (218, 178) uint8, how much each pixel of the crop is one of them.
        box: where in the frame.
    """

    face: Face
    regions: tuple[Region, ...]
    alpha: Pixels
    box: Box

    def alpha_in_frame(self) -> Pixels:
        """(h, w) uint8 of the box's size."""
        return warp_to_frame(self.alpha, self.face.transform, self.box)


Painter = Callable[[Pixels, Part, Look], None]

EDGE_STEEPNESS = 2.0
"""How fast colour sets in where a region begins: 1 is as soft as the network's probability, more is crisper."""
LINE_SHARE = 0.9
"""Width of a contour in pixels of the crop; never less than a pixel of the frame."""
PIXELATED_BLOCKS = 4
"""Blocks along the longer side of a hidden part: an eye is 4 by 2 patches of colour, whatever its size."""


def soft_alpha(face: Face, regions: Sequence[Region]) -> Pixels:
    """(218, 178) uint8, 0 to 255, of these regions together, with a soft edge around one half."""
    channels = [channel for channel, region in enumerate(face.regions) if region in regions]
    if not channels:
        return np.zeros(face.probs.shape[1:], np.uint8)
    prob = face.probs[channels[0]]
    for channel in channels[1:]:
        prob = cv2.add(prob, face.probs[channel])
    return steep(prob)


def steep(prob: npt.NDArray[np.float32]) -> Pixels:
    """uint8, 0 to 255, from probabilities."""
    beta = 255 * (0.5 - 0.5 * EDGE_STEEPNESS)
    return np.asarray(cv2.addWeighted(prob, 255 * EDGE_STEEPNESS, prob, 0, beta, dtype=cv2.CV_8U))


def paint_overlay(part_bgr: Pixels, part: Part, look: Look) -> None:
    """Each region's own colour, see-through."""
    x, y, width, height = cv2.boundingRect(part.alpha)
    inside = np.s_[y : y + height, x : x + width]
    channels = [channel for channel, region in enumerate(part.face.regions) if region in part.regions]
    alphas = np.stack([steep(part.face.probs[channel][inside]).ravel() for channel in channels]).astype(np.float32)
    colors = np.array([[*COLORS_BGR[part.face.regions[channel]], 255] for channel in channels], np.float32)
    layer = np.minimum(alphas.T @ (colors * (look.opacity / 255)), 255).astype(np.uint8)  # colour times alpha, alpha
    in_frame = warp_to_frame(layer.reshape(height, width, 4), part.face.transform, part.box, (x, y))
    see_through = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(in_frame, 3)), cv2.COLOR_GRAY2BGR)
    below = cv2.multiply(part_bgr, see_through, scale=1 / 255)
    cv2.add(below, cv2.cvtColor(in_frame, cv2.COLOR_BGRA2BGR), dst=part_bgr)


def paint_contour(part_bgr: Pixels, part: Part, look: Look) -> None:
    """A thin line around each region, in its colour."""
    line_px = max(1, round(LINE_SHARE / part.face.transform.scale))
    drawn = part_bgr.copy()
    for region in part.regions:
        for outline in part.face.polygons.get(region, []):
            sixteenths = np.round((outline - part.box[:2] - 0.5) * 16).astype(np.int32)
            cv2.polylines(drawn, [sixteenths], True, COLORS_BGR[region], line_px, cv2.LINE_AA, shift=4)
    strength = min(1.0, 0.45 + look.opacity)  # a line needs more than a surface to be seen
    cv2.addWeighted(drawn, strength, part_bgr, 1 - strength, 0, dst=part_bgr)


def paint_iris(part_bgr: Pixels, part: Part, look: Look) -> None:
    """Another eye colour: the hue is moved, the fibres, the dark pupil and the catchlight stay."""
    _tint(part_bgr, part.alpha_in_frame(), look.iris_bgr, look.opacity * 1.4, lightness_share=0.45)


def paint_lipstick(part_bgr: Pixels, part: Part, look: Look) -> None:
    """Coloured lips: hue and some of the lightness are moved, folds and shine stay; teeth are no lips."""
    _tint(part_bgr, part.alpha_in_frame(), look.lipstick_bgr, look.opacity * 1.4, lightness_share=0.4)


def paint_pixels(part_bgr: Pixels, part: Part, look: Look) -> None:
    """A few flat blocks, each the mean of what it hides; nothing of the pixels below is left, whatever the opacity."""
    height, width = part_bgr.shape[:2]
    block_px = max(height, width) / PIXELATED_BLOCKS
    blocks_wh = (max(1, round(width / block_px)), max(1, round(height / block_px)))
    means = cv2.resize(part_bgr, blocks_wh, interpolation=cv2.INTER_AREA)
    part_bgr[:] = cv2.resize(means, (width, height), interpolation=cv2.INTER_NEAREST)


PAINTERS: dict[Effect, Painter] = {
    Effect.OVERLAY: paint_overlay,
    Effect.CONTOUR: paint_contour,
    Effect.IRIS: paint_iris,
    Effect.LIPSTICK: paint_lipstick,
    Effect.PIXELATE: paint_pixels,
}
"""The cut-out paints nothing: it takes away all the rest."""


def _tint(
    part_bgr: Pixels, alpha: Pixels, color_bgr: tuple[int, int, int], strength: float, lightness_share: float
) -> None:
    """Move chroma to the colour's, and the mean lightness a share of the way to the colour's; in CIELAB.

    Lightness is scaled, not set, so that texture and the dark stay; what shines much brighter than the rest keeps its
    own colour.
    """
    weight = alpha.astype(np.float32) * (min(1.0, strength) / 255)
    total = float(weight.sum())
    if total < 1e-3:
        return
    lab = cv2.cvtColor(part_bgr.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)  # L 0 to 100, a and b about +-100
    target = cv2.cvtColor(np.array([[color_bgr]], np.float32) / 255, cv2.COLOR_BGR2LAB)[0, 0]
    lightness = lab[:, :, 0]
    mean = float((lightness * weight).sum() / total)
    shine = np.clip((lightness - mean - 18) / 22, 0, 1)
    weight = weight * (1 - shine)
    gain = 1 + lightness_share * (float(target[0]) / max(mean, 1.0) - 1)
    depth = np.clip(lightness / max(mean, 1.0), 0, 1.3)[:, :, None]  # less colour in the dark: pupil, folds
    tinted = np.dstack([lightness * np.clip(gain, 0.6, 1.6), target[1:] * depth])
    lab += (tinted - lab) * weight[:, :, None]
    part_bgr[:] = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR) * 255 + 0.5, 0, 255).astype(np.uint8)
