"""Near-duplicates and persons become groups; different people do not."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from realtime.core.geometry import BgrImage
from train.labelling.near_duplicates import HASH_SIDE, NEAR_BITS, difference_hash, group_faces, mirrored_hash, person_of


def grid_image(grid: npt.NDArray[np.int64]) -> BgrImage:
    """The (16 * 8, 17 * 8, 3) grey picture whose cells have these levels."""
    return BgrImage(np.repeat(np.kron(grid, np.ones((8, 8))).astype(np.uint8)[:, :, None], 3, axis=2))


def face_crop(photo: npt.NDArray[np.uint8], left: int, top: int) -> BgrImage:
    """A crop-sized part of a photo."""
    return BgrImage(np.ascontiguousarray(photo[top : top + 218, left : left + 178]))


def grace_hopper_bgr() -> npt.NDArray[np.uint8]:
    photo = cv2.imread(str(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    assert photo is not None
    return photo


def bits_between(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> int:
    return int((one != other).sum())


def test_each_bit_says_whether_the_next_cell_is_brighter() -> None:
    grid = np.full((HASH_SIDE, HASH_SIDE + 1), 100)
    grid[0] = np.arange(17) * 10
    grid[1] = 160 - np.arange(17) * 10
    grid[2, 5] = 120
    found = difference_hash(grid_image(grid)).reshape(HASH_SIDE, HASH_SIDE)
    expected = np.full((HASH_SIDE, HASH_SIDE), -1)
    expected[0] = 1
    expected[2, 4] = 1
    assert_array_equal(found, expected)


def test_light_and_contrast_leave_the_hash_alone() -> None:
    grid = np.random.default_rng(3).permutation(16 * 17).reshape(16, 17) // 2
    image = grid_image(grid)
    darker = BgrImage((image * 0.6 + 20).astype(np.uint8))
    assert bits_between(difference_hash(image), difference_hash(darker)) <= 5


def test_a_mirrored_hash_worked_by_hand() -> None:
    grid = np.full((HASH_SIDE, HASH_SIDE + 1), 100)
    grid[3, 2:] = 140  # row 3, from the third cell on: mirrored, it ends with the fifteenth
    expected = np.full((HASH_SIDE, HASH_SIDE), -1)
    assert_array_equal(mirrored_hash(grid_image(grid)).reshape(HASH_SIDE, HASH_SIDE), expected)
    grid[3] = 240 - grid[3]
    expected[3, 14] = 1
    assert_array_equal(mirrored_hash(grid_image(grid)).reshape(HASH_SIDE, HASH_SIDE), expected)


def test_a_mirrored_picture_with_black_corners_is_found() -> None:
    crop = face_crop(grace_hopper_bgr(), 180, 60).copy()
    crop[:70] = crop[:, :40] = crop[180:] = 0
    again = np.ascontiguousarray(crop[:, ::-1])
    hashes = np.stack([difference_hash(BgrImage(image)) for image in (crop, again)])
    mirrored = np.stack([mirrored_hash(BgrImage(image)) for image in (crop, again)])
    assert group_faces(["s/1", "s/2"], hashes, mirrored) == ["s/1"] * 2
    assert bits_between(*hashes) > NEAR_BITS  # upright, they are not alike


@pytest.mark.parametrize(
    ("stem", "person"),
    [
        ("Ann_Lee_0002", "lfw/Ann_Lee"),
        ("Ann_Lee_0007", "lfw/Ann_Lee"),
        ("Ann", "lfw/Ann"),
        ("0002", "lfw/0002"),
        ("_0002", "lfw/_0002"),
        ("2024_05", "lfw/2024_05"),
        ("Ann2", "lfw/Ann2"),
        ("IMG_0002", "lfw/IMG_0002"),
        ("frame_0002", "lfw/frame_0002"),
    ],
    ids=[
        "a number",
        "another number",
        "no number",
        "only a number",
        "a line and a number",
        "a date",
        "number in name",
        "a camera",
        "a clip",
    ],
)
def test_a_file_name_says_who_it_is_only_when_it_holds_a_name(stem: str, person: str) -> None:
    assert person_of("lfw", stem) == person


def random_hashes(count: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(11).choice(np.array([-1, 1], np.float32), (count, 256))


def groups_of(persons: list[str], hashes: npt.NDArray[np.float32]) -> list[str]:
    """The groups of faces of which none is like another's mirror image."""
    return group_faces(persons, hashes, np.random.default_rng(99).choice(np.array([-1, 1], np.float32), hashes.shape))


def with_flipped_bits(bits: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    flipped = bits.copy()
    flipped[:count] *= -1
    return flipped


def test_faces_of_one_person_are_one_group() -> None:
    # 2 looks like neither photo of Ann, but like 3, which is another photo of hers.
    hashes = random_hashes(4)
    hashes[2] = with_flipped_bits(hashes[3], 10)
    assert groups_of(["s/ann", "s/bob", "s/2", "s/ann"], hashes) == ["s/ann", "s/bob", "s/ann", "s/ann"]


@pytest.mark.parametrize(
    ("bits", "same"),
    [(0, True), (NEAR_BITS, True), (NEAR_BITS + 1, False), (256, False)],
    ids=["the same picture", "just near", "just not near", "the negative"],
)
@pytest.mark.parametrize("mirrored", [False, True], ids=["upright", "mirrored"])
def test_crops_that_differ_in_few_bits_are_one_group(bits: int, same: bool, mirrored: bool) -> None:
    hashes, turned = random_hashes(4).reshape(2, 2, 256)
    (turned if mirrored else hashes)[1] = with_flipped_bits(hashes[0], bits)
    assert group_faces(["s/1", "s/2"], hashes, turned) == (["s/1", "s/1"] if same else ["s/1", "s/2"])


def test_groups_grow_in_chains_and_are_called_after_their_first_face() -> None:
    # 0 and 4 share a person, 4 is a near-duplicate of 2, 2 of 3; 1 stands alone.
    hashes = random_hashes(5)
    hashes[2] = with_flipped_bits(hashes[4], 20)
    hashes[3] = with_flipped_bits(hashes[2][::-1], 20)[::-1]
    persons = ["s/ann", "s/bob", "s/2", "s/3", "s/ann"]
    assert groups_of(persons, hashes) == ["s/ann", "s/bob", "s/ann", "s/ann", "s/ann"]


def test_near_duplicates_are_found_across_a_large_set() -> None:
    hashes = random_hashes(1100)
    hashes[1090] = with_flipped_bits(hashes[3], 10)
    groups = groups_of([f"s/{index}" for index in range(1100)], hashes)
    assert groups[1090] == "s/3"
    assert len(set(groups)) == 1099


def test_no_faces_make_no_groups() -> None:
    assert groups_of([], np.zeros((0, 256), np.float32)) == []


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.sampled_from(["s/a", "s/b", "s/c", "s/d", "s/e", "s/f"]), min_size=1, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_a_group_holds_all_that_is_alike_and_is_called_after_its_first_face(persons: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    originals = rng.choice(np.array([-1, 1], np.float32), (6, 256))
    chosen = rng.integers(0, 6, len(persons))
    groups = groups_of(persons, originals[chosen])
    for index, group in enumerate(groups):
        members = [other for other in range(len(persons)) if groups[other] == group]
        assert group == persons[members[0]]
        for other in range(len(persons)):
            if persons[other] == persons[index] or chosen[other] == chosen[index]:
                assert groups[other] == group


def test_a_photo_saved_again_lightened_and_mirrored_is_still_the_same_picture() -> None:
    crop = face_crop(grace_hopper_bgr(), 180, 60)
    _, encoded = cv2.imencode(".jpg", cv2.convertScaleAbs(crop, alpha=1.1, beta=8), [cv2.IMWRITE_JPEG_QUALITY, 40])
    again = BgrImage(np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)))
    mirrored = BgrImage(np.ascontiguousarray(again[:, ::-1]))
    hashes = np.stack([difference_hash(image) for image in (crop, again, mirrored)])
    turned = np.stack([mirrored_hash(image) for image in (crop, again, mirrored)])
    assert bits_between(hashes[0], hashes[1]) <= NEAR_BITS
    assert group_faces(["s/1", "s/2", "s/3"], hashes, turned) == ["s/1"] * 3


def test_two_people_are_two_groups() -> None:
    data = pytest.importorskip("skimage.data")
    astronaut = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
    hashes = np.stack(
        [difference_hash(face_crop(grace_hopper_bgr(), 180, 60)), difference_hash(face_crop(astronaut, 135, 10))]
    )
    assert bits_between(*hashes) >= 60
    assert groups_of(["s/1", "s/2"], hashes) == ["s/1", "s/2"]
