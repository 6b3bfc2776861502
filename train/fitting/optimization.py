"""Which weights learn, how fast, and how that changes over a run."""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer, lr_scheduler

from train.config import FitConfig

WARM_UP_SHARE = 0.05
PLATEAU_PATIENCE, PLATEAU_FACTOR = 5, 0.1
"""Epochs without a better score before `plateau` lowers the learning rate, and what it is multiplied by."""


def freeze_encoder(network: nn.Module, trainable_stages: int | None) -> list[nn.Module]:
    """Stop the encoder's first stages from learning.

    Args:
        network: a segmenter; changed in place.
        trainable_stages: last stages that go on learning; None for all.

    Returns:
        the frozen stages; their batch norms stay frozen only in evaluation mode.

    Raises:
        ValueError: the encoder has fewer stages.
    """
    if trainable_stages is None:
        return []
    stages: list[nn.Module] = network.encoder_stages()  # type: ignore[operator]  # every segmenter has it
    if trainable_stages > len(stages):
        raise ValueError(f"the encoder has {len(stages)} stages, not {trainable_stages}")
    frozen = stages[: len(stages) - trainable_stages]
    for stage in frozen:
        stage.requires_grad_(False)
    return frozen


def build_optimizer(network: nn.Module, config: FitConfig) -> Optimizer:
    """The optimizer of all weights that learn; two groups, encoder first, where it has a learning rate of its own."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    groups: list[dict[str, Any]] = [{"params": weights, "lr": config.learning_rate}]
    if config.encoder_lr is not None:
        stages: list[nn.Module] = network.encoder_stages()  # type: ignore[operator]  # every segmenter has it
        of_encoder = {id(weight) for stage in stages for weight in stage.parameters()}
        groups = [
            {"params": [weight for weight in weights if id(weight) in of_encoder], "lr": config.encoder_lr},
            {"params": [weight for weight in weights if id(weight) not in of_encoder], "lr": config.learning_rate},
        ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=config.momentum, weight_decay=config.weight_decay)
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)


def build_schedule(optimizer: Optimizer, name: str, total_steps: int) -> dict[str, Any]:
    """The learning rate's course, as Lightning wants to be told of it.

    Args:
        optimizer: its groups' learning rates are the peaks.
        name: one of `SCHEDULES`.
        total_steps: of the run.
    """
    if name == "plateau":
        plateau = lr_scheduler.ReduceLROnPlateau(
            optimizer, mode="max", factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE
        )
        return {"scheduler": plateau, "interval": "epoch", "monitor": "val_score"}
    schedule: lr_scheduler.LRScheduler
    if name == "constant":
        schedule = lr_scheduler.ConstantLR(optimizer, factor=1.0)
    elif name == "cosine":
        schedule = lr_scheduler.CosineAnnealingLR(optimizer, total_steps)
    else:
        schedule = lr_scheduler.OneCycleLR(
            optimizer,
            [group["lr"] for group in optimizer.param_groups],
            total_steps=total_steps,
            pct_start=WARM_UP_SHARE,
            cycle_momentum=isinstance(optimizer, torch.optim.AdamW),  # SGD's is the user's
        )
    return {"scheduler": schedule, "interval": "step"}
