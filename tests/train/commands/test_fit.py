"""`fit` as a user runs it: every option has its effect, and a stopped run goes on as if it never was."""

import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from lightning.pytorch.callbacks import RichProgressBar
from rich.console import Console
from typer.testing import CliRunner, Result

from realtime.core.regions import Region, region_name
from train.__main__ import app
from train.augmentation.augment import AUGMENTATIONS, center_pair
from train.checkpoint import load_checkpoint, read_contents
from train.config import PRESETS, FitConfig
from train.data.order import Processes, SeededOrder
from train.fitting import run as loop
from train.fitting.progress import EpochLine, read_curves
from train.fitting.run import build_trainer
from train.networks.unet_resnet34 import ResNet34Encoder

QUICK = ("--workers", 0, "--threads", 1, "--batch-size", 2, "--width", 2)


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def fit(pairs: Path, out: Path, *words: object) -> Result:
    data = ("--data", pairs, "--layout", "celeba", "--mask-region", "iris", "--regions", "iris")
    return run("fit", *data, "--out", out, *QUICK, *words)


def fitted(pairs: Path, out: Path, *words: object) -> dict[str, Any]:
    """What last.pt holds after a run that went well."""
    result = fit(pairs, out, *words)
    assert result.exit_code == 0, result.output
    return read_contents(out / "last.pt")


def assert_same_run(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Weights, running mean of them, and the memory of optimizer and schedule are the same to the last bit."""
    for part in {"state_dict", "current_model_state"} & one.keys():
        assert one[part].keys() == other[part].keys()
        for name, value in one[part].items():
            assert torch.equal(value, other[part][name]), (part, name)
    assert one["lr_schedulers"] == other["lr_schedulers"]
    assert one["optimizer_states"][0]["param_groups"] == other["optimizer_states"][0]["param_groups"]
    for number, state in one["optimizer_states"][0]["state"].items():
        for name, value in state.items():
            found = other["optimizer_states"][0]["state"][number][name]
            assert torch.equal(value, found) if isinstance(value, torch.Tensor) else value == found, (number, name)


DEFAULTS = ("--workers", 1)
MEAN_AND_PLATEAU = ("--optimizer", "sgd", "--schedule", "plateau", "--ema", 0.9, "--patience", 9, "--accumulate", 2)
FROZEN = ("--arch", "unet", "--schedule", "cosine", "--freeze-encoder", 1, "--normalize", "dataset")
SIGMOID = ("--head", "sigmoid", "--loss", "dice+bce", "--regions", "right_iris+left_iris")


@pytest.mark.parametrize(
    ("words", "sent", "where"),
    [
        (DEFAULTS, (signal.SIGINT, 1, 1), "in epoch 2 after 2 of 4 batches"),
        (DEFAULTS, (signal.SIGTERM, 0, 0), "in epoch 1 after 1 of 4 batches"),
        (MEAN_AND_PLATEAU, (signal.SIGINT, 1, 0), "in epoch 2 after 2 of 4 batches"),
        ((*FROZEN, *SIGMOID), (signal.SIGINT, 0, 1), "in epoch 1 after 2 of 4 batches"),
        (MEAN_AND_PLATEAU, (signal.SIGINT, 0, 3), "after epoch 1 of 2"),
        ((), (signal.SIGTERM, 0, 1, 1, "validation_step"), "after epoch 1 of 2"),
    ],
    ids=["workers", "SIGTERM", "sgd, plateau, mean", "frozen, cosine, sigmoid", "last batch", "while validating"],
)
def test_a_stopped_run_goes_on_bit_for_bit(
    words: tuple[object, ...],
    sent: tuple[Any, ...],
    where: str,
    pairs: Path,
    tmp_path: Path,
    send: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ("--epochs", 2, "--precision", "fp32", "--batch-size", 1, *words)
    whole = fitted(pairs, tmp_path / "whole", *words)
    send(*sent)
    stopped = fit(pairs, tmp_path / "stopped", *words)
    monkeypatch.undo()
    last = tmp_path / "stopped" / "last.pt"
    assert stopped.exit_code == 1
    assert f"stopped {where}: the same command with --resume {last} goes on" in stopped.output.replace("\n", "")
    before = read_contents(last)
    resumed = fitted(pairs, tmp_path / "stopped", *words, "--resume", last)
    assert resumed["epoch"] == whole["epoch"] == 1
    assert_same_run(resumed, whole)
    assert any(not torch.equal(value, before["state_dict"][name]) for name, value in resumed["state_dict"].items())


def test_a_second_signal_stops_at_once_and_says_what_is_kept(
    pairs: Path, tmp_path: Path, send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    send(signal.SIGINT, 0, 0, 2)
    nothing = fit(pairs, tmp_path)
    assert (nothing.exit_code, "stopped at once, before anything was saved: nothing is kept" in nothing.output) == (
        1,
        True,
    )
    assert not (tmp_path / "last.pt").exists()
    monkeypatch.undo()
    send(signal.SIGINT, 1, 0, 2)
    later = fit(pairs, tmp_path)
    assert f"stopped at once: the same command with --resume {tmp_path / 'last.pt'}" in later.output.replace("\n", "")
    assert read_contents(tmp_path / "last.pt")["epoch"] == 0


def test_the_rest_of_an_epoch_belongs_to_its_data_and_batches(
    pairs: Path, tmp_path: Path, send: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--schedule", "constant", "--epochs", 1)
    send(signal.SIGINT, 0, 0)
    fit(pairs, tmp_path, *words, "--batch-size", 1)
    monkeypatch.undo()
    result = fit(pairs, tmp_path, *words, "--batch-size", 2, "--resume", tmp_path / "last.pt")
    line = "stopped within an epoch and had batch size 1, this one has 2"
    assert (result.exit_code, line in result.output.replace("\n", " ")) == (1, True)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--head", "sigmoid", "--loss", "dice"), "had head softmax, this one has sigmoid"),
        (("--loss", "focal"), "had loss dice+cross-entropy, this one has focal"),
        (("--optimizer", "sgd"), "had optimizer adamw, this one has sgd"),
        (("--ema", 0.9), "had ema 0.0, this one has 0.9"),
        (("--freeze-encoder", 2), "had trainable_stages None, this one has 2"),
        (("--width", 3), "had width 2, this one has 3"),
        (("--epochs", 3), "was planned for 2 steps, this one for 6"),
    ],
)
def test_a_run_never_goes_on_as_another(words: tuple[object, ...], line: str, resumable: Path, pairs: Path) -> None:
    result = fit(pairs, resumable, "--epochs", 1, "--resume", resumable / "last.pt", *words)
    assert result.exit_code == 1
    assert line in result.output.replace("\n", " ")


@pytest.fixture(scope="module")
def resumable(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of one epoch."""
    out = tmp_path_factory.mktemp("resumable")
    fitted(pairs, out, "--epochs", 1)
    return out


def test_independent_regions_learn_evaluate_and_say_what_they_are(pairs: Path, tmp_path: Path) -> None:
    words = ("--head", "sigmoid", "--loss", "tversky", "--normalize", "imagenet", "--epochs", 12, "--width", 8)
    words = (*words, "--batch-size", 1, "--learning-rate", 0.02, "--augment", "light")
    fitted(pairs, tmp_path, *words)
    _, spec = load_checkpoint(tmp_path / "best.pt")
    assert (spec.regions, spec.head, spec.layout) == (["right_iris", "left_iris"], "sigmoid", "celeba")
    curves = read_curves(tmp_path)
    assert {"train_tversky_loss", "val_tversky_loss", "val_dice_any_region", "val_dice_left_iris"} <= curves.keys()
    scores = list(curves["val_score"].values())
    assert max(scores) > max(0.3, 2 * scores[0])
    result = run("evaluate", tmp_path / "best.pt", "--data", pairs, "--mask-region", "iris", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "any region" in result.output


def test_frozen_stages_keep_the_weights_that_they_were_given(pairs: Path, tmp_path: Path) -> None:
    torch.manual_seed(4)
    given = ResNet34Encoder(2).state_dict()
    torch.save(given, tmp_path / "encoder.pth")
    words = ("--arch", "unet-resnet34", "--encoder-weights", tmp_path / "encoder.pth", "--freeze-encoder", 1)
    state = fitted(pairs, tmp_path, *words, "--epochs", 2, "--encoder-lr", 1e-4)["state_dict"]
    for name, value in given.items():
        is_learning = name.startswith("layer4") and not name.endswith("num_batches_tracked")
        assert torch.equal(state[f"network.encoder.{name}"], value) != is_learning or value.ndim == 0, name


def test_the_run_ends_early_when_nothing_gets_better(pairs: Path, tmp_path: Path) -> None:
    words = ("--learning-rate", 0, "--schedule", "constant", "--patience", 2, "--clip", 0)
    last_epoch = fitted(pairs, tmp_path, *words, "--epochs", 9)["epoch"]
    scores = list(read_curves(tmp_path)["val_score"].values())
    assert last_epoch == len(scores) - 1 < 8
    assert scores.index(max(scores)) == last_epoch - 2
    assert read_contents(tmp_path / "best.pt")["epoch"] == last_epoch - 2


def test_plateau_is_told_the_score_of_every_epoch_once(pairs: Path, tmp_path: Path) -> None:
    contents = fitted(pairs, tmp_path, "--schedule", "plateau", "--epochs", 2)
    (state,) = contents["lr_schedulers"]
    scores = list(read_curves(tmp_path)["val_score"].values())
    assert state["last_epoch"] == len(scores) == 2
    assert state["best"] == pytest.approx(max(scores))


def test_the_running_mean_of_the_weights_is_what_is_kept(pairs: Path, tmp_path: Path) -> None:
    contents = fitted(pairs, tmp_path, "--ema", 0.5, "--epochs", 1)
    name = "network.head.weight"
    assert not torch.equal(contents["state_dict"][name], contents["current_model_state"][name])
    network, _ = load_checkpoint(tmp_path / "last.pt")
    assert torch.equal(network.state_dict()["head.weight"], contents["state_dict"][name])


def test_accumulated_batches_make_one_step(pairs: Path, tmp_path: Path) -> None:
    assert fitted(pairs, tmp_path, "--epochs", 1, "--batch-size", 1, "--accumulate", 4)["global_step"] == 1


@pytest.fixture(scope="module")
def teacher(pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that takes every pixel for the left iris, whatever it is shown."""
    out = tmp_path_factory.mktemp("teacher")
    contents = fitted(pairs, out, "--epochs", 1)
    contents["state_dict"]["network.head.weight"].zero_()
    contents["state_dict"]["network.head.bias"].copy_(torch.tensor([0.0, 0.0, 6.0]).repeat_interleave(4))
    torch.save(contents, out / "teacher.pt")
    return out / "teacher.pt"


TAUGHT = ("--learning-rate", 0.03, "--epochs", 8, "--batch-size", 1, "--augment", "none")


@pytest.mark.parametrize(("weight", "shares"), [(1, (0.9, 1.0)), (0, (0.0, 0.5))])
def test_a_student_follows_its_teacher_as_far_as_it_is_told_to(
    weight: float, shares: tuple[float, float], pairs: Path, teacher: Path, tmp_path: Path
) -> None:
    contents = fitted(pairs, tmp_path, "--teacher", teacher, "--teacher-weight", weight, *TAUGHT)
    network, _ = load_checkpoint(tmp_path / "last.pt")
    photo = cv2.imread(str(pairs / "val" / "images" / "0.png"))
    with torch.no_grad():
        predicted = network(torch.from_numpy(photo)[None]).argmax(1)
    low, high = shares
    assert low <= (predicted == 2).float().mean() <= high  # the labels have it on a hundredth of the crop
    assert all(name.startswith("network.") for name in contents["state_dict"])
    losses = list(read_curves(tmp_path)["train_teacher_loss"].values())
    assert (losses[-1] < losses[0] / 2) == (weight == 1)


def test_a_run_goes_on_with_the_teacher_that_it_had(pairs: Path, teacher: Path, tmp_path: Path) -> None:
    words = ("--epochs", 1, "--teacher", teacher)
    fitted(pairs, tmp_path, *words)
    resume = ("--resume", tmp_path / "last.pt")
    assert fit(pairs, tmp_path, *words, *resume).exit_code == 0
    for others, line in [
        (("--epochs", 1), "had teacher"),
        (("--epochs", 1, "--teacher", teacher.with_name("best.pt")), "had teacher"),
        ((*words, "--teacher-weight", 0.1), "had teacher_weight 0.5, this one has 0.1"),
    ]:
        result = fit(pairs, tmp_path, *others, *resume)
        assert (result.exit_code, line in result.output.replace("\n", " ")) == (1, True), result.output


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--regions", "left_iris"), "the teacher has regions ['background', 'right_iris', 'left_iris'], the student"),
        (("--layout", "tight"), "the teacher has layout celeba, the student tight"),
        (("--teacher", "gone.pt"), "gone.pt: no such checkpoint"),
    ],
)
def test_a_teacher_of_something_else_is_refused(
    words: tuple[object, ...], line: str, pairs: Path, teacher: Path, tmp_path: Path
) -> None:
    result = fit(pairs, tmp_path, "--teacher", teacher, *words)
    assert (result.exit_code, line in " ".join(result.output.split())) == (1, True), result.output


def test_a_log_file_gets_one_plain_line_an_epoch(pairs: Path, tmp_path: Path) -> None:
    result = fit(pairs, tmp_path, "--epochs", 2)
    lines = [line for line in result.output.splitlines() if line.startswith("epoch")]
    score = next(iter(read_curves(tmp_path)["val_score"].values()))
    assert re.fullmatch(rf"epoch 1 of 2: loss \d\.\d{{4}}, val_score {score:.4f}, \d+\.\d s", lines[0]), lines
    assert (len(lines), lines[1][:13]) == (2, "epoch 2 of 2:")


def test_a_terminal_gets_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = FitConfig("unet-lite", (), (), tmp_path, 1, 1, 1e-3, 0, 2, ("background", "left_iris"), 1, 0, None)
    for is_terminal in (True, False):
        monkeypatch.setattr("train.fitting.run.console", Console(force_terminal=is_terminal))
        callbacks = build_trainer(config, Processes(), 1).callbacks  # type: ignore[attr-defined]  # Lightning sets it
        kinds = [type(callback) for callback in callbacks]
        assert (RichProgressBar in kinds, EpochLine in kinds) == (is_terminal, not is_terminal)


def test_tensorboard_has_the_scalars_of_the_log(pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fitted(pairs, tmp_path, "--tensorboard", "--epochs", 2)
    (part,) = (tmp_path / "tensorboard").iterdir()
    events = EventAccumulator(str(part))
    events.Reload()
    curves = read_curves(tmp_path)
    assert set(curves) <= set(events.Tags()["scalars"])
    scalars = {event.step: event.value for event in events.Scalars("val_score")}
    assert scalars == pytest.approx(curves["val_score"])


def test_without_tensorboard_it_says_what_to_install(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.commands.fit.find_spec", lambda _: None)
    result = fit(pairs, tmp_path, "--tensorboard")
    assert (result.exit_code, "pip install '.[tensorboard]'" in result.output) == (1, True)
    assert not (tmp_path / "tensorboard").exists()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[FitConfig]:
    """The runs that were asked for; none is made."""
    configs: list[FitConfig] = []

    def remember(config: FitConfig) -> Path:
        configs.append(config)
        return Path("best.pt")

    monkeypatch.setattr("train.fitting.run.fit", remember)
    return configs


def test_without_options_a_run_is_what_it_always_was(asked: list[FitConfig]) -> None:
    assert run("fit", "--data", "d", "--out", "o").exit_code == 0
    regions = tuple(map(region_name, Region))
    old = FitConfig("unet-lite", (Path("d"),), (), Path("o"), 12, 32, 3e-3, 1e-2, 16, regions, 1, 1, None)
    assert asked == [old]
    assert (old.loss, old.optimizer, old.schedule, old.clip, old.precision) == (
        "dice+cross-entropy", "adamw", "one-cycle", 5.0, "bf16"
    )  # fmt: skip


def test_a_preset_is_what_the_seed_did(asked: list[FitConfig]) -> None:
    for preset in PRESETS:
        assert run("fit", "--data", "d", "--out", "o", "--preset", preset).exit_code == 0
    a, b = asked
    assert (a.arch, a.width, a.optimizer, a.learning_rate, a.batch_size, a.epochs, a.loss, a.schedule) == (
        "unet", 64, "adamw", 1e-4, 16, 100, "dice", "constant"
    )  # fmt: skip
    assert (b.arch, b.optimizer, b.learning_rate, b.momentum, b.weight_decay, b.epochs, b.loss, b.encoder_weights) == (
        "unet-resnet34", "sgd", 3e-3, 0.8, 3e-4, 25, "dice", "imagenet"
    )  # fmt: skip


def test_what_is_given_beside_a_preset_wins_even_where_it_is_fits_own_default(asked: list[FitConfig]) -> None:
    run("fit", "--data", "d", "--out", "o", "--preset", "seed-a", "--batch-size", 32, "--width", 16, "--epochs", 12)
    (config,) = asked
    assert (config.batch_size, config.width, config.epochs, config.learning_rate) == (32, 16, 12, 1e-4)


def test_a_run_starts_from_another_ones_weights_and_keeps_its_own_head(pairs: Path, tmp_path: Path) -> None:
    first = fitted(pairs, tmp_path / "first", "--epochs", 1)
    still = ("--epochs", 1, "--learning-rate", 0, "--schedule", "constant", "--normalize", "imagenet")
    words = (*still, "--regions", "right_iris+left_iris", "--start-from", tmp_path / "first" / "last.pt")
    second = fitted(pairs, tmp_path / "second", *words)
    weights = {name: value for name, value in first["state_dict"].items() if name.endswith("conv.weight")}
    assert weights
    for name, value in weights.items():
        assert torch.equal(second["state_dict"][name], value)
    assert second["state_dict"]["network.head.weight"].shape[0] == 2 * 4
    assert second["network_spec"]["regions"] == ["background", "iris"]
    mean = second["state_dict"]["network.normalization.mean"].flatten()
    assert mean.tolist() == pytest.approx([0.406 * 255, 0.456 * 255, 0.485 * 255], abs=0.1)


def test_another_networks_weights_are_refused(pairs: Path, tmp_path: Path) -> None:
    fitted(pairs, tmp_path / "first", "--epochs", 1)
    result = fit(pairs, tmp_path / "second", "--width", 3, "--start-from", tmp_path / "first" / "last.pt")
    assert result.exit_code == 1
    assert "unet-lite of width 2, where unet-lite of width 3 starts" in " ".join(result.output.split())


def test_without_augmentation_every_epoch_sees_the_crops_as_they_are(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    spy = lambda canvas, labels, *_: (seen.append(1.0), center_pair(canvas, labels))[1]  # noqa: E731
    monkeypatch.setitem(AUGMENTATIONS, "live", spy)
    fitted(pairs, tmp_path / "still", "--epochs", 1, "--augment", "none")
    assert not seen
    fitted(pairs, tmp_path / "moved", "--epochs", 1)
    assert len(seen) == 4


def test_balance_draws_small_sources_more_often_and_stays_for_a_resumed_run(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small"
    shutil.copytree(pairs, small)
    for kind, suffix in (("images", "png"), ("masks", "jpg")):
        for number in range(1, 4):
            (small / "train" / kind / f"{number}.{suffix}").unlink()
    asked: list[Any] = []

    def remember(count: int, seed: int, repeats: Any) -> SeededOrder:
        asked.append(repeats)
        return SeededOrder(count, seed, repeats)

    monkeypatch.setattr(loop, "SeededOrder", remember)
    both = ("--data", small, "--epochs", 1)
    fitted(pairs, tmp_path / "none", *both)
    fitted(pairs, tmp_path / "balanced", *both, "--balance", "source")
    assert asked[0] is None
    # Four and one: the roots are 2 and 1, five faces are drawn.
    assert sorted(asked[1].tolist()) == pytest.approx([5 * 2 / 3 / 4] * 4 + [5 / 3])
    resumed = fit(pairs, tmp_path / "balanced", *both, "--resume", tmp_path / "balanced" / "last.pt")
    assert resumed.exit_code == 1
    assert "had balance source, this one has none" in " ".join(resumed.output.split())


def test_a_share_of_a_source_is_shown_and_stays_for_a_resumed_run(
    pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small"
    shutil.copytree(pairs, small)
    asked: list[Any] = []

    def remember(count: int, seed: int, repeats: Any) -> SeededOrder:
        asked.append(repeats)
        return SeededOrder(count, seed, repeats)

    monkeypatch.setattr(loop, "SeededOrder", remember)
    both = ("--data", small, "--epochs", 1)
    shared = (*both, "--share", "small=25")
    fitted(pairs, tmp_path / "run", *shared)
    # Four and four: of eight draws the small source has two.
    assert sorted(asked[0].tolist()) == pytest.approx([0.5] * 4 + [1.5] * 4)
    resume = ("--resume", tmp_path / "run" / "last.pt")
    assert fit(pairs, tmp_path / "run", *shared, *resume).exit_code == 0
    other = fit(pairs, tmp_path / "run", *both, "--share", "small=30", *resume)
    assert other.exit_code == 1
    assert "had shares (('small', 25.0),), this one has (('small', 30.0),)" in " ".join(other.output.split())


def test_shares_reach_the_run(asked: list[FitConfig]) -> None:
    words = ("--share", "ibug=2.5", "--share", "3dsk=30")
    assert run("fit", "--data", "d", "--out", "o", *words).exit_code == 0
    assert run("fit", "--data", "d", "--out", "o").exit_code == 0
    assert [config.shares for config in asked] == [(("ibug", 2.5), ("3dsk", 30.0)), ()]


@pytest.mark.parametrize(
    ("words", "exit_code", "line"),
    [
        (("--share", "ibug"), 2, "--share ibug is not NAME=PERCENT, a percent above 0 and up to 100"),
        (("--share", "nobody=5"), 1, "--share nobody: no training face is of it, only of"),
        (("--loss", "bce"), 2, "bce needs --head sigmoid"),
        (("--loss", "hinge"), 2, "'hinge' is none of dice+cross-entropy"),
        (("--arch", "unet-resnet34"), 2, "--encoder-weights imagenet downloads them"),
        (("--encoder-weights", "imagenet"), 2, "only unet-resnet34 takes --encoder-weights, not unet-lite"),
        (("--freeze-encoder", "some"), 2, "--freeze-encoder some is neither none, all nor a number"),
        (("--freeze-encoder", "6"), 1, "the encoder has 5 stages, not 6"),
        (("--freeze-encoder", "all", "--encoder-lr", 1), 2, "a frozen encoder has no --encoder-lr"),
        (("--arch", "face-finder", "--loss", "dice"), 2, "leave out --loss"),
        (("--arch", "face-finder", "--augment", "none"), 2, "leave out --augment"),
        (("--arch", "face-finder", "--teacher", "t.pt"), 2, "leave out --teacher"),
        (("--arch", "face-finder", "--encoder-lr", 1), 2, "leave out --freeze-encoder"),
        (("--arch", "unet-resnet34", "--encoder-weights", "gone.pth"), 1, "gone.pth: no such file of encoder weights"),
        (("--regions", "iris,iris"), 2, "a region comes twice"),
        (("--preset", "seed-c"), 2, "'seed-c' is none of seed-a, seed-b"),
        (("--layout", "wide"), 2, "'wide' is none of tight, celeba"),
    ],
)
def test_options_that_do_not_go_together_get_one_line(
    words: tuple[object, ...], exit_code: int, line: str, pairs: Path, tmp_path: Path
) -> None:
    result = fit(pairs, tmp_path, *words)
    assert line in " ".join(result.output.replace("│", " ").split())
    assert result.exit_code == exit_code
    assert "Traceback" not in result.output


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the GPU that fp16 wants")
def test_half_precision_without_a_gpu_is_refused(pairs: Path, tmp_path: Path) -> None:
    result = fit(pairs, tmp_path, "--precision", "fp16")
    assert (result.exit_code, "--precision fp16 needs a GPU" in result.output) == (1, True)


def test_a_bad_mask_is_named_before_training_starts(pairs: Path, tmp_path: Path) -> None:
    result = run("fit", "--data", pairs, "--out", tmp_path / "run", *QUICK)
    assert result.exit_code == 1
    assert "0.jpg: a mask of 0 and 255: say what it shows with --mask-region" in result.output.replace("\n", "")
