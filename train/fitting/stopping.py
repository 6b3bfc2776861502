"""Ctrl-C and SIGTERM: a run saves itself after the step that it is in, and goes on from there when resumed."""

import os
import signal
from pathlib import Path
from typing import Any

import lightning as L

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ANSWER = b"\nstopping after this step; once more stops at once\n"


class Stopped(Exception):  # noqa: N818 - it is no error
    """A run ended before it was done.

    Attributes:
        where: in words.
        checkpoint: to go on from; None where nothing is kept.
    """

    def __init__(self, where: str, checkpoint: Path | None) -> None:
        super().__init__(where)
        self.where, self.checkpoint = where, checkpoint


class StopOnSignal(L.Callback):
    """Ends the run at the next whole step with a checkpoint from which it goes on bit for bit.

    A signal during validation lets the validation end. A second signal ends a run of one process at once; of many, none
    may leave the others waiting. Lightning puts the former handlers back.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint
        self._is_asked = False
        self._trainer: L.Trainer | None = None

    def on_train_start(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Listen from now on, in the place of Lightning, which would not save."""
        self._trainer = trainer
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def on_train_batch_end(
        self, trainer: L.Trainer, training: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save and stop, unless gradients are half added up, or the epoch's end saves anyway.

        Raises:
            Stopped: the signal came.
        """
        done, total = batch_idx + 1, int(trainer.num_training_batches)
        if done % trainer.accumulate_grad_batches or done == total or not self.is_asked(trainer):
            return
        trainer.save_checkpoint(self._checkpoint)
        raise Stopped(f"in epoch {trainer.current_epoch + 1} after {done} of {total} batches", self._checkpoint)

    def on_train_epoch_end(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Let this epoch be the last."""
        if self.is_asked(trainer):
            trainer.should_stop = True

    def on_train_end(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Say that epochs are missing.

        Raises:
            Stopped: the signal came.
        """
        if self.is_asked(trainer) and trainer.current_epoch < (trainer.max_epochs or 0):
            raise Stopped(f"after epoch {trainer.current_epoch} of {trainer.max_epochs}", self._checkpoint)

    def is_asked(self, trainer: L.Trainer) -> bool:
        """Whether any of the processes got the signal."""
        return trainer.strategy.reduce_boolean_decision(self._is_asked, all=False)

    def _on_signal(self, *_: object) -> None:
        assert self._trainer is not None
        if self._is_asked and self._trainer.world_size == 1:
            raise KeyboardInterrupt
        if not self._is_asked and self._trainer.is_global_zero:
            os.write(2, ANSWER)  # print may not be called again out of its own midst
        self._is_asked = True


def ignore_signals(_: int) -> None:
    """Leave the signals that a terminal or a scheduler sends to every process to the one that trains."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
