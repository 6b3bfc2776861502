"""A folder of aligned photos and masks that somebody else made, as training pairs.

images/NAME.*   the face, 178 by 218 pixels or the same shape larger or smaller
masks/NAME.*    what it shows: region ids, or 0 and 255 (any value over 127 in a JPEG) for one region
The two may lie in `train/` and `val/`; else the split goes by the name, as everywhere.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, BgrImage
from realtime.core.regions import REGION_GROUPS, Region, region_name
from train.data.label_set import MARGIN_PX, SIDES

LabelMap = npt.NDArray[np.uint8]

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
JPEG_SUFFIXES = {".jpg", ".jpeg"}
THRESHOLD = 127
SHAPE_TOLERANCE = 0.01
"""Of width over height; larger pictures that differ by less are reduced."""
MASK_REGIONS: dict[str, tuple[Region, ...]] = {
    **{name: REGION_GROUPS[name] for name in ("iris", "eyes")},
    **{region_name(region): (region,) for region in tuple(Region)[1:]},
}
"""What a mask of 0 and 255 may show. Of a pair, the blob left of the crop's middle is the subject's right one; lips
have no such rule, so a mask of both at once is none of these."""


@dataclass(frozen=True)
class MaskPair:
    """One photo and its mask.

    Attributes:
        image, mask: their files.
        mask_region: of `MASK_REGIONS`, what 255 means; None where masks hold ids.
    """

    image: Path
    mask: Path
    mask_region: str | None

    @property
    def photo(self) -> str:
        """The photo's file."""
        return str(self.image)

    @property
    def name(self) -> str:
        """The photo's name."""
        return self.image.stem

    @property
    def labeller(self) -> str:
        """Who drew the masks, as far as the files say."""
        folder = self.mask.parents[1]
        return f"masks of {folder.parent.name if folder.name in SIDES else folder.name}"

    def read_canvas(self) -> BgrImage:
        """(314, 274, 3) uint8: the crop, its edge repeated all round.

        Raises:
            ValueError: the photo is unreadable or of another shape.
        """
        photo = cv2.imread(str(self.image), cv2.IMREAD_COLOR)
        if photo is None:
            raise ValueError(f"{self.image}: missing or unreadable")
        height, width = photo.shape[:2]
        if abs(width / height / (CROP_SIZE_WH[0] / CROP_SIZE_WH[1]) - 1) > SHAPE_TOLERANCE:
            raise ValueError(
                f"{self.image}: {width}x{height}, where an aligned face of {CROP_SIZE_WH[0]}x{CROP_SIZE_WH[1]} is "
                "needed; `python -m train label` cuts them out of photos"
            )
        if (width, height) != CROP_SIZE_WH:
            photo = cv2.resize(photo, CROP_SIZE_WH, interpolation=cv2.INTER_AREA)
        return BgrImage(with_margin(photo, cv2.BORDER_REPLICATE))

    def read(self) -> tuple[BgrImage, LabelMap]:
        """(314, 274, 3) uint8 canvas and (314, 274) uint8 label map, background in the margin.

        Raises:
            ValueError: a file is unreadable, of a wrong size, or no mask; the message names it.
        """
        canvas = self.read_canvas()
        label_map = read_mask(self.mask, self.mask_region)
        size_hw = cv2.imread(str(self.image), cv2.IMREAD_UNCHANGED).shape[:2]
        if label_map.shape != size_hw:
            raise ValueError(
                f"{self.mask}: {label_map.shape[1]}x{label_map.shape[0]}, its photo is {size_hw[1]}x{size_hw[0]}"
            )
        label_map = cv2.resize(label_map, CROP_SIZE_WH, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        return canvas, with_margin(label_map, cv2.BORDER_CONSTANT)


def with_margin(pixels: npt.NDArray[np.uint8], border: int) -> npt.NDArray[np.uint8]:
    """A crop's pixels with `MARGIN_PX` more on every side, made up as `border` says (cv2.BORDER_*)."""
    padded: npt.NDArray[np.uint8] = cv2.copyMakeBorder(pixels, *[MARGIN_PX] * 4, border).astype(np.uint8)
    return padded


def is_mask_folder(folder: Path) -> bool:
    """Whether a folder holds photos and masks, or a split of them."""
    return (folder / "images").is_dir() or (folder / "train" / "images").is_dir()


def read_mask_folder(folder: Path, mask_region: str | None) -> list[tuple[str, MaskPair]]:
    """Every pair, and the side of the split that it lies on: train or val, empty where the folder has no split.

    Raises:
        ValueError: a photo has no mask, a mask no photo, or two have one name.
    """
    splits = ("",) if (folder / "images").is_dir() else ("train", "val")
    return [(split, pair) for split in splits for pair in _read_pairs(folder / split, mask_region)]


def _read_pairs(folder: Path, mask_region: str | None) -> list[MaskPair]:
    images, masks = _by_stem(folder / "images"), _by_stem(folder / "masks")
    for files, partners, kind in ((images, masks, "masks"), (masks, images, "images")):
        alone = [path for stem, path in files.items() if stem not in partners]
        if alone:
            more = f", nor for {len(alone) - 1} more" if len(alone) > 1 else ""
            raise ValueError(f"{alone[0]}: nothing of this name in {folder / kind}{more}")
    return [MaskPair(images[stem], masks[stem], mask_region) for stem in images]


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    files: dict[str, Path] = {}
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES):
        if path.stem in files:
            raise ValueError(f"{path}: {files[path.stem].name} has the same name")
        files[path.stem] = path
    return files


def read_mask(path: Path, mask_region: str | None) -> LabelMap:
    """(H, W) uint8 region ids.

    Args:
        path: the mask.
        mask_region: what a mask of 0 and 255 shows; with it 0 and 1 are such a mask too, not ids.

    Raises:
        ValueError: it is unreadable, coloured, holds other values, or 0 and 255 without a `mask_region`.
    """
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if mask is None or mask.dtype != np.uint8:
        raise ValueError(f"{path}: missing, unreadable or not of 8 bits")
    is_jpeg = path.suffix.lower() in JPEG_SUFFIXES
    if mask.ndim == 3:
        colors = mask[:, :, :3]
        if not is_jpeg and (colors != colors[:, :, :1]).any():
            raise ValueError(f"{path}: a coloured picture, where a mask of ids or of 0 and 255 is needed")
        mask = colors[:, :, 1]
    return to_label_map(mask, str(path), mask_region, is_jpeg=is_jpeg)


def to_label_map(
    mask: npt.NDArray[np.generic], where: str, mask_region: str | None, *, is_jpeg: bool = False
) -> LabelMap:
    """(H, W) uint8 region ids, a new array.

    Args:
        mask: (H, W) uint8 ids, or one region as 0 and 255, as bools, or as floats of which those over 0.5 are inside.
        where: name of the file, for errors.
        mask_region: what a mask of one region shows; with it 0 and 1 are such a mask too, not ids.
        is_jpeg: whether its values are not exact.

    Raises:
        ValueError: it holds other values, or one region without a `mask_region`.
    """
    if mask.dtype.kind == "f" and not (mask.min() >= 0 and mask.max() <= 1):
        raise ValueError(f"{where}: its floats go from {mask.min():g} to {mask.max():g}, not from 0 to 1")
    if mask.dtype != np.uint8:
        mask = (np.asarray(mask, np.float32) > 0.5).astype(np.uint8) * np.uint8(255)
    largest = int(mask.max())
    if is_jpeg and 0 < largest < len(Region):
        raise ValueError(f"{where}: region ids cannot be kept in a JPEG, which changes them: save masks as PNG")
    if mask_region is None and not is_jpeg and largest < len(Region):
        return np.array(mask, np.uint8)
    if (not is_jpeg and not np.isin(mask, (0, largest)).all()) or (not is_jpeg and largest not in (0, 1, 255)):
        raise ValueError(f"{where}: neither region ids below {len(Region)} nor 0 and 255 (its largest is {largest})")
    if mask_region is None:
        raise ValueError(f"{where}: a mask of 0 and 255: say what it shows with --mask-region")
    return draw_blobs(np.asarray(mask) > (0 if largest == 1 else THRESHOLD), MASK_REGIONS[mask_region])


def draw_blobs(is_inside: npt.NDArray[np.bool_], regions: tuple[Region, ...]) -> LabelMap:
    """A mask as a label map: of two regions each blob is the one on whose side of the middle its centroid lies.

    Args:
        is_inside: (H, W) of an aligned face.
        regions: one, or the subject's right and left.
    """
    count, blobs, _, centroids = cv2.connectedComponentsWithStats(is_inside.astype(np.uint8), connectivity=8)
    is_left = centroids[:, 0] + 0.5 >= is_inside.shape[1] / 2
    ids = np.where(is_left, regions[-1], regions[0]).astype(np.uint8)
    ids[0] = Region.BACKGROUND
    assert count == len(ids)
    label_map: LabelMap = ids[blobs]
    return label_map
