"""A video file holds the frames it was given, at their own times, and is finished whatever happens."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.testing import assert_allclose

import realtime
from realtime.core.errors import OutputError
from realtime.core.geometry import BgrImage
from realtime.outputs.video_file import VideoFile


def plain(width: int, height: int, color: Sequence[int] = (90, 90, 90)) -> BgrImage:
    return BgrImage(np.full((height, width, 3), color, np.uint8))


def read_back(path: Path) -> tuple[list[float], list[BgrImage]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [float(frame.time or 0) for frame in frames], [
        BgrImage(frame.to_ndarray(format="bgr24")) for frame in frames
    ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".MP4"])
def test_each_frame_keeps_its_own_time(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"video{suffix}"
    stamps = [0.0, 0.031, 0.1, 0.5, 0.52, 2.0]
    with VideoFile(path) as video:
        for index, stamp in enumerate(stamps):
            video.write(plain(64, 48, (40 * index + 20,) * 3), stamp)
    times, images = read_back(path)
    assert_allclose(times, stamps, atol=1e-3 if suffix == ".mkv" else 2e-5)
    for index, image in enumerate(images):
        assert_allclose(image, 40 * index + 20, atol=10)


def duration_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return float((container.duration or 0) / av.time_base)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_the_file_plays_as_long_as_its_time_stamps_say_also_where_frames_dropped(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"video{suffix}"
    stamps = [index / 30 for index in range(90) if index % 7 and not 40 < index < 60]
    with VideoFile(path) as video:
        for stamp in stamps:
            video.write(plain(64, 48), stamp)
    expected = stamps[-1] - stamps[0] + 1 / 30
    assert_allclose([duration_s(path), video.duration_s], expected, atol=2e-3)
    assert len(read_back(path)[0]) == video.frames == len(stamps)
    assert video.summary() == f"{path} (3.0 s, {len(stamps)} frames, 0.0 MB)"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_the_first_frame_is_at_0_whenever_it_was_taken(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"video{suffix}"
    with VideoFile(path) as video:
        for stamp in (3600.5, 3600.6, 3601.0):
            video.write(plain(64, 48), stamp)
    assert_allclose(read_back(path)[0], [0, 0.1, 0.5], atol=1e-3)
    assert_allclose(duration_s(path), 0.5 + 1 / 30, atol=2e-3)


KILLED = """
import os, sys
from pathlib import Path
import numpy as np
from realtime.outputs.video_file import VideoFile
video = VideoFile(Path(sys.argv[1]))
for index in range(150):
    video.write(np.full((48, 64, 3), index, np.uint8), index / 30)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_hard_kill_costs_no_more_than_the_last_two_seconds(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"video{suffix}"
    root = Path(realtime.__file__).parents[1]
    killed = subprocess.run([sys.executable, "-c", KILLED, path], cwd=root, check=False, timeout=60)
    assert killed.returncode == -9
    times, images = read_back(path)
    assert len(times) >= 90
    assert_allclose(times, np.arange(len(times)) / 30, atol=1e-3)
    assert_allclose(images[60], 60, atol=10)


def test_colours_are_blue_green_red_and_the_codec_is_h264(tmp_path: Path) -> None:
    with VideoFile(tmp_path / "v.mp4") as video:
        video.write(plain(64, 48, (200, 120, 40)), 0.0)
    assert_allclose(read_back(tmp_path / "v.mp4")[1][0], plain(64, 48, (200, 120, 40)), atol=10)
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"  # what browsers play


@pytest.mark.parametrize(
    ("size_wh", "stored_wh"),
    [
        ((65, 49), (64, 48)),
        ((64, 49), (64, 48)),
        ((65, 48), (64, 48)),
        ((1, 1), (2, 2)),
        ((3, 1), (2, 2)),
        ((1, 7), (2, 6)),
    ],
    ids=["odd", "odd height", "odd width", "one pixel", "one row", "one column"],
)
def test_odd_sizes_lose_a_pixel_and_no_more(
    tmp_path: Path, size_wh: tuple[int, int], stored_wh: tuple[int, int]
) -> None:
    with VideoFile(tmp_path / "v.mp4") as video:
        for index in range(3):
            video.write(plain(*size_wh), index / 30)
    images = read_back(tmp_path / "v.mp4")[1]
    assert [image.shape for image in images] == [(stored_wh[1], stored_wh[0], 3)] * 3
    assert 80 < images[0].max() < 100


def test_a_frame_of_odd_size_is_cut_and_not_scaled(tmp_path: Path) -> None:
    frame = plain(65, 49, (20, 20, 20))
    frame[8:16, 16:32] = 200
    with VideoFile(tmp_path / "v.mp4") as video:
        video.write(frame, 0.0)
    bright = np.argwhere(read_back(tmp_path / "v.mp4")[1][0][:, :, 0] > 110)
    assert (bright.min(axis=0).tolist(), bright.max(axis=0).tolist()) == ([8, 16], [15, 31])


def test_later_frames_of_another_size_are_fitted_into_the_first(tmp_path: Path) -> None:
    with VideoFile(tmp_path / "v.mp4") as video:
        video.write(plain(64, 48), 0.0)
        video.write(plain(96, 192, (200, 200, 200)), 1.0)
    image = read_back(tmp_path / "v.mp4")[1][1]
    assert image.shape == (48, 64, 3)
    # 96 x 192 becomes 24 x 48 in the middle: columns 20 to 43.
    assert image[:, 22:42].min() > 180
    assert image[:, :18].max() < 30
    assert image[:, 46:].max() < 30


def test_frames_that_do_not_come_later_are_put_a_moment_after(tmp_path: Path) -> None:
    with VideoFile(tmp_path / "v.mp4") as video:
        for stamp in (0.0, 0.0, 1.0, 0.5, 2.0):
            video.write(plain(64, 48), stamp)
    tick = 1 / 90_000
    assert_allclose(read_back(tmp_path / "v.mp4")[0], [0, tick, 1, 1 + tick, 2], atol=tick / 2)


def test_a_video_is_finished_after_an_exception(tmp_path: Path) -> None:
    def record_and_fail() -> None:
        with VideoFile(tmp_path / "v.mp4") as video:
            for index in range(7):
                video.write(plain(64, 48), index / 30)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    assert len(read_back(tmp_path / "v.mp4")[0]) == 7


def test_a_video_of_no_frames_leaves_no_file_and_an_older_one_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old.mp4").write_bytes(b"precious")
    for name in ("old.mp4", "new.mp4"):
        with VideoFile(tmp_path / name) as video:
            pass
        assert video.summary() is None
    assert [path.name for path in tmp_path.iterdir()] == ["old.mp4"]
    assert (tmp_path / "old.mp4").read_bytes() == b"precious"


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    video = VideoFile(tmp_path / "v.mp4")
    video.write(plain(64, 48), 0.0)
    video.close()
    video.close()
    assert len(read_back(tmp_path / "v.mp4")[0]) == 1


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux does")
def test_a_closed_video_that_is_kept_holds_no_thread(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/task").iterdir()))
    video = VideoFile(tmp_path / "v.mp4")
    video.write(plain(640, 480), 0.0)
    assert len(list(Path("/proc/self/task").iterdir())) > before
    video.close()
    assert len(list(Path("/proc/self/task").iterdir())) <= before
    assert video.frames == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("v.avi", r"v\.avi: a video is written as \.mkv, \.mov, \.mp4"),
        ("video", "a video is written as"),
        ("none/v.mp4", r"v\.mp4: cannot be written \(No such file or directory\)"),
        ("folder.mp4", r"folder\.mp4: cannot be written \(Is a directory\)"),
    ],
    ids=["unknown kind", "no kind", "no folder", "a folder"],
)
def test_what_cannot_be_written_is_refused_before_the_first_frame(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(OutputError, match=said):
        VideoFile(tmp_path / name)


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(bytes(100_000))
    with VideoFile(tmp_path / "v.mp4") as video:
        video.write(plain(64, 48), 0.0)
    assert len(read_back(tmp_path / "v.mp4")[0]) == 1
    assert (tmp_path / "v.mp4").stat().st_size < 10_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's own")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("frames", [1, 60], ids=["at the end", "on the way"])
def test_a_full_disk_is_told_in_one_line(tmp_path: Path, suffix: str, frames: int) -> None:
    path = tmp_path / f"v{suffix}"
    path.symlink_to("/dev/full")
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)

    def record() -> None:
        with VideoFile(path) as video:
            for index in range(frames):
                video.write(BgrImage(noise), index / 30)

    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\)$"):
        record()
