"""The command: what it writes, what it says, how it fails."""

import hashlib
import json
import pickle
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch

from export import model_files, parity
from export.__main__ import SEVERAL_VALUES, main
from export.choices import Precision
from export.command_line import spread_values
from realtime.session import SEGMENTER, Provider, Session
from train.checkpoint import file_sha256


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


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


def broken_checkpoint(fault: str, whole: Path, path: Path) -> Path:
    contents = torch.load(whole, weights_only=True)
    if fault == "empty":
        path.write_bytes(b"")
    elif fault == "cut short":
        path.write_bytes(whole.read_bytes()[:20_000])
    elif fault == "text":
        path.write_text("not a checkpoint\nat all\n")
    elif fault == "a list":
        torch.save([1, 2], path)
    elif fault == "no spec":
        torch.save({"state_dict": contents["state_dict"]}, path)
    elif fault == "no weights":
        torch.save({"network_spec": contents["network_spec"]}, path)
    elif fault == "unknown network":
        torch.save({**contents, "network_spec": {**contents["network_spec"], "arch": "resnet-9000"}}, path)
    elif fault == "unknown region":
        torch.save({**contents, "network_spec": {**contents["network_spec"], "regions": ["nose"]}}, path)
    elif fault == "other width":
        torch.save({**contents, "network_spec": {**contents["network_spec"], "width": 16}}, path)
    return path


@pytest.mark.parametrize(
    "fault",
    [
        "missing",
        "empty",
        "cut short",
        "text",
        "a list",
        "no spec",
        "no weights",
        "unknown network",
        "unknown region",
        "other width",
    ],
)
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
