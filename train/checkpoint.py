"""Checkpoints: what a run saves, and the network that comes back out of one."""

import hashlib
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from realtime.core.geometry import LAYOUTS
from train.data.one_class import Place, regions_of
from train.networks import build_network
from train.networks.heads import HEADS, SOFTMAX

SEED = 1
SPREAD = 0.5
"""Standard deviation of the copies' shares about an equal one: with the same, they would stay the same."""


def widen(trained: dict[str, Tensor], wider: nn.Module) -> dict[str, Tensor]:
    """Weights of the wider network: each channel copied, and what reads the copies adds up to what read the one.

    Args:
        trained: state of the narrow network.
        wider: of the same kind, with a whole multiple of its channels; not changed.

    Raises:
        ValueError: the channels are no whole multiple.
    """
    reads_axis_0 = {f"{name}.weight" for name, part in wider.named_modules() if isinstance(part, nn.ConvTranspose2d)}
    generator = torch.Generator().manual_seed(SEED)
    return {
        name: _widen(trained[name], weight.shape, 0 if name in reads_axis_0 else 1, generator)
        for name, weight in wider.state_dict().items()
    }


def _widen(weight: Tensor, shape: torch.Size, input_axis: int, generator: torch.Generator) -> Tensor:
    for axis in range(weight.dim()):
        copies, rest = divmod(shape[axis], weight.shape[axis])
        if rest or not copies:
            raise ValueError(f"{shape[axis]} channels are no whole multiple of {weight.shape[axis]}")
        weight = weight.repeat_interleave(copies, axis)
        if weight.dim() == 4 and axis == input_axis and copies > 1:
            weight = weight * _shares(weight.shape, axis, copies, generator)
    return weight


def _shares(shape: torch.Size, input_axis: int, copies: int, generator: torch.Generator) -> Tensor:
    readers, inputs = shape[1 - input_axis], shape[input_axis] // copies
    noise = torch.randn((readers, inputs, copies), generator=generator)
    shares = (1 / copies + SPREAD * (noise - noise.mean(2, keepdim=True))).flatten(1)
    return (shares if input_axis == 1 else shares.T)[..., None, None]


@dataclass(frozen=True)
class NetworkSpec:
    """All that is needed to build a network again and to say what it is.

    Attributes:
        arch: the name it is asked for by, as `fit --arch` takes it.
        regions: of the output's channels, in order; `iris` or `eyes+lips` where several are one class; softmax has
            background first, sigmoid lacks it; empty for the face finder.
        layout: crop layout it was trained on.
        width: channels of its first level.
        training_data: what it was trained on, in words.
        commit: the code's git commit, with a + where files were changed.
        head: one of `HEADS`; what turns a segmenter's logits into probabilities.
        normalize: of the colours, one of `NORMALIZATIONS`; its statistics are among the weights.
    """

    arch: str
    regions: list[str]
    layout: str
    width: int
    training_data: str
    commit: str
    head: str = SOFTMAX
    normalize: str = "none"

    def build(self) -> nn.Module:
        """The network, with fresh weights."""
        return build_network(self.arch, len(self.regions), self.width, self.normalize)

    def build_place(self) -> Place:
        """From the probabilities of its classes to those of regions."""
        return Place(self.regions, LAYOUTS[self.layout])


def load_checkpoint(path: Path) -> tuple[nn.Module, NetworkSpec]:
    """The trained network in evaluation mode, and what it is. No code in the file is run.

    Raises:
        ValueError: the file is missing, is no checkpoint of this program, or does not fit its own description.
    """
    contents = read_contents(path)
    try:
        spec = NetworkSpec(**contents["network_spec"])
        words = (spec.arch, spec.layout, spec.training_data, spec.commit, *spec.regions)
        if not all(isinstance(word, str) for word in words) or not isinstance(spec.width, int):
            raise TypeError("its description is not made of words")
        for name in spec.regions:
            regions_of(name)
        if spec.head not in HEADS:
            raise ValueError(f"unknown head {spec.head}")
        if spec.layout not in LAYOUTS:
            raise ValueError(f"unknown layout {spec.layout}")
        network = spec.build()
        prefix = "network."
        state = contents["state_dict"].items()
        network.load_state_dict({key.removeprefix(prefix): value for key, value in state if key.startswith(prefix)})
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise ValueError(f"{path}: not a checkpoint of this program ({str(error).splitlines()[0]})") from None
    return network.eval(), spec


def load_first_weights(network: nn.Module, spec: NetworkSpec, path: Path) -> None:
    """Copy a checkpoint's weights into a network; a head for other regions, and the colours' statistics, stay its own.

    Args:
        network: changed in place.
        spec: what it is.
        path: checkpoint of a network of the same name and width; or of a narrower one with the same regions, whose
            channels are then copied.

    Raises:
        ValueError: the checkpoint cannot be read, or its network is another.
    """
    trained, was = load_checkpoint(path)
    state, fresh = trained.state_dict(), network.state_dict()
    is_narrower = spec.width % was.width == 0 and was.regions == spec.regions
    if was.arch != spec.arch or (was.width != spec.width and not is_narrower):
        raise ValueError(f"{path}: {was.arch} of width {was.width}, where {spec.arch} of width {spec.width} starts")
    if was.width != spec.width:
        state = widen(state, network)
    own = {name for name in fresh if name not in state or state[name].shape != fresh[name].shape}
    own |= {name for name in fresh if name.startswith("normalization.")}
    network.load_state_dict({name: state[name] for name in fresh.keys() - own}, strict=False)


def read_contents(path: Path) -> dict[str, Any]:
    """The checkpoint's dictionary, read with `weights_only`.

    Raises:
        ValueError: the file is missing, broken, or holds anything but tensors and plain values.
    """
    if not path.is_file():
        raise ValueError(f"{path}: no such checkpoint")
    if is_safetensors(path):
        raise ValueError(
            f"{path}: safetensors, which does not say what network its tensors are of; "
            "give the .pt file that `python -m train fit` wrote"
        )
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # of pickles that torch did not write
            contents = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - torch raises UnpicklingError, RuntimeError, EOFError and more
        raise ValueError(f"{path}: not a readable checkpoint ({type(error).__name__})") from None
    if not isinstance(contents, dict):
        raise ValueError(f"{path}: not a checkpoint of this program")
    return contents


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors do: the length of a header, then the header, a JSON object.

    Source: https://github.com/huggingface/safetensors, "Format".
    """
    with path.open("rb") as file:
        length, brace = int.from_bytes(file.read(8), "little"), file.read(1)
    return brace == b"{" and 0 < length <= path.stat().st_size - 8


def spec_contents(spec: NetworkSpec) -> dict[str, Any]:
    """The specification as the plain values that a checkpoint may hold."""
    return asdict(spec)


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
