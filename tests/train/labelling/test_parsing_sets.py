"""LaPa and CelebAMask-HQ, made up: every part in its place, eyes by the face, and whatever is broken told apart."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import Tensor, nn
from typer.testing import CliRunner, Result

from realtime.core.regions import Region, mirror_label_map, region_name
from train.__main__ import app
from train.checkpoint import NetworkSpec
from train.data.crops import faces_by_side
from train.data.label_set import LabelledPhoto, faces_of, read_index, read_pair
from train.evaluation.segmenter import evaluate_segmenter
from train.labelling.parsing_sets import (
    CLASSES,
    NoLabelsError,
    canvas_label_map,
    find_celebamask,
    find_lapa,
    import_photo,
    is_swapped,
    part_centers,
)

Image = npt.NDArray[np.uint8]
# Centres and half axes on a picture of 240x320; its left is the subject's right.
ELLIPSES = {
    "picture left eye": ((80, 120), (16, 8)),
    "picture right eye": ((160, 120), (16, 8)),
    "upper lip": ((120, 196), (30, 8)),
    "lower lip": ((120, 212), (30, 8)),
    "inside": ((120, 204), (24, 4)),
}
LAPA_IDS = {"picture left eye": 4, "picture right eye": 5, "upper lip": 7, "lower lip": 9, "inside": 8}
CELEBAMASK_NAMES = {
    "picture left eye": "l_eye",
    "picture right eye": "r_eye",
    "upper lip": "u_lip",
    "lower lip": "l_lip",
    "inside": "mouth",
}
OURS = {
    "picture left eye": Region.RIGHT_EYE,
    "picture right eye": Region.LEFT_EYE,
    "upper lip": Region.UPPER_LIP,
    "lower lip": Region.LOWER_LIP,
    "inside": Region.MOUTH_INSIDE,
}


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def draw(values: dict[str, int], leave_out: str = "", background: int = 0) -> Image:
    """(320, 240) the parts with these values."""
    picture = np.full((320, 240), background, np.uint8)
    for name, (center, half_axes) in ELLIPSES.items():
        if name != leave_out:
            cv2.ellipse(picture, center, half_axes, 0, 0, 360, values[name], -1)
    return picture


def photo_of(label_map: Image) -> Image:
    """A photo whose levels tell the label: smooth enough for a JPEG."""
    return np.stack([label_map * 20 + 40, label_map * 10 + 60, 255 - label_map * 25], 2).astype(np.uint8)


def write_lapa(folder: Path, split: str, name: str, ids: Image | None = None) -> Path:
    for kind in ("images", "labels", "landmarks"):
        (folder / split / kind).mkdir(parents=True, exist_ok=True)
    picture = draw(LAPA_IDS, background=1) if ids is None else ids
    assert cv2.imwrite(str(folder / split / "labels" / f"{name}.png"), picture)
    image = folder / split / "images" / f"{name}.jpg"
    assert cv2.imwrite(str(image), photo_of(picture % 12), [cv2.IMWRITE_JPEG_QUALITY, 100])
    return image


def write_celebamask(folder: Path, number: int, leave_out: str = "") -> None:
    """Photo of twice the masks' size."""
    masks = folder / "CelebAMask-HQ-mask-anno" / str(number // 2000)
    for path in (folder / "CelebA-HQ-img", masks):
        path.mkdir(parents=True, exist_ok=True)
    picture = draw(dict(OURS))
    photo = cv2.resize(photo_of(picture), (480, 640), interpolation=cv2.INTER_NEAREST)
    assert cv2.imwrite(str(folder / "CelebA-HQ-img" / f"{number}.jpg"), photo, [cv2.IMWRITE_JPEG_QUALITY, 100])
    for part, name in CELEBAMASK_NAMES.items():
        if part != leave_out:
            mask = (picture == OURS[part]).astype(np.uint8) * 255
            assert cv2.imwrite(str(masks / f"{number:05d}_{name}.png"), np.stack([mask] * 3, 2))
    cv2.imwrite(str(masks / f"{number:05d}_hair.png"), np.full((320, 240, 3), 255, np.uint8))


def imported(folder: Path, out: Path, name: str, *words: object) -> list[LabelledPhoto]:
    result = run("import", name, folder, "--out", out, "--processes", 1, *words)
    assert result.exit_code == 0, result.output
    return read_index(out)


def test_lapas_ids_become_our_regions_and_its_split_is_kept(tmp_path: Path) -> None:
    for split, name in (("train", "1_0"), ("val", "2_0"), ("test", "3_0")):
        write_lapa(tmp_path / "LaPa", split, name)
    rows = imported(tmp_path / "LaPa", tmp_path / "set", "lapa")
    assert [(row.split, row.source, row.classes, row.layout) for row in rows] == [
        (split, f"LaPa {split}", CLASSES, "tight") for split in ("train", "val", "test")
    ]
    canvas, label_map = read_pair(tmp_path / "set", "val_2_0")
    # tight: eyes 66 apart and 88 below the top, less 48; scale 66 / 80, for the mouth is 84 px below: 74 / 84 is more.
    scale = 66 / 80
    for part, (center, _) in ELLIPSES.items():
        x, y = (np.array(center) - (120, 120)) * scale + (89 + 48, 88 + 48)
        assert label_map[int(y), int(x)] == OURS[part] or part in {"upper lip", "lower lip"}
    assert label_map[int((190 - 120) * scale + 136), 137] == Region.UPPER_LIP
    assert label_map[int((218 - 120) * scale + 136), 137] == Region.LOWER_LIP
    assert set(np.unique(label_map)) == {0, 1, 2, 5, 6, 7}
    # The photo has the same place: its blue level is 20 per LaPa id over 40.
    ids = np.zeros(8, int)
    for part, region in OURS.items():
        ids[region] = LAPA_IDS[part]
    inside = cv2.erode(label_map, np.ones((3, 3))) == cv2.dilate(label_map, np.ones((3, 3)))
    is_part = inside & (label_map > 0)
    assert np.abs(canvas[is_part, 0].astype(int) - (ids[label_map[is_part]] * 20 + 40)).mean() < 8


def test_the_sides_of_a_split_are_the_data_sets_own(tmp_path: Path) -> None:
    for split, name in (("train", "a"), ("train", "b"), ("val", "c"), ("test", "d")):
        write_lapa(tmp_path / "LaPa", split, name)
    imported(tmp_path / "LaPa", tmp_path / "set", "lapa")
    sides = faces_by_side([tmp_path / "set"])
    assert {side: [pair.name for pair in faces.pairs] for side, faces in sides.items()} == {
        "train": ["train_a", "train_b"],
        "val": ["val_c"],
        "test": ["test_d"],
    }
    assert {pair.labeller for side in sides.values() for pair in side.pairs} == {"people, LaPa"}


def test_celebamask_parts_become_our_regions_at_the_photos_own_resolution(tmp_path: Path) -> None:
    write_celebamask(tmp_path / "set", 7)
    write_celebamask(tmp_path / "set", 2001)
    rows = imported(tmp_path / "set", tmp_path / "out", "celebamask-hq", "--layout", "celeba")
    assert [(row.source, row.split, row.layout) for row in rows] == [("CelebAMask-HQ", "", "celeba")] * 2
    assert_allclose(rows[0].faces[0].points, np.array([(80, 120), (160, 120), (120, 204)]) * 2 + 1, atol=0.6)
    _, label_map = read_pair(tmp_path / "out", "02001")
    scale = 39 / 160  # celeba: eyes 39 apart; 42 to the mouth would be 42 / 168, which is more
    centers = part_centers(label_map)
    assert_allclose(centers[1] - centers[0], (160 * scale, 0), atol=0.5)
    assert_allclose(centers[:2].mean(axis=0), (89 + 48, 112 + 48), atol=0.5)
    area = (label_map == Region.RIGHT_EYE).sum()
    assert area == pytest.approx((draw(dict(OURS)) == Region.RIGHT_EYE).sum() * (2 * scale) ** 2, rel=0.05)


def test_celebamasks_split_is_that_of_its_own_script(tmp_path: Path) -> None:
    for number in range(4):
        write_celebamask(tmp_path, number)
    mapping = tmp_path / "CelebA-HQ-to-CelebA-mapping.txt"
    lines = [f"{number} {index} {index + 1:06d}.jpg" for number, index in enumerate([9, 162770, 162771, 182638])]
    mapping.write_text("idx orig_idx orig_file\n" + "\n".join(lines) + "\n")
    assert [photo.split for photo in find_celebamask(tmp_path)] == ["train", "train", "val", "test"]
    mapping.write_text("idx orig_idx orig_file\n0\n")
    with pytest.raises(ValueError, match=r"mapping\.txt:2: not a number of CelebA-HQ"):
        find_celebamask(tmp_path)


@pytest.mark.parametrize("turned_deg", [0, 70, 180, -110])
@pytest.mark.parametrize("is_named_otherwise", [False, True], ids=["eye 4 on the left", "eye 4 on the right"])
def test_the_subjects_right_eye_is_told_by_the_face_not_by_the_sets_name(
    is_named_otherwise: bool, turned_deg: int, tmp_path: Path
) -> None:
    ids = dict(LAPA_IDS)
    if is_named_otherwise:
        ids["picture left eye"], ids["picture right eye"] = 5, 4
    turn = cv2.getRotationMatrix2D((120, 160), turned_deg, 1)
    write_lapa(tmp_path, "train", "a", cv2.warpAffine(draw(ids), turn, (240, 320), flags=cv2.INTER_NEAREST))
    photo_bgr, label_map, points = find_lapa(tmp_path)[0].read()
    assert_allclose(points, np.array([(80, 120), (160, 120), (120, 204)]) @ turn[:, :2].T + turn[:, 2], atol=1.5)
    assert part_centers(label_map) == pytest.approx(points)
    assert photo_bgr.shape == (320, 240, 3)
    upright = canvas_label_map(label_map, (240, 320), points.tolist(), "tight")
    assert upright[136, 137 - 33] == Region.RIGHT_EYE
    assert upright[136, 137 + 33] == Region.LEFT_EYE


def test_a_mirrored_face_is_a_face_worked_by_hand() -> None:
    upright = np.array([[80.0, 120.0], [160.0, 120.0], [120.0, 204.0]])
    assert not is_swapped(upright)
    assert is_swapped(upright[[1, 0, 2]])
    label_map = draw(dict(OURS))
    mirrored = part_centers(mirror_label_map(label_map))
    assert not is_swapped(mirrored)


def test_faces_that_cannot_be_used_are_recorded_with_their_reason_and_named(tmp_path: Path) -> None:
    lapa = tmp_path / "LaPa"
    write_lapa(lapa, "train", "good")
    write_lapa(lapa, "train", "closed", draw(LAPA_IDS, leave_out="picture right eye"))
    write_lapa(lapa, "train", "foreign", draw(LAPA_IDS, background=12))
    write_lapa(lapa, "train", "broken").write_text("no picture")
    write_lapa(lapa, "train", "alone")
    (lapa / "train" / "labels" / "alone.png").unlink()
    write_lapa(lapa, "train", "wide")
    cv2.imwrite(str(lapa / "train" / "labels" / "wide.png"), draw(LAPA_IDS)[:200])
    write_lapa(lapa, "train", "coloured")
    cv2.imwrite(str(lapa / "train" / "labels" / "coloured.png"), photo_of(draw(LAPA_IDS)))
    write_lapa(lapa, "train", "text")
    (lapa / "train" / "labels" / "text.png").write_text("no picture")
    result = run("import", "lapa", lapa, "--out", tmp_path / "set", "--processes", 1)
    assert result.exit_code == 0
    reasons = {Path(row.photo).stem: row.rejected for row in read_index(tmp_path / "set")}
    assert reasons == {
        "good": "",
        "closed": "part missing",
        "foreign": "unknown label ids",
        "broken": "unreadable",
        "alone": "no labels",
        "wide": "labels of another shape",
        "coloured": "coloured labels",
        "text": "unreadable labels",
    }
    assert "part missing: closed.jpg" in result.output
    assert [path.name for path in (tmp_path / "set" / "crops").iterdir()] == ["train_good.jpg"]


def test_celebamask_masks_of_two_sizes_and_missing_eyes_are_told_apart(tmp_path: Path) -> None:
    write_celebamask(tmp_path, 0, leave_out="picture left eye")
    write_celebamask(tmp_path, 1)
    cv2.imwrite(str(tmp_path / "CelebAMask-HQ-mask-anno" / "0" / "00001_l_lip.png"), np.zeros((64, 48), np.uint8))
    for photo, reason in zip(find_celebamask(tmp_path), ("part missing", "labels of different sizes"), strict=True):
        with pytest.raises(NoLabelsError, match=reason):
            photo.read()


def test_a_small_face_keeps_its_points_and_has_no_crop(tmp_path: Path) -> None:
    small = cv2.resize(draw(LAPA_IDS), (56, 75), interpolation=cv2.INTER_NEAREST)  # eyes 80 / 240 * 56 = 18.7 px apart
    write_lapa(tmp_path, "train", "a", small)
    for name in ("crops", "labels"):
        (tmp_path / "out" / name).mkdir(parents=True)
    row = import_photo(find_lapa(tmp_path)[0], tmp_path / "out", "tight")
    assert (row.rejected, len(row.faces), list(faces_of([row]))) == ("", 1, [])


@pytest.mark.parametrize("name", ["lapa", "celebamask-hq"])
def test_a_folder_of_another_layout_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    result = run("import", name, tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.output.strip().startswith("error: ")
    assert "'s folder: " in result.output.strip().splitlines()[0]
    assert not (tmp_path / "out").exists()


class IrisesInEyes(nn.Module):
    """Says of every crop what it was told, the middle of each eye being an iris."""

    def __init__(self, label_map: Image) -> None:
        super().__init__()
        ids = label_map.copy()
        for eye, iris in ((Region.RIGHT_EYE, Region.RIGHT_IRIS), (Region.LEFT_EYE, Region.LEFT_IRIS)):
            columns = np.nonzero(label_map == eye)[1]
            ids[(label_map == eye) & (np.abs(np.arange(178) - columns.mean()) < 5)] = iris
        assert set(np.unique(ids)) == set(Region)
        self.logits = torch.from_numpy(np.eye(8, dtype=np.float32)[ids] * 9).permute(2, 0, 1)

    def forward(self, crop_bgr: Tensor) -> Tensor:
        return self.logits.expand(len(crop_bgr), -1, -1, -1)


def test_a_network_that_knows_irises_is_scored_on_whole_eyes(tmp_path: Path) -> None:
    write_lapa(tmp_path / "LaPa", "val", "a")
    imported(tmp_path / "LaPa", tmp_path / "set", "lapa")
    spec = NetworkSpec("unet-lite", [region_name(region) for region in Region], "tight", 4, "made up", "0000000")
    _, label_map = read_pair(tmp_path / "set", "val_a")
    network = IrisesInEyes(label_map[48:-48, 48:-48])
    scores = evaluate_segmenter(network, spec, [tmp_path / "set"], tmp_path, lambda: None)["validation"]
    assert list(scores["regions"]) == ["background", *CLASSES]
    assert scores["mean_dice"] == 1
    with pytest.raises(ValueError, match="set: no test faces"):
        evaluate_segmenter(network, spec, [tmp_path / "set"], tmp_path, lambda: None, split="test")
    irises = replace(spec, regions=["background", "right_iris", "left_iris"])
    with pytest.raises(ValueError, match="set: labels have nothing in common with the network's regions"):
        evaluate_segmenter(network, irises, [tmp_path / "set"], tmp_path, lambda: None)


def test_fit_and_evaluate_take_an_imported_set_and_score_either_side(tmp_path: Path) -> None:
    for split in ("train", "train", "val", "test", "test"):
        write_lapa(tmp_path / "LaPa", split, f"{len(list(tmp_path.rglob('*.jpg')))}")
    imported(tmp_path / "LaPa", tmp_path / "set", "lapa")
    common = ("--data", tmp_path / "set", "--out", tmp_path / "run")
    quick = ("--epochs", 1, "--batch-size", 2, "--width", 4, "--workers", 0, "--threads", 1)
    refused = run("fit", *common, *quick)
    assert refused.exit_code == 1
    assert "its labels cannot give right_eye, only --regions right_eye+right_iris," in " ".join(refused.output.split())
    fitted = run("fit", *common, *quick, "--regions", ",".join(CLASSES))
    assert fitted.exit_code == 0, fitted.output
    for split, side, count in (("val", "validation", 1), ("test", "test", 2)):
        scored = run(
            "evaluate", tmp_path / "run" / "last.pt", "--data", tmp_path / "set", "--out", tmp_path, "--split", split
        )
        assert scored.exit_code == 0, scored.output
        scores = json.loads((tmp_path / "scores.json").read_text())
        assert (scores[side]["faces"], scores[side]["labels"]) == (count, "people, LaPa")
        assert set(scores[side]["regions"]) == {"background", *CLASSES}
        assert f"{side}, {count} faces" in scored.output


def test_the_written_label_map_is_the_closest_one(tmp_path: Path) -> None:
    """A label map of the crop's own scale, moved by whole pixels, comes back as it was."""
    label_map = draw(dict(OURS))
    points = [[100.0, 100.0], [166.0, 100.0], [133.0, 174.0]]  # mid-eye (133, 100) goes to (137, 136): 4 right, 36 down
    canvas = canvas_label_map(label_map, (240, 320), points, "tight")
    assert_array_equal(canvas[36:314, 4:244], label_map[:278])
    assert not canvas[:36].any()
