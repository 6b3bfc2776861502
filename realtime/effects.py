"""What each effect does to the pixels around one part of a face."""

import math

import cv2
import numpy as np

from realtime.buffers import Buffers
from realtime.patch import FAINTEST_PROB, Patch, Pixels
from realtime.regions import COLORS_BGR

Color = tuple[int, int, int]

EDGE_STEEPNESS = 2.0
"""How fast colour sets in around a probability of a half: 1 is as soft as the network, more is crisper."""
LINE_WIDTH = 0.8
"""Of a contour, in crop pixels; in the frame at least `THINNEST_LINE_PX`."""
THINNEST_LINE_PX = 1.3
DISTANCE_STEP = 1 / 32
"""Crop pixels that one step of an 8-bit distance stands for: it reaches 4 pixels to both sides."""
FLATTEST_EDGE = 12.0
"""Steps of probability (of 255) per crop pixel: where it changes less, there is no edge to draw a line on."""
IRIS_PULL = LIPSTICK_PULL = 0.5
"""How far iris and lips take on the lightness of their new colour: 0 keeps their own, 1 takes the colour's."""
GAIN_LIMITS = (0.55, 1.7)
"""Of lightness, at the most: under dim light a colour must not glow."""
BLOCKS = 6
"""Along the longer side of a pixelated box. An eye is half as long as its box, so it becomes 3 or 4 blocks."""
LUMA_BGR = np.array([0.114, 0.587, 0.299])
"""Source: ITU-R BT.601, as cv2.COLOR_BGR2GRAY."""

_LEVELS = np.arange(256, dtype=np.float32) / 255


def overlay(pixels: Pixels, patch: Patch, opacity: float, work: Buffers) -> None:
    """Each region in its own colour, see-through, with soft edges."""
    layer = patch.warp(_color_layer(patch), "layer", work)
    alpha = work.get("alpha", patch.shape_hw, np.uint8)
    cv2.extractChannel(layer, 3, dst=alpha)
    cv2.LUT(alpha, _edge_table(patch.scale, opacity), dst=alpha)
    colors = work.get("colors", pixels.shape, np.uint8)
    cv2.cvtColor(layer, cv2.COLOR_BGRA2BGR, dst=colors)
    _blend(pixels, colors, alpha, work)


def contour(pixels: Pixels, patch: Patch, strength: float, work: Buffers) -> None:
    """A thin line around each region, in its colour; the later region's where two of them meet."""
    width = max(LINE_WIDTH, THINNEST_LINE_PX * patch.scale)
    from_line_px = np.abs(np.arange(256) - 128) * (DISTANCE_STEP / patch.scale)
    cover = np.clip(width / patch.scale / 2 + 0.5 - from_line_px, 0, 1)
    table = np.round(cover * (255 * strength)).astype(np.uint8)
    colors = work.get("colors", pixels.shape, np.uint8)
    for region, plane in zip(patch.regions, patch.planes, strict=True):
        alpha = patch.warp(_distance(patch.soften(plane)), "alpha", work)
        colors[:] = COLORS_BGR[region]
        _blend(pixels, colors, cv2.LUT(alpha, table, dst=alpha), work)


def recolor(pixels: Pixels, patch: Patch, color_bgr: Color, pull: float, strength: float, work: Buffers) -> None:
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
    """A few large blocks, each the mean of all it covers; no pixel of before is left, nor any edge between two."""
    height, width = pixels.shape[:2]
    block_px = max(2.0, max(height, width) / BLOCKS)
    blocks_wh = (max(1, int(width / block_px)), max(1, int(height / block_px)))
    blocks = cv2.resize(pixels, blocks_wh, interpolation=cv2.INTER_AREA)
    cv2.resize(blocks, (width, height), dst=pixels, interpolation=cv2.INTER_NEAREST)


def cut_out(pixels: Pixels, patch: Patch, opacity: float, canvas_bgra: Pixels, work: Buffers) -> None:
    """The regions alone, copied onto a transparent canvas; outside them it keeps neither alpha nor colour.

    Args:
        pixels: (h, w, 3) uint8 of the frame. Read, never kept.
        patch: of the regions.
        opacity: 0 to 1.
        canvas_bgra: (h, w, 4) uint8, changed in place; what is on it already stays at least as solid.
        work: memory.
    """
    alpha = patch.warp(patch.soften(patch.seen), "alpha", work)
    cv2.LUT(alpha, _edge_table(patch.scale, opacity), dst=alpha)
    cv2.max(alpha, cv2.extractChannel(canvas_bgra, 3), dst=alpha)
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
    color_luma = float(np.clip(color @ LUMA_BGR, 1, 254))
    gain = np.clip(((color_luma + 10) / (mean_luma + 10)) ** pull, *GAIN_LIMITS)
    luma = np.arange(256.0)
    shine = np.clip((luma - mean_luma) / (255.5 - mean_luma), 0, 1)  # white stays white
    luma = np.maximum.accumulate(luma * (gain + (1 - gain) * shine)).clip(0, 255)[:, None]
    to_white = np.maximum(luma - color_luma, 0) / (255 - color_luma)
    shades = color * np.minimum(luma / color_luma, 1) * (1 - to_white) + 255 * to_white
    return np.round(shades).astype(np.uint8)[:, None]


def _color_layer(patch: Patch) -> Pixels:
    """(h, w, 4) uint8 on the softened grid: the colour, also beyond the edge, and how sure it is to be a region."""
    softened = patch.soften(cv2.merge([*patch.planes, patch.seen]))
    weights = softened[:, :, :-1].reshape(-1, len(patch.regions)).astype(np.float32)
    weights *= weights  # the surer region takes most of a pixel, so that colours do not run into each other
    palette = np.array([(*COLORS_BGR[region], 1) for region in patch.regions], np.float32)
    layer = weights @ palette
    layer[:, :3] /= np.maximum(layer[:, 3:], 1)
    layer[:, 3] = softened[:, :, -1].ravel()
    return layer.astype(np.uint8).reshape(*softened.shape[:2], 4)


def _distance(softened: Pixels) -> Pixels:
    """(h, w) uint8: how far inside the edge, where the probability is a half, each pixel lies; 128 is on it."""
    across_x = cv2.Sobel(softened, cv2.CV_32F, 1, 0, scale=1 / 8)
    across_y = cv2.Sobel(softened, cv2.CV_32F, 0, 1, scale=1 / 8)
    slope = cv2.max(cv2.magnitude(across_x, across_y), FLATTEST_EDGE)
    height = cv2.subtract(softened, 127.5, dtype=cv2.CV_32F)
    steps = cv2.divide(height, slope, scale=1 / DISTANCE_STEP)
    return np.clip(steps + 128.5, 0, 255).astype(np.uint8)


def _edge_table(scale: float, opacity: float) -> Pixels:
    """(256,) uint8 alpha for each level of probability; on a large face the edge gets crisper than the crop's pixels."""
    steepness = EDGE_STEEPNESS / math.sqrt(min(scale, 1))
    alpha = np.clip((_LEVELS - 0.5) * steepness + 0.5, 0, 1)
    return np.round(alpha * (255 * opacity)).astype(np.uint8)


def _feather_table(strength: float) -> Pixels:
    """(256,) uint8 alpha that sets in and levels off gently."""
    rise = np.clip((_LEVELS - FAINTEST_PROB) / (1 - 2 * FAINTEST_PROB), 0, 1)
    return np.round(rise * rise * (3 - 2 * rise) * (255 * strength)).astype(np.uint8)


def _blend(pixels: Pixels, colors: Pixels, alpha: Pixels, work: Buffers) -> None:
    """Colors over pixels, in place; `colors` is used up. In bytes: exact where alpha is 0 or 255, else off by 1."""
    weights = work.get("weights", colors.shape, np.uint8)
    cv2.cvtColor(alpha, cv2.COLOR_GRAY2BGR, dst=weights)
    cv2.multiply(colors, weights, dst=colors, scale=1 / 255)
    cv2.bitwise_not(weights, dst=weights)
    cv2.multiply(pixels, weights, dst=pixels, scale=1 / 255)
    cv2.add(pixels, colors, dst=pixels)
