"""What cameras and calls do to a picture: light, colour, blur, noise, few pixels, compression. Labels stay."""

import cv2
import numpy as np

from realtime.core.geometry import BgrImage

LONGEST_SMEAR_PX = 15
GAMMA = 2.2
"""Of sRGB, about: levels to the light that was caught."""


def change_light(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Gamma, contrast and brightness for all channels, a small gain for each: one table look-up."""
    level = np.linspace(0, 1, 256, dtype=np.float64)[:, None]
    gamma = np.exp(rng.normal(0, 0.3))
    contrast, brightness = np.exp(rng.normal(0, 0.2)), rng.normal(0, 0.08)
    gain = np.exp(rng.normal(0, 0.08, 3))
    table = ((level**gamma - 0.5) * contrast + 0.5 + brightness) * gain
    table = np.round(np.clip(table, 0, 1) * 255).astype(np.uint8)
    return BgrImage(cv2.LUT(crop, table[None]))


def cast_color(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """The white of another lamp: warm or cool, and a little green or purple."""
    warmth, green = rng.uniform(-0.4, 0.4), rng.normal(0, 0.08)
    gain = np.exp([-warmth, green, warmth])
    table = np.arange(256)[:, None] * gain / max(1.0, float(np.mean(gain)))
    return BgrImage(cv2.LUT(crop, np.round(np.clip(table, 0, 255)).astype(np.uint8)[None]))


def fade_color(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Less colour, down to none."""
    grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    share = float(rng.uniform(0.3, 1.0))
    return BgrImage(cv2.addWeighted(crop, 1 - share, grey, share, 0))


def defocus(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Out of focus."""
    return BgrImage(cv2.GaussianBlur(crop, (0, 0), float(rng.uniform(0.5, 2.2))))


def smear(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Moved while exposed: each pixel is the mean along a line about it."""
    length = 2 * int(rng.integers(1, LONGEST_SMEAR_PX // 2 + 1)) + 1  # odd, or the picture moves
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.uniform(0, 180)), 1)
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    kernel = cv2.warpAffine(line, turn, (length, length))
    return BgrImage(cv2.filter2D(crop, -1, kernel / kernel.sum()))


def dim(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Little light, in part brought up by gain, and the noise with it."""
    light, gain = np.exp(rng.uniform(np.log(0.06), np.log(0.35))), rng.uniform(0.3, 0.8)
    exposure = (light ** (1 - gain)) ** (1 / GAMMA)
    table = np.round(np.arange(256) * exposure).astype(np.uint8)
    return add_noise(BgrImage(cv2.LUT(crop, table)), 2 + 9 * gain, rng)


def add_any_noise(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Noise of any strength, mostly weak."""
    return add_noise(crop, float(np.exp(rng.uniform(np.log(2), np.log(20)))), rng)


def add_noise(image_bgr: BgrImage, std: float, rng: np.random.Generator) -> BgrImage:
    """Gaussian noise of this standard deviation, in levels, on every pixel and channel; no level brighter or darker."""
    noisy = rng.standard_normal(image_bgr.shape, np.float32)
    noisy *= np.float32(std)
    noisy += image_bgr
    np.rint(noisy, out=noisy)
    np.clip(noisy, 0, 255, out=noisy)
    return BgrImage(noisy.astype(np.uint8))


def compress(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """JPEG, which quantises blocks and halves the resolution of colours as video does."""
    _, encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 85))])
    return BgrImage(cv2.imdecode(encoded, cv2.IMREAD_COLOR))


def reduce_size(crop: BgrImage, share: float) -> BgrImage:
    """A share of the height and width, as a face further from the camera has."""
    size_wh = (max(8, round(crop.shape[1] * share)), max(8, round(crop.shape[0] * share)))
    return BgrImage(cv2.resize(crop, size_wh, interpolation=cv2.INTER_AREA))


def bring_up(small: BgrImage, size_wh: tuple[int, int]) -> BgrImage:
    """Enlarged as `crop_face` enlarges a small face."""
    return BgrImage(cv2.resize(small, size_wh, interpolation=cv2.INTER_LINEAR))
