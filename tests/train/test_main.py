"""The commands as a user runs them, on a label set of two drawn faces in many copies."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from typer.testing import CliRunner, Result

from realtime.core.regions import Region
from train.__main__ import app
from train.checkpoint import load_checkpoint
from train.data.crops import held_out
from train.data.label_set import CANVAS_SIZE_WH, LabelledFace, LabelledPhoto, write_index
from train.fitting.progress import read_curves
from train.labelling import photos as labelling
from train.labelling.label_maps import draw_label_map
from train.labelling.photos import LabelOptions
from train.labelling.report import write_contact_sheet

WritePair = Callable[[Path, str, npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]
DrawnFaceLandmarks = Callable[..., npt.NDArray[np.float64]]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="session")
def label_set(tmp_path_factory: pytest.TempPathFactory, write_pair: WritePair, drawn_face: DrawnFaceLandmarks) -> Path:
    """16 faces, each a coloured picture of its own label map, a quarter of them held out."""
    folder = tmp_path_factory.mktemp("drawn")
    landmarks = drawn_face() + 48
    label_map = draw_label_map(landmarks, CANVAS_SIZE_WH)
    canvas = (label_map[:, :, None] * np.array([30, 20, 10]) + 20).astype(np.uint8)
    held = [name for name in map(str, range(400)) if held_out(name)][:4]
    kept = [name for name in map(str, range(400)) if not held_out(name)][:12]
    photos = []
    for name in held + kept:
        write_pair(folder, name, canvas, label_map)
        assert cv2.imwrite(str(folder / f"{name}.png"), canvas)
        face = LabelledFace(name, [[104.0, 136.0], [170.0, 136.0], [137.0, 210.0]], group=name)
        size = {"width": CANVAS_SIZE_WH[0], "height": CANVAS_SIZE_WH[1]}
        photos.append(LabelledPhoto(str(folder / f"{name}.png"), "drawn", **size, faces=[face]))
    for name in held + kept:
        path = folder / f"empty_{name}.png"
        assert cv2.imwrite(str(path), np.random.default_rng(int(name)).integers(0, 256, (60, 80, 3), np.uint8))
        photos.append(LabelledPhoto(str(path), "drawn", 80, 60, rejected="no face"))
    write_index(folder, photos)
    return folder


@pytest.fixture(scope="session")
def fitted(label_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one epoch."""
    out = tmp_path_factory.mktemp("run")
    result = run("fit", "--data", label_set, "--out", out, "--epochs", 1, "--batch-size", 4, "--width", 4, *QUICK)
    assert result.exit_code == 0, result.output
    return out


QUICK = ("--workers", 0, "--threads", 1)
BALANCED = ("--balance", "source", *QUICK)


def test_fit_leaves_checkpoints_that_say_what_they_are_a_log_and_curves(fitted: Path) -> None:
    network, spec = load_checkpoint(fitted / "best.pt")
    assert (spec.arch, spec.width, spec.layout, len(spec.regions)) == ("unet-lite", 4, "tight", len(Region))
    assert not network.training
    assert (fitted / "last.pt").is_file()
    curves = read_curves(fitted)
    assert {"loss", "val_score", "val_dice_left_iris"} <= set(curves)
    assert cv2.imread(str(fitted / "curves.png")) is not None


def test_fit_goes_on_from_a_checkpoint_and_refuses_another_plan(fitted: Path, label_set: Path) -> None:
    common = ("fit", "--data", label_set, "--out", fitted, "--batch-size", 4, "--width", 4, *QUICK)
    resume = ("--resume", fitted / "last.pt")
    assert run(*common, "--epochs", 1, *resume).exit_code == 0
    refused = run(*common, "--epochs", 2, *resume)
    assert refused.exit_code == 1
    assert "planned for 3 steps, this one for 6" in refused.output


def test_the_same_seed_gives_the_same_weights(label_set: Path, tmp_path: Path) -> None:
    networks = []
    for name in ("one", "two"):
        out = tmp_path / name
        run("fit", "--data", label_set, "--out", out, "--epochs", 1, "--batch-size", 4, "--width", 2, *QUICK)
        networks.append(load_checkpoint(out / "last.pt")[0].state_dict())
    assert all((networks[0][key] == networks[1][key]).all() for key in networks[0])


def test_evaluate_writes_scores_of_every_region_and_a_picture(fitted: Path, label_set: Path, tmp_path: Path) -> None:
    result = run("evaluate", fitted / "best.pt", "--data", label_set, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["validation"]["faces"] == 4
    assert set(scores["validation"]["regions"]) == {region.name.lower() for region in Region}
    assert all(0 <= score["dice"] <= 1 for score in scores["validation"]["regions"].values())
    assert cv2.imread(str(tmp_path / "comparison.png")).shape[0] >= 3 * 218


def test_the_face_finder_is_fitted_and_scored_by_the_same_commands(label_set: Path, tmp_path: Path) -> None:
    data = ("--data", label_set, "--backgrounds", label_set)
    fit = run(
        "fit",
        "--arch",
        "face-finder",
        *data,
        "--out",
        tmp_path,
        "--epochs",
        1,
        "--batch-size",
        4,
        "--width",
        4,
        *BALANCED,
    )
    assert fit.exit_code == 0, fit.output
    result = run("evaluate", tmp_path / "best.pt", *data, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "scores.json").read_text())["validation"]["scenes"] == 4
    refused = run("evaluate", tmp_path / "best.pt", *data, "--out", tmp_path, "--split", "test")
    assert refused.exit_code == 1
    assert "leave out --split" in refused.output


def test_the_contact_sheet_shows_every_crop_of_a_small_set(label_set: Path) -> None:
    sheet = cv2.imread(str(write_contact_sheet(label_set)))
    assert sheet.shape == (2 * 218, 12 * 178, 3)
    assert sheet[:218].any(axis=2).mean() > 0.9  # a full row
    assert not sheet[218:, 4 * 178 :].any()  # 16 crops: the second row ends after four


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], LabelOptions()),
        (["--detections", 3], LabelOptions(detections=3)),
        (["--covered", "mouth"], LabelOptions(covered=("mouth",))),
        (["--layout", "celeba", "--whole-irises"], LabelOptions(layout="celeba", whole_irises=True)),
        (["--closed-eyes"], LabelOptions(closed_eyes=True)),
        (["--eye-growth", 0], LabelOptions(eye_growth=0.0)),
        (["--eye-growth", 0.02, "--eyes-agreed"], LabelOptions(eye_growth=0.02, eyes_agreed=True)),
    ],
    ids=[
        "default",
        "detections",
        "covered",
        "layout and irises",
        "closed eyes",
        "eyes as they are drawn",
        "grown and agreed",
    ],
)
def test_the_options_of_label_reach_the_labelling(
    words: list[object], options: LabelOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[LabelOptions] = []

    def remember(*arguments: object) -> list[LabelledPhoto]:
        assert isinstance(arguments[-1], LabelOptions)
        asked.append(arguments[-1])
        return []

    monkeypatch.setattr(labelling, "label_photos", remember)
    photo = tmp_path / "a.jpg"
    photo.touch()
    result = run("label", photo, "--out", tmp_path, "--landmarker", photo, *words)
    assert result.exit_code == 0, result.output
    assert asked == [options]


@pytest.mark.parametrize(
    ("words", "exit_code", "line"),
    [
        (["label", "missing.jpg", "--out", "x"], 1, "missing.jpg: no such file or folder"),
        (["label", "a", "--out", "x", "--covered", "nose"], 2, "'nose' is none of mouth"),
        (["label", "a", "--out", "x", "--covered", "mouth", "--layout", "celeba"], 1, "in the tight layout alone"),
        (["label", "a", "--out", "x", "--detections", "99"], 2, "less than or equal to 10"),
        (["label", "a", "--out", "x", "--eye-growth", "0.2"], 2, "less than or equal to 0.1"),
        (["label", "a", "--out", "x", "--lids", "landmarks"], 2, "No such option: --lids"),
        (["fit", "--data", "missing", "--out", "x"], 1, "missing: no index.jsonl here"),
        (["fit", "--data", "d", "--out", "x", "--arch", "nonsense"], 2, "'nonsense' is none of"),
        (["fit", "--data", "d", "--out", "x", "--regions", "background,nose"], 2, "unknown region nose"),
        (["fit", "--data", "d", "--out", "x", "--regions", "left_iris,background"], 2, "background comes first"),
        (["fit", "--data", "d", "--out", "x", "--resume", "missing.pt"], 1, "missing.pt: no such checkpoint"),
        (["evaluate", "missing.pt", "--data", "d", "--out", "x"], 1, "missing.pt: no such checkpoint"),
    ],
    ids=[
        "no photo",
        "unknown cover",
        "cover of a layout",
        "too many looks",
        "eyes grown too far",
        "an option that is gone",
        "no label set",
        "unknown network",
        "unknown region",
        "order",
        "no resume",
        "no checkpoint",
    ],
)
def test_what_cannot_be_used_gets_one_line(
    words: list[str], exit_code: int, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == exit_code
    assert line in " ".join(result.output.replace("│", " ").split())
    assert "Traceback" not in result.output
