"""A file is in order, or one line says what is wrong with it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnx import numpy_helper
from typer.testing import CliRunner, Result

from export.__main__ import app
from export.model_files import write_checksums
from export.public_images import public_images
from export.verify import difference, from_text, take_fingerprint, to_text
from realtime.core.geometry import TIGHT
from realtime.inference.session import SEGMENTER, Provider, Session

REPOSITORY = Path(__file__).parents[2]
WITHOUT_TORCH = """
import sys
for name in ("torch", "onnx", "onnxscript", "mediapipe", "lightning"):
    sys.modules[name] = None
from export.__main__ import main
main(sys.argv[1:])
"""


def verify(path: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["verify", str(path), *words])


def changed(path: Path, to: Path, change) -> Path:
    model = onnx.load(path)
    change(model)
    onnx.save(model, to)
    return to


def set_metadata(key: str, value: str):
    def change(model: onnx.ModelProto) -> None:
        next(prop for prop in model.metadata_props if prop.key == key).value = value

    return change


def drop_metadata(key: str):
    def change(model: onnx.ModelProto) -> None:
        kept = [prop for prop in model.metadata_props if prop.key != key]
        del model.metadata_props[:]
        model.metadata_props.extend(kept)

    return change


def spoil_a_weight(model: onnx.ModelProto) -> None:
    weight = next(constant for constant in model.graph.initializer if constant.name == "network.head.weight")
    weight.CopyFrom(numpy_helper.from_array(-numpy_helper.to_array(weight), weight.name))


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("segmenter", "unet_lite.onnx", "segmenter, fp32, probs"),
        ("segmenter", "unet_lite_fp16.onnx", "segmenter, fp16, probs"),
        ("face_finder", "face_finder.onnx", "face_finder, fp32, faces"),
    ],
)
def test_a_good_file_is_one_line_and_exit_code_0(kind, name, said, request):
    result = verify(request.getfixturevalue(kind).folder / name)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 1
    assert f"in order ({said}" in result.stdout
    assert "as SHA256SUMS says" in result.stdout


def test_neither_torch_nor_onnx_is_needed(segmenter):
    command = [sys.executable, "-c", WITHOUT_TORCH, "verify", segmenter.folder / "unet_lite.onnx"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "in order" in done.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(spoil_a_weight, "on cpu it answers unlike when it was made", id="other weights"),
        pytest.param(drop_metadata("fingerprint"), "no fingerprint recorded", id="made before there were fingerprints"),
        pytest.param(set_metadata("fingerprint", "$"), "no fingerprint (", id="a fingerprint of nothing"),
        pytest.param(set_metadata("fingerprint", "AAAA"), "no fingerprint (", id="a fingerprint cut in a number"),
        pytest.param(set_metadata("fingerprint", "AAA="), "difference inf", id="a fingerprint cut short"),
        pytest.param(set_metadata("precision", "fp64"), "its precision is 'fp64'", id="an unknown precision"),
        pytest.param(drop_metadata("layout"), "its metadata lacks layout", id="no layout"),
        pytest.param(set_metadata("output", "labels"), "its input or output is not", id="labels that are none"),
    ],
)
def test_a_changed_file_is_one_line_and_exit_code_1(change, said, segmenter, tmp_path):
    result = verify(changed(segmenter.folder / "unet_lite.onnx", tmp_path / "changed.onnx", change))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {tmp_path / 'changed.onnx'}: ")
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_copy_beside_no_list_of_sums_says_so(segmenter, tmp_path):
    copy = changed(segmenter.folder / "unet_lite.onnx", tmp_path / "copy.onnx", lambda model: None)
    assert "not in a SHA256SUMS" in verify(copy).stdout


def test_a_file_that_differs_from_its_sum_is_refused(segmenter, tmp_path):
    copy = changed(segmenter.folder / "unet_lite.onnx", tmp_path / "copy.onnx", lambda model: None)
    write_checksums(tmp_path)
    assert verify(copy).exit_code == 0
    copy.write_bytes(copy.read_bytes() + b"\0")
    assert "damaged or changed" in verify(copy).stderr


def test_files_that_are_no_models_are_one_line(tmp_path):
    (tmp_path / "text.onnx").write_text("no model")
    assert "not a model that ONNX Runtime can load" in verify(tmp_path / "text.onnx").stderr
    assert "no such model file" in verify(tmp_path / "none.onnx").stderr


def test_a_provider_that_is_not_here_is_an_error(segmenter):
    result = verify(segmenter.folder / "unet_lite.onnx", "--provider", "coreml")
    assert result.exit_code == 1
    assert "provider coreml" in result.stderr


def test_a_fingerprint_is_the_mean_of_each_cell(segmenter):
    session = Session(segmenter.folder / "unet_lite.onnx", SEGMENTER, Provider.CPU)
    fingerprint = take_fingerprint(session).reshape(3, 8, 7, 6)
    probs = session.run(public_images(SEGMENTER, TIGHT)[[2, 6, 10]])
    assert_allclose(fingerprint.sum(axis=1), 1, atol=2e-3)
    assert_allclose(fingerprint.mean((2, 3)), probs.mean((2, 3)), atol=1e-3)
    # The top left cell is 178 / 6 by 218 / 7 pixels: 29 whole columns and two thirds of one, 31 rows and a seventh.
    weights = np.outer([1.0] * 31 + [1 / 7], [1.0] * 29 + [2 / 3])
    cell = (probs[0, 0, :32, :30] * weights).sum() / weights.sum()
    assert fingerprint[0, 0, 0, 0] == pytest.approx(cell, abs=1e-3)


def test_a_fingerprint_survives_as_text():
    fingerprint = np.array([0.0, 0.25, 1.0], np.float16)
    assert_array_equal(from_text(to_text(fingerprint)), fingerprint)
    assert difference(from_text(to_text(fingerprint)), np.array([0.0, 0.5, 1.0], np.float16)) == 0.25
    assert difference(fingerprint, fingerprint[:2]) == float("inf")
    assert np.isnan(difference(fingerprint, np.array([np.nan, 0.25, 1.0], np.float16)))
