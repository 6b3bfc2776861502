"""A crop that sits wrong: what sees alike loses nothing, what knows its place by heart loses."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from realtime.core.regions import Region
from train.augmentation.augment import bring_back
from train.data.classes import common_classes
from train.data.label_set import CANVAS_SIZE_WH
from train.evaluation.held_out import HeldOut, HeldOutFace
from train.evaluation.steadiness import UNMOVED, moves_of, score_jitter, score_noise_flicker, worst_losses
from train.labelling.label_maps import draw_label_map


class ByHeart(nn.Module):
    """Paints the same mask whatever it is shown."""

    def __init__(self, label_map: np.ndarray) -> None:
        super().__init__()
        self.logits = torch.from_numpy(np.eye(8, dtype=np.float32)[label_map] * 9).permute(2, 0, 1)

    def forward(self, crop_bgr: Tensor) -> Tensor:
        return self.logits.expand(len(crop_bgr), -1, -1, -1)


@pytest.fixture
def held_out(drawn_face, painted, spec) -> HeldOut:
    label_map = draw_label_map(drawn_face() + 48, CANVAS_SIZE_WH)
    return HeldOut([HeldOutFace(painted(label_map), "a", "s")], common_classes([()], spec.regions))


class ReadsAnyMouth(nn.Module):
    """Takes whatever is no background for lips: levels between two regions, at their edge, mislead nobody."""

    def forward(self, crop_bgr: Tensor) -> Tensor:
        level = crop_bgr[..., 0].float()
        logits = torch.full((len(crop_bgr), len(Region), *level.shape[1:]), -99.0)
        logits[:, 0], logits[:, Region.UPPER_LIP] = 75 - level, level - 75
        return logits / 10


def test_what_moves_with_the_picture_loses_next_to_nothing(spec, painted, held_out: HeldOut) -> None:
    face = held_out.faces[0].pair
    lips = np.isin(face.label_map, [Region.UPPER_LIP, Region.LOWER_LIP, Region.MOUTH_INSIDE])
    pair = painted(np.where(lips, np.uint8(Region.UPPER_LIP), np.uint8(0)))
    mouth = HeldOut([HeldOutFace(pair, "a", "s")], held_out.classes)
    scores = score_jitter(ReadsAnyMouth(), spec, mouth, lambda: None)
    assert scores["f1"][UNMOVED]["lips"] > 0.97
    assert scores["worst_points"] < 1


def test_what_paints_by_heart_loses_by_every_move(spec, held_out: HeldOut) -> None:
    label_map = held_out.faces[0].pair.label_map[48:-48, 48:-48]
    scores = score_jitter(ByHeart(label_map), spec, held_out, lambda: None)
    lips = {name: of_move["lips"] for name, of_move in scores["f1"].items()}
    assert lips[UNMOVED] > 0.9
    assert max(value for name, value in lips.items() if name != UNMOVED) < lips[UNMOVED] - 0.05
    assert scores["worst_points"] == max(one["points"] for one in scores["worst_loss"].values()) > 5


@pytest.mark.parametrize(("name", "move"), moves_of(66.0).items())
def test_what_is_brought_back_lies_where_it_was(name: str, move) -> None:
    canvas = np.zeros((314, 274), np.float32)
    canvas[48 + 150 : 48 + 160, 48 + 40 : 48 + 52] = 1

    matrix = move.matrix()
    moved = cv2.warpAffine(canvas, matrix, (178, 218))
    back = bring_back(moved[None], matrix)[0]
    y, x = (np.argwhere(back > 0.5) + 0.5).mean(axis=0)
    assert (x, y) == (pytest.approx(46, abs=0.4), pytest.approx(155, abs=0.4))
    moved_y, moved_x = (np.argwhere(moved > 0.5) + 0.5).mean(axis=0)
    assert name == UNMOVED or max(abs(moved_x - 46), abs(moved_y - 155)) > 3


def test_directions_are_as_they_are_called() -> None:
    moves = moves_of(66.0)
    point = np.array([48 + 89 + 50 - 0.5, 48 + 109 - 0.5, 1])  # right of the centre
    where = {name: m.matrix() @ point + 0.5 for name, m in moves.items()}
    assert where["shifted right"] == pytest.approx([139 + 6.6, 109.5])
    assert where["shifted up"] == pytest.approx([139.5, 109 - 6.6])
    assert where["larger"] == pytest.approx([89 + 55, 109])
    assert where["turned left"][1] < 109 - 8


def test_the_worst_loss_is_found_by_hand() -> None:
    f1 = {
        UNMOVED: {"eyes": 0.9, "lips": 0.8, "iris": float("nan")},
        "larger": {"eyes": 0.89, "lips": 0.82, "iris": float("nan")},
        "smaller": {"eyes": 0.87, "lips": 0.795, "iris": float("nan")},
    }
    found = worst_losses(f1)
    assert {group: one["move"] for group, one in found["worst_loss"].items()} == {"eyes": "smaller", "lips": "smaller"}
    assert found["worst_points"] == pytest.approx(3)


class BrightIsLip(nn.Module):
    """Lips where green is above 128, upper on the left half; else background."""

    def forward(self, crop_bgr: Tensor) -> Tensor:
        level = crop_bgr[..., 1].float() - 128
        logits = torch.full((len(crop_bgr), len(Region), *level.shape[1:]), -999.0)
        logits[:, 0] = -level
        logits[:, Region.UPPER_LIP, :, :89], logits[:, Region.LOWER_LIP, :, 89:] = level[..., :89], level[..., 89:]
        return logits


@pytest.fixture
def face(array_face) -> Callable[[int], HeldOutFace]:
    """Bright in 40 rows, half a level under the threshold after truncation in some, dark elsewhere."""

    def paint(undecided_rows: int) -> HeldOutFace:
        canvas = np.full((314, 274, 3), 40, np.uint8)
        canvas[100:140] = 220
        canvas[140 : 140 + undecided_rows] = 128
        return HeldOutFace(array_face(canvas, np.zeros((314, 274), np.uint8)), "a", "s")

    return paint


def test_what_is_far_from_the_threshold_never_changes(spec, face) -> None:
    seen: list[None] = []
    scores = score_noise_flicker(BrightIsLip(), spec, [face(0), face(0)], lambda: seen.append(None))
    assert (scores["faces"], len(seen)) == (2, 2)
    assert scores["changed"]["lips"] == 0
    assert np.isnan(scores["changed"]["eyes"])


def test_undecided_pixels_change_half_of_the_time_and_every_run_is_alike(spec, face) -> None:
    scores = score_noise_flicker(BrightIsLip(), spec, [face(40)], lambda: None)
    # A pixel at the threshold is in the mask with chance p: it changes with 2 p (1 - p), and counts p to the area.
    # Noise of 4 levels, truncated, passes 128 when it is 1 or more: p = 0.401.
    p = 0.401
    assert scores["changed"]["lips"] == pytest.approx(2 * p * (1 - p) / (1 + p), abs=0.01)
    assert (
        score_noise_flicker(BrightIsLip(), spec, [face(40)], lambda: None)["changed"]["lips"]
        == scores["changed"]["lips"]
    )
