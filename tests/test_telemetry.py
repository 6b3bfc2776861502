"""ONNX Runtime keeps a device's id and queues events unless it is told not to: no entry of the project lets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
SWITCH = "ORT_DISABLE_TELEMETRY"
OPEN_A_SESSION = """
import numpy as np
from realtime import Segmenter
Segmenter()(np.zeros((120, 160, 3), np.uint8))
"""
PLAY_THE_DEMO = ["run_webcam.py", "--source", "demo", "--headless", "--max-frames", "2", "--output", "demo.mp4"]
ENTRIES = {
    "program": [str(REPOSITORY / PLAY_THE_DEMO[0]), *PLAY_THE_DEMO[1:]],
    "API": ["-c", OPEN_A_SESSION],
    "export": ["-m", "export", "verify", str(REPOSITORY / "weights" / "unet_lite.onnx")],
}


def run_at_home(arguments: list[str], home: Path, **variables: str) -> set[str]:
    """The names of what an entry left behind in a fresh home folder, at any depth."""
    environment = {name: value for name, value in os.environ.items() if name not in (SWITCH, "XDG_CACHE_HOME")}
    environment |= {"HOME": str(home), "PYTHONPATH": str(REPOSITORY), **variables}
    subprocess.run([sys.executable, *arguments], cwd=home, env=environment, check=True, capture_output=True)
    return {path.name for path in home.rglob("*")}


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_entry_leaves_a_device_id_behind(entry: str, tmp_path: Path) -> None:
    assert not run_at_home(ENTRIES[entry], tmp_path) & {"Microsoft", ".onnxruntime", "deviceid"}


@pytest.mark.parametrize("package", ["realtime", "export", "benchmarks"])
def test_each_package_that_may_load_onnx_runtime_switches_it_off_before(package: str, tmp_path: Path) -> None:
    said = f"import {package}, os, sys; assert 'onnxruntime' not in sys.modules; assert os.environ['{SWITCH}'] == '1'"
    run_at_home(["-c", said], tmp_path)


def test_the_users_own_wish_stays(tmp_path: Path) -> None:
    run_at_home(["-c", f"import realtime, os; assert os.environ['{SWITCH}'] == '0'"], tmp_path, **{SWITCH: "0"})
