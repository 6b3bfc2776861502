"""Frames go where they were wanted, and what cannot be written is said before the first one."""

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime import outputs as outputs_module
from realtime.config import RealtimeConfig
from realtime.errors import OutputError
from realtime.geometry import CropTransform
from realtime.outputs import MaskFolder, Outputs
from realtime.preprocess import BgrImage
from realtime.regions import Region
from realtime.sources import Frame
from realtime.tracker import FollowedFace

REGIONS = (Region.BACKGROUND, Region.RIGHT_EYE, Region.UPPER_LIP)
CROP = CropTransform((89.0, 88.0), 1.0, 0.0)
"""Crop pixels are frame pixels."""


def frame(name: str = "one", time_s: float = 0.0, size_wh: tuple[int, int] = (200, 240)) -> Frame:
    """Bright on its left half."""
    image = np.full((size_wh[1], size_wh[0], 3), 20, np.uint8)
    image[:, : size_wh[0] // 2] = 220
    return Frame(BgrImage(image), time_s, name)


def face(region: Region, box_xyxy: tuple[int, int, int, int]) -> FollowedFace:
    probs = np.zeros((len(REGIONS), 218, 178), np.float32)
    left, top, right, bottom = box_xyxy
    probs[REGIONS.index(region), top:bottom, left:right] = 1
    probs[0] = 1 - probs.sum(axis=0)
    return FollowedFace(1, CROP, probs, CROP)


def open_outputs(config: RealtimeConfig, is_one_picture: bool = False) -> Outputs:
    return Outputs(config, REGIONS, is_live=False, is_one_picture=is_one_picture)


def stored(path: Path) -> npt.NDArray[np.generic]:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def test_with_nothing_wanted_nothing_is_written_and_the_loop_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_outputs(RealtimeConfig(headless=True)) as outputs:
        assert outputs.write(frame(), [])
    assert outputs.written() == []
    assert list(tmp_path.iterdir()) == []


def test_a_video_and_masks_are_written_of_every_frame(tmp_path: Path) -> None:
    config = RealtimeConfig(headless=True, output=tmp_path / "v.mp4", masks=tmp_path / "new" / "masks")
    with open_outputs(config) as outputs:
        for index in range(3):
            assert outputs.write(frame(f"frame_{index}", index / 10), [])
    assert outputs.written() == [str(tmp_path / "v.mp4"), f"{tmp_path / 'new' / 'masks'} (3 masks)"]
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert_allclose([float(decoded.time or 0) for decoded in container.decode(video=0)], [0, 0.1, 0.2], atol=1e-4)
    assert sorted(path.name for path in (tmp_path / "new" / "masks").iterdir()) == [
        "frame_0.png",
        "frame_1.png",
        "frame_2.png",
    ]


def test_a_mask_holds_the_ids_of_all_faces_at_the_frames_own_size(tmp_path: Path) -> None:
    faces = [face(Region.RIGHT_EYE, (50, 80, 60, 90)), face(Region.UPPER_LIP, (80, 150, 100, 155))]
    with open_outputs(RealtimeConfig(headless=True, masks=tmp_path)) as outputs:
        outputs.write(frame("both"), faces)
        outputs.write(frame("nobody", size_wh=(7, 5)), [])
    expected = np.zeros((240, 200), np.uint8)
    expected[80:90, 50:60] = 1
    expected[150:155, 80:100] = 5
    assert_array_equal(stored(tmp_path / "both.png"), expected)
    assert_array_equal(stored(tmp_path / "nobody.png"), np.zeros((5, 7), np.uint8))


def test_a_mirror_flips_the_picture_and_not_the_mask(tmp_path: Path) -> None:
    config = RealtimeConfig(headless=True, output=tmp_path / "p.png", masks=tmp_path, mirror=True)
    with open_outputs(config, is_one_picture=True) as outputs:
        outputs.write(frame("me"), [face(Region.RIGHT_EYE, (50, 80, 60, 90))])
    picture, mask = stored(tmp_path / "p.png"), stored(tmp_path / "me.png")
    assert (picture[:, :100].max(), picture[:, 100:].min()) == (20, 220)
    assert (mask[80:90, 50:60] == 1).all()
    assert mask.sum() == 100


def test_of_a_single_picture_a_picture_is_written(tmp_path: Path) -> None:
    config = RealtimeConfig(headless=True, output=tmp_path / "p.PNG")
    with open_outputs(config, is_one_picture=True) as outputs:
        outputs.write(frame(), [])
    assert_array_equal(stored(tmp_path / "p.PNG"), frame().image_bgr)
    assert outputs.written() == [str(tmp_path / "p.PNG")]


@pytest.mark.parametrize("name", ["v.mp4", "p.png"])
def test_what_no_frame_reached_is_not_said_to_be_written(tmp_path: Path, name: str) -> None:
    with open_outputs(RealtimeConfig(headless=True, output=tmp_path / name), is_one_picture=True) as outputs:
        pass
    assert outputs.written() == []


@pytest.mark.parametrize(
    ("name", "is_one_picture", "said"),
    [
        ("none/v.mp4", False, "its folder does not exist"),
        ("v.avi", False, r"written as \.mkv, \.mov, \.mp4$"),
        ("p.png", False, r"written as \.mkv, \.mov, \.mp4$"),
        ("p.gif", True, r"written as \.mkv, \.mov, \.mp4, \.png or \.jpg$"),
        ("video", True, "written as"),
        ("folder.mp4", False, "Is a directory"),
    ],
    ids=["no folder", "unknown kind", "picture of many frames", "unknown picture", "no kind", "a folder"],
)
def test_an_output_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, name: str, is_one_picture: bool, said: str
) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match=said) as refusal:
        open_outputs(RealtimeConfig(headless=True, output=tmp_path / name), is_one_picture)
    assert str(tmp_path / name) in str(refusal.value)


def test_a_mask_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file: cannot be made \(File exists\)"):
        MaskFolder(tmp_path / "file")
    with pytest.raises(OutputError, match=r"cannot be made \(Not a directory\)"):
        MaskFolder(tmp_path / "file" / "masks")


def test_a_mask_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs_module.os, "access", lambda *_: False)  # to root everything is permitted
    with pytest.raises(OutputError, match="cannot be written to"):
        MaskFolder(tmp_path)


class FakeWindow:
    """Notes what it is asked to show; the user closes it after the first frame."""

    opened: list["FakeWindow"]

    def __init__(self, title: str, is_paced: bool) -> None:
        self.is_paced = is_paced
        self.shown: list[tuple[BgrImage, float, bool]] = []
        self.is_closed = False
        FakeWindow.opened.append(self)

    def show(self, frame_bgr: BgrImage, time_s: float, hold: bool) -> bool:
        self.shown.append((frame_bgr.copy(), time_s, hold))
        return False

    def __enter__(self) -> "FakeWindow":
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[FakeWindow]:
    FakeWindow.opened = []
    monkeypatch.setattr(outputs_module, "Window", FakeWindow)
    return FakeWindow.opened


@pytest.mark.parametrize("is_live", [True, False])
@pytest.mark.parametrize("is_one_picture", [True, False])
def test_a_window_is_shown_the_frame_and_ends_the_loop(
    windows: list[FakeWindow], is_live: bool, is_one_picture: bool
) -> None:
    with Outputs(RealtimeConfig(mirror=True), REGIONS, is_live=is_live, is_one_picture=is_one_picture) as outputs:
        assert not outputs.write(frame(time_s=1.5), [])
    (window,) = windows
    assert (window.is_paced, window.is_closed) == (not is_live, True)
    ((shown, time_s, hold),) = window.shown
    assert (time_s, hold) == (1.5, is_one_picture)
    assert_array_equal(shown, frame().image_bgr[:, ::-1])


def test_the_window_and_the_video_are_closed_after_an_exception(windows: list[FakeWindow], tmp_path: Path) -> None:
    def record_and_fail() -> None:
        with open_outputs(RealtimeConfig(output=tmp_path / "v.mp4")) as outputs:
            outputs.write(frame(), [])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    assert windows[0].is_closed
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert len(list(container.decode(video=0))) == 1


@pytest.mark.parametrize("kind", ["output", "masks"])
def test_the_source_is_never_written_over(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4" if kind == "output" else tmp_path
    (tmp_path / "clip.mp4").write_bytes(b"precious")
    config = replace(RealtimeConfig(source=str(source), headless=True), **{kind: source})
    with pytest.raises(OutputError, match="is the source"):
        Outputs(config, list(Region), is_live=False, is_one_picture=False)
    assert (tmp_path / "clip.mp4").read_bytes() == b"precious"
