"""The encoder is ResNet34 as published, and takes its weights from files of torchvision's form alone."""

import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from train.networks import unet_resnet34
from train.networks.unet_resnet34 import ResNet34Encoder, UNetResNet34, load_encoder_weights

CLASSIFIER_PARAMETERS = 512 * 1000 + 1000


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def state_like_torchvision(width: int = 8) -> dict[str, Tensor]:
    """A state dict with the classifier that the encoder leaves out, and numbers that no fresh one has."""
    torch.manual_seed(3)
    state = {name: torch.randn_like(value.float()) for name, value in ResNet34Encoder(width).state_dict().items()}
    return {**state, "fc.weight": torch.zeros(1000, 8 * width), "fc.bias": torch.zeros(1000)}


def test_it_has_the_parameters_and_the_multiplications_that_torchvision_publishes() -> None:
    encoder = ResNet34Encoder().eval()
    assert parameter_count(encoder) + CLASSIFIER_PARAMETERS == 21_797_672
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        encoder.to("meta")(torch.zeros(1, 3, 224, 224))
    giga_macs = (counter.get_total_flops() / 2 + CLASSIFIER_PARAMETERS) / 1e9
    assert giga_macs == pytest.approx(3.664, abs=1e-3)  # "GFLOPS" of ResNet34_Weights.IMAGENET1K_V1


def test_the_names_of_its_weights_are_torchvisions() -> None:
    names = list(ResNet34Encoder(4).state_dict())
    assert len(names) == 216  # 218 in torchvision, of which two are the classifier's
    assert names[:4] == ["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean"]
    assert {"layer1.2.conv2.weight", "layer2.0.downsample.0.weight", "layer2.0.downsample.1.running_var"} <= set(names)
    assert {"layer3.5.bn2.num_batches_tracked", "layer4.2.bn1.weight"} <= set(names)
    assert not any(name.startswith("layer1.0.downsample") for name in names)


def test_a_residual_block_worked_by_hand() -> None:
    block = unet_resnet34.BasicBlock(1, 1).eval()
    for conv, center in ((block.conv1, 2.0), (block.conv2, -3.0)):
        conv.weight.data.zero_()
        conv.weight.data[0, 0, 1, 1] = center
    found = block(torch.tensor([[[[1.0, -1.0]]]]))
    # -3 * relu(2 * 1) + 1 is below 0; -3 * relu(2 * -1) - 1 too; without the first ReLU the second would be 5.
    assert found.tolist() == [[[[0, 0]]]]
    block.conv2.weight.data[0, 0, 1, 1] = 3.0
    assert block(torch.tensor([[[[1.0, -1.0]]]])).flatten().tolist() == pytest.approx([7, 0], rel=1e-4)


def test_a_state_dict_of_torchvisions_form_becomes_the_encoder(tmp_path: Path) -> None:
    state = state_like_torchvision()
    torch.save(state, tmp_path / "resnet34.pth")
    encoder = ResNet34Encoder(8)
    load_encoder_weights(encoder, str(tmp_path / "resnet34.pth"))
    for name, value in encoder.state_dict().items():
        torch.testing.assert_close(value.float(), state[name].to(value.dtype).float(), rtol=0, atol=0)


def published(folder: Path, *, is_whole: bool) -> str:
    """The URL of a file whose name tells the first digits of its SHA-256, or of another file's."""
    path = folder / "made.pth"
    torch.save(state_like_torchvision(), path)
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8] if is_whole else "0" * 8
    return path.rename(folder / f"resnet34-{digits}.pth").as_uri()


def test_the_published_weights_are_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(unet_resnet34, "IMAGENET_URL", published(tmp_path, is_whole=True))
    load_encoder_weights(ResNet34Encoder(8), "imagenet")
    next(tmp_path.glob("*.pth")).unlink()
    encoder = ResNet34Encoder(8)
    load_encoder_weights(encoder, "imagenet")
    assert torch.equal(encoder.conv1.weight, state_like_torchvision()["conv1.weight"])


def test_a_download_that_is_not_the_published_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(unet_resnet34, "IMAGENET_URL", published(tmp_path, is_whole=False))
    with pytest.raises(ValueError, match="invalid hash value"):
        load_encoder_weights(ResNet34Encoder(8), "imagenet")


def test_without_a_network_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(unet_resnet34, "IMAGENET_URL", (tmp_path / "resnet34-00000000.pth").as_uri())
    with pytest.raises(OSError, match=r"cannot be downloaded .*--encoder-weights PATH.*--encoder-weights none"):
        load_encoder_weights(ResNet34Encoder(8), "imagenet")


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (None, "no such file of encoder weights"),
        ("text", "not a readable file of weights"),
        ([1, 2], "not a state dict"),
        ({"conv1.weight": 3}, "not a state dict"),
        (state_like_torchvision(4), r"not the weights of a ResNet34 8 channels wide \(size mismatch for conv1.weight"),
        ({"fc.weight": torch.zeros(3)}, "not the weights of a ResNet34 8 channels wide .Missing key"),
    ],
    ids=["missing", "text", "a list", "no tensors", "another width", "nothing but a classifier"],
)
def test_what_is_no_resnet34_is_refused_with_the_files_name(contents: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    if isinstance(contents, str):
        path.write_text(contents)
    elif contents is not None:
        torch.save(contents, path)
    with pytest.raises(ValueError, match=rf"weights\.pth: {message}") as caught:
        load_encoder_weights(ResNet34Encoder(8), str(path))
    assert "\n" not in str(caught.value)


def test_the_encoder_sees_red_first_from_0_to_1() -> None:
    network = UNetResNet34(2, 4).eval()
    seen: list[Tensor] = []
    network.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    crop_bgr = torch.tensor([51, 102, 255], dtype=torch.uint8).expand(1, 218, 178, 3)
    network(crop_bgr)
    (rgb,) = seen
    assert rgb.shape == (1, 3, 224, 192)
    assert rgb[0, :, 217, 177].tolist() == pytest.approx([1.0, 0.4, 0.2])
    assert not rgb[0, :, 218:].any()
    assert not rgb[0, :, :, 178:].any()
