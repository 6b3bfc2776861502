"""One training run: its options, and the two seeds' as presets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from realtime.core.geometry import TIGHT
from train.losses.segmenter import DICE_AND_CROSS_ENTROPY, check_loss
from train.networks import FACE_FINDER, PRETRAINABLE
from train.networks.heads import SOFTMAX

NO_ENCODER_WEIGHTS = "none"
OPTIMIZERS = ("adamw", "sgd")
SCHEDULES = ("one-cycle", "constant", "cosine", "plateau")
STEP_BOUND_SCHEDULES = ("one-cycle", "cosine")
"""Those that follow the number of steps of the whole run."""
PRECISIONS: dict[str, Literal["bf16-mixed", "16-mixed", "32-true"]] = {
    "bf16": "bf16-mixed",
    "fp16": "16-mixed",
    "fp32": "32-true",
}
PRESETS: dict[str, dict[str, Any]] = {
    "seed-a": {
        "arch": "unet",
        "optimizer": "adamw",
        "learning_rate": 1e-4,
        "schedule": "constant",
        "batch_size": 16,
        "epochs": 100,
        "loss": "dice",
    },
    "seed-b": {
        "arch": PRETRAINABLE,
        "encoder_weights": "imagenet",
        "optimizer": "sgd",
        "learning_rate": 3e-3,
        "momentum": 0.8,
        "weight_decay": 3e-4,
        "schedule": "constant",
        "epochs": 25,
        "loss": "dice",
        "normalize": "dataset",
    },
}
"""What the seeds trained with, by the names of `fit`'s options; what a seed did not state stays `fit`'s own."""


@dataclass(frozen=True)
class FitConfig:
    """One training run.

    Attributes:
        arch: network name.
        data: label sets, or folders of photos and masks, to learn from.
        backgrounds: label sets whose faceless photos are scenery; the face finder needs one.
        out: folder of the run.
        epochs: passes over the training faces.
        batch_size: crops or scenes a step.
        learning_rate: its peak.
        weight_decay: of the optimizer.
        width: channels of the network's first level.
        regions: names of a segmenter's channels, in order; `iris` or `eyes+lips` where several are one class.
        seed: of weights, order and augmentation.
        workers: processes that load data.
        resume: checkpoint to go on from.
        head: softmax or sigmoid.
        augment: what happens to a segmenter's training crops, one of `AUGMENTATIONS`.
        balance: how often training faces are drawn, one of `BALANCES`.
        shares: percent of what is shown, by source; what is left goes to the others, as they are balanced.
        loss: one of `LOSSES`.
        layout: of the crops.
        mask_region: what masks of 0 and 255 show.
        normalize: of the colours.
        optimizer, momentum: one of `OPTIMIZERS`; momentum is SGD's.
        schedule: of the learning rate, one of `SCHEDULES`.
        accumulate: batches whose gradients are added before a step.
        clip: largest norm of the gradient; 0 lets it be.
        ema: decay of the running mean of the weights that is validated and saved; 0 takes the weights themselves.
        patience: epochs without a better score until the run ends early; 0 never ends it.
        precision: one of `PRECISIONS`.
        encoder_weights: file, `imagenet` or `none`, for the network that can have them.
        start_from: checkpoint whose weights are the first ones.
        trainable_stages: last stages of the encoder that learn; None for all.
        encoder_lr: learning rate of the encoder, where it is another.
        teacher: checkpoint whose probabilities the network learns, too.
        teacher_weight: share of that in the loss, 0 to 1; the labels' own loss has the rest.
        tensorboard: whether the log is written for TensorBoard, too.
    """

    arch: str
    data: tuple[Path, ...]
    backgrounds: tuple[Path, ...]
    out: Path
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    width: int
    regions: tuple[str, ...]
    seed: int
    workers: int
    resume: Path | None
    head: str = SOFTMAX
    augment: str = "live"
    balance: str = "none"
    shares: tuple[tuple[str, float], ...] = ()
    loss: str = DICE_AND_CROSS_ENTROPY
    layout: str = TIGHT.name
    mask_region: str | None = None
    normalize: str = "none"
    optimizer: str = "adamw"
    momentum: float = 0.9
    schedule: str = "one-cycle"
    accumulate: int = 1
    clip: float = 5.0
    ema: float = 0.0
    patience: int = 0
    precision: str = "bf16"
    encoder_weights: str = NO_ENCODER_WEIGHTS
    start_from: Path | None = None
    trainable_stages: int | None = None
    encoder_lr: float | None = None
    teacher: Path | None = None
    teacher_weight: float = 0.5
    tensorboard: bool = False

    def __post_init__(self) -> None:
        """Refuse options that do not go together.

        Raises:
            ValueError: which, and why.
        """
        if self.arch != FACE_FINDER:
            check_loss(self.loss, self.head)
        elif self.loss != DICE_AND_CROSS_ENTROPY or self.head != SOFTMAX or self.normalize != "none":
            raise ValueError(
                f"the {FACE_FINDER} has a loss, head and colours of its own: leave out --loss, --head, --normalize"
            )
        if self.arch == FACE_FINDER and self.balance not in ("none", "source"):
            raise ValueError(f"the {FACE_FINDER} learns from whole photos, whose tones nobody tells: --balance source")
        if self.arch == FACE_FINDER and self.augment != "live":
            raise ValueError(f"the {FACE_FINDER} learns from scenes that are made anew: leave out --augment")
        if self.arch == FACE_FINDER and (self.trainable_stages is not None or self.encoder_lr is not None):
            raise ValueError(
                f"the {FACE_FINDER} has no encoder to treat apart: leave out --freeze-encoder, --encoder-lr"
            )
        if self.arch == FACE_FINDER and self.teacher is not None:
            raise ValueError(f"the {FACE_FINDER} learns from no teacher: leave out --teacher")
        if self.encoder_weights != NO_ENCODER_WEIGHTS and self.arch != PRETRAINABLE:
            raise ValueError(f"only {PRETRAINABLE} takes --encoder-weights, not {self.arch}")
        if self.encoder_weights != NO_ENCODER_WEIGHTS and self.start_from is not None:
            raise ValueError("give --encoder-weights or --start-from, not both")
        if self.trainable_stages == 0 and self.encoder_lr is not None:
            raise ValueError("a frozen encoder has no --encoder-lr")
