"""The Python API: one object, frames in, faces out."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

import realtime
from realtime import Segmenter
from realtime.core.errors import ModelError, ProviderError
from realtime.core.geometry import BgrImage, Points
from realtime.core.regions import Region

ROOT = Path(realtime.__file__).parent.parent


def test_a_still_photo_gives_its_face(portrait: BgrImage, portrait_face: Points) -> None:
    (face,) = Segmenter(provider="cpu")(portrait, is_still=True)
    assert face.number == 1
    assert_allclose(face.transform.mid_eye_px, portrait_face[:2].mean(axis=0), atol=6)
    assert set(face.polygons) >= {Region.RIGHT_EYE, Region.LEFT_IRIS, Region.LOWER_LIP}
    right_iris = face.polygons[Region.RIGHT_IRIS][0].mean(axis=0)
    assert_allclose(right_iris, portrait_face[0], atol=6)


def test_frames_of_a_video_are_followed(portrait: BgrImage) -> None:
    segmenter = Segmenter(smoothing="high")
    numbers = [face.number for index in range(4) for face in segmenter(portrait, index / 30)]
    assert numbers == [1, 1, 1, 1]
    stages = segmenter.timer.summary()  # of the frames before the last, which the caller may still add to
    assert set(stages) == {"find", "crop", "infer", "measure", "smooth"}


def test_without_time_stamps_the_clock_is_used(portrait: BgrImage) -> None:
    segmenter = Segmenter()
    assert [len(segmenter(portrait)) for _ in range(3)] == [1, 1, 1]


def test_the_frame_is_not_changed(portrait: BgrImage) -> None:
    before = portrait.copy()
    Segmenter()(portrait)
    assert (portrait == before).all()


@pytest.mark.parametrize(
    "frame",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
    ids=["grey", "with alpha", "float", "empty"],
)
def test_what_is_no_frame_is_refused(frame: BgrImage) -> None:
    with pytest.raises(ValueError, match=re.escape("a frame is (H, W, 3) uint8, blue first, not ")):
        Segmenter()(frame)


def test_wrong_names_are_errors() -> None:
    with pytest.raises(ModelError, match="nobody: no such model file"):
        Segmenter("nobody")
    with pytest.raises(ProviderError, match="provider directml is not in this ONNX Runtime"):
        Segmenter(provider="directml")
    with pytest.raises(ValueError, match="strong"):
        Segmenter(smoothing="strong")


def test_the_example_in_the_docs_runs(tmp_path: Path, portrait: BgrImage) -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    run = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = run.stdout.splitlines()
    assert lines[0].startswith("1 right_eye ")
    assert len(lines) == 6
    assert (tmp_path / "lips.png").is_file()


def test_the_core_is_imported_without_onnx_runtime() -> None:
    seen = "import sys, realtime.core.geometry; print('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Segmentor'"):
        realtime.Segmentor  # noqa: B018 - asking for it is the test


class TwoPeople:
    """Two heads before a grey wall: one stays, the other walks past in front of it."""

    FRAMES = 75

    def __init__(self, portrait: BgrImage) -> None:
        head = cv2.resize(portrait[30:390, 120:420], (240, 288), interpolation=cv2.INTER_AREA)
        self._heads = (np.clip(head[:, ::-1] * 0.75, 0, 255).astype(np.uint8), head)
        self._mask = np.zeros(head.shape[:2], np.uint8)
        cv2.ellipse(self._mask, (120, 144), (105, 140), 0, 0, 360, 255, cv2.FILLED)

    def centers(self, index: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Middles of both heads in a frame."""
        return (400, 220), (130 + 8 * index, 240)

    def frame(self, index: int) -> BgrImage:
        picture = np.full((480, 860, 3), 150, np.uint8)
        for head, (x, y) in zip(self._heads, self.centers(index), strict=True):
            there = picture[y - 144 : y + 144, x - 120 : x + 120]
            np.copyto(there, head, where=self._mask[:, :, None] > 0)
        return BgrImage(picture)


@pytest.mark.slow
def test_of_two_people_who_cross_the_one_in_front_keeps_its_number_and_no_mask_hangs_in_the_air(
    portrait: BgrImage,
) -> None:
    people, segmenter = TwoPeople(portrait), Segmenter(faces=2)
    numbers = []
    for index in range(people.FRAMES):
        faces = segmenter(people.frame(index), index / 30)
        centers = np.array(people.centers(index))
        for face in faces:
            assert np.linalg.norm(centers - face.transform.mid_eye_px, axis=1).min() < 70
        walking = [face.number for face in faces if abs(face.transform.mid_eye_px[0] - centers[1][0]) < 30]
        numbers.append((len(faces), walking))
    assert numbers[0][0] == numbers[-1][0] == 2
    assert {count for count, _ in numbers} <= {1, 2}
    assert {number for _, walking in numbers[:20] + numbers[-20:] for number in walking} == set(numbers[0][1])
