"""Irises on closed eyes, lips on face masks: counted as painted, beside what MediaPipe's own masks have there."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from realtime.core.geometry import TIGHT
from realtime.core.regions import Region
from train.evaluation.hidden_parts import SPECK_PX, score_closed_eyes, score_covered_mouths, summarize_eyes
from train.evaluation.photos import UnlearntPhotos
from train.labelling.label_maps import draw_label_map
from train.prediction import PhotoSegmenter


def painter(areas: dict[Region, int]) -> PhotoSegmenter:
    """Paints so many pixels of these regions, whatever it is shown."""
    probs = np.zeros((1, len(Region), 218, 178), np.float32)
    for region, area in areas.items():
        probs[0, region].flat[region * 1000 : region * 1000 + area] = 1
    return PhotoSegmenter(lambda crops: probs, tuple(Region), "softmax", TIGHT)


@pytest.fixture
def photos(write_photos, tmp_path: Path) -> UnlearntPhotos:
    """Two with a face, one without."""
    write_photos(tmp_path / "p", a=90, b=120, black=0)
    return UnlearntPhotos([tmp_path / "p" / f"{name}.png" for name in ("a", "b", "black")], 5, 1)


def area_of(landmarks: npt.NDArray[np.float64], regions: Sequence[Region]) -> int:
    return int(np.isin(draw_label_map(landmarks, (178, 218)), regions).sum())


def test_irises_on_closed_eyes_are_counted_by_eye_and_by_face(
    drawn_face, told_landmarker, photos: UnlearntPhotos
) -> None:
    face = drawn_face(right_eye_half_height=1.0)  # MediaPipe sees the right eye closed, the left one open
    ours = painter({Region.RIGHT_IRIS: SPECK_PX + 1, Region.LEFT_IRIS: SPECK_PX, Region.RIGHT_EYE: 30})
    scores = score_closed_eyes(ours, photos, told_landmarker([face, face]), lambda: None)
    assert (scores["faces"], scores["photos"], scores["without_face"]) == (2, 3, 1)
    assert (scores["learnt"], scores["excepted"]) == (5, 1)
    assert scores["ours"] == {
        "faces_with_iris": 1,
        "eyes_with_iris": 0.5,
        "iris_px": SPECK_PX + 0.5,
        "eye_px": 15,
    }
    assert scores["lids_together"] == {"eyes": 2, "eyes_with_iris": 1, "iris_px": SPECK_PX + 1, "eye_px": 30}
    assert scores["mediapipe"]["eyes_with_iris"] == 0.5
    assert scores["mediapipe"]["iris_px"] == pytest.approx(area_of(face, [Region.LEFT_IRIS]) / 2, abs=2)


def test_a_face_counts_with_one_iris() -> None:
    areas = np.array([[[9, 0], [0, 0]], [[0, 0], [0, 0]], [[9, 0], [20, 4]], [[8, 0], [8, 0]]], np.float64)
    assert summarize_eyes(areas) == {"faces_with_iris": 0.5, "eyes_with_iris": 3 / 8, "iris_px": 54 / 8, "eye_px": 0.5}


def test_where_nobody_is_nothing_is_counted(told_landmarker, photos: UnlearntPhotos) -> None:
    eyes = score_closed_eyes(painter({}), photos, told_landmarker([]), lambda: None)
    mouths = score_covered_mouths(painter({}), photos, told_landmarker([]), lambda: None)
    assert eyes["without_face"] == mouths["without_face"] == 3
    assert np.isnan([eyes["ours"]["faces_with_iris"], mouths["ours"]["faces_with_lips"]]).all()


def test_lips_on_masks_are_counted_in_every_face_that_is_large_enough(
    drawn_face, told_landmarker, photos: UnlearntPhotos
) -> None:
    small = 0.25 * drawn_face()  # 16 pixels between the eyes
    landmarker = told_landmarker([drawn_face(), drawn_face() + 5, small])
    seen: list[None] = []
    scores = score_covered_mouths(
        painter({Region.UPPER_LIP: SPECK_PX, Region.LOWER_LIP: 1, Region.MOUTH_INSIDE: 50}),
        photos,
        landmarker,
        lambda: seen.append(None),
    )
    assert (scores["faces"], scores["without_face"], len(seen)) == (4, 1, 3)
    assert scores["ours"] == {"faces_with_lips": 1, "lips_px": SPECK_PX + 1}
    assert scores["mediapipe"]["faces_with_lips"] == 1
    none = score_covered_mouths(painter({Region.UPPER_LIP: SPECK_PX}), photos, landmarker, lambda: None)
    assert none["ours"] == {"faces_with_lips": 0, "lips_px": SPECK_PX}
