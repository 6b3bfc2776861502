"""Frames come in order, with their own time stamps and names; what cannot be opened is said in one line."""

import logging
import struct
import threading
import wave
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from realtime import sources
from realtime.errors import SourceError
from realtime.preprocess import BgrImage
from realtime.sources import Frame, NewestFrame, Source, open_source

TIME_BASE = Fraction(1, 90_000)
STAMPS_S = (0.0, 0.04, 0.1, 0.5, 0.51, 1.25)
"""Of a camera that slows down in the dark."""
WAIT_S = 30.0
"""For another thread, which on a busy machine comes late; nobody waits so long who does not fail."""


def grey(value: int, size_wh: tuple[int, int] = (64, 48)) -> BgrImage:
    return BgrImage(np.full((size_wh[1], size_wh[0], 3), value, np.uint8))


def write_video(path: Path, images: Sequence[BgrImage], stamps_s: Sequence[float]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = images[0].shape[1], images[0].shape[0], "yuv420p"
        stream.time_base = stream.codec_context.time_base = TIME_BASE
        for image, stamp_s in zip(images, stamps_s, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = round(stamp_s / TIME_BASE), TIME_BASE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_png(path: Path, image: npt.NDArray[np.uint8]) -> Path:
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path


@pytest.fixture(scope="module")
def uneven_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames, each brighter than the last, at uneven times that begin at 2.5 seconds."""
    path = tmp_path_factory.mktemp("video") / "dusk.mp4"
    return write_video(path, [grey(40 * index + 20) for index in range(6)], [2.5 + stamp for stamp in STAMPS_S])


def frames_of(spec: Path | str) -> list[Frame]:
    with open_source(str(spec)) as source:
        return list(source)


def test_an_image_is_one_still_picture(tmp_path: Path) -> None:
    path = write_png(tmp_path / "me.png", grey(7))
    with open_source(str(path)) as source:
        assert (source.name, source.is_one_picture, source.is_endless, source.is_live) == ("me.png", True, False, False)
        (frame,) = source
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


def test_a_videos_frames_keep_their_own_time_stamps(uneven_video: Path) -> None:
    with open_source(str(uneven_video)) as source:
        assert (source.name, source.is_live, source.is_endless, source.is_one_picture) == (
            "dusk.mp4",
            False,
            False,
            False,
        )
        frames = list(source)
        assert source.dropped == 0
    assert_allclose([frame.time_s for frame in frames], STAMPS_S, atol=1e-4)
    assert [frame.name for frame in frames] == [f"dusk_{index:06d}" for index in range(6)]
    assert not any(frame.is_still for frame in frames)
    for index, frame in enumerate(frames):
        assert frame.image_bgr.shape == (48, 64, 3)
        assert_allclose(frame.image_bgr, 40 * index + 20, atol=10)


def test_a_videos_colours_are_blue_green_red(tmp_path: Path) -> None:
    image = BgrImage(np.full((48, 64, 3), (200, 120, 40), np.uint8))
    (frame,) = frames_of(write_video(tmp_path / "v.mp4", [image], [0.0]))
    assert_allclose(frame.image_bgr, image, atol=10)


def test_a_frame_may_be_drawn_on(uneven_video: Path) -> None:
    with open_source(str(uneven_video)) as source:
        for index, frame in enumerate(source):
            assert_allclose(frame.image_bgr, 40 * index + 20, atol=10)
            frame.image_bgr[:] = 0


@pytest.mark.parametrize(
    ("matrix", "shape_hw", "corner"),
    [
        ((0, 1, -1, 0), (64, 48), np.s_[:16, 24:]),
        ((0, -1, 1, 0), (64, 48), np.s_[48:, :24]),
        ((-1, 0, 0, -1), (48, 64), np.s_[24:, 48:]),
        ((1, 0, 0, 1), (48, 64), np.s_[:24, :16]),
    ],
    ids=["a quarter clockwise", "a quarter back", "upside down", "upright"],
)
def test_a_phones_video_is_turned_upright(
    tmp_path: Path, matrix: tuple[int, int, int, int], shape_hw: tuple[int, int], corner: tuple[slice, slice]
) -> None:
    # The recording has its light in the top left corner; the matrix is that of the track header.
    # Source: ISO/IEC 14496-12, section 8.3.2: 40 bytes into the box, a b u c d v x y w in 16.16, u v w in 2.30.
    image = grey(20)
    image[:24, :16] = 220
    path = write_video(tmp_path / "phone.mp4", [image], [0.0])
    contents = bytearray(path.read_bytes())
    at = contents.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    contents[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(contents)
    (frame,) = frames_of(path)
    assert frame.image_bgr.shape[:2] == shape_hw
    assert frame.image_bgr.flags.c_contiguous
    assert frame.image_bgr[corner].mean() > 190
    assert frame.image_bgr.mean() < 60


def test_a_video_without_its_end_is_refused(uneven_video: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(uneven_video.read_bytes()[:-300])
    with pytest.raises(SourceError, match=r"^cut\.mp4: not a video or image that can be read") as refusal:
        open_source(str(path))
    assert "\n" not in str(refusal.value)


def test_a_video_that_is_spoilt_in_the_middle_gives_what_comes_before(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, 48, 64, 3), np.uint8)
    path = write_video(tmp_path / "v.mp4", [BgrImage(image) for image in noise], [index / 30 for index in range(30)])
    contents = bytearray(path.read_bytes())
    middle = contents.index(b"mdat") + len(contents) // 2
    contents[middle : middle + 3000] = np.random.default_rng(1).bytes(3000)
    path.write_bytes(contents)
    taken = []
    with pytest.raises(SourceError, match=r"^v\.mp4: breaks off after \d+ frames"), open_source(str(path)) as source:
        taken.extend(frame.name for frame in source)
    assert 5 < len(taken) < 30


def no_file(folder: Path) -> None:
    pass


def text_called_jpg(folder: Path) -> None:
    (folder / "x.jpg").write_text("no picture")


def text_called_mp4(folder: Path) -> None:
    (folder / "x.mp4").write_text("no video")


def empty_mp4(folder: Path) -> None:
    (folder / "x.mp4").touch()


def sound(folder: Path) -> None:
    with wave.open(str(folder / "x.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))


@pytest.mark.parametrize(
    ("make", "name", "said"),
    [
        (no_file, "x.mp4", "no such file or folder"),
        (no_file, "nonsense", "no such file or folder"),
        (text_called_jpg, "x.jpg", "not an image that can be read"),
        (text_called_mp4, "x.mp4", "not a video or image that can be read"),
        (empty_mp4, "x.mp4", "not a video or image that can be read"),
        (sound, "x.wav", "no picture in it, only sound"),
    ],
    ids=["missing", "no kind of source", "text called .jpg", "text called .mp4", "empty", "sound"],
)
def test_what_is_no_source_is_refused_in_one_line(
    tmp_path: Path, make: Callable[[Path], None], name: str, said: str
) -> None:
    make(tmp_path)
    with pytest.raises(SourceError, match=said) as refusal:
        frames_of(tmp_path / name)
    assert "\n" not in str(refusal.value)


def test_the_demo_needs_nothing_and_does_not_end() -> None:
    with open_source("demo") as source:
        assert (source.name, source.is_endless, source.is_live, source.is_one_picture) == ("demo", True, False, False)
        frames = list(islice(source, 3))
    assert [frame.name for frame in frames] == ["demo_000000", "demo_000001", "demo_000002"]
    assert_allclose([frame.time_s for frame in frames], [0, 1 / 30, 2 / 30])
    assert frames[0].image_bgr is not frames[1].image_bgr


def test_a_stream_is_live_and_its_password_is_not_said(uneven_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real_open = av.open

    def open_camera(url: str, **options: object) -> object:
        opened.append(url)
        return real_open(str(uneven_video))

    monkeypatch.setattr(av, "open", open_camera)
    url = "rtsp://me:secret@door/stream"
    with open_source(url) as source:
        assert (source.is_live, source.is_endless, source.name) == (True, True, "door/stream")
        frames = list(source)
    assert opened == [url]
    assert frames[-1].time_s == pytest.approx(STAMPS_S[-1], abs=1e-4)
    assert "secret" not in frames[-1].name
    monkeypatch.setattr(av, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(111, "Connection refused")))
    with pytest.raises(SourceError, match=r"^door/stream: .*\(Connection refused\)$"):
        open_source(url)


def counted(count: int) -> Iterator[Frame]:
    return (Frame(grey(index), index / 30, str(index)) for index in range(count))


class GatedReader:
    """Frames that come at once, and an end that comes when it is told to."""

    def __init__(self, count: int, end: Exception | None = None) -> None:
        self._count = count
        self._end = end
        self.all_read, self.go_on = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        yield from counted(self._count)
        self.all_read.set()
        assert self.go_on.wait(WAIT_S)
        if self._end:
            raise self._end


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    reader = GatedReader(5)
    newest = NewestFrame(iter(reader))
    assert reader.all_read.wait(WAIT_S)
    taken = iter(newest)
    assert next(taken).name == "4"
    assert newest.dropped == 4
    reader.go_on.set()
    assert list(taken) == []
    assert newest.dropped == 4
    newest.stop()


def test_frames_taken_in_time_are_not_dropped() -> None:
    taken = threading.Semaphore(1)

    def reader() -> Iterator[Frame]:
        for frame in counted(5):
            assert taken.acquire(timeout=WAIT_S)
            yield frame

    newest = NewestFrame(reader())
    names = []
    for frame in newest:
        names.append(frame.name)
        taken.release()
    assert names == ["0", "1", "2", "3", "4"]
    assert newest.dropped == 0


def test_the_readers_error_reaches_the_taker_after_the_last_frame() -> None:
    reader = GatedReader(2, end=SourceError("unplugged"))
    newest = NewestFrame(iter(reader))
    assert reader.all_read.wait(WAIT_S)
    reader.go_on.set()
    newest.stop()  # waits for the thread, and with it for the error
    taken = iter(newest)
    assert next(taken).name == "1"
    with pytest.raises(SourceError, match="unplugged"):
        next(taken)


def test_closing_ends_the_readers_thread() -> None:
    def endless() -> Iterator[Frame]:
        while True:
            yield Frame(grey(0), 0.0, "")

    before = threading.active_count()
    with Source("camera", endless(), is_live=True) as source:
        next(iter(source))
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


@pytest.mark.parametrize("spec", ["demo", "folder", "image", "video"])
def test_a_source_may_be_closed_early_and_twice(spec: str, uneven_video: Path, tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", grey(1))
    paths = {"folder": tmp_path, "image": tmp_path / "a.png", "video": uneven_video}
    source = open_source(str(paths.get(spec, spec)))
    next(iter(source))
    source.__exit__(None, None, None)
    source.__exit__(None, None, None)


class FakeCamera:
    """Gives so many frames, then none."""

    def __init__(self, frames: int, is_open: bool = True) -> None:
        self.left = frames
        self.is_open = is_open
        self.released = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.is_open

    def read(self) -> tuple[bool, BgrImage | None]:
        if self.left == 0:
            return False, None
        self.left -= 1
        return True, grey(self.left % 256)

    def release(self) -> None:
        self.released += 1


@pytest.mark.parametrize("camera", [FakeCamera(0, is_open=False), FakeCamera(0)], ids=["not there", "gives no frame"])
def test_a_camera_that_cannot_be_used_is_released_and_named(
    camera: FakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: asked.append(number) or camera)
    with pytest.raises(SourceError, match=r"^camera 3 cannot be opened") as refusal:
        open_source("3")
    assert asked == [3]
    assert camera.released == 1
    assert "\n" not in str(refusal.value)


def test_a_camera_gives_live_frames_and_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = FakeCamera(-1)
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: camera)
    with open_source("0") as source:
        assert (source.name, source.is_live, source.is_endless) == ("camera 0", True, True)
        frames = list(islice(source, 3))
    assert camera.released == 1
    assert frames[0].time_s < frames[1].time_s < frames[2].time_s
    assert frames[0].name.startswith("camera_")


def test_a_camera_that_is_unplugged_is_an_error_in_the_loop_that_takes_its_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "CAMERA_TIMEOUT_S", 0.1)
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: FakeCamera(4))
    with open_source("0") as source, pytest.raises(SourceError, match=r"^camera 0 gave no frame for .*unplugged"):
        for _ in source:
            pass
