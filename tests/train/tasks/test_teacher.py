"""A teacher answers on the student's own crops and learns nothing."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from train.config import FitConfig
from train.fitting.training import NetworkSpec, SegmenterTraining
from train.tasks.teacher import Teacher

REGIONS = ["background", "left_iris", "right_iris"]


class Listener(nn.Module):
    """Remembers what it is shown; takes every pixel for the background."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor([5.0, 0.0, 0.0]).reshape(3, 1, 1))
        self.shown: list[Tensor] = []

    def forward(self, crop_bgr: Tensor) -> Tensor:
        self.shown.append(crop_bgr)
        return self.bias.expand(len(crop_bgr), 3, 218, 178)


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_loss_is_the_labels_and_the_teachers_by_weight(weight: float, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener().eval()
    config = FitConfig("unet-lite", (), (), Path(), 1, 1, 1e-3, 0, 2, tuple(REGIONS), 1, 0, None, teacher_weight=weight)
    spec = NetworkSpec("unet-lite", REGIONS, "tight", 2, "", "")
    training = SegmenterTraining(spec, config, Teacher(listener, "softmax", ""))
    logged: dict[str, Tensor] = {}
    monkeypatch.setattr(training, "log_dict", lambda values, **_: logged.update(values))
    monkeypatch.setattr(training, "log", lambda *_, **__: None)
    crop_bgr = torch.randint(0, 256, (2, 218, 178, 3), dtype=torch.uint8)
    loss = training.training_step((crop_bgr, torch.ones(2, 218, 178, dtype=torch.int64)), 0)
    assert [shown is crop_bgr for shown in listener.shown] == [True]
    labels = logged["train_dice_loss"] + logged["train_cross_entropy"]
    torch.testing.assert_close(loss, (1 - weight) * labels + weight * logged["train_teacher_loss"])
    loss.backward()
    assert listener.bias.grad is None
    assert not any(weights is listener.bias for weights in training.parameters())
