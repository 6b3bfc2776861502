"""Who learns and how fast."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from realtime.core.regions import Region
from train.config import FitConfig
from train.fitting.optimization import PLATEAU_PATIENCE, build_optimizer, build_schedule, freeze_encoder
from train.networks import build_network

CONFIG = FitConfig("unet", (), (), Path(), 1, 4, 0.1, 0.01, 4, tuple(Region), 1, 0, None)


def rates(schedule: str, steps: int, optimizer: str = "sgd") -> list[float]:
    """The learning rate at each step of a run."""
    maker = build_optimizer(torch.nn.Linear(1, 1), replace(CONFIG, optimizer=optimizer))
    course = build_schedule(maker, schedule, steps)["scheduler"]
    found = []
    for _ in range(steps):
        found.append(maker.param_groups[0]["lr"])
        maker.step()
        course.step()
    return found


def test_the_schedules_worked_by_hand() -> None:
    assert rates("constant", 3) == [0.1] * 3
    assert rates("cosine", 4) == pytest.approx([0.1, 0.1 * (1 + 0.5**0.5) / 2, 0.05, 0.1 * (1 - 0.5**0.5) / 2])
    course = rates("one-cycle", 101)
    assert max(course) == course[5] == pytest.approx(0.1, rel=0.01)
    assert (course[0], course[-1]) == pytest.approx((0.1 / 25, 0.1 / 25e4), rel=1e-3)


def test_plateau_lowers_the_rate_when_no_epoch_is_better() -> None:
    optimizer = build_optimizer(torch.nn.Linear(1, 1), CONFIG)
    told = build_schedule(optimizer, "plateau", 100)
    for score in [0.5, 0.6, *[0.6] * PLATEAU_PATIENCE]:
        told["scheduler"].step(score)
    assert optimizer.param_groups[0]["lr"] == 0.1
    told["scheduler"].step(0.6)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_the_one_cycle_leaves_sgds_momentum_alone() -> None:
    optimizer = build_optimizer(torch.nn.Linear(1, 1), replace(CONFIG, optimizer="sgd", momentum=0.8))
    build_schedule(optimizer, "one-cycle", 10)
    assert optimizer.param_groups[0]["momentum"] == 0.8


@pytest.mark.parametrize(
    ("optimizer", "kind", "own"),
    [("adamw", torch.optim.AdamW, {}), ("sgd", torch.optim.SGD, {"momentum": 0.7})],
)
def test_the_optimizer_gets_its_numbers(optimizer: str, kind: type, own: dict[str, float]) -> None:
    made = build_optimizer(torch.nn.Linear(1, 1), replace(CONFIG, optimizer=optimizer, momentum=0.7))
    assert isinstance(made, kind)
    (group,) = made.param_groups
    assert {"lr": 0.1, "weight_decay": 0.01, **own}.items() <= group.items()


@pytest.mark.parametrize("arch", ["unet", "unet-lite", "unet-resnet34"])
@pytest.mark.parametrize(("trainable", "frozen_stages"), [(None, 0), (0, 5), (2, 3), (5, 0)])
def test_frozen_stages_stay_and_all_else_learns(arch: str, trainable: int | None, frozen_stages: int) -> None:
    torch.manual_seed(0)
    network = build_network(arch, 2, 4).train()
    frozen = freeze_encoder(network, trainable)
    assert frozen == network.encoder_stages()[:frozen_stages] or len(frozen) == frozen_stages
    for stage in frozen:
        stage.eval()
    frozen_names = {id(weight) for stage in frozen for weight in stage.parameters()}
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = build_optimizer(network, replace(CONFIG, trainable_stages=trainable))
    output = network(torch.randint(256, (2, 64, 64, 3), dtype=torch.uint8))
    (output * torch.randn_like(output)).sum().backward()
    optimizer.step()
    for name, weight in network.named_parameters():
        assert torch.equal(weight, before[name]) == (id(weight) in frozen_names), name
    means = {name for name, value in network.state_dict().items() if "running_mean" in name}
    moved = {name for name in means if not torch.equal(network.state_dict()[name], before[name])}
    norms_in_frozen = sum(isinstance(module, torch.nn.BatchNorm2d) for stage in frozen for module in stage.modules())
    assert len(means) - len(moved) == norms_in_frozen


def test_more_stages_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="the encoder has 5 stages, not 6"):
        freeze_encoder(build_network("unet", 2, 4), 6)


def test_the_encoder_can_have_a_learning_rate_of_its_own() -> None:
    network = build_network("unet-resnet34", 2, 4)
    encoder, rest = build_optimizer(network, replace(CONFIG, arch="unet-resnet34", encoder_lr=0.001)).param_groups
    assert (encoder["lr"], rest["lr"]) == (0.001, 0.1)
    assert {id(w) for w in encoder["params"]} == {id(w) for w in network.encoder.parameters()}
    assert len(encoder["params"]) + len(rest["params"]) == len(list(network.parameters()))
