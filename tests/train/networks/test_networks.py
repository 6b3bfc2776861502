"""One contract for every network: sizes, gradients, and that it can learn a batch by heart."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch import Tensor, nn

from train.augmentation.scenes import draw_targets
from train.losses.segmenter import cross_entropy_loss, face_finder_loss, soft_dice_loss
from train.networks import ARCHITECTURES, FACE_FINDER, SEGMENTERS, build_network
from train.networks.finder import FinderNet, decode_faces
from train.networks.unet_lite import LOGIT_LIMIT, place_subpixels

SMALL_WIDTH = 8


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same fresh weights in every run."""
    torch.manual_seed(0)


def random_images(count: int, height: int = 218, width: int = 178) -> Tensor:
    return torch.randint(256, (count, height, width, 3), dtype=torch.uint8)


@pytest.mark.parametrize("arch", SEGMENTERS)
@pytest.mark.parametrize("region_count", [3, 8])
@pytest.mark.parametrize("count", [1, 4])
def test_a_segmenter_gives_logits_for_every_pixel_of_the_crop(arch: str, region_count: int, count: int) -> None:
    network = build_network(arch, region_count, SMALL_WIDTH).eval()
    with torch.inference_mode():
        logits = network(random_images(count))
    assert logits.shape == (count, region_count, 218, 178)
    assert logits.dtype == torch.float32
    assert logits.isfinite().all()


@pytest.mark.parametrize("arch", SEGMENTERS)
@pytest.mark.parametrize(("height", "width"), [(64, 48), (50, 34), (218, 178)])
def test_a_segmenter_takes_any_even_size(arch: str, height: int, width: int) -> None:
    with torch.inference_mode():
        logits = build_network(arch, 4, SMALL_WIDTH).eval()(random_images(1, height, width))
    assert logits.shape == (1, 4, height, width)


@pytest.mark.parametrize("count", [1, 4])
def test_the_face_finder_gives_seven_numbers_for_every_cell(count: int) -> None:
    with torch.inference_mode():
        output = build_network(FACE_FINDER, 0, SMALL_WIDTH).eval()(random_images(count, 160, 160))
    assert output.shape == (count, 7, 20, 20)
    assert output.dtype == torch.float32
    assert output[:, 0].sigmoid().mean() < 0.1, "faces are rare"


def images_for(arch: str, count: int) -> Tensor:
    return random_images(count, 160, 160) if arch == FACE_FINDER else random_images(count)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_weight_has_a_gradient(arch: str) -> None:
    network = build_network(arch, 3, SMALL_WIDTH).train()
    output = network(images_for(arch, 2))
    (output * torch.randn_like(output)).sum().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_in_a_batch_each_image_gets_what_it_gets_alone(arch: str) -> None:
    network = build_network(arch, 3, SMALL_WIDTH).train()
    with torch.inference_mode():
        network(images_for(arch, 4))  # batch norm's means are no longer 0
        images = images_for(arch, 2)
        together = network.eval()(images)
        alone = torch.cat([network(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_output_has_the_precision_of_the_weights(arch: str) -> None:
    with torch.inference_mode():
        assert build_network(arch, 3, SMALL_WIDTH).eval().double()(images_for(arch, 1)).dtype == torch.float64


@pytest.mark.parametrize("arch", SEGMENTERS)
def test_logits_stay_within_their_limit_however_large_the_weights(arch: str) -> None:
    network = build_network(arch, 3, SMALL_WIDTH).eval()
    with torch.inference_mode():
        network.head.bias.mul_(1e6)
        logits = network(random_images(1))
    assert logits.abs().max() == LOGIT_LIMIT == 30


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_what_changes_in_the_image_changes_the_output_in_the_same_place(arch: str) -> None:
    network = build_network(arch, 3, 16).eval()
    before = images_for(arch, 1)
    after = before.clone()
    after[0, 24:40, 100:132] = 255 - after[0, 24:40, 100:132]
    with torch.inference_mode():
        change = (network(after) - network(before)).abs().sum(1)[0]
    stride = before.shape[1] // change.shape[0]
    weight = torch.where(change > change.max() / 4, change, 0)  # the deep levels answer faintly, and everywhere
    rows, columns = torch.meshgrid(*(torch.arange(size) + 0.5 for size in change.shape), indexing="ij")
    center = [((weight * places).sum() / weight.sum() * stride).item() for places in (rows, columns)]
    assert center == pytest.approx([32, 116], abs=max(4, 1.25 * stride))


def batch_to_learn() -> tuple[Tensor, Tensor]:
    """Two small crops of coloured boxes on noise, none of them symmetric, and the boxes' label maps."""
    crops = random_images(2, 90, 74) // 4
    label_map = torch.zeros(2, 90, 74, dtype=torch.int64)
    yellow, green = (90, 250, 250), (90, 250, 90)
    boxes = [(0, 1, 12, 30, 6, 31, yellow), (0, 2, 50, 81, 33, 70, green), (1, 1, 3, 47, 41, 55, yellow)]
    for image, region, top, bottom, left, right, color in boxes:
        label_map[image, top:bottom, left:right] = region
        crops[image, top:bottom, left:right] = torch.tensor(color, dtype=torch.uint8)
    return crops, label_map


@pytest.mark.parametrize("arch", SEGMENTERS)
def test_a_segmenter_learns_one_batch_by_heart(arch: str) -> None:
    crops, label_map = batch_to_learn()
    all_known = torch.zeros(0, 3, dtype=torch.bool)
    network = build_network(arch, 3, 16).train()
    optimizer = torch.optim.AdamW(network.parameters(), 0.01)
    losses = []
    for _ in range(60):
        logits = network(crops)
        loss = cross_entropy_loss(logits, label_map, all_known) + soft_dice_loss(logits, label_map)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    assert (logits.argmax(1) == label_map).float().mean() > 0.99


def test_the_face_finder_learns_one_scene_by_heart() -> None:
    faces = [np.array([[20.0, 22], [44, 24], [31, 48]]), np.array([[60.0, 61], [75, 59], [69, 77]])]
    score, points, weight = (torch.from_numpy(target)[None, ..., :12, :12] for target in draw_targets(faces))
    thumbnail = random_images(1, 96, 96)
    network = build_network(FACE_FINDER, 0, SMALL_WIDTH).train()
    optimizer = torch.optim.AdamW(network.parameters(), 0.01)
    losses = []
    for _ in range(80):
        output = network(thumbnail)
        loss = face_finder_loss(output, score, points, weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    found = decode_faces(output.detach())[0]
    assert (found[:2, 0] > 0.5).all()
    assert (found[2:, 0] < 0.5).all()
    decoded = found[:2, 1:].reshape(2, 3, 2).numpy()
    assert_allclose(decoded[decoded[:, 0, 0].argsort()], faces, atol=2.0)


def test_a_network_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"unknown network vgg; known: .*unet-lite.*face-finder"):
        build_network("vgg", 3, 8)


def test_names_build_their_networks() -> None:
    assert isinstance(build_network(FACE_FINDER, 0, 8), FinderNet)
    heads = [module for module in build_network("unet-lite", 5, 8).modules() if isinstance(module, nn.Conv2d)]
    assert heads[-1].out_channels == 4 * 5


def test_four_subpixels_become_a_square_worked_by_hand() -> None:
    # One channel, one row of two pixels: the four planes are top left, top right, bottom left, bottom right.
    planes = torch.tensor([[1, 10], [2, 20], [3, 30], [4, 40]])[None, :, None]
    assert place_subpixels(planes, 1).tolist() == [[[[1, 2, 10, 20], [3, 4, 30, 40]]]]


def test_the_subpixels_of_two_channels_do_not_mix() -> None:
    planes = torch.arange(8).reshape(1, 8, 1, 1)
    assert place_subpixels(planes, 2).tolist() == [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_placing_subpixels_is_pixel_shuffle(count: int, channels: int, height: int, width: int) -> None:
    planes = torch.arange(count * channels * 4 * height * width).reshape(count, channels * 4, height, width)
    assert torch.equal(place_subpixels(planes, channels), F.pixel_shuffle(planes, 2))


def output_with(*cells: tuple[int, int, float]) -> Tensor:
    """(1, 7, 4, 6): these logits at these rows and columns, -9 elsewhere; offsets tell their own index."""
    output = torch.full((1, 7, 4, 6), -9.0)
    output[:, 1:] = torch.arange(1, 7).reshape(6, 1, 1) / 4
    for row, column, logit in cells:
        output[0, 0, row, column] = logit
    return output


def test_a_face_is_decoded_from_its_cell_worked_by_hand() -> None:
    # Row 2, column 5: its centre is (5.5, 2.5) cells; offsets 0.25 to 1.5 cells; 8 pixels a cell; sigmoid(0) is 0.5.
    found = decode_faces(output_with((2, 5, 0.0)), most=1)
    assert found.shape == (1, 1, 7)
    assert found[0, 0].tolist() == pytest.approx([0.5, 46, 24, 50, 28, 54, 32], abs=1e-3)


def test_the_best_face_comes_first_and_a_neighbour_of_a_better_one_is_none() -> None:
    found = decode_faces(output_with((0, 0, 1.0), (1, 1, 0.5), (3, 5, 2.0), (3, 1, 0.9)), most=5)[0]
    own = torch.tensor([1.0, 2.0, 0.9]).sigmoid()
    own[0] = 1 - (1 - own[0]) * (1 - torch.tensor(0.5).sigmoid())  # its neighbour's share is its own
    torch.testing.assert_close(found[:3, 0], own, atol=1e-3, rtol=0)
    assert (found[3:, 0] < 0.002).all()
    assert found[:3, 1].tolist() == [0.75 * 8, 5.75 * 8, 1.75 * 8]


def test_each_thumbnail_of_a_batch_is_decoded_by_itself() -> None:
    found = decode_faces(torch.cat([output_with((0, 0, 3.0)), output_with((3, 4, 3.0))]), most=2)
    assert found.shape == (2, 2, 7)
    assert found[:, 0, 1].tolist() == [0.75 * 8, 4.75 * 8]


def test_the_first_seeds_network_has_its_31_million_parameters() -> None:
    with torch.device("meta"):
        network = build_network("unet", 1, 64)
    assert sum(parameter.numel() for parameter in network.parameters()) == 31_037_633


@pytest.mark.parametrize("arch", SEGMENTERS)
def test_the_stages_of_the_encoder_come_first_and_leave_the_decoder_out(arch: str) -> None:
    network = build_network(arch, 3, 4)
    stages = network.encoder_stages()
    names = {id(weight): name for name, weight in network.named_parameters()}
    staged = [names[id(weight)] for stage in stages for weight in stage.parameters()]
    assert staged == [name for name, _ in network.named_parameters() if name in set(staged)], "in the network's order"
    assert set(names.values()) - set(staged) == {
        name for name in names.values() if name.split(".")[0] in ("decoder", "doublings", "refine", "head")
    }
    assert len(stages) == 5


@pytest.mark.parametrize("arch", SEGMENTERS)
def test_a_normalized_network_sees_levels_less_their_mean_over_their_deviation(arch: str) -> None:
    torch.manual_seed(1)
    network = build_network(arch, 3, 4, "dataset").eval()
    network.normalization.set_statistics(torch.tensor([100.0, 120, 140]), torch.tensor([10.0, 20, 40]))
    torch.manual_seed(1)
    plain = build_network(arch, 3, 4).eval()
    scale = 64 if arch == "unet-lite" else 255  # what a network without statistics divides levels by
    levels = torch.tensor([100, 120, 140]) + torch.randint(-2, 3, (1, 64, 48, 3)) * torch.tensor([10, 20, 40])
    normalized = (levels - torch.tensor([100, 120, 140])) / torch.tensor([10, 20, 40])
    with torch.inference_mode():
        found = network(levels.to(torch.uint8))
        expected = plain(normalized * scale)  # it takes levels as they come, whole or not
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_imagenets_statistics_are_blue_first() -> None:
    normalization = build_network("unet", 3, 4, "imagenet").normalization
    levels = torch.tensor([0.406, 0.456, 0.485]).view(1, 3, 1, 1) * 255
    assert normalization(levels).abs().max() < 1e-5
    one_more = normalization(levels + 255 * torch.tensor([0.225, 0.224, 0.229]).view(1, 3, 1, 1))
    torch.testing.assert_close(one_more, torch.ones(1, 3, 1, 1))


@pytest.mark.parametrize(
    ("arch", "normalize", "message"),
    [
        ("unet", "often", "unknown normalization often; known: none, dataset, imagenet"),
        (FACE_FINDER, "imagenet", "takes colours as they are"),
    ],
)
def test_a_normalization_that_cannot_be_is_refused(arch: str, normalize: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_network(arch, 3, 4, normalize)


def test_statistics_that_would_divide_by_zero_are_refused() -> None:
    network = build_network("unet", 3, 4, "dataset")
    with pytest.raises(ValueError, match="deviation cannot be divided by"):
        network.normalization.set_statistics(torch.zeros(3), torch.tensor([1.0, 0, 1]))
