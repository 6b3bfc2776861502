"""Does the file answer as the network does? torch against the real session, on the same pictures."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from export.choices import Precision
from export.onnx_graph import model_kind
from export.public_images import Images
from export.verify import Outputs, batches
from realtime.core.errors import UserError
from realtime.inference.session import FACE_FINDER
from train.checkpoint import NetworkSpec
from train.evaluation.metrics import confusion_matrix, scores_per_class
from train.networks.finder import decode_faces
from train.networks.heads import SIGMOID, SOFTMAX, class_map, to_probs

LEAST_REGION_PX = 200
FACE_SCORE = 0.1
"""Cells that score less are left out: on an even background which of them come out on top is chance."""


class ParityError(UserError):
    """The file does not answer as the network does."""


@dataclass(frozen=True)
class Parity:
    """How far the file is from the network.

    Attributes:
        max_delta: largest difference of a prob, or of a face's score; NaN where either side gave one.
        mean_delta: the mean of the same.
        agreement: share of pixels with the same label, or of faces that both find in the same place.
        least_iou: smallest IoU of a region between the two label maps, which are nearly all background; None for faces.
    """

    max_delta: float
    mean_delta: float
    agreement: float
    least_iou: float | None


@dataclass(frozen=True)
class Tolerance:
    """What a precision may cost; the first three as in `Parity`.

    Where two neighbouring cells score alike, rounding decides which one tells the points, and they may differ by more.
    Seen on 2 of 607 faces; it counts against the file.

    Attributes:
        point_px: what counts as the same place of a face, in thumbnail pixels.
        f1_lost: by any region, of people's outlines or of held-out labels.
    """

    max_delta: float
    agreement: float
    least_iou: float
    point_px: float
    f1_lost: float


TOLERANCES = {
    Precision.FP32: Tolerance(max_delta=1e-4, agreement=0.999, least_iou=0.99, point_px=0.01, f1_lost=0.0005),
    Precision.FP16: Tolerance(max_delta=1.0, agreement=0.995, least_iou=0.95, point_px=0.5, f1_lost=0.002),
    Precision.INT8: Tolerance(max_delta=1.0, agreement=0.99, least_iou=0.85, point_px=2.0, f1_lost=0.01),
}


def compare(found: Outputs, expected: Outputs, spec: NetworkSpec, precision: Precision) -> Parity:
    """Parity of what a model file of this precision and the network of this specification answered."""
    if model_kind(spec) == FACE_FINDER:
        return compare_faces(found, expected, TOLERANCES[precision].point_px)
    return compare_probs(found, expected, spec.head)


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
    deltas = np.abs(found - expected)
    return Parity(float(deltas.max()), float(deltas.mean()), agreement, least_iou)


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
    return Parity(float(np.max(deltas)), float(np.mean(deltas)), hits / total if total else 1.0, None)


def faults(parity: Parity, f1_lost: float | None, precision: Precision, are_labels: bool = False) -> Iterator[str]:
    """What a precision may not cost; NaN never is allowed.

    Args:
        parity: of the file.
        f1_lost: the most that any region lost; None where it was not measured.
        precision: of the file.
        are_labels: whether the file gives labels, which have no differences worth a limit.
    """
    tolerance = TOLERANCES[precision]
    if not are_labels and not parity.max_delta <= tolerance.max_delta:
        yield f"largest difference {parity.max_delta:.2g}, tolerated {tolerance.max_delta:g}"
    if not parity.agreement >= tolerance.agreement:
        yield f"agreement {parity.agreement:.4f}, needed {tolerance.agreement:g}"
    if parity.least_iou is not None and not parity.least_iou >= tolerance.least_iou:
        yield f"least IoU {parity.least_iou:.4f}, needed {tolerance.least_iou:g}"
    if f1_lost is not None and not f1_lost <= tolerance.f1_lost:
        yield f"F1 lost {f1_lost:.4f}, tolerated {tolerance.f1_lost:g}"


def run_network(network: nn.Module, spec: NetworkSpec, images: Images) -> Outputs:
    """What a file should answer, by torch's own softmax or sigmoid.

    Args:
        network: in evaluation mode, on the CPU.
        spec: what it is.
        images: (M, H, W, 3) uint8, as the model wants them.
    """
    is_finder = model_kind(spec) == FACE_FINDER
    place = None if is_finder else spec.build_place()
    parts = []
    with torch.inference_mode():
        for batch in batches(images):
            output = network(torch.from_numpy(batch))
            answer = place(to_probs(output, spec.head)) if place else decode_faces(output)
            parts.append(answer.numpy())
    return np.concatenate(parts)
