"""Which landmark outlines what, and the search with more and more border. MediaPipe itself is not needed."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region
from train.labelling.landmarks import (
    EYE_OUTLINE,
    IRIS_CENTER,
    IRIS_EDGE,
    LANDMARKER_SHA256,
    LEFT_EAR,
    LOWER_LIP_BOTTOM,
    LOWER_LIP_TOP,
    MOUTH_OUTLINE,
    RIGHT_EAR,
    UPPER_LIP_BOTTOM,
    UPPER_LIP_TOP,
    FaceLandmarker,
    fetch_landmarker,
    head_yaw_deg,
    silent_stderr,
)

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("indices", "count"),
    [
        (EYE_OUTLINE[Region.RIGHT_EYE] + EYE_OUTLINE[Region.LEFT_EYE], 32),
        (tuple(IRIS_CENTER.values()) + IRIS_EDGE[Region.RIGHT_IRIS] + IRIS_EDGE[Region.LEFT_IRIS], 10),
        (MOUTH_OUTLINE, 20),
        (UPPER_LIP_TOP + UPPER_LIP_BOTTOM, 22),
        (LOWER_LIP_TOP[1:-1] + LOWER_LIP_BOTTOM, 20),
    ],
    ids=["eyes", "irises", "mouth", "upper lip", "lower lip"],
)
def test_an_outline_names_each_of_its_landmarks_once(indices: Sequence[int], count: int) -> None:
    assert len(indices) == len(set(indices)) == count
    assert set(indices) <= set(range(478))


def test_the_lips_meet_in_the_corners_of_the_mouth() -> None:
    assert (UPPER_LIP_TOP[0], UPPER_LIP_TOP[-1]) == (LOWER_LIP_BOTTOM[0], LOWER_LIP_BOTTOM[-1]) == (61, 291)
    assert (UPPER_LIP_BOTTOM[0], UPPER_LIP_BOTTOM[-1]) == (LOWER_LIP_TOP[0], LOWER_LIP_TOP[-1]) == (78, 308)


def test_the_mouth_outline_runs_out_along_the_upper_lip_and_back_along_the_lower() -> None:
    assert MOUTH_OUTLINE[:11] == UPPER_LIP_TOP
    assert MOUTH_OUTLINE[11:] == (375, 321, 405, 314, 17, 84, 181, 91, 146)


def test_a_landmarker_file_that_is_given_is_used(tmp_path: Path) -> None:
    path = tmp_path / "mine.task"
    path.write_bytes(b"model")
    assert fetch_landmarker(path) == path


def test_a_landmarker_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.task: no such face landmarker file"):
        fetch_landmarker(tmp_path / "gone.task")


def test_without_a_file_the_published_one_is_downloaded_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooch = pytest.importorskip("pooch")
    asked: list[str] = []

    def retrieve(url: str, known_hash: str, fname: str, path: Path) -> str:
        asked.extend([url, known_hash])
        return str(tmp_path / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert fetch_landmarker(None) == tmp_path / "face_landmarker.task"
    assert asked[0].startswith("https://storage.googleapis.com/mediapipe-models/")
    assert asked[1] == f"sha256:{LANDMARKER_SHA256}"


class DotLandmarker(FaceLandmarker):
    """Takes the one bright pixel for a face, but only in a photo that is large enough."""

    def __init__(self, needs_px: int) -> None:
        self.needs_px = needs_px
        self.widths: list[int] = []

    def _find_once(self, photo_bgr: BgrImage) -> list[npt.NDArray[np.float64]]:
        self.widths.append(photo_bgr.shape[1])
        if photo_bgr.shape[1] < self.needs_px:
            return []
        dots = np.argwhere(photo_bgr.any(axis=2))[:, ::-1] + 0.5
        return [np.column_stack([dots, np.full(len(dots), 7.0)])]


@pytest.mark.parametrize(
    ("needs_px", "widths"),
    [(0, [100]), (150, [100, 180]), (200, [100, 180, 300])],
    ids=["at once", "with some border", "with much border"],
)
def test_a_face_found_with_a_border_is_where_it_is_without(needs_px: int, widths: list[int]) -> None:
    photo = np.zeros((60, 100, 3), np.uint8)
    photo[20, 70] = 255
    landmarker = DotLandmarker(needs_px)
    faces = landmarker.find(BgrImage(photo))
    assert landmarker.widths == widths
    assert len(faces) == 1
    assert_allclose(faces[0], [[70.5, 20.5]])
    assert_allclose(landmarker.find_in_depth(BgrImage(photo))[0], [[70.5, 20.5, 7.0]])  # a border adds no depth


def test_a_photo_without_a_face_gives_none() -> None:
    assert DotLandmarker(needs_px=1000).find(BgrImage(np.zeros((60, 100, 3), np.uint8))) == []


def test_native_codes_lines_are_kept_off_the_terminal_and_only_those(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before\n")
    with silent_stderr():
        os.write(2, b"mediapipe's start-up\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"


def test_the_terminal_is_given_back_when_the_landmarker_cannot_start(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OSError, match="broken"), silent_stderr():
        raise OSError("broken")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


@pytest.mark.parametrize(
    ("left_ear", "yaw_deg"),
    [((100.0, 50.0, 0.0), 0), ((70.0, 90.0, 0.0), 0), ((50.0, 50.0, 50.0), 45), ((50.0, 50.0, -50.0), -45)],
    ids=["from the front", "rolled, not turned", "left side away", "left side near"],
)
def test_yaw_is_told_by_how_far_behind_one_side_is(left_ear: tuple[float, float, float], yaw_deg: float) -> None:
    points = np.zeros((478, 3))
    points[RIGHT_EAR], points[LEFT_EAR] = (0, 50, 0), left_ear
    assert head_yaw_deg(points) == pytest.approx(yaw_deg)


@pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="Windows has no SIGPROF")
def test_mediapipes_profiling_signal_ends_no_program_after_lightning_put_the_signals_back() -> None:
    script = """
import os, signal
from train.labelling.landmarks import ignore_profiling
ignore_profiling()
signal.signal(signal.SIGPROF, signal.getsignal(signal.SIGPROF))  # as Lightning does at the end of a run
os.kill(os.getpid(), signal.SIGPROF)
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr
