"""Order and chance follow from seed and epoch, in whichever process an example is read."""

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from train.data.order import SeededBatches, SeededItems, SeededLoader, SeededOrder
from train.data.processes import Processes


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
