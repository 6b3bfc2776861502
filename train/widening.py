"""A wider network that computes what a trained narrow one does. Source: Net2Net, arXiv:1511.05641."""

import torch
from torch import Tensor, nn

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
