"""Which crops show the same person, or the same picture again: groups that a split must not cut."""

import re

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage

HASH_SIDE = 16
NEAR_BITS = 24
"""Of 256. Aligned faces of different people differ in 60 or more; frames of one clip in fewer than 20."""


def difference_hash(crop_bgr: BgrImage) -> npt.NDArray[np.float32]:
    """(256,) of -1 and 1: which of two neighbours is brighter, on a 16 x 17 grid. Source: Krawetz's dHash."""
    grey = cv2.cvtColor(crop_bgr, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (HASH_SIDE + 1, HASH_SIDE), interpolation=cv2.INTER_AREA).astype(np.int16)
    return np.where(np.diff(small, axis=1) > 0, 1, -1).astype(np.float32).ravel()


def mirrored_hash(crop_bgr: BgrImage) -> npt.NDArray[np.float32]:
    """(256,) hash of the mirrored crop.

    Not the crop's own hash turned about: where neighbours are equal, as in black corners, neither of them is brighter,
    and a fifth of the bits and more would be wrong.
    """
    return difference_hash(BgrImage(np.ascontiguousarray(crop_bgr[:, ::-1])))


def person_of(source: str, stem: str) -> str:
    """Who a file name says it is: `Ann_Lee_0002` and `Ann_Lee_0007` are one person, `IMG_0002` is nobody known."""
    name = re.sub(r"_\d+$", "", stem)
    return f"{source}/{name if re.search('[A-Z][a-z]', name) else stem}"


def group_faces(persons: list[str], hashes: npt.NDArray[np.float32], mirrored: npt.NDArray[np.float32]) -> list[str]:
    """One group name for each face: same person, near-duplicate, near-duplicate when mirrored, and so on in chains.

    Args:
        persons: N names from `person_of`.
        hashes: (N, 256) from `difference_hash`.
        mirrored: (N, 256) from `mirrored_hash`.

    Returns:
        N names; the group is called after its first face's person.
    """
    leader = list(range(len(persons)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    def join(one: int, other: int) -> None:
        low, high = sorted((find(one), find(other)))
        leader[high] = low

    first_of: dict[str, int] = {}
    for index, person in enumerate(persons):
        join(index, first_of.setdefault(person, index))
    alike = hashes.shape[1] - 2 * NEAR_BITS if len(persons) else 0
    for turned in (hashes, mirrored):
        for start in range(0, len(persons), 1024):
            rows, columns = np.nonzero(hashes[start : start + 1024] @ turned.T >= alike)
            for row, column in zip(rows + start, columns, strict=True):
                join(int(row), int(column))
    return [persons[find(index)] for index in range(len(persons))]
