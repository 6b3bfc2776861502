"""The files open elsewhere, and answer there as here: the oldest ONNX Runtime, OpenVINO, OpenCV."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest

from export.choices import Output
from export.model_files import write_ort
from export.onnx_graph import build_onnx_model, fix_batch
from export.precision import to_int8
from export.public_images import PUBLIC_CROPS, public_images
from realtime.core.geometry import TIGHT
from realtime.inference.session import FACE_FINDER, SEGMENTER, WEIGHTS_FOLDER
from train.checkpoint import load_checkpoint

REPOSITORY = Path(__file__).parents[2]
RUN_ELSEWHERE = Path(__file__).with_name("run_elsewhere.py")
CROPS = public_images(SEGMENTER, TIGHT)[2:PUBLIC_CROPS:4]
IMAGES = {"218": CROPS, "160": public_images(FACE_FINDER, TIGHT)[2:PUBLIC_CROPS:4]}
NAMES = ("shipped", "shipped_fp16", "shipped_finder", "fresh", "fresh_fp16", "labels", "three", "int8")


@dataclass(frozen=True)
class Elsewhere:
    """What another runtime gave: answers by name of the file, and how many nodes each provider ran."""

    version: str
    answers: dict[str, np.ndarray]
    nodes: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def files(segmenter, tmp_path_factory) -> dict[str, Path]:
    """Every kind of file: those that are shipped, and those that the exporter writes now."""
    folder = tmp_path_factory.mktemp("elsewhere")
    labels = build_onnx_model(*load_checkpoint(segmenter.checkpoint), Output.LABELS)
    onnx.save(labels, folder / "labels.onnx")
    onnx.save(fix_batch(onnx.load(segmenter.folder / "unet_lite.onnx"), len(CROPS)), folder / "three.onnx")
    integers = to_int8(onnx.load(WEIGHTS_FOLDER / "unet_lite.onnx"), public_images(SEGMENTER, TIGHT)[:PUBLIC_CROPS])
    onnx.save(integers.model, folder / "int8.onnx")
    return {
        "shipped": WEIGHTS_FOLDER / "unet_lite.onnx",
        "shipped_fp16": WEIGHTS_FOLDER / "unet_lite_fp16.onnx",
        "shipped_finder": WEIGHTS_FOLDER / "face_finder.onnx",
        "fresh": segmenter.folder / "unet_lite.onnx",
        "fresh_fp16": segmenter.folder / "unet_lite_fp16.onnx",
        **{name: folder / f"{name}.onnx" for name in ("labels", "three", "int8")},
    }


def images_for(path: Path) -> tuple[str, np.ndarray]:
    info = ort.InferenceSession(path, providers=["CPUExecutionProvider"]).get_inputs()[0]
    return info.name, IMAGES[str(info.shape[1])]


def answer_here(path: Path) -> np.ndarray:
    name, images = images_for(path)
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {name: images})[0]


def run_elsewhere(environment: str, provider: str, files: dict[str, Path], folder: Path) -> Elsewhere:
    python = REPOSITORY / environment / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"no {environment} here: `make test` makes it")
    np.savez(folder / "images.npz", **IMAGES)
    command = [python, RUN_ELSEWHERE, provider, folder / "images.npz", folder / "answers.npz", *files.values()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    answers = np.load(folder / "answers.npz")
    by_name = {name: answers[str(index)] for index, name in enumerate(files)}
    return Elsewhere(said["version"], by_name, {name: said["nodes"][str(path)] for name, path in files.items()})


@pytest.fixture(scope="module")
def oldest(files, tmp_path_factory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("oldest")
    ort_path, _ = write_ort(Path(shutil.copy(files["fresh"], folder / "fresh.onnx")))
    return run_elsewhere(".venv-oldest", "CPUExecutionProvider", {**files, "ort": ort_path}, folder)


@pytest.fixture(scope="module")
def openvino(files, tmp_path_factory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("openvino")
    return run_elsewhere(".venv-openvino", "OpenVINOExecutionProvider", files, folder)


def check_agreement(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    """Floats to a thousandth, the finder's points to a hundredth of a pixel; other kernels round integers otherwise."""
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    if name == "labels":
        assert (found == expected).mean() > 0.9999
    elif name == "int8":
        assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.998
        assert np.abs(found - expected).mean() < 1e-3
    elif name == "fresh_fp16":  # made-up weights at the logits' limit: some pixels hang in the balance
        assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.999
    else:
        assert np.abs(found - expected).max() < (1e-2 if name == "shipped_finder" else 1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES, "ort"])
def test_the_oldest_onnx_runtime_agrees(name, files, oldest):
    assert oldest.version.startswith("1.17." if sys.version_info < (3, 13) else "1.20.")
    check_agreement(name, oldest.answers[name], answer_here(files.get(name, files["fresh"])))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_openvino_agrees_and_runs_every_node(name, files, openvino):
    check_agreement(name, openvino.answers[name], answer_here(files[name]))
    assert openvino.nodes[name] == {"OpenVINOExecutionProvider": 1}  # the whole graph, as one


@pytest.mark.parametrize("name", NAMES)
def test_opencv_agrees(name, files):
    _, images = images_for(files[name])
    net = cv2.dnn.readNetFromONNX(str(files[name]))
    net.setInput(images)
    check_agreement(name, net.forward(), answer_here(files[name]))


@pytest.mark.parametrize(("name", "elsewhere"), [("fresh", 0), ("fresh_fp16", 0), ("labels", 1)])
def test_phones_run_the_whole_network_once_the_batch_is_fixed(name, elsewhere, files):
    command = [sys.executable, "-m", "onnxruntime.tools.check_onnx_model_mobile_usability", files[name]]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for provider in ("NNAPI", "CoreML MLProgram"):
        section = said.split(f"Checking {provider}\n")[1].split("================")[0]
        fixed = section.split("if the model was updated to make the shapes fixed")[1]
        handled, total = map(int, re.search(r"a total of (\d+)/(\d+) nodes", fixed).groups())
        assert total - handled == elsewhere, provider  # labels end in an ArgMax
