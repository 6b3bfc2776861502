"""Counts of pixels of held-out faces, face by face: what every score against labels is made of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from realtime.core.regions import REGION_GROUPS
from train.checkpoint import NetworkSpec
from train.data.classes import common_classes
from train.data.crops import FaceCrops, Side
from train.data.folders import Pair
from train.data.one_class import class_name, regions_of
from train.evaluation.metrics import RegionScore, any_region_score, confusion_matrix, merge_classes, scores_per_class
from train.networks.heads import BACKGROUND, class_map, classes_of, to_probs

BATCH_SIZE = 32
Item = TypeVar("Item")
Classes = dict[str, list[str]]
"""Channels of the network by the name of the class that they make together, as `common_classes` gives them."""


@dataclass(frozen=True)
class HeldOutFace:
    """One face that the network did not learn from: its labels, its name, and what its photo is counted under."""

    pair: Pair
    name: str
    source: str


@dataclass(frozen=True)
class HeldOut:
    """Faces, and the classes that their labels and the network have in common."""

    faces: list[HeldOutFace]
    classes: Classes

    @classmethod
    def of_side(cls, side: Side, channels: Sequence[str], most: int = 0) -> "HeldOut":
        """Those of one side of the split.

        Args:
            side: of the split.
            channels: of the network.
            most: faces, spread over all; all of them where it is 0.
        """
        faces = [
            HeldOutFace(pair, face.name, photo.source)
            for pair, (photo, face) in zip(side.pairs, side.owners, strict=True)
        ]
        return cls(spread(faces, most), common_classes(side.classes, channels))

    def spread(self, most: int) -> "HeldOut":
        """At most so many of the faces, spread over all."""
        return HeldOut(spread(self.faces, most), self.classes)


@dataclass(frozen=True)
class FaceCounts:
    """Of each face how many pixels of each class were taken for which.

    Attributes:
        names: of the K classes, background first.
        confusions: (F, K, K): of each face, rows are the truth, columns the prediction.
    """

    names: list[str]
    confusions: npt.NDArray[np.int64]

    def scores(self) -> dict[str, RegionScore]:
        """Of each class, pooled over the pixels of all faces."""
        return dict(zip(self.names, scores_per_class(self.confusions.sum(axis=0)), strict=True))

    def any_region(self) -> RegionScore:
        """Of all classes as one, pooled over the pixels of all faces."""
        return any_region_score(self.confusions.sum(axis=0))

    def face_dice(self) -> npt.NDArray[np.float64]:
        """(F,) Dice of all classes as one; NaN of a face that neither holds nor was given any."""
        return np.array([any_region_score(confusion).dice for confusion in self.confusions])

    def groups(self) -> dict[str, RegionScore]:
        """As `scores`, with the left and right, and the upper and lower of a kind as one; without background."""
        names, merged = group_classes(self.names)
        scores = scores_per_class(merge_classes(self.confusions.sum(axis=0), merged))
        return dict(list(zip(names, scores, strict=True))[1:])

    def chosen(self, which: Sequence[bool]) -> "FaceCounts":
        """Of some of the faces."""
        return FaceCounts(self.names, self.confusions[np.asarray(which, bool)])


def count_faces(network: nn.Module, spec: NetworkSpec, held_out: HeldOut, on_item: Callable[[], None]) -> FaceCounts:
    """What a network makes of faces.

    Args:
        network: in evaluation mode.
        spec: what it is.
        held_out: channels that are in none of its classes count as background.
        on_item: called after each face.
    """
    counted = ClassCounter(spec.regions, held_out.classes)
    confusions = []
    for crops, truths in batches(held_out.faces, spec.regions):
        with torch.inference_mode():
            predicted = class_map(to_probs(network(crops), spec.head), spec.head)
        for truth, one in zip(truths, predicted, strict=True):
            confusions.append(counted(truth, one))
            on_item()
    return FaceCounts(counted.names, np.stack(confusions))


class ClassCounter:
    """Counts pixels of the classes that labels and network have in common.

    Attributes:
        names: of the classes, background first.
    """

    def __init__(self, channels: Sequence[str], common: Classes) -> None:
        self.names = classes_of(list(common))
        parts = classes_of(channels)
        self._merged = [
            next((self.names.index(name) for name, together in common.items() if part in together), 0) for part in parts
        ]

    def __call__(self, truth: npt.ArrayLike, predicted: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """(K, K) counts of two maps of class indices, as `class_map` gives them; pixels known in part are left out."""
        truth = np.asarray(truth)
        is_known = truth < len(self._merged)
        counts = confusion_matrix(truth[is_known], np.asarray(predicted)[is_known], len(self._merged))
        return merge_classes(counts, self._merged)


def batches(faces: Sequence[HeldOutFace], channels: Sequence[str]) -> Iterator[tuple[Tensor, Tensor]]:
    """(N, 218, 178, 3) uint8 crops and (N, 218, 178) class indices, N at most `BATCH_SIZE`."""
    crops = FaceCrops([face.pair for face in faces], channels)
    for start in range(0, len(crops), BATCH_SIZE):
        pairs = [crops[index] for index in range(start, min(start + BATCH_SIZE, len(crops)))]
        yield torch.stack([crop for crop, _ in pairs]), torch.stack([label for _, label in pairs])


def group_classes(names: Sequence[str]) -> tuple[list[str], list[int]]:
    """The coarser classes of both sides: irises, eyes, lips.

    Args:
        names: of classes, background first.

    Returns:
        names of the coarser ones, background first, and which of them each class is part of.
    """
    coarser = [name if name == BACKGROUND else _group_name(name) for name in names]
    order = list(dict.fromkeys(coarser))
    return order, [order.index(name) for name in coarser]


def _group_name(name: str) -> str:
    touched = [group for group in REGION_GROUPS.values() if set(group) & set(regions_of(name))]
    return class_name(sorted(region for group in touched for region in group))


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many items, spread evenly over all; all of them where `most` is 0."""
    if not most or len(items) <= most:
        return list(items)
    return [items[index] for index in np.linspace(0, len(items) - 1, most).astype(int)]
