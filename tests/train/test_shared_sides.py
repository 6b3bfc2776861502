"""Right and left from one channel: which is which follows from the half of the crop alone."""

import pytest
import torch
from torch import Tensor, nn

from realtime.regions import Region
from train.checkpoint import NetworkSpec
from train.models import SEGMENTERS
from train.models.shared_sides import SharedSides, shared_channels

IRISES = (Region.BACKGROUND, Region.RIGHT_IRIS, Region.LEFT_IRIS)


def test_a_region_shares_its_channel_with_its_mirror_image_alone() -> None:
    assert shared_channels(tuple(Region)) == [0, 1, 1, 2, 2, 3, 4, 5]
    assert shared_channels(IRISES) == [0, 1, 1]
    assert shared_channels((Region.LEFT_IRIS, Region.UPPER_LIP, Region.RIGHT_IRIS)) == [0, 1, 0]


class Fixed(nn.Module):
    """Answers 2 for background and 5 for the irises everywhere."""

    normalization = None

    def forward(self, crop_bgr: Tensor) -> Tensor:
        return torch.tensor([2.0, 5.0]).view(1, 2, 1, 1).expand(len(crop_bgr), 2, 1, 4)


def test_the_half_of_the_crop_tells_the_side_worked_by_hand() -> None:
    logits = SharedSides(Fixed(), IRISES)(torch.zeros(2, 1, 4, 3, dtype=torch.uint8))
    assert logits.tolist() == [[[[2, 2, 2, 2]], [[5, 5, -30, -30]], [[-30, -30, 5, 5]]]] * 2


@pytest.mark.parametrize("arch", SEGMENTERS)
def test_every_weight_learns_and_the_regions_come_out_in_their_order(arch: str) -> None:
    torch.manual_seed(0)
    names = ["background", "right_iris", "left_iris", "upper_lip"]
    network = NetworkSpec(arch, names, "celeba", 4, "", "", normalize="dataset", share_sides=True).build().train()
    logits = network(torch.randint(256, (2, 218, 178, 3), dtype=torch.uint8))
    assert logits.shape == (2, 4, 218, 178)
    assert (logits[:, 1, :, 89:] == -30).all()
    assert (logits[:, 2, :, :89] == -30).all()
    assert (logits[:, (0, 3)] > -30).all()
    (logits * torch.randn_like(logits)).sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())
    assert len(network.encoder_stages()) == 5
