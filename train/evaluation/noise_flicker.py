"""How much masks change when nothing moves: one photo again and again, with a camera's noise on it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from realtime.core.preprocess import BgrImage
from train.augmentation.camera_faults import add_noise
from train.checkpoint import NetworkSpec
from train.data.crops import FaceCrops
from train.evaluation.held_out import HeldOutFace, group_classes
from train.networks.heads import class_map, classes_of, to_probs

FRAMES = 8
NOISE_STD = 4.0
"""Levels, on every pixel and channel of the crop, as a webcam has them in a dim room."""
SEED = 0


def score_noise_flicker(
    network: nn.Module, spec: NetworkSpec, faces: list[HeldOutFace], on_item: Callable[[], None]
) -> dict[str, Any]:
    """The share of the masks' area that changes from one frame to the next, through the network alone.

    Args:
        network: in evaluation mode.
        spec: what it is.
        faces: each is shown `FRAMES` times, with noise of its own each time; the same in every run.
        on_item: called after each face.

    Returns:
        `faces`, `frames`, `noise_std`; `changed`: by region group, pixels that are in one of two neighbouring frames
        only, over the mean area, both pooled over all faces; NaN where there is none.
    """
    names, group_of = group_classes(classes_of(spec.regions))
    crops = FaceCrops([face.pair for face in faces], spec.regions)
    changed, area = np.zeros(len(names)), np.zeros(len(names))
    rng = np.random.default_rng(SEED)
    for index in range(len(faces)):
        crop_bgr = BgrImage(crops[index][0].numpy())
        frames = np.stack([add_noise(crop_bgr, NOISE_STD, rng) for _ in range(FRAMES)])
        with torch.inference_mode():
            seen = class_map(to_probs(network(torch.from_numpy(frames)), spec.head), spec.head).numpy()
        for group in range(1, len(names)):
            masks = np.isin(seen, [member for member, its_group in enumerate(group_of) if its_group == group])
            changed[group] += (masks[1:] ^ masks[:-1]).sum()
            area[group] += (masks[1:].sum() + masks[:-1].sum()) / 2
        on_item()
    shares = {name: float(changed[i] / area[i]) if area[i] else float("nan") for i, name in enumerate(names) if i}
    return {"faces": len(faces), "frames": FRAMES, "noise_std": NOISE_STD, "changed": shares}
