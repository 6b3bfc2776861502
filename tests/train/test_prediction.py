"""`predict`: the masks of photos, the same from a checkpoint and from the model file made of it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from numpy.testing import assert_array_equal
from typer.testing import CliRunner, Result

from realtime.core.geometry import LAYOUTS, TIGHT, BgrImage
from realtime.core.regions import Region
from train.__main__ import app
from train.checkpoint import NetworkSpec, spec_contents
from train.labelling.label_maps import tint
from train.labelling.photos import unique_names
from train.prediction import PhotoSegmenter, predict_photos

SPEC = NetworkSpec("unet-lite", ["right_iris", "left_iris"], "celeba", 4, "made-up faces", "abc1234", head="sigmoid")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Of a network whose first region claims about half of all pixels."""
    torch.manual_seed(0)
    state = {f"network.{name}": value for name, value in SPEC.build().state_dict().items()}
    torch.save({"network_spec": spec_contents(SPEC), "state_dict": state}, tmp_path / "best.pt")
    return tmp_path / "best.pt"


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """A folder of two crops."""
    (tmp_path / "crops").mkdir()
    for name in ("a", "b"):
        coarse = np.random.default_rng(ord(name)).integers(0, 256, (4, 3, 3), np.uint8)
        pixels = cv2.resize(coarse, (178, 218), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(tmp_path / "crops" / f"{name}.png"), pixels)
    return tmp_path / "crops"


def test_aligned_crops_get_masks_and_overlays(checkpoint: Path, crops: Path, tmp_path: Path) -> None:
    result = run("predict", checkpoint, crops, "--out", tmp_path / "out", "--aligned")
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"crops_a.png", "crops_a_overlay.jpg", "crops_b.png", "crops_b_overlay.jpg"}
    found = cv2.imread(str(tmp_path / "out" / "crops_b.png"), cv2.IMREAD_UNCHANGED)
    crop = BgrImage(cv2.imread(str(crops / "b.png")))
    assert_array_equal(found, PhotoSegmenter.read(checkpoint).segment_crop(crop))
    assert set(np.unique(found)) <= {Region.BACKGROUND, Region.RIGHT_IRIS, Region.LEFT_IRIS}
    assert len(np.unique(found)) > 1
    overlay = cv2.imread(str(tmp_path / "out" / "crops_b_overlay.jpg"))
    blurred, expected = (cv2.blur(picture.astype(np.float32), (15, 15)) for picture in (overlay, tint(crop, found)))
    assert np.abs(blurred - expected).mean() < 3  # single pixels suffer in a JPEG
    assert np.abs(blurred - cv2.blur(crop.astype(np.float32), (15, 15))).mean() > 6


class OneFace:
    """Finds the same landmarks in every photo."""

    def __init__(self, landmarks: npt.NDArray[np.float64]) -> None:
        self._landmarks = landmarks

    def find(self, photo_bgr: BgrImage) -> Sequence[npt.NDArray[np.float64]]:
        return [self._landmarks] if photo_bgr.any() else []


def test_faces_are_masked_where_they_are_and_photos_without_one_are_told(drawn_face, tmp_path: Path) -> None:
    # A face twice as large as the layout wants, 100 pixels right and 50 down: the crop's upper left quarter is iris.
    probs = np.zeros((1, 2, 218, 178), np.float32)
    probs[0, 0, :109, :89] = 0.9
    segmenter = PhotoSegmenter(
        lambda _: probs, (Region.BACKGROUND, Region.RIGHT_IRIS, Region.LEFT_IRIS), "sigmoid", TIGHT
    )
    for name, level in (("face", 90), ("nothing", 0)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((600, 500, 3), level, np.uint8))
    photos = [tmp_path / "face.png", tmp_path / "nothing.png"]
    landmarks = 2 * drawn_face() + np.array([100, 50])
    without = predict_photos(segmenter, photos, OneFace(landmarks), tmp_path / "out", lambda: None)
    assert without == [tmp_path / "nothing.png"]
    one, other = (cv2.imread(str(tmp_path / "out" / f"{n}.png"), cv2.IMREAD_UNCHANGED) for n in unique_names(photos))
    expected = np.zeros((600, 500), np.uint8)
    expected[50 : 50 + 218, 100 : 100 + 178] = Region.RIGHT_IRIS
    assert (one != expected).mean() < 0.01
    assert not other.any()


def test_of_two_faces_neither_rubs_out_the_other(drawn_face) -> None:
    probs = np.zeros((1, 1, 218, 178), np.float32)
    probs[0, 0, 88:130, 60:120] = 0.9
    segmenter = PhotoSegmenter(lambda _: probs, (Region.BACKGROUND, Region.UPPER_LIP), "sigmoid", LAYOUTS["tight"])
    photo = BgrImage(np.zeros((300, 400, 3), np.uint8))
    near = [drawn_face(), drawn_face() + np.array([100, 0])]
    together = segmenter.segment_photo(photo, near)
    alone = [segmenter.segment_photo(photo, [face]) for face in near]
    assert_array_equal(together, np.maximum(*alone))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["gone.pt", "crops"], "gone.pt: no such checkpoint"),
        (["gone.onnx", "crops"], "gone.onnx: no such model file"),
        (["best.pt", "gone"], "gone: no such file or folder"),
        (["finder.pt", "crops"], "finder.pt: a face-finder, where a segmenter is needed"),
        (["best.pt", "large.png"], "large.png: 200x218, where --aligned wants 178x218"),
        (["best.pt", "text.png"], "text.png: missing or unreadable"),
    ],
    ids=["no checkpoint", "no model", "no photo", "the face finder", "another size", "no picture"],
)
def test_what_cannot_be_used_gets_one_line(
    words: list[str], line: str, checkpoint: Path, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert crops.parent == checkpoint.parent
    monkeypatch.chdir(checkpoint.parent)
    finder = NetworkSpec("face-finder", [], "tight", 4, "made-up scenes", "abc1234")
    state = {f"network.{name}": value for name, value in finder.build().state_dict().items()}
    torch.save({"network_spec": spec_contents(finder), "state_dict": state}, "finder.pt")
    cv2.imwrite("large.png", np.zeros((218, 200, 3), np.uint8))
    Path("text.png").write_text("no picture")
    result = run("predict", *words, "--out", "out", "--aligned")
    assert result.exit_code == 1
    assert line in result.output.replace("\n", "")
