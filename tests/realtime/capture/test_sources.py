"""Frames come in order, with their own time stamps and names; what cannot be opened is said in one line."""

import logging
import os
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime.capture import cameras, raw_video
from realtime.capture.sources import Source, open_source, path_of
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.frame import Frame
from realtime.outputs.video_file import VideoFile


def grey(value: int, size_wh: tuple[int, int] = (64, 48)) -> BgrImage:
    return BgrImage(np.full((size_wh[1], size_wh[0], 3), value, np.uint8))


def write_png(path: Path, image: npt.NDArray[np.uint8]) -> Path:
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path


def frames_of(spec: Path | str) -> list[Frame]:
    with open_source(str(spec)) as source:
        return [frame for frame in source if frame]


def test_an_image_is_one_still_picture(tmp_path: Path) -> None:
    path = write_png(tmp_path / "me.png", grey(7))
    with open_source(str(path)) as source:
        assert (source.name, source.is_one_picture, source.is_endless, source.is_live) == ("me.png", True, False, False)
        assert source.size_wh == (64, 48)
        (frame,) = source
    assert frame is not None
    assert (frame.name, frame.is_still, frame.time_s) == ("me", True, 0)
    assert_array_equal(frame.image_bgr, grey(7))


def test_a_folders_images_come_by_name_each_with_its_own_size(tmp_path: Path) -> None:
    for name, value in (("c.PNG", 3), ("a.png", 1), ("b.png", 2)):
        write_png(tmp_path / name, grey(value, (10 + value, 20)))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "sub").mkdir()
    frames = frames_of(tmp_path)
    assert [(frame.name, frame.image_bgr.shape[1], frame.image_bgr[0, 0, 0]) for frame in frames] == [
        ("a", 11, 1),
        ("b", 12, 2),
        ("c", 13, 3),
    ]
    assert all(frame.is_still for frame in frames)
    assert [frame.time_s for frame in frames] == sorted({frame.time_s for frame in frames})


def test_images_of_one_stem_keep_apart(tmp_path: Path) -> None:
    for name in ("a.png", "a.bmp", "b.png"):
        write_png(tmp_path / name, grey(1))
    assert [frame.name for frame in frames_of(tmp_path)] == ["a.bmp", "a.png", "b"]


def test_an_image_that_cannot_be_read_is_named_and_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_png(tmp_path / "a.png", grey(1))
    (tmp_path / "b.jpg").write_text("no picture")
    (tmp_path / "c.png").mkdir()
    with caplog.at_level(logging.WARNING):
        assert [frame.name for frame in frames_of(tmp_path)] == ["a"]
    assert len(caplog.messages) == 2
    assert caplog.messages[0] == f"skipped: {tmp_path / 'b.jpg'}: not an image that can be read"
    assert str(tmp_path / "c.png") in caplog.messages[1]


def test_a_folder_of_which_nothing_can_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no image in this folder"):
        open_source(str(tmp_path))
    (tmp_path / "a.jpg").write_text("no picture")
    with pytest.raises(SourceError, match="none of its 1 images can be read"):
        frames_of(tmp_path)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("x.mp4", r"^x\.mp4: no such file or folder, and no camera is called so$"),
        ("nonsense", r"^nonsense: no such file or folder"),
        ("rtsp:/me:SECRET@door/stream", r"^\*\*\*@door/stream: no such file or folder"),
        ("", r"^the source is empty: give a camera"),
        ("-", r"^raw video on stdin does not tell its size: say it with --size WIDTHxHEIGHT$"),
    ],
    ids=["missing", "no kind of source", "a mistyped URL", "nothing", "stdin without a size"],
)
def test_what_is_no_source_is_refused_in_one_line(
    spec: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.png").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cameras, "capture_devices", list)
    with pytest.raises(SourceError, match=said) as refusal:
        open_source(spec)
    assert "\n" not in str(refusal.value)


def test_an_image_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_text("no picture")
    with pytest.raises(SourceError, match="not an image that can be read"):
        open_source(str(tmp_path / "x.jpg"))


def test_the_demo_needs_nothing_and_does_not_end() -> None:
    with open_source("demo") as source:
        assert (source.name, source.is_endless, source.is_live, source.is_one_picture) == ("demo", True, False, False)
        frames = list(islice(source, 3))
    assert [frame.name for frame in frames] == ["demo_000000", "demo_000001", "demo_000002"]
    assert_allclose([frame.time_s for frame in frames], [0, 1 / 30, 2 / 30])
    assert frames[0].image_bgr is not frames[1].image_bgr


@pytest.fixture
def video(tmp_path: Path) -> Path:
    with VideoFile(tmp_path / "v.mp4") as file:
        for index in range(3):
            file.write(grey(50 * index), index / 30)
    return tmp_path / "v.mp4"


@pytest.mark.parametrize("spec", ["demo", "folder", "image", "video"])
def test_a_source_may_be_closed_early_and_twice(spec: str, video: Path, tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", grey(1))
    paths = {"folder": tmp_path, "image": tmp_path / "a.png", "video": video}
    source = open_source(str(paths.get(spec, spec)))
    next(iter(source))
    source.close()
    source.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in Linux's /proc")
@pytest.mark.parametrize("is_begun", [False, True], ids=["not begun", "begun"])
def test_closing_a_video_lets_go_of_its_file(is_begun: bool, video: Path) -> None:
    def is_held() -> bool:
        return str(video) in [os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - iterdir would hold a descriptor of its own

    source = open_source(str(video))
    assert is_held()
    if is_begun:
        next(iter(source))
    source.close()
    assert not is_held()


def test_a_size_asked_of_what_has_its_own_is_said_to_be_left_out(video: Path) -> None:
    told: list[str] = []
    with open_source(str(video), (1280, 720), tell=told.append) as source:
        assert source.size_wh == (64, 48)
    assert told == [f"{video}: has its own size and rate; --size and --fps are for cameras and for '-'"]
    open_source("demo", tell=told.append).close()
    assert len(told) == 1


def test_closing_ends_a_live_sources_thread_and_closes_what_it_reads() -> None:
    closed = []

    def endless() -> Iterator[Frame]:
        try:
            while True:
                yield Frame(grey(0), 0.0, "")
        finally:
            closed.append(True)

    before = threading.enumerate()
    with Source("camera", endless(), is_live=True) as source:
        next(iter(source))
        assert len(threading.enumerate()) == len(before) + 1
    assert threading.enumerate() == before
    assert closed == [True]


def test_raw_video_comes_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setattr(raw_video, "STDIN", reading)
    os.write(writing, grey(1, (4, 2)).tobytes() + grey(2, (4, 2)).tobytes())
    os.close(writing)
    with open_source("-", (4, 2), 10.0) as source:
        assert (source.name, source.is_live, source.is_endless) == ("stdin", False, False)
        assert (source.size_wh, source.fps) == ((4, 2), 10.0)
        taken = [(frame.time_s, frame.image_bgr.max()) for frame in source if frame]
    assert taken == [(0.0, 1), (0.1, 2)]
    os.close(reading)


@pytest.mark.parametrize(
    ("spec", "is_path"),
    [("clip.mp4", True), (".", True), ("missing.mp4", False), ("a" * 300, False), ("http://host/" + "a" * 300, False)],
    ids=["file", "folder", "missing", "too long a name", "URL"],
)
def test_a_source_is_a_path_only_where_it_exists(
    spec: str, is_path: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clip.mp4").touch()
    assert path_of(spec) == (Path(spec) if is_path else None)
