"""A training run: data, network, trainer and what they leave behind."""

import ctypes
import logging
import subprocess
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import lightning as L
from lightning.pytorch.callbacks import (
    EarlyStopping,
    EMAWeightAveraging,
    LearningRateMonitor,
    ModelCheckpoint,
    RichProgressBar,
)
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torch.utils.data import DataLoader

from realtime.command_line import console
from realtime.core.geometry import LAYOUTS
from train.augmentation.scenes import FaceScenes, ScenePhotos
from train.checkpoint import NetworkSpec, load_first_weights
from train.config import NO_ENCODER_WEIGHTS, PRECISIONS, FitConfig
from train.data.crops import FaceCrops, color_statistics, split_faces
from train.data.folders import Pair, check_pairs
from train.data.order import BALANCES, Processes, SeededBatches, SeededLoader, SeededOrder, TrainingFaces, by_shares
from train.fitting.progress import CurvesCallback, EpochLine
from train.fitting.stopping import StopOnSignal, Stopped, ignore_signals
from train.fitting.training import FinderTraining, SegmenterTraining, Training
from train.networks import FACE_FINDER
from train.networks.normalization import Normalization
from train.networks.unet_resnet34 import ResNet34Encoder, load_encoder_weights
from train.tasks.teacher import Teacher

LOG_EVERY_STEPS = 20


def fit(config: FitConfig) -> Path:
    """Train one network.

    Writes `best.pt` and `last.pt`, `metrics/version_N/metrics.csv` (N counts resumptions) and `curves.png` into the
    run's folder as it goes.

    Returns:
        the best checkpoint.

    Raises:
        ValueError: the label sets cannot be read, or hold too little.
        Stopped: Ctrl-C or SIGTERM came before the end.
    """
    keep_freed_memory()
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises on every start
    for remark in ("Checkpoint directory", "`isinstance"):  # of no use to who asked for this folder
        warnings.filterwarnings("ignore", message=remark)
    L.seed_everything(config.seed, verbose=False)
    training, train_set, validation_set, faces = (
        prepare_finder(config) if config.arch == FACE_FINDER else prepare_segmenter(config)
    )
    processes = Processes.from_environment()
    repeats = BALANCES[config.balance](faces)
    if config.shares:
        repeats = by_shares(faces, repeats, dict(config.shares))
    order = SeededOrder(len(train_set), config.seed, repeats)
    batches = SeededBatches(order, config.batch_size, processes)
    validation = DataLoader(
        processes.share_of(validation_set),
        batch_size=config.batch_size,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
        worker_init_fn=ignore_signals,
    )
    trainer = build_trainer(config, processes, len(batches))
    loader = SeededLoader(train_set, batches, config.workers)
    best, last = (callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint))
    try:
        trainer.fit(training, loader, validation, ckpt_path=config.resume, weights_only=True)
    except SystemExit:  # Lightning's answer to an interrupt
        raise Stopped("at once", Path(last.best_model_path) if last.best_model_path else config.resume) from None
    return Path(best.best_model_path)


class Prepared(NamedTuple):
    """A network, what it learns from and is validated on, and what its faces are drawn by."""

    training: Training
    train_set: FaceCrops | FaceScenes
    validation_set: FaceCrops | FaceScenes
    faces: TrainingFaces


def prepare_finder(config: FitConfig) -> Prepared:
    """The face finder, and what it learns from and is validated on."""
    photos = ScenePhotos.read(config.data, config.backgrounds)
    training = FinderTraining(spec_of(config, []), config)
    prepare_network(training, config, [])
    train_set, validation_set = (
        FaceScenes(pool, augmented=augmented)
        for pool, augmented in ((photos.training, True), (photos.validation, False))
    )
    sources = [photo.source for photo in photos.training.faces]
    return Prepared(training, train_set, validation_set, TrainingFaces(sources, [], LAYOUTS[config.layout]))


def prepare_segmenter(config: FitConfig) -> Prepared:
    """The segmenter, and what it learns from and is validated on."""
    train, validation = split_faces(config.data, config.layout, config.mask_region, config.regions)
    check_pairs([*train.pairs, *validation.pairs])
    spec = spec_of(config, list(config.regions))
    teacher = None if config.teacher is None else Teacher.read(config.teacher, spec)
    training = SegmenterTraining(spec, config, teacher)
    prepare_network(training, config, train.pairs)
    train_set = FaceCrops(train.pairs, config.regions, config.augment, config.layout)
    faces = TrainingFaces([photo.source for photo, _ in train.owners], train.pairs, LAYOUTS[config.layout])
    return Prepared(training, train_set, FaceCrops(validation.pairs, config.regions), faces)


def spec_of(config: FitConfig, regions: list[str]) -> NetworkSpec:
    """What the run's network is."""
    return NetworkSpec(
        arch=config.arch,
        regions=regions,
        layout=config.layout,
        width=config.width,
        training_data=", ".join(str(folder.name) for folder in config.data),
        commit=current_commit(),
        head=config.head,
        normalize=config.normalize,
    )


def prepare_network(training: Training, config: FitConfig, faces: Sequence[Pair]) -> None:
    """Give a fresh network what it starts from: the data's statistics, and weights that were trained before.

    Raises:
        ValueError, OSError: the weights cannot be had, or do not fit.
    """
    network = training.network
    if config.resume is not None:
        return
    if config.start_from is not None:
        load_first_weights(network, training.spec, config.start_from)
    if config.normalize == "dataset":
        assert isinstance(network.normalization, Normalization)
        network.normalization.set_statistics(*color_statistics(faces))
    if config.encoder_weights != NO_ENCODER_WEIGHTS:
        encoder = next(module for module in network.modules() if isinstance(module, ResNet34Encoder))
        load_encoder_weights(encoder, config.encoder_weights)


def build_trainer(config: FitConfig, processes: Processes, batch_count: int) -> L.Trainer:
    """Lightning's trainer with its checkpoints, log and curves in the run's folder."""
    # Two: Lightning's own `save_last` writes nothing after an epoch that is not the best. Both save when nothing of
    # the epoch is left to do, so that a resumed run is the same.
    save = partial(ModelCheckpoint, config.out, enable_version_counter=False, save_on_train_epoch_end=True)
    checkpoints = [save("best", monitor="val_score", mode="max"), save("last")]
    for checkpoint in checkpoints:
        checkpoint.FILE_EXTENSION = ".pt"
    progress = RichProgressBar(leave=True) if console.is_terminal else EpochLine()
    callbacks: list[L.Callback] = [LearningRateMonitor(), CurvesCallback(config.out), progress, *checkpoints]
    if config.ema:
        callbacks.append(EMAWeightAveraging(decay=config.ema))
    if config.patience:
        callbacks.append(EarlyStopping("val_score", mode="max", patience=config.patience))
    callbacks.append(StopOnSignal(config.out / "last.pt"))
    loggers: list[Logger] = [CSVLogger(config.out, name="metrics")]
    if config.tensorboard:
        loggers.append(TensorBoardLogger(config.out, name="tensorboard"))
    return L.Trainer(
        accelerator="auto",
        devices=processes.per_machine,
        num_nodes=processes.count // processes.per_machine,
        strategy="ddp" if processes.count > 1 else "auto",
        use_distributed_sampler=False,  # `SeededBatches` and `Processes` deal them out
        precision=PRECISIONS[config.precision],
        max_epochs=config.epochs,
        accumulate_grad_batches=config.accumulate,
        gradient_clip_val=config.clip or None,
        logger=loggers,
        callbacks=callbacks,
        log_every_n_steps=max(1, min(LOG_EVERY_STEPS, batch_count)),
        enable_progress_bar=console.is_terminal,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def keep_freed_memory() -> None:
    """Tell glibc not to hand big blocks back to the system after every step.

    Each step frees and asks for the same few hundred megabytes, and without this waits for page faults each time.
    Source: mallopt(3). Elsewhere than glibc: nothing.
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
    root = Path(__file__).parents[2]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"
