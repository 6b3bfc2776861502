"""One training step, one validation, and what a checkpoint must have in common with the run that goes on from it."""

from collections.abc import Mapping
from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassConfusionMatrix

from train.augmentation.scenes import point_errors
from train.checkpoint import NetworkSpec, spec_contents
from train.config import STEP_BOUND_SCHEDULES, FitConfig
from train.data.order import SeededLoader
from train.evaluation.metrics import any_region_score, scores_per_class
from train.fitting.optimization import build_optimizer, build_schedule, freeze_encoder
from train.losses.segmenter import face_finder_loss, loss_terms, soft_target_loss
from train.networks.finder import decode_faces
from train.networks.heads import SOFTMAX, class_map, classes_of, targets_of, to_probs
from train.tasks.teacher import Teacher

PLANNED = ("loss", "optimizer", "schedule", "ema", "trainable_stages", "encoder_lr", "balance", "shares")
"""Options that a resumed run may not change; the learning rate and its like come from the checkpoint anyway."""


class Training(L.LightningModule):
    """What segmenter and face finder share: the network, its specification in the checkpoint, and the optimiser."""

    def __init__(self, spec: NetworkSpec, config: FitConfig) -> None:
        super().__init__()
        self.network = spec.build()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it for modules
        self.spec = spec
        self._config = config
        self._frozen = freeze_encoder(self.network, config.trainable_stages)

    def configure_optimizers(self) -> Any:
        """What `--optimizer` and `--schedule` ask for; by default AdamW, risen, then fallen along a cosine."""
        optimizer = build_optimizer(self.network, self._config)
        total_steps = int(self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": build_schedule(optimizer, self._config.schedule, total_steps)}

    def on_train_start(self) -> None:
        """Keep the batch norms of frozen stages as they are; Lightning minds it after each validation."""
        for stage in self._frozen:
            stage.eval()

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        """Leave `plateau` to `on_train_epoch_end`: Lightning would step it after the checkpoint is written."""
        if not isinstance(scheduler, ReduceLROnPlateau):
            super().lr_scheduler_step(scheduler, metric)

    def on_train_epoch_end(self) -> None:
        """Tell `plateau` the epoch's score."""
        scheduler = self.lr_schedulers()
        if isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step(float(self.trainer.callback_metrics["val_score"]))

    def on_validation_epoch_start(self) -> None:
        """Count from nothing."""
        self._validation_means: dict[str, MeanMetric] = {}

    def count_terms(self, terms: Mapping[str, Tensor], example_count: int) -> None:
        """Add one validation batch to the means of its loss's terms.

        Not by Lightning's log: over processes with unequal numbers of examples its means are wrong (2.6), for it takes
        the mean of two whole numbers as a whole number.
        """
        for name, term in terms.items():
            mean = self._validation_means.setdefault(f"val_{name}", MeanMetric(nan_strategy="disable").to(self.device))
            mean.update(term, example_count)

    def on_validation_epoch_end(self) -> None:
        """Log the means of all processes' examples."""
        self.log_means({name: mean.compute() for name, mean in self._validation_means.items()})

    def log_means(self, values: Mapping[str, Tensor | float], *, prog_bar: bool = False) -> None:
        """Log each value's mean over the epoch and over all processes."""
        self.log_dict(values, prog_bar=prog_bar, on_step=False, on_epoch=True, sync_dist=True)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse to go on with another network or plan.

        Raises:
            ValueError: the checkpoint's network, optimizer or schedule is another, or its run was to take another
                number of steps where the learning rate follows them, or it stopped within an epoch of other batches.
        """
        without_teacher = {"teacher": None, "teacher_weight": None}
        now = without_teacher | self._plan()
        was = without_teacher | checkpoint.get("plan", {"steps": checkpoint["lr_schedulers"][0].get("total_steps")})
        for name in now:
            if name in was and name != "steps" and was[name] != now[name]:
                raise ValueError(f"the run to resume had {name} {was[name]}, this one has {now[name]}")
        if now["schedule"] in STEP_BOUND_SCHEDULES and was["steps"] != now["steps"]:
            raise ValueError(
                f"the run to resume was planned for {was['steps']} steps, this one for {now['steps']}: "
                "give the same --epochs, --batch-size and --data"
            )
        # Lightning would give the loader its state back only where nobody has asked for the number of steps before.
        for state in checkpoint["loops"]["fit_loop"]["state_dict"].get("combined_loader", ()):
            assert isinstance(self.trainer.train_dataloader, SeededLoader)
            self.trainer.train_dataloader.load_state_dict(state)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the specification beside the weights, so that `load_checkpoint` needs nothing else, and the plan."""
        checkpoint["network_spec"] = spec_contents(self.spec)
        checkpoint["plan"] = self._plan()

    def _plan(self) -> dict[str, Any]:
        """What a run must have in common with the one that it goes on from."""
        spec = spec_contents(self.spec)
        plan = {name: spec[name] for name in ("arch", "head", "width", "regions", "layout", "normalize")}
        plan |= {name: getattr(self._config, name) for name in PLANNED}
        return {**plan, "steps": int(self.trainer.estimated_stepping_batches)}


class SegmenterTraining(Training):
    """The loss that was asked for, and a teacher's if there is one; validated by Dice per region on unmoved crops."""

    def __init__(self, spec: NetworkSpec, config: FitConfig, teacher: Teacher | None = None) -> None:
        super().__init__(spec, config)
        self._teacher = teacher
        self._classes = classes_of(spec.regions)
        self._confusion = MulticlassConfusionMatrix(len(self._classes))
        candidates = torch.from_numpy(targets_of(spec.regions).candidates)
        self._candidates = torch.nn.Buffer(candidates, persistent=False)

    def on_fit_start(self) -> None:
        """Bring the teacher along."""
        if self._teacher is not None:
            self._teacher.move_to(self.device)

    def _plan(self) -> dict[str, Any]:
        """A run goes on with the teacher that it had."""
        if self._teacher is None:
            return super()._plan()
        return {**super()._plan(), "teacher": self._teacher.sha256, "teacher_weight": self._config.teacher_weight}

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        """One batch's loss."""
        crop_bgr, label_map = batch
        logits = self.network(crop_bgr).float()
        terms = loss_terms(self._config.loss, logits, label_map, self.spec.head, self._candidates)
        loss = torch.stack(list(terms.values())).sum()
        if self._teacher is not None:
            is_exclusive = self.spec.head == SOFTMAX
            taught = soft_target_loss(logits, self._teacher.probs(crop_bgr), is_exclusive=is_exclusive)
            loss = torch.lerp(loss, taught, self._config.teacher_weight)
            terms["teacher_loss"] = taught
        self.log_means({f"train_{name}": term for name, term in {**terms, "loss": loss}.items()})
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        """Count one batch."""
        crop_bgr, label_map = batch
        logits = self.network(crop_bgr).float()
        is_known = label_map < len(self._classes)
        predicted = class_map(to_probs(logits, self.spec.head), self.spec.head)
        self._confusion.update(predicted[is_known], label_map[is_known])
        terms = loss_terms(self._config.loss, logits, label_map, self.spec.head, self._candidates)
        self.count_terms(terms, len(crop_bgr))

    def on_validation_epoch_end(self) -> None:
        """Log what was counted."""
        super().on_validation_epoch_end()
        confusion = self._confusion.compute().cpu().numpy()
        self._confusion.reset()
        dice = {
            f"val_dice_{name}": score.dice
            for name, score in zip(self._classes, scores_per_class(confusion), strict=True)
        }
        self.log_means({**dice, "val_dice_any_region": any_region_score(confusion).dice})
        self.log_means({"val_score": float(np.nanmean(list(dice.values())[1:]))}, prog_bar=True)


class FinderTraining(Training):
    """Focal loss of the score map plus point error; validated by F1 of found faces on unseen scenes."""

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        """One batch's loss."""
        thumbnail, score_target, point_target, point_weight = batch[:4]
        output = self.network(thumbnail).float()
        loss = face_finder_loss(output, score_target, point_target, point_weight)
        self.log_means({"train_loss": loss})
        self.log("loss", loss, prog_bar=True)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Count from nothing."""
        super().on_validation_epoch_start()
        self._found_count, self._true_count = 0, 0
        self._errors: list[float] = []

    def validation_step(self, batch: list[Tensor], _: int) -> None:
        """Count one batch."""
        thumbnail, score_target, point_target, point_weight, points = batch
        output = self.network(thumbnail).float()
        loss = face_finder_loss(output, score_target, point_target, point_weight)
        self.count_terms({"loss": loss}, len(thumbnail))
        for found_faces, true_faces in zip(decode_faces(output).cpu().numpy(), points.cpu().numpy(), strict=True):
            errors, found, true = point_errors(found_faces, true_faces)
            self._errors += errors
            self._found_count, self._true_count = self._found_count + found, self._true_count + true

    def on_validation_epoch_end(self) -> None:
        """Log what all processes counted."""
        super().on_validation_epoch_end()
        counts = [len(self._errors), sum(self._errors), self._found_count, self._true_count]
        total = self.trainer.strategy.reduce(torch.tensor(counts, device=self.device), reduce_op="sum")
        hits, error, found_count, true_count = total.tolist()
        recall, precision = hits / max(true_count, 1), hits / max(found_count, 1)
        self.log_means({"val_recall": recall, "val_precision": precision})
        self.log_means({"val_point_error": error / hits if hits else 1.0})
        self.log_means({"val_score": 2 * hits / max(found_count + true_count, 1)}, prog_bar=True)
