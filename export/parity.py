"""Does the file answer as the network does? torch against the real session, on the same pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from matplotlib import get_data_path
from torch import nn

from export.onnx_graph import model_kind
from export.precision import Precision
from realtime.errors import UserError
from realtime.geometry import CROP_SIZE_WH, LAYOUTS, CropLayout, CropTransform, Points
from realtime.preprocess import FINDER_SIDE_PX, BgrImage, crop_face, thumbnail
from realtime.session import FACE_FINDER, Provider, Session
from train.checkpoint import NetworkSpec
from train.dataset import side_of, split_faces
from train.heads import SIGMOID, SOFTMAX, class_map, to_probs
from train.label_set import MARGIN_PX, VAL, read_index
from train.metrics import confusion_matrix, scores_per_class
from train.models.face_finder import decode_faces

Images = npt.NDArray[np.uint8]
Outputs = npt.NDArray[np.float32]

MOST_IMAGES = 256
"""Enough that a single face weighs less than the half percent that fp16 may disagree on."""
BATCH_SIZE = 4
PUBLIC_PHOTO = "grace_hopper.jpg"
"""In matplotlib's sample data; a work of the US Navy, in the public domain."""
PUBLIC_FACE: Points = np.array([[222.5, 190.0], [305.5, 186.0], [266.0, 277.0]])
"""Right eye, left eye and mouth centre in that photo, in pixels, read off by hand."""
LEAST_REGION_PX = 200
PUBLIC_CROPS, RANDOM_IMAGES = 12, 4
FACE_SCORE = 0.1
"""Cells that score less are left out: on an even background which of them come out on top is chance."""


class ParityError(UserError):
    """The file does not answer as the network does."""


@dataclass(frozen=True)
class Parity:
    """How far the file is from the network.

    Attributes:
        max_delta: largest difference of a prob, or of a face's score; NaN where either side gave one.
        agreement: share of pixels with the same label, or of faces that both find in the same place.
        least_iou: smallest IoU of a region between the two label maps, which are nearly all background; None for faces.
    """

    max_delta: float
    agreement: float
    least_iou: float | None


@dataclass(frozen=True)
class Tolerance:
    """What a precision may cost: the first three as in `Parity`; `point_px` is what counts as the same place.

    Where two neighbouring cells score alike, rounding decides which one tells the points, and they may differ by more.
    Seen on 2 of 607 faces; it counts against the file.
    """

    max_delta: float
    agreement: float
    least_iou: float
    point_px: float


TOLERANCES = {
    Precision.FP32: Tolerance(max_delta=1e-4, agreement=0.999, least_iou=0.99, point_px=0.01),
    Precision.FP16: Tolerance(max_delta=1.0, agreement=0.995, least_iou=0.95, point_px=0.5),
}


def check_parity(path: Path, network: nn.Module, spec: NetworkSpec, precision: Precision, images: Images) -> Parity:
    """Compare a model file with the network it was made from.

    Args:
        path: the .onnx file.
        network: in evaluation mode, on the CPU.
        spec: what the network is.
        precision: of the file; it decides what is tolerated.
        images: (M, H, W, 3) uint8, as the model wants them. The first is run alone, the rest in batches.

    Raises:
        ParityError: they differ by more than is tolerated.
        ModelError: the session refuses the file.
    """
    kind, tolerance = model_kind(spec), TOLERANCES[precision]
    session = Session(path, kind, Provider.CPU)
    found = np.concatenate([session.run(batch) for batch in _batches(images)])
    expected = np.concatenate([_run_network(network, spec, batch) for batch in _batches(images)])
    if kind == FACE_FINDER:
        parity = compare_faces(found, expected, tolerance.point_px)
    else:
        parity = compare_probs(found, expected, spec.head)
    faults = list(_faults(parity, tolerance))
    if faults:
        raise ParityError(f"the {precision} model is not kept, it answers unlike the network: {', '.join(faults)}")
    return parity


def compare_probs(found: Outputs, expected: Outputs, head: str = SOFTMAX) -> Parity:
    """Parity of two (M, C, H, W) arrays of probs of this head.

    Regions that fill less than `LEAST_REGION_PX` on all images together have no IoU worth the name.
    """
    class_count = expected.shape[1] + (head == SIGMOID)
    truth, answer = (class_map(torch.from_numpy(probs), head).numpy() for probs in (expected, found))
    confusion = confusion_matrix(truth, answer, class_count)
    pairs = zip(scores_per_class(confusion), confusion.sum(axis=1), strict=True)
    least_iou = min((score.iou for score, area in pairs if area >= LEAST_REGION_PX), default=1.0)
    agreement = float(np.trace(confusion) / confusion.sum())
    return Parity(float(np.abs(found - expected).max()), agreement, least_iou)


def compare_faces(found: Outputs, expected: Outputs, point_px: float) -> Parity:
    """Parity of two (M, K, 7) arrays of faces, best first.

    Every face of either side that scores `FACE_SCORE` is looked for on the other, whatever its rank there: two that
    score nearly the same may swap. The best scores of an image are compared even where they are below that.
    """
    deltas = list(np.abs(found[:, 0, 0] - expected[:, 0, 0]))
    hits = total = 0
    for ours, theirs in [*zip(found, expected, strict=True), *zip(expected, found, strict=True)]:
        for face in ours[~(ours[:, 0] < FACE_SCORE)]:
            errors_px = np.abs(theirs[:, 1:] - face[1:]).max(axis=1)
            same_place = theirs[(errors_px <= point_px) & (theirs[:, 0] >= FACE_SCORE / 2)]
            total += 1
            if len(same_place):
                hits += 1
                deltas.append(np.abs(same_place[:, 0] - face[0]).min())
    return Parity(float(np.max(deltas)), hits / total if total else 1.0, None)


def _faults(parity: Parity, tolerance: Tolerance) -> Iterator[str]:
    """What is not tolerated; NaN never is."""
    if not parity.max_delta <= tolerance.max_delta:
        yield f"largest difference {parity.max_delta:.2g}, tolerated {tolerance.max_delta:g}"
    if not parity.agreement >= tolerance.agreement:
        yield f"agreement {parity.agreement:.4f}, needed {tolerance.agreement:g}"
    if parity.least_iou is not None and not parity.least_iou >= tolerance.least_iou:
        yield f"least IoU {parity.least_iou:.4f}, needed {tolerance.least_iou:g}"


def public_images(spec: NetworkSpec) -> Images:
    """(16, H, W, 3) uint8 for a network of this kind: the face of a public photo placed in many ways, and noise."""
    rng = np.random.default_rng(0)
    is_finder = model_kind(spec) == FACE_FINDER
    size_wh = (FINDER_SIDE_PX, FINDER_SIDE_PX) if is_finder else CROP_SIZE_WH
    photo = _read_photo(Path(get_data_path()) / "sample_data" / PUBLIC_PHOTO)
    images = []
    for index in range(PUBLIC_CROPS):
        layout = _thumbnail_layout(index) if is_finder else LAYOUTS[spec.layout]
        crop = CropTransform.from_points(PUBLIC_FACE + rng.normal(0, 4, (3, 2)), layout)
        images.append(crop_face(photo, crop, size_wh))
    noise = rng.integers(0, 256, (RANDOM_IMAGES, *size_wh[::-1], 3), np.uint8)
    return np.concatenate([np.stack(images), noise])


def label_set_images(spec: NetworkSpec, folder: Path) -> Images:
    """At most `MOST_IMAGES` of a label set's held-out crops, or thumbnails of its held-out photos for the finder.

    Raises:
        ValueError: the folder is no label set, one of its files is broken, or it holds nothing out.
    """
    if model_kind(spec) == FACE_FINDER:
        photos = [p for p in read_index(folder) if any(side_of(p.split, [face.group]) == VAL for face in p.faces)]
        images = [thumbnail(_read_photo(Path(photo.photo)))[0] for photo in photos[:MOST_IMAGES]]
    else:
        canvases = [face.read_canvas() for face in split_faces([folder], spec.layout)[1][:MOST_IMAGES]]
        images = [BgrImage(canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]) for canvas in canvases]
    if not images:
        raise ValueError(f"{folder}: no photo with a face is held out for validation")
    return np.stack(images)


def _thumbnail_layout(index: int) -> CropLayout:
    """The face somewhere in a thumbnail, with 8 to 60 pixels between the eyes."""
    eye_distance = float(np.geomspace(8, 60, PUBLIC_CROPS)[index])
    return CropLayout("thumbnail", (50.0 + 5 * index, 60.0), eye_distance, eye_distance * 1.2)


def _read_photo(path: Path) -> BgrImage:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path}: missing or unreadable")
    return BgrImage(pixels)


def _batches(images: Images) -> Iterator[Images]:
    """The first image alone, then as many at a time as `BATCH_SIZE`."""
    yield images[:1]
    for start in range(1, len(images), BATCH_SIZE):
        yield images[start : start + BATCH_SIZE]


def _run_network(network: nn.Module, spec: NetworkSpec, images: Images) -> Outputs:
    """What the file should answer, by torch's own softmax or sigmoid."""
    with torch.inference_mode():
        output = network(torch.from_numpy(images))
        is_finder = model_kind(spec) == FACE_FINDER
        answer = decode_faces(output) if is_finder else spec.build_place()(to_probs(output, spec.head))
    result: Outputs = answer.numpy()
    return result
