"""Whose masks are compared: each is shown the photo as it is or so coarse, and draws nothing where there is no face."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.labels import STEPS, coarsen, drawers, seeing
from realtime.core.geometry import TIGHT, BgrImage
from realtime.core.regions import Region
from train.labelling.landmarks import Landmarks
from train.prediction import PhotoSegmenter

Faces = Sequence[Landmarks]


class Landmarker:
    """Finds what it is told to; remembers what it is shown."""

    def __init__(self, *faces: Landmarks) -> None:
        self.faces = list(faces)
        self.shown: list[BgrImage] = []

    def find(self, photo: BgrImage) -> list[Landmarks]:
        self.shown.append(photo)
        return self.faces


@pytest.fixture
def photo() -> BgrImage:
    """A chessboard of single pixels, which no coarse photo has."""
    board = np.indices((200, 300)).sum(axis=0) % 2 * 255
    return BgrImage(np.repeat(board[:, :, None], 3, axis=2).astype(np.uint8))


@pytest.fixture
def face() -> Landmarks:
    """All landmarks of the right half of the picture on one point, all others on another, 100 pixels apart."""
    return np.where(np.arange(478)[:, None] % 2, (100.0, 80.0), (200.0, 80.0))


def draw(photo: BgrImage, faces: Faces) -> npt.NDArray[np.uint8]:
    return np.full(photo.shape[:2], photo.std() > 100, np.uint8)


def test_nothing_is_drawn_where_no_face_is_found(photo: BgrImage, face: Landmarks) -> None:
    finds, blind = Landmarker(face), Landmarker()
    assert not seeing(draw, finds, None)(photo, []).any()
    assert seeing(draw, finds, None)(photo, [face]).all()
    assert finds.shown == []
    assert not seeing(draw, blind, 40.0)(photo, [face]).any()
    assert len(blind.shown) == 1


def test_a_coarse_photo_has_its_size_and_no_detail(
    photo: BgrImage, face: Landmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.labels.face_points", lambda _: np.array([[100.0, 80.0], [200.0, 80.0], [150, 150]]))
    coarse = coarsen(photo, face, 40.0)
    assert coarse.shape == photo.shape
    assert photo.std() > 120
    assert coarse.std() < 10
    assert not seeing(draw, Landmarker(face), 40.0)(photo, [face]).any()


def test_a_network_draws_alone_and_sharpens(photo: BgrImage) -> None:
    nothing = np.eye(len(Region), dtype=np.float32)[0][:, None, None] * np.ones((218, 178), np.float32)
    teacher = PhotoSegmenter(lambda crops: np.stack([nothing] * len(crops)), tuple(Region), "softmax", TIGHT)
    assert list(drawers(Landmarker(), None)) == list(STEPS)  # type: ignore[arg-type]  # a fake
    named = drawers(Landmarker(), teacher)  # type: ignore[arg-type]  # a fake
    alone = named["the network, averaged"](photo, [np.random.default_rng(0).uniform(50, 150, (478, 2))])
    assert alone.shape == photo.shape[:2]
    assert not alone.any()
    assert list(named)[-1] == "labels sharpened by it"
