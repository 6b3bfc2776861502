"""`python -m train fit`: the options, and the run that they ask for."""

import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from realtime.command_line import DATA_HELP, MASK_REGION_HELP, console, one_line_errors, one_of
from realtime.core.geometry import LAYOUTS, TIGHT
from train.augmentation.augment import AUGMENTATIONS
from train.config import NO_ENCODER_WEIGHTS, OPTIMIZERS, PRECISIONS, PRESETS, SCHEDULES, FitConfig
from train.data.mask_folder import MASK_REGIONS
from train.data.order import BALANCES, parse_share
from train.losses.segmenter import DICE_AND_CROSS_ENTROPY, LOSSES
from train.networks import ARCHITECTURES, DEFAULT_WIDTHS, PRETRAINABLE
from train.networks.heads import ALL, HEADS, SOFTMAX, parse_classes
from train.networks.normalization import NORMALIZATIONS

NETWORK, LOSS, PACE, DATA = "The network", "What it learns", "How it learns", "Data and machine"
WIDTHS = ", ".join(f"{arch} {width}" for arch, width in DEFAULT_WIDTHS.items())


def fit(
    ctx: typer.Context,
    data: Annotated[list[Path], typer.Option(help=DATA_HELP)],
    out: Annotated[Path, typer.Option(help="Folder of the run: best.pt, last.pt, metrics/, curves.png.")],
    preset: Annotated[
        str | None,
        typer.Option(**one_of(PRESETS), help="A seed project's options; those given beside it win."),
    ] = None,
    arch: Annotated[
        str, typer.Option(**one_of(ARCHITECTURES), rich_help_panel=NETWORK, help="The network.")
    ] = "unet-lite",
    width: Annotated[
        int | None, typer.Option(min=1, rich_help_panel=NETWORK, help=f"Channels of its first level ({WIDTHS}).")
    ] = None,
    head: Annotated[
        str,
        typer.Option(**one_of(HEADS), rich_help_panel=NETWORK, help="One region a pixel, or each by itself (sigmoid)."),
    ] = SOFTMAX,
    regions: Annotated[
        str,
        typer.Option(
            rich_help_panel=NETWORK,
            help="What it tells apart: all, groups (iris,eyes,lips,mouth) or names; A+B is one.",
        ),
    ] = ALL,
    normalize: Annotated[
        str,
        typer.Option(
            **one_of(NORMALIZATIONS),
            rich_help_panel=NETWORK,
            help="Colours less this mean, over this deviation; kept in the network and the model file.",
        ),
    ] = "none",
    encoder_weights: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=NETWORK,
            help=f"For {PRETRAINABLE}: a ResNet34 state dict, imagenet (downloaded once), or none (from scratch).",
        ),
    ] = None,
    start_from: Annotated[
        Path | None,
        typer.Option(rich_help_panel=NETWORK, help="Checkpoint of the same network whose weights are the first."),
    ] = None,
    freeze_encoder: Annotated[
        str, typer.Option(rich_help_panel=NETWORK, help="none, all, or N: all of the encoder but its last N stages.")
    ] = "none",
    loss: Annotated[
        str, typer.Option(**one_of(LOSSES), rich_help_panel=LOSS, help="bce and dice+bce want sigmoid.")
    ] = DICE_AND_CROSS_ENTROPY,
    teacher: Annotated[
        Path | None,
        typer.Option(rich_help_panel=LOSS, help="Checkpoint with the same regions: its probabilities are learnt, too."),
    ] = None,
    teacher_weight: Annotated[
        float,
        typer.Option(
            min=0, max=1, rich_help_panel=LOSS, help="Share of the teacher in the loss, arXiv:1503.02531; 1: it alone."
        ),
    ] = 0.5,
    epochs: Annotated[int, typer.Option(min=1, rich_help_panel=PACE, help="Passes over the training faces.")] = 12,
    batch_size: Annotated[
        int, typer.Option(min=1, rich_help_panel=PACE, help="Crops or scenes at once, a process.")
    ] = 32,
    accumulate: Annotated[
        int, typer.Option(min=1, rich_help_panel=PACE, help="Batches whose gradients are added for a step.")
    ] = 1,
    optimizer: Annotated[
        str, typer.Option(**one_of(OPTIMIZERS), rich_help_panel=PACE, help="Who takes the steps.")
    ] = "adamw",
    learning_rate: Annotated[float, typer.Option(min=0, rich_help_panel=PACE, help="Its peak.")] = 3e-3,
    encoder_lr: Annotated[
        float | None, typer.Option(min=0, rich_help_panel=PACE, help="Of the encoder, where it is another.")
    ] = None,
    weight_decay: Annotated[float, typer.Option(min=0, rich_help_panel=PACE, help="Of the optimizer.")] = 1e-2,
    momentum: Annotated[float, typer.Option(min=0, max=1, rich_help_panel=PACE, help="Of sgd.")] = 0.9,
    schedule: Annotated[
        str,
        typer.Option(**one_of(SCHEDULES), rich_help_panel=PACE, help="Of the learning rate; plateau: by val_score."),
    ] = "one-cycle",
    clip: Annotated[
        float, typer.Option(min=0, rich_help_panel=PACE, help="Largest norm of the gradient; 0: as it is.")
    ] = 5.0,
    ema: Annotated[
        float,
        typer.Option(
            min=0, max=1, rich_help_panel=PACE, help="Decay of a running mean of the weights, which is kept; 0: none."
        ),
    ] = 0.0,
    patience: Annotated[
        int, typer.Option(min=0, rich_help_panel=PACE, help="End after so many epochs without a better one; 0: never.")
    ] = 0,
    layout: Annotated[str, typer.Option(**one_of(LAYOUTS), rich_help_panel=DATA, help="Of the crops.")] = TIGHT.name,
    mask_region: Annotated[
        str | None,
        typer.Option(**one_of(MASK_REGIONS), rich_help_panel=DATA, help=MASK_REGION_HELP),
    ] = None,
    augment: Annotated[
        str,
        typer.Option(
            **one_of(AUGMENTATIONS),
            rich_help_panel=DATA,
            help="Of the training crops: as a webcam spoils them; light: moved and lit only; or none.",
        ),
    ] = "live",
    balance: Annotated[
        str,
        typer.Option(
            **one_of(BALANCES),
            rich_help_panel=DATA,
            help="source: by the square root of each one's size; tone: of skins, as light as they look, alike.",
        ),
    ] = "none",
    share: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PERCENT",
            rich_help_panel=DATA,
            help="How much of what is shown comes from one source of faces. The sources without a share have the rest.",
        ),
    ] = None,
    backgrounds: Annotated[
        list[Path] | None,
        typer.Option(rich_help_panel=DATA, help="Label set whose faceless photos are scenery (face-finder)."),
    ] = None,
    precision: Annotated[
        str, typer.Option(**one_of(PRECISIONS), rich_help_panel=DATA, help="fp16 needs a GPU.")
    ] = "bf16",
    seed: Annotated[int, typer.Option(min=0, rich_help_panel=DATA, help="Of weights, order and augmentation.")] = 1,
    workers: Annotated[int, typer.Option(min=0, rich_help_panel=DATA, help="Processes that load data.")] = 1,
    threads: Annotated[
        int, typer.Option(min=0, rich_help_panel=DATA, help="Threads that compute; 0: PyTorch's choice.")
    ] = 0,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", rich_help_panel=DATA, help="Log for TensorBoard, too, in OUT/tensorboard.")
    ] = False,
    resume: Annotated[
        Path | None, typer.Option(rich_help_panel=DATA, help="Checkpoint to go on from: last.pt of the same run.")
    ] = None,
) -> None:
    """Train a segmenter or the face finder.

    On several GPUs, or processes of a CPU: torchrun --nproc-per-node N -m train fit ...; the same on each of several
    machines with torchrun's --nnodes and --rdzv-endpoint. A step is then that of one process with --accumulate N: each
    normalises by its own batch, and the first one's running statistics are kept.

    Ctrl-C and SIGTERM end it after the step that it is in; --resume OUT/last.pt goes on from there.
    """
    config = build_config(ctx)
    with one_line_errors():
        import torch

        from train.data.order import Processes
        from train.fitting.run import fit as run_fit
        from train.fitting.stopping import Stopped

        check_machine(config, has_gpu=torch.cuda.is_available())
        if threads:
            torch.set_num_threads(threads)
        console.quiet = Processes.from_environment().rank > 0
        try:
            best = run_fit(config)
        except Stopped as stopped:
            sys.exit(1 if console.quiet else stopped_line(stopped.where, stopped.checkpoint))
    console.print(f"wrote {out} (best: {best.name}, last.pt, metrics/, curves.png)")


def check_machine(config: FitConfig, *, has_gpu: bool) -> None:
    """Refuse what this machine, or what is installed and stored on it, cannot do.

    Raises:
        ValueError: what is missing.
    """
    from train.checkpoint import read_contents

    if config.precision == "fp16" and not has_gpu:
        raise ValueError("--precision fp16 needs a GPU; bf16 and fp32 run here")
    if config.tensorboard and find_spec("tensorboard") is None:
        raise ValueError("--tensorboard needs a package that is not installed: pip install '.[tensorboard]'")
    if config.resume is not None:
        read_contents(config.resume)


def stopped_line(where: str, checkpoint: Path | None) -> str:
    """What to do after a run was stopped."""
    if checkpoint is None:
        return f"stopped {where}, before anything was saved: nothing is kept"
    return f"stopped {where}: the same command with --resume {checkpoint} goes on from what was saved"


def build_config(ctx: typer.Context) -> FitConfig:
    """The run that the options ask for: a preset's where none was given on the command line.

    Raises:
        typer.BadParameter: options contradict each other, or one is no good.
    """
    options = dict(ctx.params)
    for name, value in PRESETS.get(options["preset"], {}).items():
        source = ctx.get_parameter_source(name)
        if name == "encoder_weights" and options["start_from"] is not None:
            continue
        if source is None or source.name != "COMMANDLINE":
            options[name] = value
    try:
        options["trainable_stages"] = trainable_stages(options["freeze_encoder"])
        options["regions"] = parse_classes(options["regions"], options["head"])
        options["encoder_weights"] = encoder_weights_of(options)
        options["width"] = options["width"] or DEFAULT_WIDTHS[options["arch"]]
        options["shares"] = tuple(map(parse_share, options["share"] or ()))
        options["data"], options["backgrounds"] = tuple(options["data"]), tuple(options["backgrounds"] or ())
        return FitConfig(**{field.name: options[field.name] for field in fields(FitConfig)})
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def encoder_weights_of(options: dict[str, Any]) -> str:
    """Where the encoder's first weights come from.

    Raises:
        ValueError: a network that can start from pretrained weights is to be trained, and nothing is said of them.
    """
    given: str | None = options["encoder_weights"]
    has_weights = options["resume"] is not None or options["start_from"] is not None
    if given is None and options["arch"] == PRETRAINABLE and not has_weights:
        raise ValueError(
            f"{PRETRAINABLE} starts from a ResNet34's weights: --encoder-weights imagenet downloads them, PATH reads a "
            f"file, {NO_ENCODER_WEIGHTS} trains from scratch"
        )
    return given or NO_ENCODER_WEIGHTS


def trainable_stages(freeze_encoder: str) -> int | None:
    """How many of the encoder's last stages learn; None for all.

    Raises:
        ValueError: the words are neither all, none nor a number.
    """
    if freeze_encoder == "none":
        return None
    if freeze_encoder == "all":
        return 0
    if not freeze_encoder.isdecimal():
        raise ValueError(f"--freeze-encoder {freeze_encoder} is neither none, all nor a number of stages")
    return int(freeze_encoder)
