"""Every loss by its name: it means what it says under its head, and a network can learn from it."""

import pytest
import torch

from train.heads import HEADS, SIGMOID, SOFTMAX
from train.losses import bce_logits_loss, cross_entropy_loss, soft_dice_loss
from train.objective import DICE_AND_CROSS_ENTROPY, LOSSES, ONLY_HEAD, check_loss, loss_terms

FITTING = [(name, head) for name in LOSSES for head in HEADS if ONLY_HEAD.get(name, head) == head]
LABEL_MAP = torch.tensor([[[0, 1, 2, 0], [0, 1, 2, 2]]])


@pytest.mark.parametrize(("name", "head"), FITTING)
def test_every_loss_teaches_the_label_map(name: str, head: str) -> None:
    torch.manual_seed(0)
    logits = torch.randn(1, 2 if head == SIGMOID else 3, 2, 4, requires_grad=True)
    optimizer = torch.optim.Adam([logits], 0.1)
    losses = []
    for _ in range(150):
        loss = torch.stack(list(loss_terms(name, logits, LABEL_MAP, head).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    padded = torch.cat([torch.zeros(1, 1, 2, 4), logits], 1) if head == SIGMOID else logits
    assert torch.equal(padded.argmax(1), LABEL_MAP)


def test_the_default_is_soft_dice_plus_cross_entropy() -> None:
    logits = torch.randn(1, 3, 2, 4)
    terms = loss_terms(DICE_AND_CROSS_ENTROPY, logits, LABEL_MAP, SOFTMAX)
    assert list(terms) == ["dice_loss", "cross_entropy"]
    assert torch.equal(terms["dice_loss"], soft_dice_loss(logits, LABEL_MAP))
    assert torch.equal(terms["cross_entropy"], cross_entropy_loss(logits, LABEL_MAP))


def test_dice_is_the_same_however_it_is_reckoned() -> None:
    logits = torch.randn(2, 4, 3, 5)
    label_map = torch.randint(4, (2, 3, 5))
    (by_masks,) = loss_terms("tversky", logits, label_map, SOFTMAX).values()
    (by_labels,) = loss_terms("dice", logits, label_map, SOFTMAX).values()
    assert by_labels != by_masks
    # A sigmoid head whose channels have the softmax's probabilities has the softmax's Dice.
    (independent,) = loss_terms("dice", logits.softmax(1)[:, 1:].logit(), label_map, SIGMOID).values()
    torch.testing.assert_close(independent, by_labels)


def test_dice_plus_binary_cross_entropy_takes_the_logits() -> None:
    logits = torch.randn(1, 2, 2, 4)
    masks = torch.stack([LABEL_MAP == 1, LABEL_MAP == 2], 1).float()
    found = loss_terms("dice+bce", logits, LABEL_MAP, SIGMOID)["bce_logits_loss"]
    torch.testing.assert_close(found, bce_logits_loss(logits, masks))


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
