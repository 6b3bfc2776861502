"""Noise on a still photo: only what is undecided flickers."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from realtime.core.regions import Region
from train.evaluation.held_out import HeldOutFace
from train.evaluation.noise_flicker import score_noise_flicker


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
