"""A landmarker that sees what it is told, and segmenters and networks that paint what they are told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region, region_name
from train.checkpoint import NetworkSpec
from train.data.label_set import LabelledFace, LabelledPhoto, write_index


class ToldLandmarker:
    """Finds the same faces in every photo that is not black; a yaw of 0."""

    def __init__(self, faces: Sequence[npt.NDArray[np.float64]]) -> None:
        self._faces = list(faces)

    def find(self, photo_bgr: BgrImage) -> list[npt.NDArray[np.float64]]:
        return self._faces if photo_bgr.any() else []

    def find_in_depth(self, photo_bgr: BgrImage) -> list[npt.NDArray[np.float64]]:
        return [np.column_stack([face, np.zeros(len(face))]) for face in self.find(photo_bgr)]


class ReadsIds(nn.Module):
    """Takes the blue level of a pixel, divided by 30, for its region: it moves with the picture as a network should."""

    def forward(self, crop_bgr: Tensor) -> Tensor:
        ids = torch.arange(len(Region))[None, :, None, None]
        return -((crop_bgr[..., 0].float()[:, None] / 30 - ids) ** 2) * 20


@dataclass(frozen=True)
class ArrayFace:
    """A face whose canvas and labels are in memory."""

    canvas: npt.NDArray[np.uint8]
    label_map: npt.NDArray[np.uint8]
    labeller: str = "nobody"

    def read_canvas(self) -> BgrImage:
        return BgrImage(self.canvas)

    def read(self) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
        return BgrImage(self.canvas), self.label_map


@pytest.fixture(scope="session")
def spec() -> NetworkSpec:
    """Of a segmenter that tells all regions apart."""
    return NetworkSpec("unet-lite", [region_name(region) for region in Region], "tight", 4, "made up", "0000000")


@pytest.fixture(scope="session")
def told_landmarker() -> type[ToldLandmarker]:
    """A landmarker that finds the faces which it is told."""
    return ToldLandmarker


@pytest.fixture(scope="session")
def reads_ids() -> ReadsIds:
    """A network that is right wherever a face is painted."""
    return ReadsIds()


@pytest.fixture(scope="session")
def array_face() -> type[ArrayFace]:
    """A face of a canvas and a label map."""
    return ArrayFace


@pytest.fixture(scope="session")
def painted() -> Callable[[npt.NDArray[np.uint8]], ArrayFace]:
    """A face in the colours that `reads_ids` reads."""

    def paint(label_map: npt.NDArray[np.uint8]) -> ArrayFace:
        return ArrayFace(np.repeat(label_map[:, :, None] * np.uint8(30), 3, axis=2), label_map)

    return paint


@pytest.fixture
def write_photos() -> Callable[..., None]:
    """Writes photos of one grey level into a folder: a level for each name."""

    def write(folder: Path, size_wh: tuple[int, int] = (178, 218), **levels: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, level in levels.items():
            assert cv2.imwrite(str(folder / f"{name}.png"), np.full((*size_wh[::-1], 3), level, np.uint8))

    return write


@pytest.fixture
def write_learnt() -> Callable[[Path, str, dict[str, str]], None]:
    """Writes a label set's index: photos of a source, each with a face on this side of the split."""

    def write(folder: Path, source: str, side_of_photo: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        rows = [
            LabelledPhoto(f"/elsewhere/{name}", source, faces=[LabelledFace(name, [], name)], split=side)
            for name, side in side_of_photo.items()
        ]
        write_index(folder, rows)

    return write
