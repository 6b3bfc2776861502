"""What a crop that sits a little wrong costs: F1 as it is turned, shifted and scaled.

The live crop follows the masks, and so never sits as the labels' crops do.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from realtime.core.geometry import CROP_SIZE_WH, LAYOUTS, BgrImage
from train.augmentation.augment import Move, bring_back
from train.augmentation.camera_faults import add_noise
from train.checkpoint import NetworkSpec
from train.data.crops import FaceCrops
from train.evaluation.held_out import ClassCounter, FaceCounts, HeldOut, HeldOutFace, group_classes
from train.networks.heads import class_map, classes_of, to_probs

TURN_DEG, SHIFT_SHARE, SCALE_SHARE = 10.0, 0.1, 0.1
UNMOVED, HALF = "unmoved", 0.5


def moves_of(eye_distance_px: float) -> dict[str, Move]:
    """All moves, by name.

    The unmoved crop is half a pixel off in both directions, and so is each shift across its direction: a picture that
    is interpolated is smoother, and scores otherwise for that alone.

    Args:
        eye_distance_px: interocular distance that the layout gives a face, whose share a shift is.
    """
    px = SHIFT_SHARE * eye_distance_px
    return {
        UNMOVED: Move(shift_px=(HALF, HALF)),
        "turned left": Move(angle_deg=TURN_DEG),
        "turned right": Move(angle_deg=-TURN_DEG),
        "shifted right": Move(shift_px=(px, HALF)),
        "shifted left": Move(shift_px=(-px, HALF)),
        "shifted down": Move(shift_px=(HALF, px)),
        "shifted up": Move(shift_px=(HALF, -px)),
        "larger": Move(scale=1 + SCALE_SHARE),
        "smaller": Move(scale=1 - SCALE_SHARE),
    }


def score_jitter(
    network: nn.Module, spec: NetworkSpec, held_out: HeldOut, on_item: Callable[[], None]
) -> dict[str, Any]:
    """F1 of each region group for each of `moves_of`, pooled over the faces, and the worst loss.

    What is seen in the moved crop is brought back to where the unmoved one has it, as the live program brings it to
    the frame, and compared with the labels there: they are never moved, and lose nothing by it.

    Args:
        network: in evaluation mode.
        spec: what it is.
        held_out: their margin is what the crop is moved into.
        on_item: called after each face.

    Returns:
        `faces`; `f1`: by move and group; `worst_loss`: by group the move that costs most and its `points`, hundredths
        of F1; those of all groups are at most `worst_points`.
    """
    counted = ClassCounter(spec.regions, held_out.classes)
    moves = moves_of(LAYOUTS[spec.layout].eye_distance_px)
    confusions: dict[str, list[npt.NDArray[np.int64]]] = {name: [] for name in moves}
    matrices = {name: move.matrix() for name, move in moves.items()}
    truths = FaceCrops([face.pair for face in held_out.faces], spec.regions)
    for index, face in enumerate(held_out.faces):
        canvas_bgr = face.pair.read_canvas()
        crops = np.stack([cv2.warpAffine(canvas_bgr, matrix, CROP_SIZE_WH) for matrix in matrices.values()])
        with torch.inference_mode():
            probs = to_probs(network(torch.from_numpy(crops)), spec.head).numpy()
            for (name, matrix), moved in zip(matrices.items(), probs, strict=True):
                seen = class_map(torch.from_numpy(bring_back(moved, matrix))[None], spec.head)[0]
                confusions[name].append(counted(truths[index][1], seen))
        on_item()
    f1 = {
        name: {group: score.dice for group, score in FaceCounts(counted.names, np.stack(found)).groups().items()}
        for name, found in confusions.items()
    }
    return {"faces": len(held_out.faces), "f1": f1, **worst_losses(f1)}


def worst_losses(f1: dict[str, dict[str, float]]) -> dict[str, Any]:
    """`worst_loss` and `worst_points` as `score_jitter` returns them; groups that have no F1 are left out."""
    worst: dict[str, Any] = {}
    for group, unmoved in f1[UNMOVED].items():
        lost = {name: 100 * (unmoved - of_move[group]) for name, of_move in f1.items() if name != UNMOVED}
        if np.isfinite(list(lost.values())).all():
            move = max(lost, key=lost.__getitem__)
            worst[group] = {"move": move, "points": lost[move]}
    points = [loss["points"] for loss in worst.values()]
    return {"worst_loss": worst, "worst_points": max(points) if points else float("nan")}


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
