"""Each loss worked by hand, and what every loss must keep to."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from train.losses.segmenter import (
    bce_logits_loss,
    bce_loss,
    cross_entropy_loss,
    dice_of_masks_loss,
    face_finder_loss,
    focal_loss,
    known_pixels,
    soft_dice_loss,
    soft_target_loss,
    tversky_loss,
)

LN2 = math.log(2)
ALL_KNOWN = torch.zeros(0, 3, dtype=torch.bool)
"""No pixel is known in part."""


def logits_of(probs: list[list[float]]) -> Tensor:
    """(1, C, 1, W) logits whose softmax over C these columns of probabilities are."""
    return torch.tensor(probs).log()[None, :, None]


@pytest.mark.parametrize(
    ("probs", "labels", "expected"),
    [
        ([[0.25], [0.75]], [0], math.log(4)),
        ([[0.25, 0.5], [0.75, 0.5]], [0, 1], (math.log(4) + math.log(2)) / 2),
        ([[0.2, 0.1, 1.0], [0.3, 0.8, 1e-9], [0.5, 0.1, 1e-9]], [2, 1, 0], (math.log(2) + math.log(1.25)) / 3),
    ],
    ids=["one pixel", "two pixels", "three classes"],
)
def test_cross_entropy_worked_by_hand(probs: list[list[float]], labels: list[int], expected: float) -> None:
    loss = cross_entropy_loss(logits_of(probs), torch.tensor([[labels]]), ALL_KNOWN)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected, rel=1e-5)


ONE_OR_TWO, UNKNOWN = 3, 4
PARTLY = torch.tensor([[False, True, True], [True, True, True]])
"""Of three classes: indices 3 and 4 are the two rows."""


@pytest.mark.parametrize(
    ("probs", "labels", "expected"),
    [
        ([[0.2], [0.3], [0.5]], [ONE_OR_TWO], -math.log(0.8)),
        ([[0.2, 0.25], [0.3, 0.5], [0.5, 0.25]], [ONE_OR_TWO, 0], (-math.log(0.8) + math.log(4)) / 2),
        ([[0.2, 0.25], [0.3, 0.5], [0.5, 0.25]], [UNKNOWN, 1], math.log(2) / 2),
        ([[0.2, 0.25], [0.3, 0.5], [0.5, 0.25]], [UNKNOWN, UNKNOWN], 0.0),
    ],
    ids=["one of two classes", "beside a known pixel", "an unknown pixel counts as nothing", "nothing is known"],
)
def test_cross_entropy_of_pixels_known_in_part_worked_by_hand(
    probs: list[list[float]], labels: list[int], expected: float
) -> None:
    loss = cross_entropy_loss(logits_of(probs), torch.tensor([[labels]]), PARTLY)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_of_two_classes_that_a_pixel_may_be_neither_is_preferred() -> None:
    logits = logits_of([[0.2], [0.3], [0.5]]).requires_grad_()
    cross_entropy_loss(logits, torch.tensor([[[ONE_OR_TWO]]]), PARTLY).backward()
    assert logits.grad is not None
    # d/dz_k of -log(p1 + p2) is p_k - p_k / (p1 + p2) of the two, and p_0 of the one that is ruled out.
    assert logits.grad.flatten().tolist() == pytest.approx([0.2, 0.3 - 0.3 / 0.8, 0.5 - 0.5 / 0.8], abs=1e-6)
    # Over p_k it is the gradient along the probabilities: the same for both.
    by_prob = logits.grad.flatten()[1:] / torch.tensor([0.3, 0.5])
    assert by_prob[0].item() == pytest.approx(by_prob[1].item(), rel=1e-5)


def test_an_unknown_pixel_has_no_gradient_and_its_neighbour_has_its_own() -> None:
    logits = torch.randn(1, 3, 1, 2, requires_grad=True)
    cross_entropy_loss(logits, torch.tensor([[[UNKNOWN, 2]]]), PARTLY).backward()
    assert logits.grad is not None
    assert logits.grad[..., 0].abs().max() < 1e-7
    expected = (logits.detach().softmax(1)[0, :, 0, 1] - torch.tensor([0.0, 0.0, 1.0])) / 2
    torch.testing.assert_close(logits.grad[0, :, 0, 1], expected)


def test_a_class_that_is_ruled_out_surely_gives_a_finite_gradient() -> None:
    logits = torch.tensor([30.0, -30.0, -30.0]).reshape(1, 3, 1, 1).requires_grad_()
    loss = cross_entropy_loss(logits, torch.tensor([[[ONE_OR_TWO]]]), PARTLY)
    loss.backward()
    assert loss.item() == pytest.approx(60 - LN2, rel=1e-5)
    assert logits.grad is not None
    assert logits.grad.flatten().tolist() == pytest.approx([1, -0.5, -0.5], abs=1e-5)


@pytest.mark.parametrize("channels", [3, 2], ids=["softmax", "sigmoid"])
def test_pixels_known_in_part_are_taken_out_and_the_others_keep_their_logits(channels: int) -> None:
    logits, label_map = torch.randn(2, channels, 1, 2), torch.tensor([[[2, UNKNOWN]], [[ONE_OR_TWO, 0]]])
    kept, labels = known_pixels(logits, label_map, 3)
    assert labels.tolist() == [[[2], [0]]]
    assert torch.equal(kept[0, :, :, 0].T, torch.stack([logits[0, :, 0, 0], logits[1, :, 0, 1]]))
    all_known = torch.tensor([[[2, 0]], [[1, 0]]])
    assert known_pixels(logits, all_known, 3) == (logits, all_known)


@pytest.mark.parametrize(
    ("probs", "labels", "dice"),
    [
        # Class 1: twice 0.8 over a predicted area of 1.2 and a true one of 1.
        ([[0.2, 0.6], [0.8, 0.4]], [1, 0], [1.6 / 2.2]),
        # Class 2 is not there and does not count, though 0.4 of it is predicted.
        ([[0.1, 0.7], [0.7, 0.1], [0.2, 0.2]], [1, 0], [1.4 / 1.8]),
        ([[0.2, 0.5, 0.5], [0.5, 0.2, 0.1], [0.3, 0.3, 0.4]], [1, 2, 2], [1.0 / 1.8, 1.4 / 3.0]),
        # Background is not there either way: classes 1 and 2 alone decide.
        ([[0.9, 0.1], [0.05, 0.45], [0.05, 0.45]], [0, 1], [0.9 / 1.5]),
    ],
    ids=["two classes", "an absent class", "the mean of two", "background left out"],
)
def test_soft_dice_worked_by_hand(probs: list[list[float]], labels: list[int], dice: list[float]) -> None:
    loss = soft_dice_loss(logits_of(probs), torch.tensor([[labels]]))
    assert loss.shape == ()
    assert loss.item() == pytest.approx(1 - sum(dice) / len(dice), rel=1e-5)


def test_soft_dice_pools_the_batch_before_it_divides() -> None:
    # Class 1: overlap 0.8 + 0.4, predicted 0.8 + 0.4, true 1 + 1. The mean of the two crops' own dice would differ.
    logits = torch.cat([logits_of([[0.2], [0.8]]), logits_of([[0.6], [0.4]])])
    assert soft_dice_loss(logits, torch.ones(2, 1, 1, dtype=torch.int64)).item() == pytest.approx(1 - 2.4 / 3.2)


def test_soft_dice_of_a_batch_without_any_region_is_zero_and_can_be_learnt_from() -> None:
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    loss = soft_dice_loss(logits, torch.zeros(2, 4, 5, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_soft_dice_of_other_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"logits are \(4, 5\), the label map is \(5, 4\)"):
        soft_dice_loss(torch.zeros(1, 2, 4, 5), torch.zeros(1, 5, 4, dtype=torch.int64))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.floats(0.1, 20))
def test_the_segmenters_losses_lie_in_their_ranges_and_fall_along_their_gradients(seed: int, spread: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = (torch.randn(2, 4, 3, 5, generator=generator) * spread).requires_grad_()
    label_map = torch.randint(4, (2, 3, 5), generator=generator)
    label_map[0, 0, 0] = 1
    entropy_loss = partial(cross_entropy_loss, candidates=ALL_KNOWN)
    dice, entropy = soft_dice_loss(logits, label_map), entropy_loss(logits, label_map)
    assert 0 <= dice.item() <= 1
    assert entropy.item() >= 0
    for loss, loss_of in ((dice, soft_dice_loss), (entropy, entropy_loss)):
        (gradient,) = torch.autograd.grad(loss, logits)
        assert gradient.isfinite().all()
        moved = logits.detach() - 1e-2 * gradient / (gradient.norm() + 1e-12)
        assert loss_of(moved, label_map).item() <= loss.item() + 1e-6


def test_the_right_label_map_has_almost_no_loss_and_a_wrong_one_almost_all() -> None:
    label_map = torch.tensor([[[0, 1, 2], [2, 1, 0]]])
    right = torch.nn.functional.one_hot(label_map, 3).permute(0, 3, 1, 2) * 30.0
    wrong = right.roll(1, dims=1)
    assert soft_dice_loss(right, label_map).item() == pytest.approx(0, abs=1e-6)
    assert cross_entropy_loss(right, label_map, ALL_KNOWN).item() == pytest.approx(0, abs=1e-6)
    assert soft_dice_loss(wrong, label_map).item() == pytest.approx(1, abs=1e-6)
    assert cross_entropy_loss(wrong, label_map, ALL_KNOWN).item() == pytest.approx(30, abs=1e-4)


def finder_loss(
    logits: list[float],
    targets: list[float],
    *,
    error: float = 0.0,
    weights: list[float] | None = None,
) -> float:
    """The face finder's loss on one row of cells; every offset is off by `error`."""
    cells = len(logits)
    output = torch.full((1, 7, 1, cells), error)
    output[0, 0, 0] = torch.tensor(logits)
    weight = torch.tensor(weights or [0.0] * cells)
    loss = face_finder_loss(output, torch.tensor(targets)[None, None], torch.zeros(1, 6, 1, cells), weight[None, None])
    assert loss.shape == ()
    return loss.item()


@pytest.mark.parametrize(
    ("logits", "targets", "expected"),
    [
        ([0.0], [1.0], LN2 * 0.25),
        ([0.0], [0.0], LN2 * 0.25),
        ([0.0], [0.5], LN2 * 0.25 / 16),
        ([math.log(3)], [1.0], math.log(4 / 3) / 16),
        ([math.log(3)], [0.0], math.log(4) * 9 / 16),
        ([0.0, 0.0, 0.0], [1.0, 0.5, 0.0], LN2 * 0.25 * (1 + 1 / 16 + 1)),
        ([0.0, 0.0, 0.0], [1.0, 0.0, 1.0], LN2 * 0.25 * 3 / 2),
    ],
    ids=[
        "half sure of a face",
        "half sure where there is none",
        "beside a face",
        "three quarters sure of a face",
        "three quarters sure where there is none",
        "one face in three cells",
        "two faces share",
    ],
)
def test_the_score_loss_worked_by_hand(logits: list[float], targets: list[float], expected: float) -> None:
    assert finder_loss(logits, targets) == pytest.approx(expected, rel=1e-5)


SURE = 30.0


@pytest.mark.parametrize(
    ("error", "weights", "expected"),
    [
        (0.1, [1.0, 0.0], 6 * 0.1**2 / 0.4),
        (-1.0, [1.0, 0.0], 6 * (1 - 0.1)),
        (1.0, [0.25, 0.0], 6 * 0.9 * 0.25),
        (1.0, [0.25, 0.5], 6 * 0.9 * 0.75 / 2),
        (1.0, [0.0, 0.0], 0.0),
    ],
    ids=["a small error", "a large one", "a large face", "the mean of two cells", "no face"],
)
def test_the_point_loss_worked_by_hand(error: float, weights: list[float], expected: float) -> None:
    # Below 0.2 the error is squared over 0.4, above it 0.1 is taken off; six offsets add up.
    assert finder_loss([SURE, -SURE], [1.0, 0.0], error=error, weights=weights) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("logit", [-200.0, 200.0], ids=["surely none", "surely faces"])
def test_the_finders_loss_stays_finite_without_faces_and_far_out(logit: float) -> None:
    output = torch.full((1, 7, 2, 2), logit, requires_grad=True)
    loss = face_finder_loss(output, torch.zeros(1, 2, 2), torch.zeros(1, 6, 2, 2), torch.zeros(1, 2, 2))
    loss.backward()
    assert loss.isfinite()
    assert output.grad is not None
    assert output.grad.isfinite().all()


def masks_of(rows: list[list[float]]) -> Tensor:
    """(1, C, 1, W) of C rows of W values."""
    return torch.tensor(rows)[None, :, None]


PROBS = masks_of([[0.8, 0.4], [0.1, 0.5]])
TRUTH = masks_of([[1.0, 0.0], [0.0, 1.0]])


def test_binary_cross_entropy_worked_by_hand_is_the_same_on_probabilities_and_on_logits() -> None:
    expected = -(math.log(0.8) + math.log(0.6) + math.log(0.9) + math.log(0.5)) / 4
    assert bce_loss(PROBS, TRUTH).item() == pytest.approx(expected, rel=1e-5)
    assert bce_logits_loss(PROBS.logit(), TRUTH).item() == pytest.approx(expected, rel=1e-5)


def test_only_logits_tell_how_wrong_a_saturated_pixel_is() -> None:
    logits = torch.full((1, 1, 1, 1), 200.0, requires_grad=True)
    nothing = torch.zeros(1, 1, 1, 1)
    assert bce_logits_loss(logits, nothing).item() == 200
    (by_logits,) = torch.autograd.grad(bce_logits_loss(logits, nothing), logits)
    (by_probs,) = torch.autograd.grad(bce_loss(logits.sigmoid(), nothing), logits)
    assert (by_logits.item(), by_probs.item()) == (1, 0)


def test_dice_of_masks_worked_by_hand() -> None:
    expected = 1 - (2 * 0.8 / (1.2 + 1) + 2 * 0.5 / (0.6 + 1)) / 2
    assert dice_of_masks_loss(PROBS, TRUTH).item() == pytest.approx(expected, rel=1e-5)
    first_alone = masks_of([[1.0, 0.0], [0.0, 0.0]])
    assert dice_of_masks_loss(PROBS, first_alone).item() == pytest.approx(1 - 1.6 / 2.2, rel=1e-5)
    assert dice_of_masks_loss(PROBS, torch.zeros_like(TRUTH)).item() == 0


def test_tversky_worked_by_hand_minds_a_miss_more_than_a_false_alarm() -> None:
    # First channel: hit 0.8, false alarm 0.4, miss 0.2. Second: hit 0.5, false alarm 0.1, miss 0.5.
    first, second = 0.8 / (0.8 + 0.3 * 0.4 + 0.7 * 0.2), 0.5 / (0.5 + 0.3 * 0.1 + 0.7 * 0.5)
    assert tversky_loss(PROBS, TRUTH).item() == pytest.approx(1 - (first + second) / 2, rel=1e-5)
    assert tversky_loss(PROBS, torch.zeros_like(TRUTH)).item() == 0
    truth = masks_of([[1.0, 0.0]])
    assert tversky_loss(masks_of([[0.5, 0.0]]), truth) > tversky_loss(masks_of([[1.0, 0.5]]), truth)


def test_focal_loss_worked_by_hand() -> None:
    independent = [-math.log(p) * (1 - p) ** 2 for p in (0.8, 0.6, 0.9, 0.5)]
    assert focal_loss(PROBS, TRUTH, is_exclusive=False).item() == pytest.approx(sum(independent) / 4, rel=1e-5)
    exclusive = [-math.log(p) * (1 - p) ** 2 for p in (0.8, 0.5)]
    assert focal_loss(PROBS, TRUTH, is_exclusive=True).item() == pytest.approx(sum(exclusive) / 2, rel=1e-5)
    assert focal_loss(1 - TRUTH, TRUTH, is_exclusive=False).isfinite()


@pytest.mark.parametrize(
    ("is_exclusive", "expected"),
    [
        # Softmax of logits 0 and ln 3 is 1/4 and 3/4; the teacher says 1/2 and 1/2.
        (True, -(0.5 * math.log(1 / 4) + 0.5 * math.log(3 / 4))),
        # Sigmoid of the same: 1/2 and 3/4, against 1/2 each; the mean of two channels.
        (False, (math.log(2) - (0.5 * math.log(3 / 4) + 0.5 * math.log(1 / 4))) / 2),
    ],
    ids=["softmax", "sigmoid"],
)
def test_soft_targets_by_hand(is_exclusive: bool, expected: float) -> None:
    logits = torch.tensor([0.0, math.log(3)]).reshape(1, 2, 1, 1).expand(2, 2, 3, 5)
    teacher_probs = torch.full_like(logits, 0.5)
    loss = soft_target_loss(logits, teacher_probs, is_exclusive=is_exclusive)
    assert float(loss) == pytest.approx(expected, rel=1e-6)
