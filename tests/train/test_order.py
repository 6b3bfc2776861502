"""Order and chance follow from seed and epoch, in whichever process an example is read."""

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from train.order import SeededItems, SeededOrder


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
