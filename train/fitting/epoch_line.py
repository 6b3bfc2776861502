"""One plain line an epoch, for a log file in the place of a progress bar."""

import time

import lightning as L

from realtime.console import console


class EpochLine(L.Callback):
    """Prints epoch, mean loss, validation score and how long it took."""

    def on_train_start(self, *_: object) -> None:
        """Start the clock; also in the midst of an epoch."""
        self._start_s = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """Print the line."""
        now_s = time.monotonic()
        values = trainer.callback_metrics
        line = (
            f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}: loss {float(values['train_loss']):.4f}, "
            f"val_score {float(values['val_score']):.4f}, {now_s - self._start_s:.1f} s"
        )
        self._start_s = now_s
        if trainer.is_global_zero:
            console.print(line, highlight=False, soft_wrap=True)
