"""Two processes train as one: gloo on one machine, started as a user starts them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from train.__main__ import app
from train.checkpoint import load_checkpoint, read_contents
from train.data.crops import split_faces
from train.evaluation.held_out import HeldOut, HeldOutFace, count_faces
from train.fitting.progress import read_curves

pytestmark = pytest.mark.slow
LIMIT_S = 900
COMMON = (
    *("--layout", "celeba", "--mask-region", "iris", "--regions", "iris", "--width", 2, "--workers", 0, "--threads", 1),
    *("--precision", "fp32", "--augment", "none", "--loss", "cross-entropy"),
    *("--optimizer", "sgd", "--schedule", "constant", "--learning-rate", 0.05, "--clip", 0, "--batch-size", 1),
)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def start_two(data: Path, out: Path, *words: object) -> subprocess.Popen[str]:
    command = [*TORCHRUN, "-m", "train", "fit", "--data", data, "--out", out, *COMMON, *words]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
    )


def fit_two(data: Path, out: Path, *words: object) -> str:
    process = start_two(data, out, *words)
    output, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, output
    return output


def fit_one(data: Path, out: Path, *words: object) -> None:
    command = ["fit", "--data", data, "--out", out, *COMMON, *words]
    result = CliRunner().invoke(app, [str(word) for word in command])
    assert result.exit_code == 0, result.output


def test_two_processes_learn_as_one_that_adds_up_two_batches(pairs: Path, tmp_path: Path) -> None:
    output = fit_two(pairs, tmp_path / "two", "--epochs", 2)
    fit_one(pairs, tmp_path / "one", "--epochs", 2, "--accumulate", 2)
    two, spec = load_checkpoint(tmp_path / "two" / "last.pt")
    one = dict(load_checkpoint(tmp_path / "one" / "last.pt")[0].named_parameters())
    for name, value in two.named_parameters():
        torch.testing.assert_close(value, one[name], rtol=1e-4, atol=1e-5, msg=name)
    assert read_contents(tmp_path / "two" / "last.pt")["global_step"] == 4

    faces = split_faces([pairs], "celeba", "iris")[1].pairs  # three: one process has two of them, the other one
    common = {name: [name] for name in spec.regions[1:]}
    held_out = HeldOut([HeldOutFace(face, "", "") for face in faces], common)
    counts = count_faces(two, spec, held_out, lambda: None)
    scores, any_region = counts.scores(), counts.any_region()
    curves = read_curves(tmp_path / "two")
    logged = {name: list(values.values())[-1] for name, values in curves.items()}
    assert logged["val_dice_any_region"] == pytest.approx(any_region.dice, abs=1e-6)
    assert logged["val_score"] == pytest.approx(np.mean([scores[name].dice for name in spec.regions[1:]]), abs=1e-6)

    assert (output.count("epoch 2 of 2: loss"), output.count("wrote ")) == (1, 1)
    found = {path.name for path in (tmp_path / "two").iterdir()}
    assert found == {"best.pt", "last.pt", "metrics", "curves.png"}
    assert [path.name for path in (tmp_path / "two" / "metrics").iterdir()] == ["version_0"]


def test_two_processes_have_the_losses_of_one_with_the_double_batch(pairs: Path, tmp_path: Path) -> None:
    """Exact but for batch norm, which sees each process's own batch; here it sees the same photo everywhere."""
    alike = shutil.copytree(pairs, tmp_path / "alike")
    for kind, suffix in (("images", "png"), ("masks", "jpg")):
        for number in (1, 2, 3):
            shutil.copy(alike / "train" / kind / f"0.{suffix}", alike / "train" / kind / f"{number}.{suffix}")
    fit_two(alike, tmp_path / "two", "--epochs", 3)
    fit_one(alike, tmp_path / "one", "--epochs", 3, "--batch-size", 2)
    two, one = read_curves(tmp_path / "two"), read_curves(tmp_path / "one")
    for name in ("train_cross_entropy", "val_cross_entropy"):
        losses = list(one[name].values())
        assert list(two[name].values()) == pytest.approx(losses, rel=0.01), name
        assert losses[0] > 1.05 * losses[2]
    assert two["val_score"] == pytest.approx(one["val_score"], abs=0.01)


def test_sigterm_stops_all_processes_at_the_same_step(pairs: Path, tmp_path: Path) -> None:
    process = start_two(pairs, tmp_path, "--epochs", 5000)
    deadline = time.monotonic() + LIMIT_S
    while not (tmp_path / "last.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=LIMIT_S)
    assert f"--resume {tmp_path / 'last.pt'} goes on" in output.replace("\n", " "), output
    assert output.count("stopping after this step") == 1
    assert read_contents(tmp_path / "last.pt")["global_step"] >= 2
