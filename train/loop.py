"""Training: one step, one validation, and the run around them."""

import ctypes
import logging
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics.classification import MulticlassConfusionMatrix

from realtime.regions import Region, region_name
from train.checkpoint import NetworkSpec, spec_contents
from train.curves import CurvesCallback
from train.dataset import FaceCrops, split_faces
from train.losses import cross_entropy_loss, face_finder_loss, soft_dice_loss
from train.metrics import scores_per_class
from train.models import FACE_FINDER
from train.models.face_finder import decode_faces
from train.scenes import FaceScenes, ScenePhotos, point_errors

WARM_UP_SHARE = 0.05
LOG_EVERY_STEPS = 20


@dataclass(frozen=True)
class FitConfig:
    """One training run.

    Attributes:
        arch: network name.
        data: label sets to learn from.
        backgrounds: label sets whose faceless photos are scenery; the face finder needs one.
        out: folder of the run.
        epochs: passes over the training faces.
        batch_size: crops or scenes a step.
        learning_rate: its peak.
        weight_decay: of AdamW.
        width: channels of the network's first level.
        regions: what a segmenter tells apart, background first.
        seed: of weights, order and augmentation.
        workers: processes that load data.
        resume: checkpoint to go on from.
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
    regions: tuple[Region, ...]
    seed: int
    workers: int
    resume: Path | None


class Training(L.LightningModule):
    """What segmenter and face finder share: the network, its specification in the checkpoint, and the optimiser."""

    def __init__(self, spec: NetworkSpec, config: FitConfig) -> None:
        super().__init__()
        self.network = spec.build()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it for modules
        self.spec = spec
        self._config = config

    def configure_optimizers(self) -> Any:
        """AdamW; the learning rate rises, then falls along a cosine (OneCycleLR)."""
        config = self._config
        optimizer = torch.optim.AdamW(self.parameters(), config.learning_rate, weight_decay=config.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            config.learning_rate,
            total_steps=int(self.trainer.estimated_stepping_batches),
            pct_start=WARM_UP_SHARE,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to go on with another plan: the learning rate follows the number of steps.

        Raises:
            ValueError: the checkpoint's run was to take another number of steps.
        """
        planned = checkpoint["lr_schedulers"][0]["total_steps"]
        now = int(self.trainer.estimated_stepping_batches)
        if planned != now:
            raise ValueError(
                f"the run to resume was planned for {planned} steps, this one for {now}: "
                "give the same --epochs, --batch-size and --data"
            )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the specification beside the weights, so that `load_checkpoint` needs nothing else."""
        checkpoint["network_spec"] = spec_contents(self.spec)


class SegmenterTraining(Training):
    """Soft Dice plus cross-entropy; validated by Dice per region on unmoved crops."""

    def __init__(self, spec: NetworkSpec, config: FitConfig) -> None:
        super().__init__(spec, config)
        self._confusion = MulticlassConfusionMatrix(len(spec.regions))

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """One batch's loss."""
        crop_bgr, label_map = batch
        logits = self.network(crop_bgr).float()
        dice, entropy = soft_dice_loss(logits, label_map), cross_entropy_loss(logits, label_map)
        self.log_dict({"train_dice_loss": dice, "train_cross_entropy": entropy}, on_step=False, on_epoch=True)
        self.log("loss", dice + entropy, prog_bar=True)
        return dice + entropy

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Count one batch."""
        crop_bgr, label_map = batch
        logits = self.network(crop_bgr).float()
        self._confusion.update(logits, label_map)
        self.log("val_cross_entropy", cross_entropy_loss(logits, label_map), on_epoch=True)

    def on_validation_epoch_end(self) -> None:
        """Log what was counted."""
        scores = scores_per_class(self._confusion.compute().cpu().numpy())
        self._confusion.reset()
        dice = {f"val_dice_{name}": score.dice for name, score in zip(self.spec.regions, scores, strict=True)}
        self.log_dict(dice)
        self.log("val_score", float(np.nanmean(list(dice.values())[1:])), prog_bar=True)


class FinderTraining(Training):
    """Focal loss of the score map plus point error; validated by F1 of found faces on unseen scenes."""

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        """One batch's loss."""
        thumbnail, score_target, point_target, point_weight = batch[:4]
        output = self.network(thumbnail).float()
        loss = face_finder_loss(output, score_target, point_target, point_weight)
        self.log("loss", loss, prog_bar=True, on_step=True, on_epoch=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Count from nothing."""
        self._found_count, self._true_count = 0, 0
        self._errors: list[float] = []

    def validation_step(self, batch: list[Tensor], _: int) -> None:
        """Count one batch."""
        thumbnail, score_target, point_target, point_weight, points = batch
        output = self.network(thumbnail).float()
        self.log("val_loss", face_finder_loss(output, score_target, point_target, point_weight), on_epoch=True)
        for found_faces, true_faces in zip(decode_faces(output).cpu().numpy(), points.cpu().numpy(), strict=True):
            errors, found, true = point_errors(found_faces, true_faces)
            self._errors += errors
            self._found_count, self._true_count = self._found_count + found, self._true_count + true

    def on_validation_epoch_end(self) -> None:
        """Log what was counted."""
        hits = len(self._errors)
        self.log("val_recall", hits / max(self._true_count, 1))
        self.log("val_precision", hits / max(self._found_count, 1))
        self.log("val_point_error", float(np.mean(self._errors)) if self._errors else 1.0)
        self.log("val_score", 2 * hits / max(self._found_count + self._true_count, 1), prog_bar=True)


def fit(config: FitConfig) -> Path:
    """Train one network.

    Writes `best.pt` and `last.pt`, `metrics/version_N/metrics.csv` (N counts resumptions) and `curves.png` into the
    run's folder as it goes.

    Returns:
        the best checkpoint.

    Raises:
        ValueError: the label sets cannot be read, or hold too little.
    """
    keep_freed_memory()
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises on every start
    L.seed_everything(config.seed, workers=True, verbose=False)
    is_finder = config.arch == FACE_FINDER
    spec = NetworkSpec(
        arch=config.arch,
        regions=[] if is_finder else [region_name(region) for region in config.regions],
        layout="tight",
        width=config.width,
        training_data=", ".join(str(folder.name) for folder in config.data),
        commit=current_commit(),
    )
    train_set: FaceCrops | FaceScenes
    validation_set: FaceCrops | FaceScenes
    if is_finder:
        photos = ScenePhotos.read(config.data, config.backgrounds)
        train_set, validation_set = FaceScenes(photos.training, True), FaceScenes(photos.validation, False)
        training: Training = FinderTraining(spec, config)
    else:
        train_faces, validation_faces = split_faces(config.data)
        train_set = FaceCrops(train_faces, config.regions, augmented=True)
        validation_set = FaceCrops(validation_faces, config.regions, augmented=False)
        training = SegmenterTraining(spec, config)
    best = ModelCheckpoint(
        config.out, "best", monitor="val_score", mode="max", save_last=True, enable_version_counter=False
    )
    best.FILE_EXTENSION = ".pt"
    best.CHECKPOINT_NAME_LAST = "last"
    trainer = L.Trainer(
        accelerator="auto",
        devices=1,
        precision="bf16-mixed",
        max_epochs=config.epochs,
        gradient_clip_val=5.0,
        logger=CSVLogger(config.out, name="metrics"),
        callbacks=[best, LearningRateMonitor(), CurvesCallback(config.out), RichProgressBar(leave=True)],
        log_every_n_steps=max(1, min(LOG_EVERY_STEPS, len(train_set) // config.batch_size)),
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    load = partial(
        DataLoader[Any],
        batch_size=config.batch_size,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
    )
    trainer.fit(
        training,
        load(train_set, shuffle=True, drop_last=len(train_set) > config.batch_size),
        load(validation_set),
        ckpt_path=config.resume,
    )
    return Path(best.best_model_path)


def keep_freed_memory() -> None:
    """Tell glibc not to hand big blocks back to the system after every step.

    Each step frees and asks for the same few hundred megabytes; without this a third of the time on a CPU goes into
    page faults (91 -> 131 crops/s on two Zen 4 cores). Source: mallopt(3). Elsewhere than glibc: nothing.
    """
    mmap_max, trim_threshold, top_pad = -4, -1, -2
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 2**28)


def current_commit() -> str:
    """The checkout's short commit, with a + where tracked files were changed; `unknown` outside a checkout."""
    root = Path(__file__).parent.parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"
