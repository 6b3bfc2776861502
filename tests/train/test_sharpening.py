"""Sharpened labels: what a teacher sees, as the unmoved crop has it, mixed into the training faces' labels alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from numpy.testing import assert_array_equal
from typer.testing import CliRunner, Result

from realtime.core.geometry import LAYOUTS, TIGHT, BgrImage
from realtime.core.regions import Region, region_name
from train.__main__ import app
from train.checkpoint import NetworkSpec, spec_contents
from train.data.crops import held_out
from train.data.label_set import LabelledFace, LabelledPhoto, read_index, read_pair, write_index
from train.prediction import PhotoSegmenter
from train.sharpening import INNER, LABEL_SHARE, averaged_probs, mix, sharpen_labels

WritePair = Callable[[Path, str, npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]
POINTS = [[104.0, 136.0], [170.0, 136.0], [137.0, 210.0]]
HELD_OUT = next(str(number) for number in range(400) if held_out(str(number)))


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def sides_of_what_is_bright(crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """What is bright is the right eye in the crop's left half, in the other half the left eye."""
    bright = crops[..., 0] > 127
    probs = np.zeros((len(crops), len(Region), 218, 178), np.float32)
    probs[:, Region.RIGHT_EYE, :, :89] = bright[..., :89]
    probs[:, Region.LEFT_EYE, :, 89:] = bright[..., 89:]
    probs[:, Region.BACKGROUND] = ~bright
    return probs


@pytest.fixture
def teacher() -> PhotoSegmenter:
    return PhotoSegmenter(sides_of_what_is_bright, tuple(Region), "softmax", TIGHT)


@pytest.fixture
def canvas_bgr() -> BgrImage:
    """Two bright eyes, the one on the left higher."""
    canvas = np.zeros((314, 274, 3), np.uint8)
    canvas[48 + 80 : 48 + 92, 48 + 40 : 48 + 70] = canvas[48 + 90 : 48 + 102, 48 + 110 : 48 + 140] = 255
    return BgrImage(canvas)


@pytest.fixture
def label_set(tmp_path: Path, write_pair: WritePair, canvas_bgr: BgrImage) -> Path:
    """A training face, one that is held out, and one whose mouth is covered; nothing is labelled on any."""
    folder = tmp_path / "labelled"
    for name in ("learnt", "held", "covered"):
        write_pair(folder, name, canvas_bgr, np.zeros((314, 274), np.uint8))
    photos = [
        LabelledPhoto("/a.jpg", "s", labeller="somebody", faces=[LabelledFace("learnt", POINTS, "x1")]),
        LabelledPhoto("/b.jpg", "s", labeller="somebody", faces=[LabelledFace("held", POINTS, HELD_OUT)]),
        LabelledPhoto(
            "/c.jpg", "s", labeller="somebody", faces=[LabelledFace("covered", POINTS, "x2")], covered=["mouth"]
        ),
        LabelledPhoto("/none.jpg", "s", rejected="no face"),
    ]
    write_index(folder, photos)
    return folder


def test_all_looks_agree_where_things_are_and_which_side_is_which(
    teacher: PhotoSegmenter, canvas_bgr: BgrImage
) -> None:
    probs = averaged_probs(teacher, canvas_bgr)
    expected = sides_of_what_is_bright(canvas_bgr[INNER][None])[0]
    assert probs.shape == (8, 218, 178)
    inside = np.s_[:, 5:-5, 5:-5]  # at the crop's own edge a look that makes it smaller shows nothing
    assert np.abs(probs - expected)[inside].mean() < 0.003
    assert_array_equal((probs > 0.5)[[Region.RIGHT_EYE, Region.LEFT_EYE]], expected[[1, 2]] > 0.5)


def test_where_both_agree_or_one_is_surer_the_mixture_is_theirs() -> None:
    label_map = np.zeros((20, 30), np.uint8)
    label_map[:, 15:] = Region.UPPER_LIP
    probs = np.zeros((8, 20, 30), np.float32)
    needed = LABEL_SHARE / (1 - LABEL_SHARE)  # by which another region must be more probable than the labelled one
    for rows, surer in ((np.s_[:10], needed + 0.02), (np.s_[10:], needed - 0.02)):
        probs[Region.LOWER_LIP, rows] = (1 + surer) / 2
        probs[[0, Region.UPPER_LIP], rows] = (1 - surer) / 2
    mixed = mix(label_map, probs)
    assert (mixed[:10] == Region.LOWER_LIP).all()
    assert_array_equal(mixed[10:], label_map[10:])


def test_training_faces_alone_are_sharpened(label_set: Path, teacher: PhotoSegmenter, tmp_path: Path) -> None:
    seen: list[None] = []
    assert sharpen_labels(label_set, teacher, "best", tmp_path / "out", lambda: seen.append(None)) == 1
    assert len(seen) == 3
    for name in ("learnt", "held", "covered"):
        crop = Path("crops") / f"{name}.jpg"
        assert (tmp_path / "out" / crop).read_bytes() == (label_set / crop).read_bytes()
    found = {name: read_pair(tmp_path / "out", name)[1] for name in ("learnt", "held", "covered")}
    assert not found["held"].any()
    assert not found["covered"].any()
    assert (found["learnt"][INNER][82:90, 42:68] == Region.RIGHT_EYE).all()
    assert (found["learnt"][INNER][92:100, 112:138] == Region.LEFT_EYE).all()
    before, after = read_index(label_set), read_index(tmp_path / "out")
    assert after[0] == replace(before[0], labeller="somebody, sharpened by best")
    assert after[1:] == before[1:]


def test_what_does_not_fit_is_refused_before_anything_is_written(
    label_set: Path, teacher: PhotoSegmenter, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def refused(asked: PhotoSegmenter, match: str, to: Path = out) -> None:
        with pytest.raises(ValueError, match=match):
            sharpen_labels(label_set, asked, "best", to, lambda: None)

    refused(replace(teacher, head="sigmoid"), "all regions apart")
    refused(replace(teacher, regions=tuple(Region)[:5]), "all regions apart")
    refused(replace(teacher, layout=LAYOUTS["celeba"]), "other crops than celeba")
    refused(teacher, "the set itself", to=label_set)
    write_index(label_set, [replace(photo, classes=["right_eye"]) for photo in read_index(label_set)])
    refused(teacher, "has not all regions")
    (label_set / "images.npy").touch()
    (label_set / "masks.npy").touch()
    refused(teacher, "a packed set")
    assert not out.exists()


def test_the_command_takes_a_checkpoint(label_set: Path, tmp_path: Path) -> None:
    spec = NetworkSpec("unet-lite", [region_name(region) for region in Region], "tight", 4, "made-up faces", "abc1234")
    state = {f"network.{name}": value for name, value in spec.build().state_dict().items()}
    torch.save({"network_spec": spec_contents(spec), "state_dict": state}, tmp_path / "wide.pt")
    result = run("sharpen", label_set, "--teacher", tmp_path / "wide.pt", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 faces with sharpened labels" in " ".join(result.output.split())
    assert read_index(tmp_path / "out")[0].labeller == "somebody, sharpened by wide"
    refused = run("sharpen", tmp_path, "--teacher", tmp_path / "wide.pt", "--out", tmp_path / "other")
    assert refused.exit_code == 1
    assert "no index.jsonl here" in " ".join(refused.output.split())
