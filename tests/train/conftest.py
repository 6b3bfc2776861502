"""Made-up faces and label sets that the training tests share."""

import math
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from realtime.core.regions import Region
from train.data.label_set import CANVAS_SIZE_WH
from train.fitting.training import SegmenterTraining
from train.labelling.landmarks import (
    EYE_OUTLINE,
    IRIS_CENTER,
    IRIS_EDGE,
    IRIS_OF_EYE,
    LOWER_LIP_BOTTOM,
    LOWER_LIP_TOP,
    UPPER_LIP_BOTTOM,
    UPPER_LIP_TOP,
)


@dataclass(frozen=True)
class DrawnFace:
    """A face of ellipses, in pixels: where they are, and their half axes."""

    right_eye: tuple[float, float] = (56.0, 88.0)
    left_eye: tuple[float, float] = (122.0, 88.0)
    mouth: tuple[float, float] = (89.0, 162.0)
    eye_half_width: float = 15.0
    right_eye_half_height: float = 8.0
    left_eye_half_height: float = 8.0
    iris_radius: float = 6.0
    mouth_half_width: float = 26.0
    mouth_half_height: float = 12.0
    inside_half_height: float = 4.0

    def landmarks(self) -> npt.NDArray[np.float64]:
        """(478, 2) landmarks of it; those that outline nothing stay at (0, 0)."""
        points = np.zeros((478, 2))
        half_heights = {Region.RIGHT_EYE: self.right_eye_half_height, Region.LEFT_EYE: self.left_eye_half_height}
        for eye, center, outwards in ((Region.RIGHT_EYE, self.right_eye, -1), (Region.LEFT_EYE, self.left_eye, 1)):
            # From the outer corner along the lower lid to the inner corner, and back along the upper lid.
            angle = np.arange(16) * math.tau / 16
            x, y = outwards * self.eye_half_width * np.cos(angle), half_heights[eye] * np.sin(angle)
            points[list(EYE_OUTLINE[eye])] = np.column_stack([x, y]) + center
            iris = IRIS_OF_EYE[eye]
            points[IRIS_CENTER[iris]] = center
            edge = [(1, 0), (0, -1), (-1, 0), (0, 1)]
            points[list(IRIS_EDGE[iris])] = np.array(edge) * self.iris_radius + center
        angle = np.linspace(0, math.pi, 11)
        for indices, half_width, half_height in (
            (UPPER_LIP_TOP, self.mouth_half_width, -self.mouth_half_height),
            (UPPER_LIP_BOTTOM, self.mouth_half_width - 4, -self.inside_half_height),
            (LOWER_LIP_TOP, self.mouth_half_width - 4, self.inside_half_height),
            (LOWER_LIP_BOTTOM, self.mouth_half_width, self.mouth_half_height),
        ):
            curve = np.column_stack([-half_width * np.cos(angle), half_height * np.sin(angle)])
            points[list(indices)] = curve + self.mouth
        return points


@pytest.fixture(scope="session", autouse=True)
def _one_torch_thread() -> None:
    """These networks are small: two threads on busy cores wait for each other longer than they work."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def drawn_face() -> Callable[..., npt.NDArray[np.float64]]:
    """Landmarks of a face of ellipses; the keywords are `DrawnFace`'s fields."""

    def build(**fields: tuple[float, float] | float) -> npt.NDArray[np.float64]:
        return DrawnFace(**fields).landmarks()

    return build


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photos of two discs each to learn from, three to validate on, and their masks."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    for side, count in (("train", 4), ("val", 3)):
        for kind in ("images", "masks"):
            (folder / side / kind).mkdir(parents=True)
        for number in range(count):
            mask = np.zeros((218, 178), np.uint8)
            for x in (60, 118):
                cv2.circle(mask, (x, 100 + 4 * number), 12, 255, -1)
            photo = np.where(mask[:, :, None] > 0, 220, rng.integers(0, 90, (218, 178, 3))).astype(np.uint8)
            assert cv2.imwrite(str(folder / side / "images" / f"{number}.png"), photo)
            assert cv2.imwrite(str(folder / side / "masks" / f"{number}.jpg"), mask)
    return folder


@pytest.fixture(scope="session")
def write_pair() -> Callable[[Path, str, npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]:
    """Writes one face's canvas and label map into a label set's folder, as `label` does."""

    def write(folder: Path, name: str, canvas: npt.NDArray[np.uint8], label_map: npt.NDArray[np.uint8]) -> None:
        for kind, suffix, pixels in (("crops", "jpg", canvas), ("labels", "png", label_map)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(folder / kind / f"{name}.{suffix}"), pixels)

    return write


@pytest.fixture
def striped_label_map() -> npt.NDArray[np.uint8]:
    """(314, 274) label map of upright stripes, one for each region, 34 pixels wide."""
    columns = np.minimum(np.arange(CANVAS_SIZE_WH[0]) // 34, len(Region) - 1).astype(np.uint8)
    return np.repeat(columns[None], CANVAS_SIZE_WH[1], axis=0)


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """send(signal, epoch, batch, times=1, step="training_step"): it comes, to the loader's processes, too."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def plan(number: int, epoch: int, batch_index: int, times: int = 1, step: str = "training_step") -> None:
        real = getattr(SegmenterTraining, step)
        left = [number] * times

        def step_and_send(training: SegmenterTraining, batch: Any, index: int) -> Any:
            while left and (training.current_epoch, index) == (epoch, batch_index):
                for child in multiprocessing.active_children():
                    assert child.pid is not None
                    os.kill(child.pid, number)
                signal.raise_signal(left.pop())
            return real(training, batch, index)

        monkeypatch.setattr(SegmenterTraining, step, step_and_send)

    yield plan
    for number, handler in kept.items():
        assert signal.getsignal(number) in (handler, signal.SIG_IGN), "a run must put handlers back"
        signal.signal(number, handler)
