"""A checkpoint gives back the same network, and nothing in one is ever run."""

import builtins
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from train.checkpoint import (
    NetworkSpec,
    file_sha256,
    load_checkpoint,
    load_first_weights,
    read_contents,
    spec_contents,
    widen,
)
from train.networks import build_network

SEGMENTER = NetworkSpec("unet-lite", ["background", "right_iris", "left_iris"], "tight", 8, "made-up faces", "abc1234+")
FINDER = NetworkSpec("face-finder", [], "tight", 8, "made-up scenes", "abc1234")


def contents_of(spec: NetworkSpec) -> dict[str, Any]:
    """What a training run saves of a network with seeded weights."""
    torch.manual_seed(7)
    network = spec.build()
    for buffer in network.buffers():
        buffer.add_(torch.ones_like(buffer))  # batch norm has seen something
    state = {f"network.{name}": value for name, value in network.state_dict().items()}
    return {
        "network_spec": spec_contents(spec),
        "state_dict": {**state, "_confusion.confmat": torch.zeros(3, 3)},
        "epoch": 4,
    }


@pytest.mark.parametrize(
    ("spec", "image_hw"), [(SEGMENTER, (218, 178)), (FINDER, (160, 160))], ids=["segmenter", "face finder"]
)
def test_a_network_comes_back_as_it_was_saved(spec: NetworkSpec, image_hw: tuple[int, int], tmp_path: Path) -> None:
    contents = contents_of(spec)
    path = tmp_path / "best.pt"
    torch.save(contents, path)
    network, read_spec = load_checkpoint(path)
    assert read_spec == spec
    assert not any(module.training for module in network.modules())
    for name, value in network.state_dict().items():
        assert torch.equal(value, contents["state_dict"][f"network.{name}"])
    saved = spec.build()
    saved.load_state_dict({k.removeprefix("network."): v for k, v in contents["state_dict"].items() if "network." in k})
    image = torch.randint(256, (1, *image_hw, 3), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(network(image), saved.eval()(image))


class TouchesAFile:
    """Its pickle opens a file for writing when it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return builtins.open, (str(self._path), "w")


def test_code_in_a_checkpoint_is_refused_and_never_run(tmp_path: Path) -> None:
    touched, path = tmp_path / "touched", tmp_path / "evil.pt"
    torch.save({**contents_of(SEGMENTER), "extra": TouchesAFile(touched)}, path)
    with pytest.raises(ValueError, match=r"evil\.pt: not a readable checkpoint \(UnpicklingError\)"):
        load_checkpoint(path)
    assert not touched.exists()


def test_a_pickle_that_torch_did_not_write_is_refused_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    (tmp_path / "other.pt").write_bytes(pickle.dumps({}, protocol=4))
    with pytest.raises(ValueError, match=r"other\.pt: not a"):
        load_checkpoint(tmp_path / "other.pt")
    assert not recwarn.list


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such checkpoint"),
        (b"", "not a readable checkpoint"),
        (b"PK\x03\x04 half a file", "not a readable checkpoint"),
        (b"some text", "not a readable checkpoint"),
    ],
    ids=["missing", "empty", "cut off", "text"],
)
def test_a_file_that_cannot_be_read_is_refused(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"bad\.pt: {message}"):
        read_contents(path)


def without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda contents: {name: value for name, value in contents.items() if name != key}


def with_spec(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda contents: {**contents, "network_spec": {**contents["network_spec"], **changes}}


def with_one_weight_less(contents: dict[str, Any]) -> object:
    state = dict(contents["state_dict"])
    state.pop("network.head.weight")
    return {**contents, "state_dict": state}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: [1, 2, 3], "not a checkpoint of this program"),
        (lambda _: torch.zeros(3), "not a checkpoint of this program"),
        (lambda contents: {**contents, "network_spec": [1, 2]}, "not a checkpoint of this program"),
        (lambda contents: {**contents, "state_dict": [1, 2]}, "not a checkpoint of this program"),
        (without("network_spec"), "'network_spec'"),
        (without("state_dict"), "'state_dict'"),
        (with_spec(arch="vgg"), "unknown network vgg"),
        (with_spec(regions=["background", "nose", "left_iris"]), "unknown region nose"),
        (with_spec(layout="wide"), "unknown layout wide"),
        (with_spec(colour="green"), "colour"),
        (with_spec(head="tanh"), "unknown head tanh"),
        (with_spec(normalize="always"), "unknown normalization always"),
        (with_spec(width="8"), "not made of words"),
        (with_spec(layout=["tight"]), "not made of words"),
        (with_spec(regions=["background", 3, 4]), "not made of words"),
        (with_spec(width=16), r"Error\(s\) in loading state_dict"),
        (with_spec(regions=["background", "left_iris"]), r"Error\(s\) in loading state_dict"),
        (with_one_weight_less, r"Error\(s\) in loading state_dict"),
    ],
    ids=[
        "a list",
        "a tensor",
        "the description a list",
        "the weights a list",
        "no description",
        "no weights",
        "an unknown network",
        "an unknown region",
        "an unknown layout",
        "an unknown field",
        "an unknown head",
        "an unknown normalization",
        "a width in words",
        "a layout that is a list",
        "regions that are numbers",
        "another width",
        "other regions",
        "a weight missing",
    ],
)
def test_a_checkpoint_that_is_not_ours_is_refused_with_the_reason(
    change: Callable[[dict[str, Any]], object], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "other.pt"
    torch.save(change(contents_of(SEGMENTER)), path)
    with pytest.raises(
        ValueError, match=rf"other\.pt: not a checkpoint of this program.*{message}|{message}"
    ) as caught:
        load_checkpoint(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_specification_is_plain_values_under_its_own_names() -> None:
    assert spec_contents(SEGMENTER) == {
        "arch": "unet-lite",
        "regions": ["background", "right_iris", "left_iris"],
        "layout": "tight",
        "width": 8,
        "training_data": "made-up faces",
        "commit": "abc1234+",
        "head": "softmax",
        "normalize": "none",
    }


def test_a_checkpoint_from_before_heads_and_normalization_still_loads(tmp_path: Path) -> None:
    contents = contents_of(SEGMENTER)
    for name in ("head", "normalize"):
        del contents["network_spec"][name]
    torch.save(contents, tmp_path / "old.pt")
    _, spec = load_checkpoint(tmp_path / "old.pt")
    assert spec == SEGMENTER


def test_the_statistics_of_a_normalized_network_come_back_with_it(tmp_path: Path) -> None:
    spec = replace(SEGMENTER, normalize="dataset")
    contents = contents_of(spec)
    contents["state_dict"]["network.normalization.mean"] = torch.tensor([1.0, 2, 3]).view(3, 1, 1)
    torch.save(contents, tmp_path / "best.pt")
    network, read_spec = load_checkpoint(tmp_path / "best.pt")
    assert read_spec.normalize == "dataset"
    assert network.state_dict()["normalization.mean"].flatten().tolist() == [1, 2, 3]


def test_the_sha256_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # the example of FIPS 180-4
    assert file_sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


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


def test_a_run_that_starts_from_another_keeps_the_statistics_of_its_own_colours(tmp_path: Path) -> None:
    spec = replace(SEGMENTER, normalize="dataset")
    contents = contents_of(spec)
    contents["state_dict"]["network.normalization.mean"] = torch.tensor([1.0, 2, 3]).view(3, 1, 1)
    contents["state_dict"]["network.normalization.std"] = torch.tensor([4.0, 5, 6]).view(3, 1, 1)
    torch.save(contents, tmp_path / "old.pt")
    network = spec.build()
    network.load_state_dict({"normalization.mean": torch.full((3, 1, 1), 70.0)}, strict=False)
    network.load_state_dict({"normalization.std": torch.full((3, 1, 1), 80.0)}, strict=False)
    load_first_weights(network, spec, tmp_path / "old.pt")
    state = network.state_dict()
    assert state["normalization.mean"].flatten().tolist() == [70, 70, 70]
    assert state["normalization.std"].flatten().tolist() == [80, 80, 80]
    assert torch.equal(state["head.weight"], contents["state_dict"]["network.head.weight"])
