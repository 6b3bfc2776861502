"""The command: what it writes, what it says, how it fails."""

import hashlib
import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from numpy.testing import assert_allclose

from export import model_files, parity
from export.__main__ import SEVERAL_VALUES, main, spread_values, with_command
from export.choices import Precision
from export.public_images import public_images
from realtime.core.errors import ModelError
from realtime.core.geometry import TIGHT
from realtime.core.regions import Region
from realtime.inference.session import LABELS, SEGMENTER, Provider, Session
from train.checkpoint import file_sha256
from train.data.crops import held_out
from train.data.label_set import CANVAS_SIZE_WH, MARGIN_PX, LabelledFace, LabelledPhoto, write_index, write_pair


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch '{self.path}'",))


@pytest.fixture
def quick(segmenter, monkeypatch):
    """The segmenter's checkpoint; its graph is not traced again, which takes seconds."""
    model = onnx.load(segmenter.folder / "unet_lite.onnx")
    del model.metadata_props[:]
    monkeypatch.setattr(model_files, "build_onnx_model", lambda *_: model)
    return segmenter.checkpoint


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.mark.parametrize("kind", ["segmenter", "face_finder"])
def test_the_command_says_what_it_wrote_and_nothing_else(kind, request):
    exported = request.getfixturevalue(kind)
    files = sorted(path.name for path in exported.folder.iterdir())
    stem = "unet_lite" if kind == "segmenter" else "face_finder"
    assert files == ["SHA256SUMS", "export.json", f"{stem}.onnx", f"{stem}_fp16.onnx"]
    assert exported.stderr == ""
    last_line = exported.stdout.splitlines()[-1]
    assert last_line.startswith("wrote ")
    assert all(str(exported.folder / name) in last_line for name in files)
    assert exported.stdout.splitlines()[1].rstrip() == "compared with torch on 16 public images"
    assert "[torch.onnx]" not in exported.stdout


def test_the_checksums_are_those_of_the_files(segmenter):
    lines = (segmenter.folder / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == 2
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((segmenter.folder / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("c.pt", "c.pt", id="none"),
        pytest.param("c.pt --precision fp16", "c.pt --precision fp16", id="one"),
        pytest.param(
            "c.pt --precision fp32 fp16 --out d", "c.pt --precision fp32 --precision fp16 --out d", id="two words"
        ),
        pytest.param("--precision fp32,fp16 c.pt", "--precision fp32 --precision fp16 c.pt", id="comma"),
        pytest.param("--precision=fp32,fp16 c.pt", "--precision fp32 --precision fp16 c.pt", id="equals"),
        pytest.param("--precision=fp32 fp16 c.pt", "--precision fp32 --precision fp16 c.pt", id="equals and a word"),
        pytest.param("--precision fp32 c.pt fp16", "--precision fp32 c.pt fp16", id="a path in between"),
        pytest.param("--precision fp32 --precision fp16 c.pt", "--precision fp32 --precision fp16 c.pt", id="repeated"),
        pytest.param("--precision fp32 fp64", "--precision fp32 --precision fp64", id="unknown, for typer to refuse"),
        pytest.param("--format onnx ort c.pt", "--format onnx --format ort c.pt", id="another option"),
        pytest.param(
            "--format ort --precision fp16 fp32", "--format ort --precision fp16 --precision fp32", id="two options"
        ),
        pytest.param("--format onnx fp16", "--format onnx fp16", id="the value of another option"),
        pytest.param("c.pt --precision", "c.pt --precision", id="no value, for typer to refuse"),
    ],
)
def test_several_precisions_may_follow_one_option(words, expected):
    assert spread_values(words.split(), SEVERAL_VALUES) == expected.split()


def test_name_out_and_scores_are_kept(quick, tmp_path, capsys):
    scores = {"london": {"eyes": 0.892, "lips": 0.899}}
    (tmp_path / "scores.json").write_text(json.dumps(scores))
    out = tmp_path / "new" / "folder"
    assert run(quick, "--name", "tiny", "--precision=fp16", "--out", out, "--scores", tmp_path / "scores.json") == 0
    assert sorted(path.name for path in out.iterdir()) == ["SHA256SUMS", "export.json", "tiny_fp16.onnx"]
    assert Session(out / "tiny_fp16.onnx", SEGMENTER, Provider.CPU).card.scores == scores
    assert "tiny_fp16.onnx" in capsys.readouterr().out


def test_fp32_is_written_where_nothing_is_asked_for(quick, tmp_path):
    assert run(quick, "--out", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["SHA256SUMS", "export.json", "unet_lite.onnx"]


def test_a_file_beyond_tolerance_is_not_kept_and_the_others_are(quick, tmp_path, monkeypatch, capsys):
    strict = replace(parity.TOLERANCES[Precision.FP16], agreement=1.1)
    monkeypatch.setitem(parity.TOLERANCES, Precision.FP16, strict)
    assert run(quick, "--precision", "fp16", "fp32", "--out", tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SHA256SUMS", "export.json", "unet_lite.onnx"]
    assert (tmp_path / "SHA256SUMS").read_text() == f"{file_sha256(tmp_path / 'unet_lite.onnx')}  unet_lite.onnx\n"
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("error: unet_lite_fp16.onnx is not kept")


def test_a_file_beyond_tolerance_leaves_the_one_it_would_replace(quick, tmp_path, monkeypatch):
    (tmp_path / "unet_lite.onnx").write_bytes(b"the last good one")
    monkeypatch.setitem(parity.TOLERANCES, Precision.FP32, replace(parity.TOLERANCES[Precision.FP32], max_delta=-1.0))
    assert run(quick, "--out", tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["unet_lite.onnx"]
    assert (tmp_path / "unet_lite.onnx").read_bytes() == b"the last good one"


SAFETENSORS_HEADER = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
BROKEN_FILES = {
    "empty": lambda whole: b"",
    "cut short": lambda whole: whole[:20_000],
    "text": lambda whole: b"not a checkpoint\nat all\n",
    "safetensors": lambda whole: len(SAFETENSORS_HEADER).to_bytes(8, "little") + SAFETENSORS_HEADER + bytes(4),
}
"""The bytes of a file that cannot be read, from those of one that can."""
BROKEN_CONTENTS = {
    "a list": lambda spec, state: [1, 2],
    "a pickled module": lambda spec, state: torch.nn.Linear(1, 1),
    "no spec": lambda spec, state: {"state_dict": state},
    "no weights": lambda spec, state: {"network_spec": spec},
    "unknown network": lambda spec, state: {"network_spec": {**spec, "arch": "resnet-9000"}, "state_dict": state},
    "another network": lambda spec, state: {"network_spec": {**spec, "arch": "unet"}, "state_dict": state},
    "unknown region": lambda spec, state: {"network_spec": {**spec, "regions": ["nose"]}, "state_dict": state},
    "other width": lambda spec, state: {"network_spec": {**spec, "width": 16}, "state_dict": state},
    "a key missing": lambda spec, state: {"network_spec": spec, "state_dict": dict(list(state.items())[:-1])},
    "a key too many": lambda spec, state: {
        "network_spec": spec,
        "state_dict": {**state, "network.tail": torch.zeros(1)},
    },
}
"""What a checkpoint must not hold, from what one holds."""


def broken_checkpoint(fault: str, whole: Path, path: Path) -> Path:
    if fault in BROKEN_FILES:
        path.write_bytes(BROKEN_FILES[fault](whole.read_bytes()))
    elif fault in BROKEN_CONTENTS:
        contents = torch.load(whole, weights_only=True)
        torch.save(BROKEN_CONTENTS[fault](contents["network_spec"], contents["state_dict"]), path)
    return path


@pytest.mark.parametrize("fault", ["missing", *BROKEN_FILES, *BROKEN_CONTENTS])
def test_a_broken_checkpoint_is_one_line_and_exit_code_1(fault, segmenter, tmp_path, capsys):
    path = broken_checkpoint(fault, segmenter.checkpoint, tmp_path / "broken.pt")
    assert run(path, "--out", tmp_path / "out") == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith(f"error: {path}: ")
    assert not (tmp_path / "out").exists()


def test_code_in_a_checkpoint_is_not_run(tmp_path, capsys):
    trace = tmp_path / "run"
    torch.save({"network_spec": Bomb(trace)}, tmp_path / "bomb.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Bomb(trace)))
    for name in ("bomb.pt", "plain.pt"):
        assert run(tmp_path / name, "--out", tmp_path / "out") == 1
        assert not trace.exists()
        assert capsys.readouterr().err.startswith("error: ")
    pickle.loads((tmp_path / "plain.pt").read_bytes())
    assert trace.exists()  # the bomb does go off for who unpickles it


def test_a_folder_that_cannot_be_written_to_is_one_line_and_exit_code_1(quick, tmp_path, capsys):
    (tmp_path / "file").write_bytes(b"")
    assert run(quick, "--out", tmp_path / "file" / "out") == 1
    (tmp_path / "taken" / "unet_lite.onnx").mkdir(parents=True)
    assert run(quick, "--out", tmp_path / "taken") == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert all(line.startswith("error: ") and "cannot be written" in line for line in errors)
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["unet_lite.onnx"]


@pytest.mark.parametrize("contents", [None, "{", "[1]"], ids=["missing", "broken", "no object"])
def test_scores_that_cannot_be_read_are_one_line_and_exit_code_1(contents, segmenter, tmp_path, capsys):
    path = tmp_path / "scores.json"
    if contents is not None:
        path.write_text(contents)
    assert run(segmenter.checkpoint, "--scores", path, "--out", tmp_path / "out") == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith(f"error: {path}: no scores")


def test_a_folder_that_is_no_label_set_is_one_line_and_exit_code_1(segmenter, tmp_path, capsys):
    assert run(segmenter.checkpoint, "--data", tmp_path, "--out", tmp_path / "out") == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert errors[0].startswith(f"error: {tmp_path}: no index.jsonl")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="no checkpoint"),
        pytest.param(["c.pt", "--precision", "fp64"], id="a precision it cannot write"),
        pytest.param(["c.pt", "--format", "tflite"], id="a format it cannot write"),
        pytest.param(["c.pt", "--output", "logits"], id="an output it cannot write"),
        pytest.param(["c.pt", "--batch", "0"], id="a batch of none"),
        pytest.param(["c.pt", "--batch", "many"], id="a batch of a word"),
        pytest.param(["c.pt", "--opset", "17"], id="an opset that torch cannot write"),
        pytest.param(["c.pt", "--opset", "99"], id="an opset that is not there yet"),
        pytest.param(["verify"], id="nothing to verify"),
        pytest.param(["c.pt", "--precision"], id="no precision"),
        pytest.param(["c.pt", "--name", "a/b"], id="a name that is a path"),
        pytest.param(["c.pt", "--colour", "red"], id="an unknown option"),
    ],
)
def test_wrong_usage_is_exit_code_2(words, capsys):
    assert run(*words) == 2
    assert capsys.readouterr().err


def test_safetensors_are_told_apart_from_other_broken_files(segmenter, tmp_path, capsys):
    assert run(broken_checkpoint("safetensors", segmenter.checkpoint, tmp_path / "a.pt"), "--out", tmp_path) == 1
    assert "safetensors, which does not say what network" in capsys.readouterr().err


def test_a_command_may_be_named_or_not():
    commands = ("checkpoint", "verify")
    assert with_command(["c.pt", "--out", "d"], commands, "checkpoint") == ["checkpoint", "c.pt", "--out", "d"]
    assert with_command(["--out", "d", "c.pt"], commands, "checkpoint") == ["checkpoint", "--out", "d", "c.pt"]
    assert with_command(["verify", "m.onnx"], commands, "checkpoint") == ["verify", "m.onnx"]
    assert with_command(["--help"], commands, "checkpoint") == ["--help"]
    assert with_command([], commands, "checkpoint") == ["checkpoint"]


def test_help_names_both_commands(capsys):
    assert run("--help") == 0
    said = capsys.readouterr().out
    assert "python -m export CHECKPOINT" in said
    assert "verify" in said


def test_the_report_holds_each_file_and_what_it_costs(segmenter):
    report = json.loads((segmenter.folder / "export.json").read_text())
    assert report["checkpoint_sha256"] == file_sha256(segmenter.checkpoint)
    assert (report["parameters"], report["output"], report["opset"], report["batch"]) == (
        56_368,
        "probs",
        18,
        "dynamic",
    )
    assert (report["compared_on"], report["scored_on"], report["f1"]) == ("16 public images", None, None)
    assert [row["file"] for row in report["files"]] == ["unet_lite.onnx", "unet_lite_fp16.onnx"]
    whole, half = report["files"]
    assert whole["size_bytes"] == (segmenter.folder / "unet_lite.onnx").stat().st_size
    assert 0 < whole["mean_delta"] < whole["max_delta"] < 1e-4
    assert whole["mean_delta"] < half["mean_delta"] < half["max_delta"] <= 1
    assert all(row["kept"] and row["faults"] == [] and row["agreement"] > 0.99 for row in report["files"])
    assert str(segmenter.folder.parent) not in json.dumps(report)


def test_the_next_commands_run(segmenter):
    lines = [line.strip() for line in segmenter.stdout.splitlines()]
    path = segmenter.folder / "unet_lite.onnx"
    assert f"python -m export verify {path}" in lines
    assert f"python run_webcam.py --model {path}" in lines
    assert run("verify", path) == 0


def test_integers_are_written_beside_floats(calm_checkpoint, crops_to_calibrate_on, tmp_path, monkeypatch, capsys):
    # On noise, which made-up weights tell nothing of, regions are a few pixels here and there.
    loose = replace(parity.TOLERANCES[Precision.INT8], agreement=0.95, least_iou=0.4)
    monkeypatch.setitem(parity.TOLERANCES, Precision.INT8, loose)
    words = ["--precision", "fp32", "int8", "--calibration", crops_to_calibrate_on]
    assert run(calm_checkpoint, *words, "--out", tmp_path) == 0, capsys.readouterr().err
    session = Session(tmp_path / "unet_lite_int8.onnx", SEGMENTER, Provider.CPU)
    assert session.card.precision == "int8"
    assert session.run(np.zeros((2, 218, 178, 3), np.uint8)).shape == (2, 8, 218, 178)
    rows = {row["file"]: row for row in json.loads((tmp_path / "export.json").read_text())["files"]}
    assert rows["unet_lite_int8.onnx"]["float_layers"] == ["head"]
    assert rows["unet_lite.onnx"]["float_layers"] == []
    assert rows["unet_lite_int8.onnx"]["size_bytes"] < 0.75 * rows["unet_lite.onnx"]["size_bytes"]
    assert run("verify", tmp_path / "unet_lite_int8.onnx") == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("none", "int8 needs pictures to be calibrated on: --calibration"),
        ("missing", "no such folder"),
        ("empty", "0 pictures to calibrate on, at least 300 are needed"),
        ("too few", "299 pictures to calibrate on, at least 300 are needed"),
        ("another size", "100x100, where pictures to calibrate on must be 178x218"),
        ("unreadable", "missing or unreadable"),
    ],
)
def test_bad_calibration_pictures_are_one_line(fault, said, quick, crops_to_calibrate_on, tmp_path, capsys):
    folder = tmp_path / "pictures"
    if fault != "missing":
        folder.mkdir()
    if fault in ("too few", "another size", "unreadable"):
        for path in sorted(crops_to_calibrate_on.iterdir())[1:]:
            (folder / path.name).symlink_to(path)
    if fault == "another size":
        cv2.imwrite(str(folder / "000.png"), np.zeros((100, 100, 3), np.uint8))
    if fault == "unreadable":
        (folder / "000.png").write_bytes(b"no picture")
    words = [] if fault == "none" else ["--calibration", folder]
    assert run(quick, "--precision", "int8", *words, "--out", tmp_path / "out") == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert said in errors[0]
    assert not (tmp_path / "out").exists()


def test_labels_are_the_likeliest_regions(segmenter, tmp_path, capsys):
    assert run(segmenter.checkpoint, "--output", "labels", "--out", tmp_path) == 0, capsys.readouterr().err
    images = public_images(SEGMENTER, TIGHT)[:3]
    probs = Session(segmenter.folder / "unet_lite.onnx", SEGMENTER, Provider.CPU).run(images)
    labels = Session(tmp_path / "unet_lite.onnx", SEGMENTER, Provider.CPU, output=LABELS).run_labels(images)
    assert labels.dtype == np.uint8
    assert (labels == probs.argmax(axis=1)).mean() > 0.9999
    with pytest.raises(ModelError, match="it gives labels, not probs: export it with --output probs"):
        Session(tmp_path / "unet_lite.onnx", SEGMENTER, Provider.CPU)
    assert run("verify", tmp_path / "unet_lite.onnx") == 0
    assert "run_webcam" not in capsys.readouterr().out


def test_a_face_finder_has_no_labels(face_finder, tmp_path, capsys):
    assert run(face_finder.checkpoint, "--output", "labels", "--out", tmp_path / "out") == 1
    assert "a face finder has no labels" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_fixed_batch_is_in_the_file_and_any_number_of_crops_runs(quick, segmenter, tmp_path):
    assert run(quick, "--batch", "3", "--out", tmp_path) == 0
    shape = ort.InferenceSession(tmp_path / "unet_lite.onnx", providers=["CPUExecutionProvider"]).get_inputs()[0].shape
    assert shape == [3, 218, 178, 3]
    images = public_images(SEGMENTER, TIGHT)[:5]
    fixed, free = (
        Session(folder / "unet_lite.onnx", SEGMENTER, Provider.CPU).run(images)
        for folder in (tmp_path, segmenter.folder)
    )
    assert_allclose(fixed, free, atol=1e-4)
    assert json.loads((tmp_path / "export.json").read_text())["batch"] == 3


def test_a_newer_opset_is_in_the_file_and_its_metadata(segmenter, tmp_path):
    assert run(segmenter.checkpoint, "--opset", "20", "--out", tmp_path) == 0
    model = onnx.load(tmp_path / "unet_lite.onnx")
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 20)]
    assert {prop.key: prop.value for prop in model.metadata_props}["opset"] == "20"
    assert model.ir_version <= 9  # ONNX Runtime 1.17


def test_an_old_opset_is_refused_with_the_reason(capsys):
    assert run("c.pt", "--opset", "17") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "17 is too old" in said


def test_ort_files_keep_their_metadata_and_answers(quick, segmenter, tmp_path):
    assert run(quick, "--format", "onnx", "ort", "--out", tmp_path) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "SHA256SUMS",
        "export.json",
        "unet_lite.onnx",
        "unet_lite.ort",
        "unet_lite.required_operators.config",
    }
    images = public_images(SEGMENTER, TIGHT)[:2]
    sessions = [Session(tmp_path / f"unet_lite.{kind}", SEGMENTER, Provider.CPU) for kind in ("onnx", "ort")]
    assert sessions[0].card == sessions[1].card
    assert_allclose(sessions[0].run(images), sessions[1].run(images), atol=1e-4)
    config = (tmp_path / "unet_lite.required_operators.config").read_text()
    assert "Conv" in config
    assert str(tmp_path) not in config
    assert "unet_lite.ort" in (tmp_path / "SHA256SUMS").read_text()
    assert run("verify", tmp_path / "unet_lite.ort") == 0


def test_ort_alone_is_written_where_it_alone_is_asked_for(quick, tmp_path, capsys):
    assert run(quick, "--format", "ort", "--precision", "fp16,fp32", "--out", tmp_path) == 1
    assert sorted(path.name for path in tmp_path.glob("*.o*")) == ["unet_lite.ort"]
    assert capsys.readouterr().err.splitlines() == [
        "error: no .ort file in fp16: its format would keep float32 weights; .onnx has fp16"
    ]


@pytest.fixture
def labelled(tmp_path):
    """A label set of one held-out face: the public one, its irises drawn where they are."""
    folder = tmp_path / "set"
    for name in ("crops", "labels"):
        (folder / name).mkdir(parents=True)
    canvas = np.zeros((*CANVAS_SIZE_WH[::-1], 3), np.uint8)
    canvas[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = public_images(SEGMENTER, TIGHT)[0]
    label_map = np.zeros(canvas.shape[:2], np.uint8)
    label_map[130:142, 98:110] = Region.RIGHT_IRIS
    label_map[130:142, 164:176] = Region.LEFT_IRIS
    write_pair(folder, "face", canvas, label_map)
    group = next(name for name in map(str, range(1000)) if held_out(name))
    face = LabelledFace("face", [[80.0, 90.0], [140.0, 90.0], [110.0, 150.0]], group)
    write_index(folder, [LabelledPhoto("photo.png", "made up", faces=[face])])
    return folder


def test_f1_on_held_out_labels_is_in_the_report_and_has_a_limit(quick, labelled, tmp_path, monkeypatch, capsys):
    assert run(quick, "--data", labelled, "--out", tmp_path / "out") == 0
    report = json.loads((tmp_path / "out" / "export.json").read_text())
    assert report["compared_on"] == "1 held-out images of set"
    assert report["scored_on"] == "the held-out labels of 1 held-out images of set"
    assert set(report["f1"]) == set(report["files"][0]["f1"])
    assert report["files"][0]["f1_lost"] == pytest.approx(dict.fromkeys(report["files"][0]["f1_lost"], 0), abs=1e-3)
    assert "F1 lost" in capsys.readouterr().out
    strict = replace(parity.TOLERANCES[Precision.FP32], f1_lost=-1.0)
    monkeypatch.setitem(parity.TOLERANCES, Precision.FP32, strict)
    assert run(quick, "--data", labelled, "--out", tmp_path / "strict") == 1
    assert "F1 lost 0.0000, tolerated -1" in capsys.readouterr().err
    assert list((tmp_path / "strict").iterdir()) == []


def test_f1_on_outlines_is_told_where_they_are_given(quick, tmp_path, monkeypatch, capsys):
    contours = tmp_path / "contours"
    contours.mkdir()
    (contours / "contours.json").write_text("{}")
    (tmp_path / "face.task").write_bytes(b"")
    asked = []

    def f1_on_contours(segmenters, folder, landmarker):
        asked.append((sorted(segmenters), folder, landmarker))
        return {name: {"eyes": 0.9, "lips": 0.8} for name in segmenters}

    monkeypatch.setattr(model_files, "f1_on_contours", f1_on_contours)
    words = ["--contours", contours, "--landmarker", tmp_path / "face.task", "--out", tmp_path / "out"]
    assert run(quick, *words) == 0, capsys.readouterr().err
    assert asked == [(["in torch", "unet_lite.onnx"], contours, tmp_path / "face.task")]
    assert "F1 on outlines drawn by people" in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["no contours.json", "no landmarker"])
def test_bad_outlines_are_one_line(fault, quick, tmp_path, capsys):
    if fault == "no landmarker":
        (tmp_path / "contours.json").write_text("{}")
    words = ["--contours", tmp_path, "--landmarker", tmp_path / "none.task"]
    assert run(quick, *words, "--out", tmp_path / "out") == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1
    assert fault.removeprefix("no ") in errors[0]
    assert not (tmp_path / "out").exists()


def test_masks_of_0_and_255_are_scored_on_once_it_is_said_what_they_show(quick, tmp_path, capsys):
    for side in ("train", "val"):
        for kind in ("images", "masks"):
            (tmp_path / "photos" / side / kind).mkdir(parents=True)
        for index, crop in enumerate(public_images(SEGMENTER, TIGHT)[:2]):
            mask = np.zeros(crop.shape[:2], np.uint8)
            mask[80:90, 50:60] = 255
            cv2.imwrite(str(tmp_path / "photos" / side / "images" / f"{index}.png"), crop)
            cv2.imwrite(str(tmp_path / "photos" / side / "masks" / f"{index}.png"), mask)
    words = (quick, "--data", tmp_path / "photos", "--out", tmp_path / "out")
    assert run(*words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("0.png: a mask of 0 and 255: say what it shows with --mask-region")
    assert list((tmp_path / "out").glob("*")) == []
    assert run(*words, "--mask-region", "iris") == 0
    report = json.loads((tmp_path / "out" / "export.json").read_text())
    assert list(report["f1"]) == ["right_iris", "left_iris"]
    assert report["files"][0]["f1_lost"] == {"right_iris": 0.0}  # nobody drew a left one, nor did the network
