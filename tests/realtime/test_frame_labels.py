"""A face's ids in its box of the frame are those of the whole frame's label map."""

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_array_equal

from realtime.face import Face, frame_label_map
from realtime.frame_labels import frame_labels
from realtime.geometry import CropTransform
from realtime.regions import Region
from realtime.sink import FrameCopy

REGIONS = (Region.BACKGROUND, Region.RIGHT_EYE, Region.UPPER_LIP)
FRAME_WH = (200, 240)


def patches(seed: int) -> npt.NDArray[np.float32]:
    """(3, 218, 178) squares of 20 by 20 pixels, all of them background at the rim."""
    probs = np.random.default_rng(seed).random((3, 11, 9)).astype(np.float32)
    probs[0, [0, -1]] = probs[0][:, [0, -1]] = 1
    return np.ascontiguousarray(probs.repeat(20, axis=1).repeat(20, axis=2)[:, :218, :178])


def box_only(probs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """An eye of 4 by 4 pixels, which is nearly as probable all around."""
    probs = np.full_like(probs, 0.49)
    probs[2] = 0
    probs[1, 86:90, 87:91] = 1
    probs[0] = 1 - probs[1]
    return probs


@pytest.mark.parametrize(
    "crop",
    [
        CropTransform((100.0, 120.0), 1.0, 0.4),
        CropTransform((100.0, 120.0), 0.1, -2.0),
        CropTransform((100.0, 120.0), 3.0, 0.0),
        CropTransform((3.0, 230.0), 0.8, 0.2),
    ],
    ids=["turned", "large", "small", "half outside"],
)
@pytest.mark.parametrize("probs", [patches(0), box_only(patches(0))], ids=["many patches", "one that reaches far"])
def test_the_box_holds_all_that_the_whole_frame_shows(crop: CropTransform, probs: npt.NDArray[np.float32]) -> None:
    face = Face(1, crop, probs, REGIONS)
    expected = frame_label_map([face], FRAME_WH)
    labels = frame_labels(face, FRAME_WH)
    assert labels is not None
    left, top, right, bottom = labels.box_xyxy
    found = np.zeros_like(expected)
    found[top:bottom, left:right] = labels.ids
    assert_array_equal(found, expected)
    assert (found > 0).any()


def test_a_face_of_which_nothing_is_seen_has_no_box() -> None:
    nothing = np.zeros((3, 218, 178), np.float32)
    nothing[0] = 1
    assert frame_labels(Face(1, CropTransform((89.0, 88.0), 1.0, 0.0), nothing, REGIONS), FRAME_WH) is None
    assert frame_labels(Face(1, CropTransform((-900.0, 0.0), 1.0, 0.0), patches(0), REGIONS), FRAME_WH) is None


def test_where_faces_overlap_the_later_is_on_top_as_in_the_whole_frame() -> None:
    faces = tuple(Face(n, CropTransform((80.0 + 10 * n, 100.0), 1.0, 0.1), patches(n), REGIONS) for n in range(3))
    copy = FrameCopy("three", 0.0, FRAME_WH, None, faces)
    assert_array_equal(copy.label_map, frame_label_map(faces, FRAME_WH))
    assert copy.labels is copy.labels
