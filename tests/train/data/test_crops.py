"""Who is held out never depends on anything but the group, and every example is what the network takes."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from torch.utils.data import DataLoader

from realtime.core.regions import Region, region_name
from train.data.crops import VALIDATION_SHARE, FaceCrops, held_out, split_faces
from train.data.label_set import LabelledFace, LabelledPair, LabelledPhoto, write_index
from train.networks.heads import targets_of

WritePair = Callable[[Path, str, npt.NDArray[np.uint8], npt.NDArray[np.uint8]], None]
EYES = ("background", "left_iris", "right_iris")
ALL = tuple(map(region_name, Region))
HELD, KEPT = "s/10", "s/ann"


def names_of_groups(groups: list[str]) -> list[LabelledPhoto]:
    """One photo with one face for each group; the faces are called 0, 1, 2 and so on."""
    return [
        LabelledPhoto(f"/{index}.jpg", "s", faces=[LabelledFace(str(index), [], group)])
        for index, group in enumerate(groups)
    ]


@pytest.mark.parametrize(
    ("group", "share", "expected"),
    # SHA-256 of s/10 starts with 07ce75f5, which is 0.030 of ffffffff; s/eve 1837526a, 0.0946; s/ann 19053c33, 0.0977.
    [("s/10", 0.08, True), ("s/eve", 0.08, False), ("s/eve", 0.095, True), ("s/ann", 0.095, False)],
    ids=["far below", "above", "just below", "just above"],
)
def test_a_group_is_held_out_by_the_start_of_its_sha256(group: str, share: float, expected: bool) -> None:
    assert held_out(group, share) is expected


def test_the_stated_share_of_groups_is_held_out() -> None:
    held = sum(held_out(f"s/person {index}") for index in range(5000))
    assert held / 5000 == pytest.approx(VALIDATION_SHARE, rel=0.15)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (1.0, 200)], ids=["none", "all"])
def test_a_share_of_none_or_all_is_exact(share: float, count: int) -> None:
    assert sum(held_out(str(index), share) for index in range(200)) == count


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 30), min_size=20, max_size=60), st.integers(0, 20))
def test_a_split_never_cuts_a_group_and_loses_no_face(numbers: list[int], in_second: int) -> None:
    groups = [f"s/{number}" for number in numbers]
    assume(len({held_out(group) for group in groups}) == 2)
    photos = names_of_groups(groups)
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        write_index(Path(first), photos[in_second:])
        write_index(Path(second), photos[:in_second])
        train, validation = (side.pairs for side in split_faces([Path(first), Path(second)]))
    group_of = {face.name: face.group for photo in photos for face in photo.faces}
    assert not {group_of[pair.name] for pair in train} & {group_of[pair.name] for pair in validation}
    assert sorted(pair.name for pair in train + validation) == sorted(group_of)
    assert {pair.folder for pair in train + validation} <= {Path(first), Path(second)}


def test_a_split_worked_by_hand(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    too_small = LabelledPhoto("/small.jpg", "s", faces=[LabelledFace("", [])])
    write_index(one, [*names_of_groups([HELD, KEPT]), too_small, LabelledPhoto("/x.jpg", "s", rejected="no face")])
    write_index(two, names_of_groups([KEPT, HELD]))
    train, validation = (side.pairs for side in split_faces([one, two]))
    assert train == [LabelledPair(one, "1"), LabelledPair(two, "0")]
    assert validation == [LabelledPair(one, "0"), LabelledPair(two, "1")]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([], "0 training and 0 validation"),
        ([KEPT, KEPT], "2 training and 0 validation"),
        ([HELD], "0 training and 1 validation"),
    ],
    ids=["no faces", "no validation", "no training"],
)
def test_a_split_with_an_empty_side_is_refused(groups: list[str], message: str, tmp_path: Path) -> None:
    write_index(tmp_path, names_of_groups(groups))
    with pytest.raises(ValueError, match=f"{message} faces; both are needed"):
        split_faces([tmp_path])


def test_ids_become_class_indices_and_what_the_model_lacks_background() -> None:
    assert_array_equal(targets_of(EYES).index_of[:8], [0, 0, 0, 2, 1, 0, 0, 0])
    assert_array_equal(targets_of(ALL).index_of[:8], range(8))


@pytest.fixture
def label_set(tmp_path: Path, write_pair: WritePair, striped_label_map: npt.NDArray[np.uint8]) -> Path:
    """A set of two faces, a and b."""
    for seed, name in enumerate("ab"):
        canvas = np.random.default_rng(seed).integers(0, 256, (314, 274, 3), np.uint8)
        write_pair(tmp_path, name, canvas, np.roll(striped_label_map, 90 * seed, axis=1))
    return tmp_path


def test_an_example_is_the_middle_of_the_canvas_with_class_indices(
    label_set: Path, striped_label_map: npt.NDArray[np.uint8]
) -> None:
    crops = FaceCrops([LabelledPair(label_set, "a"), LabelledPair(label_set, "b")], EYES)
    assert len(crops) == 2
    crop, indices = crops[0]
    assert (crop.shape, crop.dtype) == ((218, 178, 3), torch.uint8)
    assert (indices.shape, indices.dtype) == ((218, 178), torch.int64)
    middle = striped_label_map[48:266, 48:226]
    assert_array_equal(indices.numpy(), np.select([middle == Region.LEFT_IRIS, middle == Region.RIGHT_IRIS], [1, 2]))
    assert torch.equal(crops[0][0], crop)
    assert not torch.equal(crops[1][0], crop)


def test_augmented_examples_differ_each_time_and_repeat_with_torchs_seed(label_set: Path) -> None:
    crops = FaceCrops([LabelledPair(label_set, "a")], ALL, "live")
    torch.manual_seed(5)
    first, second = crops[0], crops[0]
    torch.manual_seed(5)
    again = crops[0]
    assert (first[0].shape, first[1].dtype) == ((218, 178, 3), torch.int64)
    assert not torch.equal(first[0], second[0])
    assert torch.equal(first[1], again[1])
    assert torch.equal(first[0], again[0])


def test_a_loader_stacks_examples_into_a_batch(label_set: Path) -> None:
    crops = FaceCrops([LabelledPair(label_set, "a"), LabelledPair(label_set, "b")], ALL, "live")
    crop_bgr, label_map = next(iter(DataLoader(crops, batch_size=2)))
    assert (crop_bgr.shape, crop_bgr.dtype) == ((2, 218, 178, 3), torch.uint8)
    assert (label_map.shape, label_map.dtype) == ((2, 218, 178), torch.int64)
