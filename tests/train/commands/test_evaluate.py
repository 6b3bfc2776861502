"""`evaluate` as a user runs it: every measure lands in scores.json and in the tables, each option has its effect."""

import json
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner, Result

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region, region_name
from train.__main__ import app
from train.checkpoint import NetworkSpec, spec_contents
from train.data.label_set import CANVAS_SIZE_WH, LabelledFace, LabelledPhoto, write_index
from train.evaluation import segmenter as evaluation
from train.evaluation.tables import print_markdown, score_tables, table_of
from train.labelling.label_maps import draw_label_map

POINTS = [[104.0, 136.0], [170.0, 136.0], [137.0, 210.0]]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def write_checkpoint(path: Path, arch: str, regions: list[str]) -> Path:
    torch.manual_seed(0)
    spec = NetworkSpec(arch, regions, "tight", 4, "made-up faces", "abc1234")
    state = {f"network.{name}": value for name, value in spec.build().state_dict().items()}
    torch.save({"network_spec": spec_contents(spec), "state_dict": state}, path)
    return path


@pytest.fixture
def segmenter(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "best.pt", "unet-lite", [region_name(region) for region in Region])


@pytest.fixture
def data(tmp_path: Path, write_pair: Callable[..., None], drawn_face: Callable[..., npt.NDArray[np.float64]]) -> Path:
    """A label set of six held-out faces of two sources, and six photos without one; two faces are learnt from."""
    folder = tmp_path / "set"
    landmarks = drawn_face() + 48
    label_map = draw_label_map(landmarks, CANVAS_SIZE_WH)
    canvas = (label_map[:, :, None] * np.array([30, 20, 10]) + 20).astype(np.uint8)
    photos = []
    for index in range(8):
        name = f"face{index}"
        write_pair(folder, name, canvas, label_map)
        assert cv2.imwrite(str(folder / f"{name}.png"), canvas)
        row = LabelledPhoto(
            str(folder / f"{name}.png"),
            ("shut", "covered")[index % 2],
            *CANVAS_SIZE_WH,
            faces=[LabelledFace(name, POINTS, name)],
            split="train" if index > 5 else "val",
        )
        photos.append(row)
        empty = folder / f"empty{index}.png"
        assert cv2.imwrite(str(empty), np.random.default_rng(index).integers(0, 256, (60, 80, 3), np.uint8))
        photos.append(LabelledPhoto(str(empty), "empty", 80, 60, rejected="no face", split=row.split))
    write_index(folder, photos)
    return folder


@pytest.fixture
def sight(
    tmp_path: Path, drawn_face: Callable[..., npt.NDArray[np.float64]], monkeypatch: pytest.MonkeyPatch
) -> tuple[object, ...]:
    """Options of folders of photos, and a landmarker that sees the same face in each of them."""

    class SeesOneFace:
        def __init__(self, model: Path) -> None:
            assert model.is_file()

        def __enter__(self) -> "SeesOneFace":
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def find(self, photo_bgr: BgrImage) -> list[npt.NDArray[np.float64]]:
            return [drawn_face()]

        def find_in_depth(self, photo_bgr: BgrImage) -> list[npt.NDArray[np.float64]]:
            return [np.column_stack([drawn_face(), np.zeros(478)])]

    monkeypatch.setattr(evaluation, "FaceLandmarker", SeesOneFace)
    (tmp_path / "model.task").write_text("")
    for kind, names in (("shut", ("face0", "face6", "new")), ("covered", ("a", "b"))):
        (tmp_path / kind).mkdir()
        for name in names:
            assert cv2.imwrite(str(tmp_path / kind / f"{name}.png"), np.full((218, 178, 3), 90, np.uint8))
    square = [[10, 10], [20, 10], [20, 20], [10, 20]]
    outlines = dict.fromkeys(("right_eye", "left_eye", "lips_outer", "lips_inner"), square)
    (tmp_path / "people" / "images").mkdir(parents=True)
    (tmp_path / "people" / "contours.json").write_text(json.dumps({"face0.png": outlines}))
    assert cv2.imwrite(str(tmp_path / "people" / "images" / "face0.png"), np.full((218, 178, 3), 90, np.uint8))
    return (
        "--closed-eyes",
        tmp_path / "shut",
        "--covered-mouths",
        tmp_path / "covered",
        "--contours",
        tmp_path / "people",
        "--landmarker",
        tmp_path / "model.task",
    )


def scores_of(result: Result, out: Path) -> dict[str, dict[str, object]]:
    assert result.exit_code == 0, result.output
    scores: dict[str, dict[str, object]] = json.loads((out / "scores.json").read_text())
    return scores


def test_one_command_takes_every_measure(segmenter: Path, data: Path, sight: tuple[object, ...]) -> None:
    out = segmenter.parent / "out"
    result = run("evaluate", segmenter, "--data", data, *sight, "--out", out)
    scores = scores_of(result, out)
    assert set(scores) == {
        *("validation", "contours", "closed_eyes", "covered_mouths", "jitter", "noise_flicker", "checkpoint_sha256")
    }
    assert {name: source["faces"] for name, source in scores["validation"]["sources"].items()} == {
        "covered": 3,
        "shut": 3,
    }
    assert (scores["closed_eyes"]["photos"], scores["closed_eyes"]["learnt"]) == (2, 1)  # face6 was learnt from
    assert scores["covered_mouths"]["faces"] == 2
    assert scores["jitter"]["faces"] == scores["noise_flicker"]["faces"] == 6
    assert scores["contours"]["jitter"]["faces"] == 1
    assert set(scores["contours"]["edges_px"]) == {"ours", "mediapipe"}
    for picture in ("comparison.png", "worst.png", "worst_outlines.png"):
        assert cv2.imread(str(out / picture)) is not None
    for title in ("by source", "drawn by people", "closed eyes", "covered mouths", "crop moved", "still photos"):
        assert title in " ".join(result.output.split())


def test_measures_are_left_out_made_smaller_and_excepted(
    segmenter: Path, data: Path, sight: tuple[object, ...]
) -> None:
    out = segmenter.parent / "out"
    bare = scores_of(run("evaluate", segmenter, "--data", data, "--steady-faces", 0, "--out", out), out)
    assert set(bare) == {"validation", "checkpoint_sha256"}
    few = ("--most", 1, "--steady-faces", 2)
    scores = scores_of(run("evaluate", segmenter, "--data", data, *sight, *few, "--out", out), out)
    assert scores["validation"]["faces"] == scores["jitter"]["faces"] == 1
    assert scores["closed_eyes"]["photos"] == scores["covered_mouths"]["photos"] == 1
    listed = segmenter.parent / "except.txt"
    listed.write_text("shut/new.png  # open\n")
    words = ("evaluate", segmenter, "--data", data, *sight, "--exceptions", listed, "--out", out)
    assert scores_of(run(*words), out)["closed_eyes"]["excepted"] == 1
    listed.write_text("new.png\n")
    refused = run(*words)
    assert refused.exit_code == 1
    assert "except.txt:1: 'new.png' is not FOLDER/FILE" in " ".join(refused.output.split())


def test_the_finder_is_measured_on_empty_photos_and_frames(data: Path, sight: tuple[object, ...]) -> None:
    finder = write_checkpoint(data.parent / "finder.pt", "face-finder", [])
    out = data.parent / "out"
    words = ("evaluate", finder, "--data", data, "--backgrounds", data, "--out", out)
    scores = scores_of(run(*words), out)
    assert scores["empty"]["ours"]["photos"] == 6
    assert scores["empty"]["ours"]["false_alarms"] == 0
    assert scores["frames"]["ours"]["all"]["faces"] >= 6
    assert not any("yaw" in row for row in scores["frames"]["ours"])
    listed = data.parent / "except.txt"
    listed.write_text("empty/empty0.png\n")
    turned = scores_of(run(*words, *sight[-2:], "--most", 2, "--exceptions", listed), out)
    assert turned["empty"]["ours"]["photos"] == 5
    assert turned["frames"]["ours"]["yaw 0 to 15 degrees"] == turned["frames"]["ours"]["all"]


def test_markdown_tables_are_whole_lines(segmenter: Path, data: Path, sight: tuple[object, ...]) -> None:
    result = run("evaluate", segmenter, "--data", data, *sight, "--markdown", "--out", segmenter.parent / "out")
    assert result.exit_code == 0, result.output
    assert "**validation, 6 faces, by source, Dice / IoU**\n\n| source " in result.output
    rows = [line for line in result.output.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)
    assert any(re.fullmatch(r"\| lips +\|( +[\dan.]+ \|){6}", line) for line in rows)


def test_a_table_in_markdown_by_hand() -> None:
    file = StringIO()
    print_markdown([table_of("a title", ("name", "n"), [("x", "1"), ("long", "22")])], Console(file=file, width=10))
    assert file.getvalue() == "**a title**\n\n| name |  n |\n|------|----|\n| x    |  1 |\n| long | 22 |\n\n"


def test_points_lost_are_told_with_their_sign() -> None:
    f1 = {"unmoved": {"lips": 0.9}, "larger": {"lips": 0.885}}
    validation = {"scenes": 1}
    jitter = {"faces": 3, "f1": f1, "worst_points": 1.5}
    *_, table = score_tables({"validation": validation, "jitter": jitter})
    assert list(table.columns[1].cells) == ["0.9000", "-1.50"]
    assert "worst loss 1.50" in str(table.title)
