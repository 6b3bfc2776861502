"""Order and chance follow from seed and epoch, in whichever process an example is read."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from typer.testing import CliRunner

from realtime.core.geometry import TIGHT, BgrImage
from train.__main__ import app
from train.checkpoint import load_checkpoint, read_contents
from train.data.crops import split_faces
from train.data.order import (
    MOST_OFTENER,
    Processes,
    SeededBatches,
    SeededItems,
    SeededLoader,
    SeededOrder,
    TrainingFaces,
    by_shares,
    by_source,
    by_source_and_tone,
    draw_repeatedly,
    every_face_once,
    parse_share,
)
from train.evaluation.held_out import HeldOut, HeldOutFace, count_faces
from train.fitting.progress import read_curves


class Draws(Dataset[Tensor]):
    """Each item is its index and a random number."""

    def __getitem__(self, index: int) -> Tensor:
        return torch.tensor([index, int(torch.randint(2**40, ()))])


def epoch(number: int, seed: int = 1, workers: int = 0) -> Tensor:
    order = SeededOrder(20, seed)
    order.set_epoch(number)
    return torch.cat(list(DataLoader(SeededItems(Draws()), 4, sampler=order, num_workers=workers)))


def test_an_epoch_draws_everything_once_and_the_same_each_time() -> None:
    assert sorted(epoch(3)[:, 0].tolist()) == list(range(20))
    torch.manual_seed(123)
    assert torch.equal(epoch(3), epoch(3))
    assert torch.equal(epoch(3), epoch(3, workers=2))


def test_other_epochs_and_seeds_draw_otherwise() -> None:
    assert not torch.equal(epoch(3)[:, 0], epoch(4)[:, 0])
    assert not torch.equal(epoch(3)[:, 0], epoch(3, seed=2)[:, 0])
    assert len({*epoch(3)[:, 1].tolist(), *epoch(4)[:, 1].tolist()}) == 40


def test_reading_an_example_leaves_torchs_own_chance_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    SeededItems(Draws())[0, 99]
    assert torch.equal(torch.rand(3), expected)


def batches(*, rank: int = 0, count: int = 1, of: int = 20, seed: int = 1, batch_size: int = 3) -> SeededBatches:
    return SeededBatches(SeededOrder(of, seed), batch_size, Processes(rank, count, count))


def test_processes_take_turns_at_the_batches_of_one() -> None:
    whole = list(batches())
    first, second = list(batches(rank=0, count=2)), list(batches(rank=1, count=2))
    assert [*first, *second] == [*whole[0::2], *whole[1::2]]
    assert len(batches(count=2)) == len(first) == 3
    assert len({index for batch in first + second for index, _ in batch}) == 18  # 20 less the two of the last batch


def test_an_odd_batch_is_nobodys() -> None:
    shares = [list(batches(rank=rank, count=4)) for rank in range(4)]
    assert [len(share) for share in shares] == [1, 1, 1, 1]
    assert [batch for share in shares for batch in share] == list(batches())[:4]


def test_a_set_smaller_than_a_batch_is_one_batch() -> None:
    assert [len(batch) for batch in batches(of=2)] == [2]
    with pytest.raises(ValueError, match="2 training faces in batches of 3 are too few for 2 processes"):
        batches(of=2, count=2)


def test_validation_is_dealt_out_without_repeats() -> None:
    shares = [list(Processes(rank, 2, 2).share_of([10, 11, 12])) for rank in range(2)]  # type: ignore[arg-type]
    assert shares == [[10, 12], [11]]
    with pytest.raises(ValueError, match="1 validation faces are too few for 2 processes"):
        Processes(0, 2, 2).share_of([10])  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [0, 1])
def test_an_epoch_goes_on_in_its_midst(workers: int) -> None:
    loader, later = (SeededLoader(Draws(), batches(), workers) for _ in range(2))
    given = iter(loader)
    seen = [next(given), next(given)]
    later.load_state_dict(loader.state_dict())
    rest = list(later)
    assert torch.equal(torch.cat(seen + rest), torch.cat(list(loader)))
    assert later.state_dict()["given"] == len(later) == len(list(later)) == 6


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (batches(seed=2), "had seed 1, this one has 2"),
        (batches(batch_size=4), "had batch size 3, this one has 4"),
        (batches(of=21), "had training faces 20, this one has 21"),
        (batches(count=2), "had processes 1, this one has 2"),
    ],
)
def test_no_epoch_goes_on_by_another_plan(other: SeededBatches, line: str) -> None:
    state = SeededLoader(Draws(), batches(), 0).state_dict()
    with pytest.raises(ValueError, match=line):
        SeededLoader(Draws(), other, 0).load_state_dict(state)


def test_torchrun_tells_each_process_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"TORCHELASTIC_RUN_ID": "1", "RANK": "3", "WORLD_SIZE": "4", "LOCAL_WORLD_SIZE": "2"}
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    assert Processes.from_environment() == Processes(rank=3, count=4, per_machine=2)
    monkeypatch.delenv("TORCHELASTIC_RUN_ID")
    assert Processes.from_environment() == Processes(rank=0, count=1, per_machine=1)


SOURCES = TrainingFaces(["large"] * 64 + ["small"] * 4 + ["tiny"], [], TIGHT)


def test_each_source_worked_by_hand() -> None:
    # The roots are 8, 2 and 1; of 11 parts, 69 faces are drawn.
    repeats = by_source(SOURCES)
    assert_allclose(repeats, [69 * 8 / 11 / 64] * 64 + [69 * 2 / 11 / 4] * 4 + [69 * 1 / 11])
    assert repeats.sum() == pytest.approx(69)


def test_one_source_is_as_it_is() -> None:
    assert_allclose(by_source(TrainingFaces(["a"] * 7, [], TIGHT)), np.ones(7))
    assert every_face_once(SOURCES) is None


def test_an_epoch_draws_each_source_by_its_share_and_each_face_nearly_alike() -> None:
    order = SeededOrder(69, 1, by_source(SOURCES))
    drawn = np.zeros(69, int)
    for number in range(50):
        order.set_epoch(number)
        epoch = [index for index, _ in order]
        assert len(epoch) == len(order) == 69
        times = np.bincount(epoch, minlength=69)
        assert times[:64].sum() in (50, 51)  # 50.2
        assert set(times[:64]) <= {0, 1}
        assert set(times[64:68]) <= {3, 4}  # 3.1
        assert times[68] in (6, 7)  # 6.3
        drawn += times
    assert_allclose(drawn[:64], 50 * 69 * 8 / 11 / 64, atol=12)  # nobody is left out for good


def test_repeats_are_spread_over_the_epoch_and_have_seeds_of_their_own() -> None:
    order = SeededOrder(69, 1, by_source(SOURCES))
    draws = list(order)
    places = [place for place, (index, _) in enumerate(draws) if index == 68]
    assert np.ptp(places) > 10
    assert len({seed for _, seed in draws}) == 69
    assert draws == list(order)


def test_draws_worked_by_hand() -> None:
    # By share 2, 1, 0: the shares end at 0.5, 1.5 and 3, from a quarter on at 0.75, 1.75 and 3.25.
    repeats = np.array([1.5, 1.0, 0.5])
    assert draw_repeatedly(np.array([2, 0, 1]), repeats, 0.25).tolist() == [1, 0, 0]
    assert draw_repeatedly(np.array([2, 0, 1]), repeats, 0.5).tolist() == [2, 1, 0]


@dataclass(frozen=True)
class OneColor:
    """A face of a data set that is all of one grey level: a tone of `train.data.skin_tone` each."""

    level: int
    labeller: str = ""

    def read_canvas(self) -> BgrImage:
        return BgrImage(np.full((314, 274, 3), self.level, np.uint8))

    def read(self) -> tuple[BgrImage, npt.NDArray[np.uint8]]:
        raise AssertionError("its labels are not asked for")


def test_tones_are_shown_alike_within_the_sources_shares_and_none_too_often() -> None:
    # Grey has no yellow: L* above 50 is very light, below it dark. Of six tones each should have a sixth.
    levels = [200] * 60 + [20] * 40
    repeats = by_source_and_tone(TrainingFaces(["a"] * 100, [OneColor(level) for level in levels], TIGHT))
    assert_allclose(repeats, [50 / 60] * 60 + [50 / 40] * 40)
    rare = by_source_and_tone(TrainingFaces(["a"] * 100, [OneColor(level) for level in [200] * 99 + [20]], TIGHT))
    assert rare[-1] / rare[0] == pytest.approx(MOST_OFTENER / (1 / (6 * 0.99)))
    assert rare.sum() == pytest.approx(100)
    sources = ["large"] * 64 + ["small"] * 4
    both = by_source_and_tone(TrainingFaces(sources, [OneColor(200)] * 68, TIGHT))
    assert_allclose(both, by_source(TrainingFaces(sources, [], TIGHT)))


def test_shares_worked_by_hand() -> None:
    # Of 69 draws tiny has 20 percent, small 5; 75 are left to the 64 large ones.
    repeats = by_shares(SOURCES, None, {"tiny": 20, "small": 5})
    assert_allclose(repeats, [69 * 0.75 / 64] * 64 + [69 * 0.05 / 4] * 4 + [69 * 0.2])
    assert repeats.sum() == pytest.approx(69)


def test_what_is_left_goes_to_the_other_sources_as_they_were_balanced() -> None:
    # Balanced, large has 8 parts and tiny 1: they divide 40 percent; small has 60.
    balanced = by_source(SOURCES)
    before = balanced.copy()
    repeats = by_shares(SOURCES, balanced, {"small": 60})
    assert_allclose(repeats, [69 * 0.4 * 8 / 9 / 64] * 64 + [69 * 0.6 / 4] * 4 + [69 * 0.4 / 9])
    assert_allclose(balanced, before, atol=0)


def test_within_a_share_faces_keep_the_balance_that_they_had() -> None:
    faces = TrainingFaces(["a", "a", "b", "b"], [], TIGHT)
    assert_allclose(by_shares(faces, np.array([3.0, 1.0, 1.0, 1.0]), {"a": 20}), [0.6, 0.2, 1.6, 1.6])


def test_shares_of_every_source_add_up_to_all_of_it() -> None:
    faces = TrainingFaces(["a", "b", "b"], [], TIGHT)
    assert_allclose(by_shares(faces, None, {"a": 90, "b": 10}), [2.7, 0.15, 0.15])
    assert_allclose(by_shares(faces, None, {"a": 100 / 3, "b": 200 / 3}), [1, 1, 1])


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"nobody": 5.0}, "--share nobody: no training face is of it, only of large, small, tiny"),
        ({"tiny": 60.0, "small": 50.0}, "the shares add up to 110 percent, and 64 faces are of other sources"),
        ({"tiny": 60.0, "small": 40.0}, "the shares add up to 100 percent, and 64 faces are of other sources"),
        ({"tiny": 1.0, "small": 1.0, "large": 1.0}, "the shares add up to 3 percent, and 0 faces are of other sources"),
    ],
    ids=["no such source", "more than all", "nothing for the others", "nobody for the rest"],
)
def test_shares_that_cannot_be_shown_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        by_shares(SOURCES, None, shares)


@pytest.mark.parametrize(
    ("text", "share"), [("ibug=5", ("ibug", 5.0)), ("a=b=12.5", ("a=b", 12.5)), ("all=100", ("all", 100.0))]
)
def test_a_share_is_a_name_and_a_percent(text: str, share: tuple[str, float]) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["ibug", "ibug=", "=5", "ibug=0", "ibug=-1", "ibug=101", "ibug=nan", "ibug=five"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"--share {text} is not NAME=PERCENT"):
        parse_share(text)


pytestmark = pytest.mark.slow
LIMIT_S = 900
COMMON = (
    *("--layout", "celeba", "--mask-region", "iris", "--regions", "iris", "--width", 2, "--workers", 0, "--threads", 1),
    *("--precision", "fp32", "--augment", "none", "--loss", "cross-entropy"),
    *("--optimizer", "sgd", "--schedule", "constant", "--learning-rate", 0.05, "--clip", 0, "--batch-size", 1),
)
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def start_two(data: Path, out: Path, *words: object) -> subprocess.Popen[str]:
    command = [*TORCHRUN, "-m", "train", "fit", "--data", data, "--out", out, *COMMON, *words]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
    )


def fit_two(data: Path, out: Path, *words: object) -> str:
    process = start_two(data, out, *words)
    output, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, output
    return output


def fit_one(data: Path, out: Path, *words: object) -> None:
    command = ["fit", "--data", data, "--out", out, *COMMON, *words]
    result = CliRunner().invoke(app, [str(word) for word in command])
    assert result.exit_code == 0, result.output


def test_two_processes_learn_as_one_that_adds_up_two_batches(pairs: Path, tmp_path: Path) -> None:
    output = fit_two(pairs, tmp_path / "two", "--epochs", 2)
    fit_one(pairs, tmp_path / "one", "--epochs", 2, "--accumulate", 2)
    two, spec = load_checkpoint(tmp_path / "two" / "last.pt")
    one = dict(load_checkpoint(tmp_path / "one" / "last.pt")[0].named_parameters())
    for name, value in two.named_parameters():
        torch.testing.assert_close(value, one[name], rtol=1e-4, atol=1e-5, msg=name)
    assert read_contents(tmp_path / "two" / "last.pt")["global_step"] == 4

    faces = split_faces([pairs], "celeba", "iris")[1].pairs  # three: one process has two of them, the other one
    common = {name: [name] for name in spec.regions[1:]}
    held_out = HeldOut([HeldOutFace(face, "", "") for face in faces], common)
    counts = count_faces(two, spec, held_out, lambda: None)
    scores, any_region = counts.scores(), counts.any_region()
    curves = read_curves(tmp_path / "two")
    logged = {name: list(values.values())[-1] for name, values in curves.items()}
    assert logged["val_dice_any_region"] == pytest.approx(any_region.dice, abs=1e-6)
    assert logged["val_score"] == pytest.approx(np.mean([scores[name].dice for name in spec.regions[1:]]), abs=1e-6)

    assert (output.count("epoch 2 of 2: loss"), output.count("wrote ")) == (1, 1)
    found = {path.name for path in (tmp_path / "two").iterdir()}
    assert found == {"best.pt", "last.pt", "metrics", "curves.png"}
    assert [path.name for path in (tmp_path / "two" / "metrics").iterdir()] == ["version_0"]


def test_two_processes_have_the_losses_of_one_with_the_double_batch(pairs: Path, tmp_path: Path) -> None:
    """Exact but for batch norm, which sees each process's own batch; here it sees the same photo everywhere."""
    alike = shutil.copytree(pairs, tmp_path / "alike")
    for kind, suffix in (("images", "png"), ("masks", "jpg")):
        for number in (1, 2, 3):
            shutil.copy(alike / "train" / kind / f"0.{suffix}", alike / "train" / kind / f"{number}.{suffix}")
    fit_two(alike, tmp_path / "two", "--epochs", 3)
    fit_one(alike, tmp_path / "one", "--epochs", 3, "--batch-size", 2)
    two, one = read_curves(tmp_path / "two"), read_curves(tmp_path / "one")
    for name in ("train_cross_entropy", "val_cross_entropy"):
        losses = list(one[name].values())
        assert list(two[name].values()) == pytest.approx(losses, rel=0.01), name
        assert losses[0] > 1.05 * losses[2]
    assert two["val_score"] == pytest.approx(one["val_score"], abs=0.01)


def test_sigterm_stops_all_processes_at_the_same_step(pairs: Path, tmp_path: Path) -> None:
    process = start_two(pairs, tmp_path, "--epochs", 5000)
    deadline = time.monotonic() + LIMIT_S
    while not (tmp_path / "last.pt").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=LIMIT_S)
    assert f"--resume {tmp_path / 'last.pt'} goes on" in output.replace("\n", " "), output
    assert output.count("stopping after this step") == 1
    assert read_contents(tmp_path / "last.pt")["global_step"] >= 2
