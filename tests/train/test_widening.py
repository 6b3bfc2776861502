"""A wider network answers as the narrow one that it was made of, and its copies can learn different things."""

from pathlib import Path

import pytest
import torch
from torch import nn

from train.checkpoint import NetworkSpec, load_first_weights, spec_contents
from train.networks import build_network
from train.widening import widen


def narrow_network(arch: str) -> nn.Module:
    """Of width 4, with statistics as after training."""
    torch.manual_seed(0)
    network = build_network(arch, 8, 4, "none")
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return network.eval()


@pytest.mark.parametrize("copies", [2, 3])
@pytest.mark.parametrize("arch", ["unet-lite", "unet", "unet-resnet34", "face-finder"])
def test_the_wider_network_answers_as_the_narrow_one(arch: str, copies: int) -> None:
    narrow, wide = narrow_network(arch), build_network(arch, 8, 4 * copies, "none").eval()
    wide.load_state_dict(widen(narrow.state_dict(), wide))
    pixels = torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(wide(pixels), narrow(pixels), rtol=1e-4, atol=1e-5)


def test_copies_do_not_stay_alike() -> None:
    narrow, wide = narrow_network("unet-lite"), build_network("unet-lite", 8, 8, "none").train()
    wide.load_state_dict(widen(narrow.state_dict(), wide))
    optimizer = torch.optim.AdamW(wide.parameters(), 1e-2)
    wide(torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8)).square().mean().backward()
    optimizer.step()
    for name, weight in wide.named_parameters():
        if weight.dim() == 4 and weight.shape[0] == 2 * dict(narrow.named_parameters())[name].shape[0]:
            assert not torch.allclose(weight[::2], weight[1::2], atol=1e-4), name


def test_channels_that_are_no_multiple_are_refused() -> None:
    with pytest.raises(ValueError, match="6 channels are no whole multiple of 4"):
        widen(narrow_network("unet-lite").state_dict(), build_network("unet-lite", 8, 6, "none"))


def test_a_run_may_start_from_a_narrower_one_with_the_same_regions(tmp_path: Path) -> None:
    regions = [
        "background",
        "right_eye",
        "left_eye",
        "right_iris",
        "left_iris",
        "upper_lip",
        "lower_lip",
        "mouth_inside",
    ]
    was = NetworkSpec("unet-lite", regions, "tight", 4, "photos", "0000000")
    state = {f"network.{name}": weight for name, weight in narrow_network("unet-lite").state_dict().items()}
    torch.save({"network_spec": spec_contents(was), "state_dict": state}, tmp_path / "narrow.pt")
    for width, wanted in ((8, regions), (6, regions), (8, regions[:4])):
        network = build_network("unet-lite", len(wanted), width, "none").eval()
        spec = NetworkSpec("unet-lite", wanted, "tight", width, "photos", "0000000")
        if width == 8 and wanted == regions:
            load_first_weights(network, spec, tmp_path / "narrow.pt")
            pixels = torch.randint(0, 256, (1, 64, 96, 3), dtype=torch.uint8)
            with torch.inference_mode():
                torch.testing.assert_close(network(pixels), narrow_network("unet-lite")(pixels), rtol=1e-4, atol=1e-5)
        else:
            with pytest.raises(ValueError, match=f"unet-lite of width 4, where unet-lite of width {width} starts"):
                load_first_weights(network, spec, tmp_path / "narrow.pt")
