"""What happens to a training crop: moved, mirrored, covered and spoiled, always together with its label map."""

import cv2
import numpy as np
import numpy.typing as npt

from realtime.geometry import CROP_SIZE_WH, shift_matrix
from realtime.preprocess import BgrImage
from realtime.regions import Region, mirror_label_map
from train.label_set import MARGIN_PX

LabelMap = npt.NDArray[np.uint8]

ROTATION_STD_DEG = 9.0
SCALE_STD = 0.09
SHIFT_STD_PX = 6.0
LIGHT_SHIFT_PX = 4


def augment_pair(canvas_bgr: BgrImage, label_map: LabelMap, rng: np.random.Generator) -> tuple[BgrImage, LabelMap]:
    """One training example from a canvas: as imperfect as a live crop, mirrored half of the time.

    Args:
        canvas_bgr: (314, 274, 3) uint8. Read, never kept.
        label_map: (314, 274) uint8 of the same pixels.
        rng: decides everything.

    Returns:
        (218, 178, 3) uint8 crop and its (218, 178) uint8 label map.
    """
    matrix = random_crop_matrix(rng)
    crop = BgrImage(cv2.warpAffine(canvas_bgr, matrix, CROP_SIZE_WH, flags=cv2.INTER_LINEAR))
    label_map = cv2.warpAffine(label_map, matrix, CROP_SIZE_WH, flags=cv2.INTER_NEAREST).astype(np.uint8)
    if rng.random() < 0.5:
        crop, label_map = mirror_pair(crop, label_map)
    if rng.random() < 0.25:
        crop, label_map = cover_part(crop, label_map, rng)
    return spoil(crop, rng), label_map


def augment_lightly(canvas_bgr: BgrImage, label_map: LabelMap, rng: np.random.Generator) -> tuple[BgrImage, LabelMap]:
    """One training example that stays as sharp as it is: moved by whole pixels, and lit otherwise.

    For small regions, whose outline a turned label map would lose; and where masks were drawn at rounded places, a
    mirrored one is rounded the other way.
    Arguments and answer are those of `augment_pair`.
    """
    width, height = CROP_SIZE_WH
    left, top = rng.integers(MARGIN_PX - LIGHT_SHIFT_PX, MARGIN_PX + LIGHT_SHIFT_PX + 1, 2)
    inner = np.s_[top : top + height, left : left + width]
    return change_light(BgrImage(canvas_bgr[inner]), rng), label_map[inner]


def center_pair(canvas_bgr: BgrImage, label_map: LabelMap) -> tuple[BgrImage, LabelMap]:
    """The canvas without its margin: the crop as the landmarks place it."""
    inner = slice(MARGIN_PX, -MARGIN_PX)
    return BgrImage(canvas_bgr[inner, inner]), label_map[inner, inner]


AUGMENTATIONS = {"live": augment_pair, "light": augment_lightly, "none": None}


def random_crop_matrix(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """(2, 3) canvas to crop for cv2.warpAffine: turned, scaled and shifted about the crop's centre."""
    angle = rng.normal(0, ROTATION_STD_DEG)
    scale = float(np.exp(rng.normal(0, SCALE_STD)))
    return crop_matrix(angle, scale, rng.normal(0, SHIFT_STD_PX, 2))


def crop_matrix(angle_deg: float, scale: float, shift_px: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(2, 3) canvas to crop for cv2.warpAffine, about the crop's centre.

    Args:
        angle_deg: by which the picture is turned, counter-clockwise as seen.
        scale: above 1 the picture becomes larger.
        shift_px: (2,) crop pixels by which it goes right and down.
    """
    angle = np.deg2rad(angle_deg)
    linear = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    center = np.array(CROP_SIZE_WH) / 2
    shift = center + np.asarray(shift_px) - linear @ (center + MARGIN_PX)
    return shift_matrix(np.column_stack([linear, shift]), by=0.5)


def mirror_pair(crop: BgrImage, label_map: LabelMap) -> tuple[BgrImage, LabelMap]:
    """Flipped left to right, with left and right regions swapped."""
    return BgrImage(np.ascontiguousarray(crop[:, ::-1])), np.ascontiguousarray(mirror_label_map(label_map))


def cover_part(crop: BgrImage, label_map: LabelMap, rng: np.random.Generator) -> tuple[BgrImage, LabelMap]:
    """An ellipse of plain or striped colour over some of the face; what it covers becomes background."""
    width, height = CROP_SIZE_WH
    mask = np.zeros((height, width), np.uint8)
    center = (int(rng.integers(width)), int(rng.integers(height)))
    axes = (int(rng.integers(8, 50)), int(rng.integers(8, 50)))
    cv2.ellipse(mask, center, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    texture = rng.integers(0, 256, (int(rng.integers(1, 8)), int(rng.integers(1, 8)), 3), np.uint8)
    cover = cv2.resize(texture, CROP_SIZE_WH, interpolation=cv2.INTER_CUBIC)
    alpha = cv2.GaussianBlur(mask, (0, 0), 1.0)[:, :, None].astype(np.float32) / 255
    covered = (crop * (1 - alpha) + cover * alpha).astype(np.uint8)
    return BgrImage(covered), np.where(mask > 0, np.uint8(Region.BACKGROUND), label_map)


def spoil(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Light, colour, blur, low resolution, noise and JPEG, each by chance, as webcams and video calls have them."""
    crop = change_light(crop, rng)
    if rng.random() < 0.15:
        grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[:, :, None]
        share = np.float32(rng.uniform(0.3, 1.0))
        crop = BgrImage((crop * (1 - share) + grey * share).astype(np.uint8))
    if rng.random() < 0.25:
        crop = lower_resolution(crop, rng.uniform(0.25, 0.8))
    if rng.random() < 0.2:
        crop = blur(crop, rng)
    if rng.random() < 0.3:
        crop = add_noise(crop, rng.uniform(2, 14), rng)
    if rng.random() < 0.25:
        _, encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        crop = BgrImage(cv2.imdecode(encoded, cv2.IMREAD_COLOR))
    return crop


def change_light(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Gamma, contrast and brightness for all channels, a small gain for each: one table look-up."""
    level = np.linspace(0, 1, 256, dtype=np.float64)[:, None]
    gamma = np.exp(rng.normal(0, 0.3))
    contrast, brightness = np.exp(rng.normal(0, 0.2)), rng.normal(0, 0.08)
    gain = np.exp(rng.normal(0, 0.08, 3))
    table = ((level**gamma - 0.5) * contrast + 0.5 + brightness) * gain
    table = np.round(np.clip(table, 0, 1) * 255).astype(np.uint8)
    return BgrImage(cv2.LUT(crop, table[None]))


def add_noise(image_bgr: BgrImage, std: float, rng: np.random.Generator) -> BgrImage:
    """Gaussian noise of this standard deviation, in levels, on every pixel and channel."""
    noisy = image_bgr + np.float32(std) * rng.standard_normal(image_bgr.shape, np.float32)
    return BgrImage(np.clip(noisy, 0, 255).astype(np.uint8))


def lower_resolution(crop: BgrImage, share: float) -> BgrImage:
    """Reduced to a share of its size and brought back, as a face far from the camera."""
    size_wh = (max(1, round(crop.shape[1] * share)), max(1, round(crop.shape[0] * share)))
    small = cv2.resize(crop, size_wh, interpolation=cv2.INTER_AREA)
    return BgrImage(cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def blur(crop: BgrImage, rng: np.random.Generator) -> BgrImage:
    """Out of focus, or moved while exposed."""
    if rng.random() < 0.5:
        return BgrImage(cv2.GaussianBlur(crop, (0, 0), float(rng.uniform(0.5, 2.2))))
    length = 2 * int(rng.integers(1, 5)) + 1  # odd, or the kernel has no centre and the picture moves
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), float(rng.uniform(0, 180)), 1)
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    kernel = cv2.warpAffine(line, turn, (length, length))
    return BgrImage(cv2.filter2D(crop, -1, kernel / kernel.sum()))
