"""Each example does what its first line says, started as that line says."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from realtime.core.images import read_image
from realtime.core.regions import Region

REPOSITORY = Path(__file__).parents[2]
PORTRAIT = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
WITHOUT_BACKGROUND = set(Region) - {Region.BACKGROUND}
START = ["run_webcam.py", "--headless", "--threads", "1"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a script of the repository prints, started in a folder of its own."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))

    def start(script: str, *words: object) -> str:
        line = [sys.executable, str(REPOSITORY / script), *map(str, words)]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return start


def test_a_photo_is_segmented(run: Callable[..., str], tmp_path: Path) -> None:
    said = run("examples/segment_photo.py", PORTRAIT, "masks.png")
    masks = cv2.imread(str(tmp_path / "masks.png"), cv2.IMREAD_UNCHANGED)
    assert masks is not None
    assert masks.shape == (600, 512)
    assert said.startswith("1 faces\n")
    assert f"lower_lip: {np.count_nonzero(masks == Region.LOWER_LIP)} pixels" in said
    assert np.count_nonzero(masks == Region.LOWER_LIP) > 500


def test_a_video_is_followed(run: Callable[..., str]) -> None:
    *lines, last = run("examples/follow_video.py", "demo", 20).splitlines()
    assert [line.split(" s: ")[0] for line in lines] == [f"{index / 30:.2f}" for index in range(20)]
    assert all(re.search(r": face 1 has its eyes about \(\d+, \d+\)$", line) for line in lines)
    assert re.fullmatch(r"the network took \d+\.\d ms \(median\)", last)


def test_an_effect_changes_the_picture_about_the_lips_alone(run: Callable[..., str], tmp_path: Path) -> None:
    run("examples/own_effect.py", PORTRAIT, "glow.png")
    changed = (read_image(tmp_path / "glow.png") != read_image(PORTRAIT)).any(axis=2)
    assert changed[277, 266]  # the mouth, read off by hand
    assert not changed[:200].any()  # eyes and forehead
    assert not changed[:, :150].any()


def test_masks_become_a_coco_file(run: Callable[..., str], tmp_path: Path) -> None:
    run(*START, "--source", PORTRAIT, "--jsonl", "masks.jsonl", "--masks", "masks")
    assert (
        run("examples/masks_to_coco.py", "masks.jsonl", "coco.json") == "1 images, 6 annotations\n"
    )  # its mouth is closed
    coco = json.loads((tmp_path / "coco.json").read_text())
    masks = cv2.imread(str(tmp_path / "masks" / "grace_hopper.png"), cv2.IMREAD_UNCHANGED)
    assert coco["images"] == [{"id": 1, "file_name": "grace_hopper", "width": 512, "height": 600}]
    assert {category["id"] for category in coco["categories"]} == WITHOUT_BACKGROUND
    for annotation in coco["annotations"]:
        rows, columns = np.nonzero(masks == annotation["category_id"])
        left, top = columns.min(), rows.min()
        assert annotation["bbox"] == [left, top, columns.max() + 1 - left, rows.max() + 1 - top]
        assert annotation["area"] == len(rows)


@pytest.mark.slow
def test_a_tiny_network_is_trained(run: Callable[..., str], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    run("examples/train_tiny.py", "tiny")
    ids = {
        int(one) for path in tmp_path.glob("tiny/faces/*/masks/*.png") for one in np.unique(cv2.imread(str(path), 0))
    }
    assert ids == set(Region)
    assert {path.name for path in (tmp_path / "tiny" / "run").iterdir()} >= {"best.pt", "last.pt", "curves.png"}


def test_a_sink_of_ones_own_is_handed_every_frame(run: Callable[..., str], tmp_path: Path) -> None:
    run("examples/own_sink.py", "demo", 12, "lips.csv")
    rows = list(csv.reader((tmp_path / "lips.csv").read_text().splitlines()))
    assert [float(time_s) for time_s, _ in rows] == pytest.approx([index / 30 for index in range(12)], abs=6e-4)
    assert all(500 < int(pixels) < 20_000 for _, pixels in rows)
