"""Frames go where they were wanted, all at once; what cannot be written is said; every file is finished."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import realtime
from realtime.config import RealtimeConfig
from realtime.core.errors import OutputError
from realtime.core.geometry import BgrImage, CropTransform
from realtime.core.regions import Region
from realtime.face import Face
from realtime.frame import Frame
from realtime.outputs import outputs as outputs_module
from realtime.outputs.outputs import Outputs
from realtime.outputs.video_file import VideoFile

CROP = CropTransform((89.0, 88.0), 1.0, 0.0)
"""Crop pixels are frame pixels."""
ROOT = Path(realtime.__file__).parents[1]


def frame(name: str = "one", time_s: float = 0.0, value: int = 90, size_wh: tuple[int, int] = (200, 240)) -> Frame:
    return Frame(BgrImage(np.full((size_wh[1], size_wh[0], 3), value, np.uint8)), time_s, name)


def face() -> Face:
    """Its right eye is a box of 10 by 10 pixels at (50, 80)."""
    probs = np.zeros((2, 218, 178), np.float32)
    probs[1, 80:90, 50:60] = 1
    probs[0] = 1 - probs[1]
    return Face(1, CROP, probs, (Region.BACKGROUND, Region.RIGHT_EYE))


def write(outputs: Outputs, shown: Frame, *faces: Face) -> None:
    outputs.write(shown, shown.image_bgr, faces)


def open_outputs(config: RealtimeConfig, *, is_live: bool = False, is_one_picture: bool = False) -> Outputs:
    return Outputs(config, is_live=is_live, is_one_picture=is_one_picture)


def stored(path: Path) -> npt.NDArray[np.generic]:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels


def video_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(decoded.time or 0) for decoded in container.decode(video=0)]


def test_with_nothing_wanted_nothing_is_written_and_no_thread_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    threads = threading.active_count()
    with open_outputs(RealtimeConfig()) as outputs:
        write(outputs, frame())
        assert threading.active_count() == threads
    assert (outputs.written(), outputs.dropped, outputs.is_recording) == ([], 0, False)
    assert list(tmp_path.iterdir()) == []


class FakeCamera:
    """As pyvirtualcam.Camera; gone after its second frame where that is wanted."""

    def __init__(self, width: int, height: int, fps: float, *, fmt: str) -> None:
        self.width, self.height, self.device = width, height, "/dev/video10"
        self.sent = 0

    def send(self, picture: npt.NDArray[np.uint8]) -> None:
        if self.sent == 2:
            raise RuntimeError("device removed")
        self.sent += 1

    def close(self) -> None:
        pass


def all_at_once(folder: Path) -> RealtimeConfig:
    return RealtimeConfig(
        output=folder / "v.mp4", masks=folder / "masks", jsonl=folder / "masks.jsonl", virtual_camera=True
    )


@pytest.fixture
def virtual_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(Camera=FakeCamera, PixelFormat=SimpleNamespace(BGR="BGR"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", fake)


@pytest.mark.usefixtures("virtual_camera")
def test_video_masks_lines_and_camera_are_written_at_once(tmp_path: Path) -> None:
    with open_outputs(all_at_once(tmp_path)) as outputs:
        for index in range(2):
            write(outputs, frame(f"frame_{index}", index / 10), face())
    assert_allclose(video_times(tmp_path / "v.mp4"), [0, 0.1], atol=1e-4)
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == ["frame_0.png", "frame_1.png"]
    mask = stored(tmp_path / "masks" / "frame_1.png")
    assert (mask.sum(), mask[80:90, 50:60].min()) == (100, 1)
    lines = [json.loads(line) for line in (tmp_path / "masks.jsonl").read_text().splitlines()]
    assert [line["name"] for line in lines] == ["frame_0", "frame_1"]
    assert sum(lines[1]["faces"][0]["regions"]["right_eye"]["rle"]["counts"][1::2]) == 100
    assert outputs.written() == [
        f"{tmp_path / 'v.mp4'} (0.1 s, 2 frames, 0.0 MB)",
        f"{tmp_path / 'masks'} (2 masks)",
        f"{tmp_path / 'masks.jsonl'} (2 lines, 0.0 MB)",
        "virtual camera /dev/video10 (2 frames)",
    ]


@pytest.mark.usefixtures("virtual_camera")
def test_a_camera_that_goes_away_ends_the_run_and_the_files_are_finished(tmp_path: Path) -> None:
    def record() -> None:
        with outputs:
            for index in range(200):
                write(outputs, frame(f"frame_{index}", index / 1000), face())

    outputs = open_outputs(all_at_once(tmp_path))
    with pytest.raises(OutputError, match=r"takes no more frames \(device removed\)"):
        record()
    assert len(video_times(tmp_path / "v.mp4")) == len(list((tmp_path / "masks").iterdir())) == 3
    assert len((tmp_path / "masks.jsonl").read_text().splitlines()) == 3
    assert len(outputs.written()) == 3


def test_a_live_video_keeps_time_where_frames_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    write_video = VideoFile.write

    def slow_write(video: VideoFile, picture: BgrImage, time_s: float) -> None:
        write_video(video, picture, time_s)
        if video.frames == 2:
            assert gate.wait(10)

    monkeypatch.setattr(VideoFile, "write", slow_write)
    with open_outputs(RealtimeConfig(output=tmp_path / "v.mp4"), is_live=True) as outputs:
        start = time.perf_counter()
        for index in range(90):  # three seconds, as fast as they can be made: 60 are not to be written
            write(outputs, frame(time_s=index / 30))
            if index == 60:
                assert time.perf_counter() - start < 5
                gate.set()
            if index >= 60:
                time.sleep(0.02)
    written, dropped = len(video_times(tmp_path / "v.mp4")), outputs.dropped
    assert written + dropped == 90
    assert dropped > 40
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert abs((container.duration or 0) / av.time_base - 3.0) < 1 / 30
    (line,) = outputs.written()
    assert line.endswith(f"(3.0 s, {written} frames, 0.0 MB), {dropped} frames left out to keep up")


def test_the_picture_is_written_as_it_is_given_and_the_masks_as_the_frame_was(tmp_path: Path) -> None:
    shown = frame("me")
    shown.image_bgr[:, :100] = 200
    with open_outputs(RealtimeConfig(output=tmp_path / "p.PNG", masks=tmp_path), is_one_picture=True) as outputs:
        outputs.write(shown, shown.image_bgr[:, ::-1], [face()])
    assert_array_equal(stored(tmp_path / "p.PNG"), shown.image_bgr[:, ::-1])
    assert (stored(tmp_path / "me.png")[80:90, 50:60] == 1).all()
    assert outputs.written() == [str(tmp_path / "p.PNG"), f"{tmp_path} (1 mask)"]


@pytest.mark.parametrize("name", ["cut.png", "cut.jpg", "cut.mp4"])
def test_a_cut_out_keeps_its_alpha_in_png_and_lies_on_black_in_all_else(tmp_path: Path, name: str) -> None:
    cut_out = np.zeros((240, 200, 4), np.uint8)
    cut_out[:, :, :3] = 200
    cut_out[:, :100, 3] = 255
    with open_outputs(RealtimeConfig(output=tmp_path / name), is_one_picture=True) as outputs:
        outputs.write(frame(), cut_out, [])
    if name == "cut.png":
        assert_array_equal(stored(tmp_path / name), cut_out)
        return
    with av.open(str(tmp_path / name)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert_allclose(picture[:, :90], 200, atol=8)
    assert_allclose(picture[:, 110:], 0, atol=8)


@pytest.mark.parametrize("name", ["v.mp4", "p.png"])
def test_what_no_frame_reached_is_not_said_to_be_written(tmp_path: Path, name: str) -> None:
    with open_outputs(RealtimeConfig(output=tmp_path / name), is_one_picture=True) as outputs:
        pass
    assert outputs.written() == []
    assert list(tmp_path.iterdir()) == []


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
        open_outputs(RealtimeConfig(output=tmp_path / name), is_one_picture=is_one_picture)
    assert str(tmp_path / name) in str(refusal.value)


@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_a_missing_folder_is_refused_for_lines_and_numbers_too(tmp_path: Path, kind: str) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        open_outputs(replace(RealtimeConfig(), **{kind: tmp_path / "none" / "file"}))


def test_a_file_for_the_numbers_that_cannot_be_written_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.json").touch()
    for path in (tmp_path / "old.json", tmp_path / "new.json", Path("/dev/null")):
        with open_outputs(RealtimeConfig(json=path)):
            pass
    with pytest.raises(OutputError, match=r"cannot be written \(a folder\)"):
        open_outputs(RealtimeConfig(json=tmp_path))
    monkeypatch.setattr(outputs_module.os, "access", lambda *_: False)  # to root everything is permitted
    with pytest.raises(OutputError, match=r"new\.json: cannot be written \(not allowed\)"):
        open_outputs(RealtimeConfig(json=tmp_path / "new.json"))


def test_what_was_opened_before_a_refusal_is_closed_and_leaves_no_file(tmp_path: Path) -> None:
    config = RealtimeConfig(output=tmp_path / "v.mp4", jsonl=tmp_path / "masks.jsonl", masks=tmp_path / "file")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"):
        open_outputs(config)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_two_outputs_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is named for two outputs"):
        open_outputs(RealtimeConfig(output=tmp_path / "v.mp4", jsonl=tmp_path / "v.mp4"))


@pytest.mark.parametrize("kind", ["output", "masks", "jsonl", "json"])
def test_the_source_is_never_written_over(kind: str, tmp_path: Path) -> None:
    source = tmp_path if kind == "masks" else tmp_path / "clip.mp4"
    (tmp_path / "clip.mp4").write_bytes(b"precious")
    with pytest.raises(OutputError, match="is the source"):
        open_outputs(replace(RealtimeConfig(source=str(source)), **{kind: source}))
    assert (tmp_path / "clip.mp4").read_bytes() == b"precious"


def test_the_mask_of_a_picture_is_not_written_over_the_picture(tmp_path: Path) -> None:
    (tmp_path / "me.png").write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"me\.png: is the source"):
        open_outputs(RealtimeConfig(source=str(tmp_path / "me.png"), masks=tmp_path), is_one_picture=True)
    with open_outputs(RealtimeConfig(source=str(tmp_path / "me.jpg"), masks=tmp_path), is_one_picture=True):
        pass


def test_an_exception_in_the_loop_leaves_a_video_that_plays(tmp_path: Path) -> None:
    def record_and_fail() -> None:
        with open_outputs(RealtimeConfig(output=tmp_path / "v.mp4")) as outputs:
            for index in range(5):
                write(outputs, frame(time_s=index / 30))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        record_and_fail()
    assert len(video_times(tmp_path / "v.mp4")) == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's own")
def test_a_full_disk_at_the_end_is_told_but_not_in_place_of_an_earlier_error(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").symlink_to("/dev/full")

    def record(error: Exception | None) -> Outputs:
        with open_outputs(RealtimeConfig(output=tmp_path / "v.mp4", masks=tmp_path / "masks")) as outputs:
            write(outputs, frame())
            if error:
                raise error
        return outputs

    with pytest.raises(OutputError, match=r"v\.mp4: cannot be written \(No space left on device\)$"):
        record(None)
    with pytest.raises(ZeroDivisionError):
        record(ZeroDivisionError())


# Recordings and snapshots, by key.


NOON = datetime(2026, 7, 14, 12, 0, 0)


@pytest.fixture
def at_noon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder where it is always noon."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(outputs_module, "datetime", SimpleNamespace(now=lambda: NOON))
    return tmp_path


def test_a_recording_begins_and_ends_while_the_loop_runs(at_noon: Path) -> None:
    with open_outputs(RealtimeConfig(output=at_noon / "whole.mp4")) as outputs:
        for index in range(30):
            if index == 10:
                path = outputs.start_recording()
                assert outputs.is_recording
            if index == 20:
                assert outputs.stop_recording() == path
                assert not outputs.is_recording
            write(outputs, frame(time_s=index / 10, value=8 * index))
    assert str(path) == "recording_20260714_120000.mp4"
    assert_allclose(video_times(path), np.arange(10) / 10, atol=1e-3)
    assert_allclose(video_times(at_noon / "whole.mp4"), np.arange(30) / 10, atol=1e-3)
    assert outputs.written() == [
        "recording_20260714_120000.mp4 (0.9 s, 10 frames, 0.0 MB)",
        f"{at_noon / 'whole.mp4'} (2.9 s, 30 frames, 0.0 MB)",
    ]


def test_recordings_follow_each_other_and_the_last_is_finished_at_the_end(at_noon: Path) -> None:
    with open_outputs(RealtimeConfig()) as outputs:
        paths = []
        for _ in range(3):
            paths.append(outputs.start_recording())
            write(outputs, frame())
            if len(paths) < 3:
                outputs.stop_recording()
    assert [str(path) for path in paths] == [f"recording_20260714_120000{number}.mp4" for number in ("", "_2", "_3")]
    assert [len(video_times(path)) for path in paths] == [1, 1, 1]


def test_a_recording_of_no_frame_leaves_no_file(at_noon: Path) -> None:
    with open_outputs(RealtimeConfig()) as outputs:
        outputs.start_recording()
        outputs.stop_recording()
    assert (outputs.written(), list(at_noon.iterdir())) == ([], [])


def test_snapshots_keep_alpha_and_never_replace_a_file(at_noon: Path) -> None:
    cut_out = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
    with open_outputs(RealtimeConfig()) as outputs:
        first = outputs.snapshot(cut_out)
        second = outputs.snapshot(cut_out[:, :, :3])
    assert [str(first), str(second)] == ["snapshot_20260714_120000.png", "snapshot_20260714_120000_2.png"]
    assert_array_equal(stored(first), cut_out)
    assert_array_equal(stored(second), cut_out[:, :, :3])
    assert outputs.written() == [str(first), str(second)]


def test_a_folder_that_cannot_be_written_to_is_told_for_snapshot_and_recording(
    at_noon: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with open_outputs(RealtimeConfig()) as outputs:
        monkeypatch.setattr(Path, "touch", refuse)  # to root everything is permitted
        with pytest.raises(OutputError, match=r"^snapshot_\S+: cannot be written \(Permission denied\)$"):
            outputs.snapshot(np.zeros((6, 5, 3), np.uint8))
        with pytest.raises(OutputError, match="Permission denied"):
            outputs.start_recording()
        assert not outputs.is_recording


# How a program that writes may end.

PROGRAM = """
import signal, sys
from contextlib import suppress
from itertools import count
from pathlib import Path
import numpy as np
from realtime.config import RealtimeConfig
from realtime.core.errors import UserError
from realtime.outputs.outputs import Outputs
from realtime.frame import Frame

def interrupt(*_):
    raise KeyboardInterrupt

for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell lets programs in the background ignore it
    signal.signal(number, interrupt)
noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
config = RealtimeConfig(output=Path("v" + sys.argv[1]), jsonl=Path("v.jsonl"))
outputs = Outputs(config, is_live=False, is_one_picture=False)
try:
    SETUP
    with AROUND:
        for index in count():
            picture = np.roll(noise, index, axis=1)
            outputs.write(Frame(picture, index / 30, f"frame_{index}"), picture, [])
            if index == 30:
                print("running", flush=True)
            BODY
except UserError as error:
    sys.exit(f"error: {error}")
finally:
    for line in outputs.written():
        print("wrote", line, flush=True)
"""


def start(
    folder: Path,
    suffix: str = ".mp4",
    *,
    setup: str = "pass",
    around: str = "outputs, suppress(KeyboardInterrupt)",
    body: str = "pass",
) -> subprocess.Popen[str]:
    """The program, in this folder."""
    program = PROGRAM.replace("SETUP", setup).replace("AROUND", around).replace("BODY", body)
    path_first = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    return subprocess.Popen(
        [sys.executable, "-c", path_first + program, suffix],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(program: subprocess.Popen[str]) -> None:
    """Until it has ended; one that does not is killed, and the test fails."""
    try:
        program.wait(60)
    except subprocess.TimeoutExpired:
        program.kill()
        raise


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signals")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_storm_of_signals_leaves_whole_files(tmp_path: Path, suffix: str, kind: signal.Signals) -> None:
    with start(tmp_path, suffix) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "running\n"
        program.send_signal(kind)
        for _ in range(20):
            time.sleep(0.005)
            program.send_signal(kind)
        wait_for(program)
    times = video_times(tmp_path / f"v{suffix}")
    assert len(times) > 20
    assert_allclose(times, np.arange(len(times)) / 30, atol=1e-3)
    lines = (tmp_path / "v.jsonl").read_text()
    assert [json.loads(line)["name"] for line in lines.splitlines()] == [f"frame_{n}" for n in range(len(times))]


def test_an_interrupt_so_late_that_nobody_closes_the_outputs_leaves_whole_files(tmp_path: Path) -> None:
    with start(tmp_path, around="suppress()", body="if index == 60: raise KeyboardInterrupt") as program:
        wait_for(program)
    assert program.returncode != 0
    assert len(video_times(tmp_path / "v.mp4")) == len((tmp_path / "v.jsonl").read_text().splitlines()) == 61


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_disk_that_fills_up_is_one_line_and_no_claim_for_the_broken_file(tmp_path: Path, suffix: str) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))"
    with start(tmp_path, suffix, setup=limit) as program:
        stdout, stderr = program.communicate(timeout=60)
    assert program.returncode == 1
    assert stderr == f"error: v{suffix}: cannot be written (File too large)\n"
    claims = [line for line in stdout.splitlines() if line.startswith("wrote")]
    assert len(claims) == 1
    assert re.fullmatch(r"wrote v\.jsonl \(\d+ lines, 0\.0 MB\)", claims[0])
    with av.open(str(tmp_path / f"v{suffix}")) as container:
        assert len(list(islice(container.decode(video=0), 5))) == 5  # the last packet is a torn one
