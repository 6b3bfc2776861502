"""LaPa and CelebAMask-HQ, public sets of photos with labelled face parts: their files, and their ids as our regions.

| ours                                   | LaPa id | CelebAMask-HQ file         |
| eyeball with iris, one eye             | 4       | NNNNN_l_eye.png            |
| eyeball with iris, the other           | 5       | NNNNN_r_eye.png            |
| upper_lip                              | 7       | NNNNN_u_lip.png            |
| mouth_inside                           | 8       | NNNNN_mouth.png            |
| lower_lip                              | 9       | NNNNN_l_lip.png            |
| background                             | all the rest: skin, brows, nose, hair, ...         |

Neither set labels irises: theirs is the eye as a whole, `right_eye+right_iris` here, and nobody can learn one without
the other from them. Left and right: LaPa's authors call 4 the left eye, the facer parser that was trained on it calls
it the right one. So the subject's own right is not taken from the name but from the face: looking from the eyes towards
the mouth, it is the eye that lies on the picture's left of an upright face, however the face is turned.

Sources: Liu et al., "A New Dataset and Boundary-Attention Semantic Segmentation for Face Parsing", AAAI 2020, and
github.com/JDAI-CV/lapa-dataset; Lee et al., "MaskGAN", CVPR 2020, and `face_parsing/Data_preprocessing/g_mask.py` and
`g_partition.py` in github.com/switchablenorms/CelebAMask-HQ. Both are for non-commercial use.
"""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage, Points, shift_matrix
from realtime.core.regions import MIRROR, PARTS, Region
from train.data.label_set import (
    CANVAS_SIZE_WH,
    LabelledFace,
    LabelledPhoto,
    canvas_transform,
    crop_canvas,
    write_index,
    write_pair,
)
from train.labelling.label_maps import OVERSAMPLING, reduce_label_map
from train.labelling.photos import MIN_CROP_EYE_DISTANCE_PX, is_grey, with_groups

LAPA_REGIONS: dict[int | None, Region] = {
    4: Region.RIGHT_EYE,
    5: Region.LEFT_EYE,
    7: Region.UPPER_LIP,
    8: Region.MOUTH_INSIDE,
    9: Region.LOWER_LIP,
}
LAPA_LARGEST_ID = 10
CELEBAMASK_REGIONS = {
    "l_eye": Region.RIGHT_EYE,
    "r_eye": Region.LEFT_EYE,
    "mouth": Region.MOUTH_INSIDE,
    "u_lip": Region.UPPER_LIP,
    "l_lip": Region.LOWER_LIP,
}
"""Where two overlap, the later one has the pixel, as in the set's own g_mask.py."""
CELEBAMASK_FIRST = {"val": 162771, "test": 182638}
"""Index in CelebA at which a side of the split begins, as in the set's own g_partition.py."""
CELEBAMASK_PER_FOLDER = 2000
CLASSES = ["right_eye+right_iris", "left_eye+left_iris", "upper_lip", "lower_lip", "mouth_inside"]
"""What both sets tell apart."""
SHAPE_TOLERANCE = 0.01
"""Of width over height, between a photo and its labels."""
THRESHOLD = 127

LabelMap = npt.NDArray[np.uint8]


class NoLabelsError(ValueError):
    """A photo's labels cannot be used; the message is the reason, in a word or two."""


@dataclass(frozen=True)
class ParsedPhoto:
    """One photo of a set.

    Attributes:
        photo: its file.
        name: no other photo of the set has it.
        split: train, val or test; empty where the set's files do not say.
        source: name of the set and its split.
        masks: files, and which of our regions each value in them is; where a value is None, all over `THRESHOLD`.
    """

    photo: Path
    name: str
    split: str
    source: str
    masks: tuple[tuple[Path, Mapping[int | None, Region]], ...]

    def read(self) -> tuple[BgrImage, LabelMap, Points]:
        """(H, W, 3) uint8 photo, (h, w) uint8 label map, and the (3, 2) points of the face in photo pixels.

        Eyes are their visible eyeballs with the irises. The label map may be smaller than the photo.

        Raises:
            NoLabelsError: a file cannot be used, or an eye or the mouth has no pixel.
        """
        photo = cv2.imread(str(self.photo), cv2.IMREAD_COLOR)
        if photo is None:
            raise NoLabelsError("unreadable")
        label_map = self._read_label_map()
        (height, width), (photo_height, photo_width) = label_map.shape, photo.shape[:2]
        if abs((width / height) / (photo_width / photo_height) - 1) > SHAPE_TOLERANCE:
            raise NoLabelsError("labels of another shape")
        points = part_centers(label_map) * (photo_width / width, photo_height / height)
        if is_swapped(points):
            points = points[[1, 0, 2]]
            label_map = np.select([label_map == region for region in MIRROR], list(MIRROR.values()), label_map)
        return BgrImage(photo), label_map.astype(np.uint8), points

    def _read_label_map(self) -> LabelMap:
        """The eyes are right and left as the set's table has them, not yet the subject's own."""
        label_map: LabelMap | None = None
        for path, regions in self.masks:
            if not path.is_file():
                continue
            mask = read_single_channel(path)
            if label_map is None:
                label_map = np.zeros_like(mask)
            if mask.shape != label_map.shape:
                raise NoLabelsError("labels of different sizes")
            if None not in regions and mask.max() > LAPA_LARGEST_ID:
                raise NoLabelsError("unknown label ids")
            for value, region in regions.items():
                label_map[mask > THRESHOLD if value is None else mask == value] = region
        if label_map is None:
            raise NoLabelsError("no labels")
        return label_map


def read_single_channel(path: Path) -> LabelMap:
    """(H, W) uint8 of a picture of one channel, or of several that are the same.

    Raises:
        NoLabelsError: it is no such picture.
    """
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if mask is None or mask.dtype != np.uint8:
        raise NoLabelsError("unreadable labels")
    if mask.ndim == 3:
        if (mask[:, :, :3] != mask[:, :, :1]).any():
            raise NoLabelsError("coloured labels")
        mask = mask[:, :, 0]
    return np.asarray(mask, np.uint8)


def part_centers(label_map: LabelMap) -> Points:
    """(3, 2) centroids (x, y) of both eyes and of the mouth, lips and inside together, in the label map's pixels.

    Raises:
        NoLabelsError: one of them has no pixel, as a closed eye.
    """
    centers = []
    for part in PARTS:
        y, x = np.nonzero(np.isin(label_map, part))
        if not len(x):
            raise NoLabelsError("part missing")
        centers.append((x.mean() + 0.5, y.mean() + 0.5))
    return np.array(centers)


def is_swapped(points: Points) -> bool:
    """Whether the first eye is the subject's left one: seen from the eyes towards the mouth it is on the wrong hand."""
    (dx, dy), (mouth_x, mouth_y) = points[1] - points[0], points[2] - points[:2].mean(axis=0)
    return bool(dx * mouth_y - dy * mouth_x < 0)


def canvas_label_map(
    label_map: LabelMap, photo_wh: tuple[int, int], points: list[list[float]], layout: str
) -> LabelMap:
    """(314, 274) uint8: the label map where `crop_canvas` has the photo's pixels, background beyond its border.

    Args:
        label_map: (h, w) uint8 ids of the whole photo.
        photo_wh: the photo's size, which may be another.
        points: right eye, left eye and mouth in photo pixels.
        layout: of the crop.
    """
    scale_xy = np.array(photo_wh) / label_map.shape[::-1]
    matrix = shift_matrix(canvas_transform(points, layout).matrix * [*scale_xy, 1] * OVERSAMPLING, by=0.5)
    size_wh = (CANVAS_SIZE_WH[0] * OVERSAMPLING, CANVAS_SIZE_WH[1] * OVERSAMPLING)
    return reduce_label_map(cv2.warpAffine(label_map, matrix, size_wh, flags=cv2.INTER_NEAREST).astype(np.uint8))


def find_lapa(folder: Path) -> list[ParsedPhoto]:
    """Every photo of LaPa's folder: `train`, `val` and `test`, each with `images` and `labels`.

    Raises:
        ValueError: the folder has another layout.
    """
    photos = []
    for split in ("train", "val", "test"):
        for path in sorted((folder / split / "images").glob("*.jpg")):
            masks = ((folder / split / "labels" / f"{path.stem}.png", LAPA_REGIONS),)
            photos.append(ParsedPhoto(path, f"{split}_{path.stem}", split, f"LaPa {split}", masks))
    if not photos:
        raise ValueError(f"{folder}: not LaPa's folder: no photo in train/images, val/images or test/images")
    return photos


def find_celebamask(folder: Path) -> list[ParsedPhoto]:
    """Every photo of CelebAMask-HQ's folder: `CelebA-HQ-img`, `CelebAMask-HQ-mask-anno`, and the mapping to CelebA.

    Raises:
        ValueError: the folder has another layout, or the mapping a broken line.
    """
    images, masks = folder / "CelebA-HQ-img", folder / "CelebAMask-HQ-mask-anno"
    numbers = sorted(int(path.stem) for path in images.glob("*.jpg") if path.stem.isdecimal())
    if not numbers or not masks.is_dir():
        raise ValueError(f"{folder}: not CelebAMask-HQ's folder: CelebA-HQ-img/N.jpg or {masks.name} is missing")
    splits = read_celebamask_splits(folder / "CelebA-HQ-to-CelebA-mapping.txt")
    photos = []
    for number in numbers:
        stem = masks / str(number // CELEBAMASK_PER_FOLDER) / f"{number:05d}"
        files = tuple((Path(f"{stem}_{part}.png"), _whole(region)) for part, region in CELEBAMASK_REGIONS.items())
        split = splits.get(number, "")
        photos.append(
            ParsedPhoto(images / f"{number}.jpg", f"{number:05d}", split, f"CelebAMask-HQ {split}".strip(), files)
        )
    return photos


def _whole(region: Region) -> dict[int | None, Region]:
    """A mask of one region alone."""
    return {None: region}


def read_celebamask_splits(path: Path) -> dict[int, str]:
    """Side of the split by number of the photo; empty where there is no such file.

    Raises:
        ValueError: a line is broken.
    """
    splits = {}
    for number, line in enumerate(path.read_text().splitlines() if path.is_file() else [], 1):
        words = line.split()
        if number == 1 or not words:  # the names of the columns
            continue
        try:
            photo, index = int(words[0]), int(words[1])
        except (ValueError, IndexError):
            raise ValueError(f"{path}:{number}: not a number of CelebA-HQ and one of CelebA") from None
        splits[photo] = next((split for split, first in reversed(CELEBAMASK_FIRST.items()) if index >= first), "train")
    return splits


PARSING_SETS: dict[str, Callable[[Path], list[ParsedPhoto]]] = {"lapa": find_lapa, "celebamask-hq": find_celebamask}
"""By the names that `import` takes."""


def import_photos(
    photos: Sequence[ParsedPhoto], out: Path, layout: str, processes: int, on_photo: Callable[[], None]
) -> list[LabelledPhoto]:
    """Cut out every photo's face with its labels, and write the set.

    Args:
        photos: one that cannot be used is recorded with its reason, never fatal.
        out: folder to write to; made where it is missing.
        layout: of the crops.
        processes: how many at once.
        on_photo: called after each photo, for a progress bar.
    """
    for name in ("crops", "labels"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rows = []
    spawn = multiprocessing.get_context("spawn")  # a fork inherits the locks of OpenCV's threads, and can hang
    with ProcessPoolExecutor(processes, spawn, cv2.setNumThreads, (1,)) as pool:
        for row in pool.map(import_photo, photos, repeat(out), repeat(layout), chunksize=8):
            rows.append(row)
            on_photo()
    rows = with_groups(rows, out)
    write_index(out, rows)
    return rows


def import_photo(photo: ParsedPhoto, out: Path, layout: str) -> LabelledPhoto:
    """Write one photo's crop and label map where its face is large enough, and say what became of it."""
    row = LabelledPhoto(
        photo=str(photo.photo.absolute()),
        source=photo.source,
        layout=layout,
        labeller=f"people, {photo.source.split()[0]}",
        split=photo.split,
        classes=CLASSES,
    )
    try:
        photo_bgr, label_map, points = photo.read()
    except NoLabelsError as error:
        return replace(row, rejected=str(error))
    photo_wh = (photo_bgr.shape[1], photo_bgr.shape[0])
    row = replace(row, width=photo_wh[0], height=photo_wh[1], grey=is_grey(photo_bgr))
    eye_distance = np.linalg.norm(points[1] - points[0])
    if eye_distance < 1:
        return replace(row, rejected="tiny")
    face = LabelledFace("", np.round(points, 3).tolist())
    if eye_distance >= MIN_CROP_EYE_DISTANCE_PX:
        canvas = crop_canvas(photo_bgr, face.points, layout)
        write_pair(out, photo.name, canvas, canvas_label_map(label_map, photo_wh, face.points, layout))
        face = replace(face, name=photo.name)
    return replace(row, faces=[face])
