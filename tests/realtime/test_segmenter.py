"""The Python API: one object, frames in, faces out."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import realtime
from realtime import Segmenter
from realtime.errors import ModelError, ProviderError
from realtime.geometry import Points
from realtime.preprocess import BgrImage
from realtime.regions import Region

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
    seen = "import sys, realtime.geometry; print('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout == "False\n"


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Segmentor'"):
        realtime.Segmentor  # noqa: B018 - asking for it is the test
