"""What each effect does to the pixels around one part of a face."""

import math
from functools import cache, lru_cache
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.regions import COLORS_BGR, Region
from realtime.drawing.parts import Buffers, Pixels, SoftPart

Color = tuple[int, int, int]

EDGE_STEEPNESS = 2.0
"""How fast colour sets in around a probability of a half: 1 is as soft as the network, more is crisper."""
LINE_WIDTH = 0.6
"""Of a contour, in crop pixels; in the frame at least `THINNEST_LINE_PX`."""
THINNEST_LINE_PX = 1.3
DISTANCE_STEP = 1 / 32
"""Crop pixels that one step of an 8-bit distance stands for: it reaches 4 pixels to both sides."""
FLATTEST_EDGE = 12.0
"""Steps of probability (of 255) per crop pixel: where it changes less, there is no edge to draw a line on."""
IRIS_PULL, LIPSTICK_PULL = 0.5, 0.7
"""How far iris and lips take on the lightness of their new colour: 0 keeps their own, 1 takes the colour's."""
GAIN_LIMITS = (0.45, 1.7)
"""Of lightness, at the most: under dim light a colour must not glow."""
RICHEST = 1.25
"""How much stronger than in the named colour its lighter shades may be: with 1 they look chalky."""
FEATHER = (0.3, 0.9)
"""Probabilities at which a new colour sets in, and is whole: a step inside the edge, where skin or sclera shows."""
BLOCKS = 6
"""Along the longer side of a pixelated box, of which an eye is about half."""
LUMA_BGR = np.array([0.114, 0.587, 0.299])
"""Source: ITU-R BT.601, as cv2.COLOR_BGR2GRAY."""

_LEVELS = np.arange(256, dtype=np.float32) / 255


def overlay(pixels: Pixels, patch: SoftPart, opacity: float, work: Buffers) -> None:
    """Each region in its own colour, see-through, with soft edges."""
    layer = patch.warp(_color_layer(patch), "layer", work)
    alpha = work.get("alpha", patch.shape_hw, np.uint8)
    cv2.extractChannel(layer, 3, dst=alpha)
    cv2.LUT(alpha, _edge_table(patch.crop.scale, opacity), dst=alpha)
    colors = work.get("colors", pixels.shape, np.uint8)
    cv2.cvtColor(layer, cv2.COLOR_BGRA2BGR, dst=colors)
    _blend(pixels, colors, alpha, work)


def contour(pixels: Pixels, patch: SoftPart, opacity: float, work: Buffers) -> None:
    """A thin line around each region, in its colour; the later region's where two of them meet."""
    width = max(LINE_WIDTH, THINNEST_LINE_PX * patch.crop.scale)
    from_line_px = np.abs(np.arange(256) - 128) * (DISTANCE_STEP / patch.crop.scale)
    cover = np.clip(width / patch.crop.scale / 2 + 0.5 - from_line_px, 0, 1)
    table = np.round(cover * (255 * opacity)).astype(np.uint8)
    lines = patch.warp(_distances(patch), "layer", work)
    cv2.LUT(lines, table, dst=lines)
    alpha = work.get("alpha", patch.shape_hw, np.uint8)
    for channel, region in enumerate(patch.regions):
        cv2.extractChannel(lines, channel, dst=alpha)
        left, top, width_px, height_px = cv2.boundingRect(alpha)
        if width_px:
            line = np.s_[top : top + height_px, left : left + width_px]
            colors = work.get("colors", (height_px, width_px, 3), np.uint8)
            colors[:] = COLORS_BGR[region]
            _blend(pixels[line], colors, alpha[line], work)


def recolor(pixels: Pixels, patch: SoftPart, color_bgr: Color, pull: float, strength: float, work: Buffers) -> None:
    """Another colour on what stays the same surface.

    Each pixel becomes that shade of the colour which its own lightness asks for: from black over the colour to white,
    so that a pupil stays dark, a catchlight white, and every fold where it was.

    Args:
        pixels: (h, w, 3) uint8 of the frame; changed in place.
        patch: of the regions to recolour.
        color_bgr: the new colour.
        pull: how far the mean lightness moves to the colour's own, 0 to 1.
        strength: 0 to 1; below 1, some of the old colour's play stays.
        work: memory.
    """
    prob = patch.warp(patch.soften(patch.seen), "alpha", work)
    luma = work.get("luma", patch.shape_hw, np.uint8)
    cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY, dst=luma)
    inside = work.get("inside", patch.shape_hw, np.uint8)
    cv2.threshold(prob, 127, 255, cv2.THRESH_BINARY, dst=inside)
    shades = shade_table(color_bgr, cv2.mean(luma, inside)[0], pull)
    colors = work.get("colors", pixels.shape, np.uint8)
    cv2.applyColorMap(luma, shades, dst=colors)
    cv2.LUT(prob, _feather_table(strength), dst=prob)
    _blend(pixels, colors, prob, work)


def pixelate(pixels: Pixels) -> None:
    """A few large blocks, each the mean of what it covers, in place: no pixel of before is left, nor any edge of it.

    An eye ends as 3 or 4 blocks. Whoever has many frames of a moving face can still learn a little more than from one.
    """
    height, width = pixels.shape[:2]
    block_px = max(2.0, max(height, width) / BLOCKS)
    blocks_wh = (max(1, round(width / block_px)), max(1, round(height / block_px)))
    halved = pixels
    while min(halved.shape[:2]) > 8 * BLOCKS:  # by exactly 2 is much faster than by any other size
        halved = cv2.resize(
            halved[: halved.shape[0] & ~1, : halved.shape[1] & ~1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA
        )
    blocks = cv2.resize(halved, blocks_wh, interpolation=cv2.INTER_AREA)
    cv2.resize(blocks, (width, height), dst=pixels, interpolation=cv2.INTER_NEAREST)


def cut_out(pixels: Pixels, patch: SoftPart, opacity: float, canvas_bgra: Pixels, work: Buffers) -> None:
    """The regions alone, copied onto a transparent canvas; outside them it keeps neither alpha nor colour.

    Args:
        pixels: (h, w, 3) uint8 of the frame. Read, never kept.
        patch: of the regions.
        opacity: 0 to 1.
        canvas_bgra: (h, w, 4) uint8, changed in place; what is on it already stays at least as solid.
        work: memory.
    """
    alpha = patch.warp(patch.soften(patch.seen), "alpha", work)
    cv2.LUT(alpha, _edge_table(patch.crop.scale, opacity), dst=alpha)
    there = work.get("there", patch.shape_hw, np.uint8)
    cv2.extractChannel(canvas_bgra, 3, dst=there)
    cv2.max(alpha, there, dst=alpha)
    piece = work.get("piece", canvas_bgra.shape, np.uint8)
    cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA, dst=piece)
    cv2.insertChannel(alpha, piece, 3)
    cv2.copyTo(piece, alpha, dst=canvas_bgra)


def shade_table(color_bgr: Color, mean_luma: float, pull: float) -> Pixels:
    """(256, 1, 3) uint8: for each luma of a surface, the shade of its new colour.

    Args:
        color_bgr: the new colour.
        mean_luma: of the surface as it is, 0 to 255.
        pull: how far that mean moves to the colour's own luma, 0 to 1.
    """
    color = np.array(color_bgr, np.float64)
    color_luma = max(float(color @ LUMA_BGR), 1.0)
    mean_luma = min(mean_luma, 254.0)
    gain = np.clip(((color_luma + 10) / (mean_luma + 10)) ** pull, *GAIN_LIMITS)
    luma = np.arange(256.0)
    above_mean = np.clip((luma - mean_luma) / max(255 - mean_luma, 1), 0, 1)
    new_luma = np.maximum.accumulate(luma * (gain + (1 - gain) * above_mean)).clip(0, 255)
    shine = _smooth_step(above_mean * 2 - 1)  # the lamp's own colour, not the surface's
    chroma = np.minimum(new_luma / color_luma, RICHEST) * (1 - shine)
    shades = new_luma[:, None] + chroma[:, None] * (color - color_luma)
    return cast("Pixels", np.round(shades).clip(0, 255).astype(np.uint8)[:, None])


def _color_layer(patch: SoftPart) -> Pixels:
    """(h, w, 4) uint8 on the softened grid: the colour, also beyond the edge, and how sure it is to be a region."""
    softened = patch.soften(cv2.merge([*patch.planes, patch.seen]))
    weights = softened.reshape(-1, softened.shape[2]).astype(np.float32)
    weights *= weights  # the surer region takes most of a pixel, so that colours do not run into each other
    layer = weights @ _palette(patch.regions)
    layer /= np.maximum(layer[:, 3:], 1)
    colors = layer.astype(np.uint8).reshape(*softened.shape[:2], 4)
    colors[:, :, 3] = softened[:, :, -1]
    return colors


@cache
def _palette(regions: tuple[Region, ...]) -> npt.NDArray[np.float32]:
    """(K + 1, 4) float32: by it, the weights of the regions and of their sum become a sum of colours and of weights."""
    colors = np.array([COLORS_BGR[region] for region in regions], np.float32) + 0.5  # so that they round when cut
    return np.vstack([np.column_stack([colors, np.ones(len(colors), np.float32)]), np.zeros((1, 4), np.float32)])


def _distances(patch: SoftPart) -> Pixels:
    """(h, w, K) uint8 on the softened grid: how far inside each region's edge a pixel lies; 128 is on the edge.

    The edge is where the probability is a half. Height over slope is the distance to it, so that a line is equally wide
    where the network is sure and where it is not.
    """
    softened = patch.soften(np.dstack(patch.planes))
    softened = softened.reshape(*softened.shape[:2], -1)
    slope = cv2.magnitude(
        cv2.Sobel(softened, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(softened, cv2.CV_32F, 0, 1, scale=1 / 8)
    )
    np.maximum(slope, FLATTEST_EDGE, out=slope)
    distance_px = cv2.divide(softened - np.float32(127.5), slope)
    steps: Pixels = cv2.addWeighted(distance_px, 1 / DISTANCE_STEP, distance_px, 0, 128, dtype=cv2.CV_8U)
    return steps


def _edge_table(scale: float, opacity: float) -> Pixels:
    """The edge's table; crisper where the crop's pixels are enlarged, in steps so that it is seldom made."""
    return _ramp_table(round(EDGE_STEEPNESS / math.sqrt(min(scale, 1)), 1), opacity)


@lru_cache
def _ramp_table(steepness: float, opacity: float) -> Pixels:
    """(256,) uint8 alpha for each level of probability: opacity/2 at a half, straight up to opacity."""
    alpha = np.clip((_LEVELS - 0.5) * steepness + 0.5, 0, 1)
    return np.round(alpha * (255 * opacity)).astype(np.uint8)


@lru_cache
def _feather_table(strength: float) -> Pixels:
    """(256,) uint8 alpha that sets in and levels off gently."""
    rise = _smooth_step((_LEVELS - FEATHER[0]) / (FEATHER[1] - FEATHER[0]))
    return cast("Pixels", np.round(rise * (255 * strength)).astype(np.uint8))


def _smooth_step(ramp: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """From 0 at 0 and below to 1 at 1 and above, level at both ends."""
    ramp = np.clip(ramp, 0, 1)
    return cast("npt.NDArray[Any]", ramp * ramp * (3 - 2 * ramp))


def _blend(pixels: Pixels, colors: Pixels, alpha: Pixels, work: Buffers) -> None:
    """Colors over pixels, in place; `colors` is used up. In bytes: exact where alpha is 0 or 255, else off by 1."""
    weights = work.get("weights", colors.shape, np.uint8)
    cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR, dst=weights)
    cv2.multiply(colors, weights, dst=colors, scale=1 / 255)
    cv2.bitwise_not(weights, dst=weights)
    cv2.multiply(pixels, weights, dst=pixels, scale=1 / 255)
    cv2.add(pixels, colors, dst=pixels)
