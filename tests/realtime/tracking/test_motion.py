"""The drift of a face in its crop is seen in the pixels, exactly, or not at all."""

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose

from realtime.core.geometry import BgrImage, CropTransform, Points, crop_face
from realtime.tracking.smoothing import CropMotion


@pytest.fixture(scope="module")
def face(portrait: BgrImage, portrait_face: Points) -> BgrImage:
    return crop_face(portrait, CropTransform.from_points(portrait_face))


def drift_matrix(shift_px: tuple[float, float], turn_deg: float = 0.0, zoom: float = 1.0) -> npt.NDArray[np.float64]:
    """About the crop's middle."""
    matrix = cv2.getRotationMatrix2D((88.5, 108.5), turn_deg, zoom)
    matrix[:, 2] += shift_px
    return np.asarray(matrix)


def moved(crop_bgr: BgrImage, drift: npt.NDArray[np.float64]) -> BgrImage:
    size_wh = (crop_bgr.shape[1], crop_bgr.shape[0])
    return BgrImage(cv2.warpAffine(crop_bgr, drift, size_wh, borderMode=cv2.BORDER_REFLECT))


@pytest.mark.parametrize(
    "drift",
    [
        drift_matrix((0, 0)),
        drift_matrix((0.5, -0.25)),
        drift_matrix((3, 2)),
        drift_matrix((-6, 5)),
        drift_matrix((1, 0), turn_deg=3),
        drift_matrix((0, 1), zoom=1.04),
    ],
    ids=["none", "part of a pixel", "some pixels", "far", "turn", "nearer"],
)
def test_a_known_drift_is_measured(face: BgrImage, drift: npt.NDArray[np.float64]) -> None:
    motion = CropMotion()
    motion.follow(face)
    measured = motion.follow(moved(face, drift))
    assert measured is not None
    eyes_and_mouth = np.array([[56, 88, 1], [122, 88, 1], [89, 162, 1]], np.float64)
    assert_allclose(eyes_and_mouth @ measured.T, eyes_and_mouth @ drift.T, atol=0.25)


def test_each_drift_is_from_the_crop_before(face: BgrImage) -> None:
    motion = CropMotion()
    motion.follow(face)
    motion.follow(moved(face, drift_matrix((4, 0))))
    back = motion.follow(face)
    assert back is not None
    assert_allclose(back[:, 2], [-4, 0], atol=0.25)


def test_an_eyelid_is_no_part_of_the_common_motion(face: BgrImage) -> None:
    blinking = face.copy()
    blinking[78:100, 40:72] = blinking[110:132, 40:72]  # cheek over the right eye
    motion = CropMotion()
    motion.follow(face)
    measured = motion.follow(BgrImage(blinking))
    assert measured is not None
    assert_allclose(measured, np.eye(2, 3), atol=0.1)


@pytest.mark.parametrize("light", [0, 128], ids=["black", "grey"])
def test_where_nothing_can_be_followed_there_is_no_drift(face: BgrImage, light: int) -> None:
    motion = CropMotion()
    assert motion.follow(face) is None  # the first
    assert motion.follow(BgrImage(np.full_like(face, light))) is None
    assert motion.follow(face) is None


def test_a_cut_to_something_else_has_no_drift(face: BgrImage) -> None:
    motion = CropMotion()
    motion.follow(face)
    noise = np.random.default_rng(0).integers(0, 256, face.shape, np.uint8)
    assert motion.follow(BgrImage(noise)) is None


def test_the_same_crops_give_the_same_drift(face: BgrImage) -> None:
    noisy = np.clip(face + np.random.default_rng(1).normal(0, 12, face.shape), 0, 255).astype(np.uint8)
    found = []
    for _ in range(3):
        motion = CropMotion()
        motion.follow(face)
        found.append(motion.follow(BgrImage(noisy)))
    assert found[0] is not None
    assert math.isclose(np.ptp(found, axis=0).max(), 0)


def test_a_quarter_turn_seen_in_the_halved_crop_worked_by_hand(face: BgrImage, monkeypatch: pytest.MonkeyPatch) -> None:
    # The crop's centre (89, 109) is OpenCV's (44, 54) in the halved crop and (88.5, 108.5) in the whole one.
    def turned_by_a_quarter(
        before: object, now: object, places: npt.NDArray[np.float32], *_: object, **__: object
    ) -> object:
        x, y = places[..., 0], places[..., 1]
        return np.stack([44 - (y - 54), 54 + (x - 44)], axis=-1), np.ones((len(places), 1), np.uint8), None

    monkeypatch.setattr(cv2, "calcOpticalFlowPyrLK", turned_by_a_quarter)
    motion = CropMotion()
    motion.follow(face)
    assert_allclose(motion.follow(face), [[0, -1, 88.5 + 108.5], [1, 0, 108.5 - 88.5]], atol=1e-3)


def test_an_opencv_that_draws_from_its_own_generator_gives_the_same_drift(
    face: BgrImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The RANSAC of OpenCV 5.0 has a generator of its own that always begins alike; another one's may not.
    def fit_by_chance(start: npt.NDArray[np.float32], *_: object, **__: object) -> object:
        drift = np.eye(2, 3) + cv2.randu(np.zeros((2, 3)), 0.0, 1.0)
        return drift, np.ones((len(start), 1), np.uint8)

    monkeypatch.setattr(cv2, "estimateAffinePartial2D", fit_by_chance)
    motion = CropMotion()
    motion.follow(face)
    first, second = motion.follow(face), motion.follow(face)
    assert first is not None
    assert_allclose(second, first, atol=0)
