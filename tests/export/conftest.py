"""Networks with made-up weights, saved as checkpoints and exported once for all tests."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from export.images import LEAST_CALIBRATION
from export.public_images import PUBLIC_CROPS, public_images
from realtime.core.geometry import TIGHT
from realtime.core.regions import Region, region_name
from realtime.inference.session import SEGMENTER
from train.checkpoint import NetworkSpec, spec_contents

REPOSITORY = Path(__file__).parents[2]
REGIONS = [region_name(region) for region in Region]


@dataclass(frozen=True)
class Exported:
    """A folder that `python -m export CHECKPOINT --precision fp32 fp16` wrote, and what it said."""

    checkpoint: Path
    folder: Path
    stdout: str
    stderr: str


@pytest.fixture(scope="session", name="make_up_weights")
def make_up_weights_fixture() -> Callable[[nn.Module], None]:
    return make_up_weights


def make_up_weights(network: nn.Module) -> None:
    """Batch norms that have seen something, so that folding one wrongly shows."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, 0, 0.5)


def save_checkpoint(path: Path, spec: NetworkSpec, head_gain: float) -> Path:
    torch.manual_seed(0)
    network = spec.build()
    make_up_weights(network)
    network.head.weight.data *= head_gain
    network.head.bias.data.zero_()
    if not spec.regions:
        network.head.bias.data[0] = -6  # faces are rare: fewer than a file may answer with
    state = {f"network.{key}": value for key, value in network.state_dict().items()}
    torch.save({"network_spec": spec_contents(spec), "state_dict": state}, path)
    return path


def export_checkpoint(checkpoint: Path, folder: Path) -> Exported:
    command = [sys.executable, "-m", "export", checkpoint, "--precision", "fp32", "fp16", "--out", folder]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Exported(checkpoint, folder, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Logits reach their limit somewhere: exp(30) is too much for a half."""
    folder = tmp_path_factory.mktemp("segmenter")
    spec = NetworkSpec("unet-lite", REGIONS, "tight", 8, "made-up weights", "abc1234")
    return export_checkpoint(save_checkpoint(folder / "last.pt", spec, head_gain=80.0), folder / "out")


@pytest.fixture(scope="session")
def calm_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segmenter whose logits are far from their limit, so that integers tell them."""
    folder = tmp_path_factory.mktemp("calm")
    spec = NetworkSpec("unet-lite", REGIONS, "tight", 8, "made-up weights", "abc1234")
    return save_checkpoint(folder / "last.pt", spec, head_gain=8.0)


@pytest.fixture(scope="session")
def crops_to_calibrate_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of as many crops as are needed: the public face, brighter and darker."""
    folder = tmp_path_factory.mktemp("calibration")
    faces = public_images(SEGMENTER, TIGHT)[:PUBLIC_CROPS]
    for index in range(LEAST_CALIBRATION):
        gain = 0.4 + 0.8 * index / LEAST_CALIBRATION
        crop = np.clip(faces[index % len(faces)] * gain, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index:03}.png"), crop)
    return folder


@pytest.fixture(scope="session")
def face_finder(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("face_finder")
    spec = NetworkSpec("face-finder", [], "tight", 8, "made-up weights", "abc1234")
    return export_checkpoint(save_checkpoint(folder / "last.pt", spec, head_gain=8.0), folder / "out")
