"""Every loss by its name: it means what it says under its head, and a network can learn from it."""

import pytest
import torch

from train.losses.segmenter import (
    DICE_AND_CROSS_ENTROPY,
    LOSSES,
    ONLY_HEAD,
    bce_logits_loss,
    check_loss,
    cross_entropy_loss,
    loss_terms,
    soft_dice_loss,
)
from train.networks.heads import HEADS, SIGMOID, SOFTMAX

FITTING = [(name, head) for name in LOSSES for head in HEADS if ONLY_HEAD.get(name, head) == head]
LABEL_MAP = torch.tensor([[[0, 1, 2, 0], [0, 1, 2, 2]]])
ALL_KNOWN = torch.zeros(0, 3, dtype=torch.bool)
"""No pixel is known in part."""


@pytest.mark.parametrize(("name", "head"), FITTING)
def test_every_loss_teaches_the_label_map(name: str, head: str) -> None:
    torch.manual_seed(0)
    logits = torch.randn(1, 2 if head == SIGMOID else 3, 2, 4, requires_grad=True)
    optimizer = torch.optim.Adam([logits], 0.1)
    losses = []
    for _ in range(150):
        loss = torch.stack(list(loss_terms(name, logits, LABEL_MAP, head, ALL_KNOWN).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    padded = torch.cat([torch.zeros(1, 1, 2, 4), logits], 1) if head == SIGMOID else logits
    assert torch.equal(padded.argmax(1), LABEL_MAP)


def test_the_default_is_soft_dice_plus_cross_entropy() -> None:
    logits = torch.randn(1, 3, 2, 4)
    terms = loss_terms(DICE_AND_CROSS_ENTROPY, logits, LABEL_MAP, SOFTMAX, ALL_KNOWN)
    assert list(terms) == ["dice_loss", "cross_entropy"]
    assert torch.equal(terms["dice_loss"], soft_dice_loss(logits, LABEL_MAP))
    assert torch.equal(terms["cross_entropy"], cross_entropy_loss(logits, LABEL_MAP, ALL_KNOWN))


def test_dice_is_the_same_however_it_is_reckoned() -> None:
    logits = torch.randn(2, 4, 3, 5)
    label_map = torch.randint(4, (2, 3, 5))
    (by_masks,) = loss_terms("tversky", logits, label_map, SOFTMAX, torch.zeros(0, 4, dtype=torch.bool)).values()
    (by_labels,) = loss_terms("dice", logits, label_map, SOFTMAX, torch.zeros(0, 4, dtype=torch.bool)).values()
    assert by_labels != by_masks
    # A sigmoid head whose channels have the softmax's probabilities has the softmax's Dice.
    (independent,) = loss_terms(
        "dice", logits.softmax(1)[:, 1:].logit(), label_map, SIGMOID, torch.zeros(0, 4, dtype=torch.bool)
    ).values()
    torch.testing.assert_close(independent, by_labels)


def test_dice_plus_binary_cross_entropy_takes_the_logits() -> None:
    logits = torch.randn(1, 2, 2, 4)
    masks = torch.stack([LABEL_MAP == 1, LABEL_MAP == 2], 1).float()
    found = loss_terms("dice+bce", logits, LABEL_MAP, SIGMOID, ALL_KNOWN)["bce_logits_loss"]
    torch.testing.assert_close(found, bce_logits_loss(logits, masks))


PARTLY = torch.tensor([[False, True, True], [True, True, True]])
"""Of three classes: indices 3 and 4 are the two rows."""


@pytest.mark.parametrize(("name", "head"), FITTING)
def test_pixels_known_in_part_are_passed_over_as_if_they_were_not_there(name: str, head: str) -> None:
    logits = torch.randn(1, 2 if head == SIGMOID else 3, 2, 4, requires_grad=True)
    label_map = torch.cat([LABEL_MAP[:, :1], torch.tensor([[[3, 4, 4, 3]]])], 1)
    terms = loss_terms(name, logits, label_map, head, PARTLY)
    without = loss_terms(name, logits[:, :, :1], LABEL_MAP[:, :1], head, PARTLY)
    assert list(terms) == list(without)
    for term in terms.keys() - {"cross_entropy"}:
        torch.testing.assert_close(terms[term], without[term])
        (gradient,) = torch.autograd.grad(terms[term], logits, retain_graph=True)
        assert not gradient[:, :, 1].any()
        assert gradient[:, :, 0].any()
    if "cross_entropy" in terms:
        torch.testing.assert_close(terms["cross_entropy"], cross_entropy_loss(logits, label_map, PARTLY))
        assert terms["cross_entropy"] != without["cross_entropy"]


def test_a_network_learns_which_of_two_classes_a_pixel_is_from_other_pixels_alone() -> None:
    logits = torch.zeros(1, 3, 1, 2)
    logits[0, 1, 0, 0] = 1.0  # of the pixel that may be 1 or 2, 1 is the likelier
    logits.requires_grad_()
    optimizer = torch.optim.SGD([logits], 1.0)
    label_map = torch.tensor([[[3, 0]]])
    for _ in range(200):
        loss = loss_terms("cross-entropy", logits, label_map, SOFTMAX, PARTLY)["cross_entropy"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    probs = logits.detach().softmax(1)[0, :, 0]
    assert probs[1:, 0].sum() > 0.98
    assert probs[0, 1] > 0.98
    assert probs[1, 0] > probs[2, 0] > 0


@pytest.mark.parametrize(
    ("name", "head", "message"),
    [
        ("hinge", SOFTMAX, "'hinge' is none of dice.cross-entropy, dice"),
        ("bce", SOFTMAX, "bce needs --head sigmoid; for softmax there are dice.cross-entropy, dice, cross-entropy, fo"),
        ("cross-entropy", SIGMOID, "cross-entropy needs --head softmax; for sigmoid there are dice, bce, bce-logits"),
    ],
)
def test_a_loss_that_does_not_fit_the_head_is_refused_with_those_that_do(name: str, head: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_loss(name, head)
