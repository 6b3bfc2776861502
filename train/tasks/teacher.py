"""A trained network whose probabilities another learns."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from train.checkpoint import NetworkSpec, file_sha256, load_checkpoint
from train.networks.heads import to_probs


@dataclass(frozen=True)
class Teacher:
    """A network that only answers: in evaluation mode, without gradients, outside the student's checkpoint.

    Attributes:
        network: the trained one.
        head: what turns its logits into probabilities.
        sha256: of its checkpoint, in hex.
    """

    network: nn.Module
    head: str
    sha256: str

    @classmethod
    def read(cls, path: Path, student: NetworkSpec) -> "Teacher":
        """The teacher out of its checkpoint.

        Raises:
            ValueError: the file is no checkpoint, or its channels or crops are not the student's.
        """
        network, spec = load_checkpoint(path)
        for name in ("regions", "head", "layout"):
            its, own = getattr(spec, name), getattr(student, name)
            if its != own:
                raise ValueError(f"{path}: the teacher has {name} {its}, the student {own}")
        return cls(network.requires_grad_(False), spec.head, file_sha256(path))

    def move_to(self, device: torch.device) -> None:
        """Put its weights where the crops will be."""
        self.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it for modules

    @torch.no_grad()
    def probs(self, crop_bgr: Tensor) -> Tensor:
        """(N, C, 218, 178) float32 of (N, 218, 178, 3) uint8 crops."""
        return to_probs(self.network(crop_bgr).float(), self.head)
