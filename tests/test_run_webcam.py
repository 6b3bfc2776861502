"""The program as a user runs it: on the demo, on folders and images, without camera and display, on bad input."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import matplotlib
import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import realtime
import run_webcam
from realtime.capture.cameras import Camera
from realtime.capture.demo import demo_frame
from realtime.config import RealtimeConfig, shown_regions
from realtime.core.geometry import BgrImage
from realtime.drawing.style import Effect, Style
from realtime.inference.session import WEIGHTS_FOLDER, Provider
from realtime.outputs.video_file import VideoFile
from realtime.tracking.smoothing import Smoothing

PROGRAM = Path(run_webcam.__file__)
PORTRAIT = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
PORTRAIT_POINTS = {"right eye": (222, 190), "left eye": (305, 186), "mouth": (266, 277)}
"""Read off by hand; right and left are her own."""
PART_IDS = {"right eye": (1, 3), "left eye": (2, 4), "mouth": (5, 6, 7)}
TIMEOUT_S = 300.0
STAGES = {"read", "find", "crop", "infer", "measure", "smooth", "draw", "write", "whole"}


@dataclass(frozen=True)
class Finished:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def program(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Finished]:
    """The program, run in this process in an empty folder; what libraries print past Python is caught too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(line: str = "", *words: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["run_webcam.py", *line.split(), *map(str, words)])
        capfd.readouterr()
        code: str | int | None = 0
        try:
            run_webcam.main()
        except SystemExit as stop:
            code = stop.code
        stdout, stderr = capfd.readouterr()
        if isinstance(code, str):  # the interpreter prints it and exits with 1
            return Finished(1, stdout, f"{stderr}{code}\n")
        return Finished(code or 0, stdout, stderr)

    return run


def command(line: str) -> list[str]:
    return [sys.executable, str(PROGRAM), "--threads", "1", *line.split()]


def without_display() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DISPLAY"}


def run_in(folder: Path, line: str) -> Finished:
    """The program in a process of its own, as from a shell without a display."""
    done = subprocess.run(
        command(line), cwd=folder, env=without_display(), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def read_png(path: Path) -> npt.NDArray[np.uint8]:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels.astype(np.uint8)


def read_video(path: Path) -> tuple[list[float], list[BgrImage]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [float(frame.time or 0) for frame in frames], [
        BgrImage(frame.to_ndarray(format="bgr24")) for frame in frames
    ]


def portrait() -> BgrImage:
    return BgrImage(cv2.imread(str(PORTRAIT)))


def demo_place(point: tuple[int, int], index: int) -> npt.NDArray[np.float64]:
    """(2,) x and y of a point of the portrait in a frame of the demo."""
    marked = np.zeros((600, 512, 3), np.uint8)
    marked[point[1] - 2 : point[1] + 3, point[0] - 2 : point[0] + 3] = 255
    return np.argwhere(demo_frame(BgrImage(marked), index / 30)[:, :, 0] > 100).mean(axis=0)[::-1]


def misplaced_parts(mask: npt.NDArray[np.uint8], places: dict[str, npt.NDArray[np.float64]]) -> list[str]:
    """The parts that are missing, or lie farther from their place than a third of the way between the eyes."""
    eye_distance = float(np.linalg.norm(places["left eye"] - places["right eye"]))
    misplaced = []
    for part, ids in PART_IDS.items():
        pixels = np.argwhere(np.isin(mask, ids))[:, ::-1]
        least = 0.02 * eye_distance**2
        if len(pixels) < least or np.linalg.norm(pixels.mean(axis=0) - places[part]) > eye_distance / 3:
            misplaced.append(part)
    return misplaced


def portrait_places(offset: tuple[int, int] = (0, 0)) -> dict[str, npt.NDArray[np.float64]]:
    return {part: np.add(point, offset, dtype=np.float64) for part, point in PORTRAIT_POINTS.items()}


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    """Thirty frames of the demo with all that can be written, and the folder they are in."""
    folder = tmp_path_factory.mktemp("demo")
    line = "--source demo --headless --max-frames 30 --output x.mp4 --json x.json --masks masks"
    return run_in(folder, line), folder


def test_the_demo_runs_and_says_what_it_wrote(demo_run: tuple[Finished, Path]) -> None:
    done, _ = demo_run
    assert (done.code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [re.sub(r", \d+\.\d MB", "", line) for line in lines if line.startswith("wrote ")] == [
        "wrote x.mp4 (1.0 s, 30 frames)",
        "wrote masks (30 masks)",
        "wrote x.json",
    ]
    assert len(lines) == 4


def test_the_demos_face_is_followed(demo_run: tuple[Finished, Path]) -> None:
    report = json.loads((demo_run[1] / "x.json").read_text())
    assert report["frames"] == 30
    assert report["frames_with_face"] >= 28


def test_the_demos_masks_lie_on_the_eyes_and_lips(demo_run: tuple[Finished, Path]) -> None:
    masks = sorted((demo_run[1] / "masks").iterdir())
    assert [path.name for path in masks] == [f"demo_{index:06d}.png" for index in range(30)]
    misplaced = {}
    for index, path in enumerate(masks):
        mask = read_png(path)
        assert mask.shape == (480, 640)
        assert mask.max() <= 7
        wrong = misplaced_parts(mask, {part: demo_place(point, index) for part, point in PORTRAIT_POINTS.items()})
        if wrong:
            misplaced[index] = wrong
    assert len(misplaced) <= 2, misplaced


def test_the_json_is_complete(demo_run: tuple[Finished, Path]) -> None:
    report = json.loads((demo_run[1] / "x.json").read_text())
    expected = {
        "frames",
        "frames_with_face",
        "fps",
        "latency_ms",
        "stages_ms",
        "provider",
        "model",
        "precision",
        "dropped",
    }
    assert expected <= set(report)
    assert report["fps"] > 0
    assert (report["model"], report["precision"], report["dropped"]) == ("unet_lite", "fp32", 0)
    assert report["provider"] in {"cpu", "cuda"}
    assert set(report["stages_ms"]) == STAGES
    for latency in (report["latency_ms"], *report["stages_ms"].values()):
        assert set(latency) == {"p50", "p95", "p99"}
        assert 0 < latency["p50"] <= latency["p95"] <= latency["p99"]


def test_the_demos_video_has_colour_on_the_masks_and_the_demos_own_times(demo_run: tuple[Finished, Path]) -> None:
    times, frames = read_video(demo_run[1] / "x.mp4")
    assert_allclose(times, np.arange(30) / 30, atol=1e-3)
    for index in (0, 29):
        mask = read_png(demo_run[1] / "masks" / f"demo_{index:06d}.png")
        change = np.abs(frames[index].astype(int) - demo_frame(portrait(), index / 30)).max(axis=2)
        for ids in ((1, 2, 3, 4), (5, 6)):
            assert np.median(change[np.isin(mask, ids)]) > 20
        assert np.median(change[mask == 0]) < 10


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or any(Path("/dev").glob("video*")), reason="there may be a camera here"
)
def test_without_camera_and_display_the_demo_is_written_and_a_line_says_so_for_each(tmp_path: Path) -> None:
    done = run_in(tmp_path, "--max-frames 20")
    assert (done.code, done.stderr) == (0, "")
    camera, display, wrote, summary = done.stdout.splitlines()
    assert camera == "camera 0 cannot be opened (no camera here: /dev/video* is empty): playing the demo instead"
    assert display == "no display (DISPLAY is not set): writing webcam.mp4 instead of opening a window"
    assert wrote.startswith("wrote webcam.mp4 (0.7 s, 20 frames, ")
    assert summary.startswith("20 frames, ")
    assert [path.name for path in tmp_path.iterdir()] == ["webcam.mp4"]
    assert len(read_video(tmp_path / "webcam.mp4")[0]) == 20


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipe with a name in a folder")
def test_ctrl_c_ends_the_wait_for_an_output_that_does_not_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # to open one waits for a reader
    command = [sys.executable, run_webcam.__file__, "--headless", "--threads", "1", "--source", "demo"]
    process = subprocess.Popen([*command, "--size", "9x9", "--jsonl", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert b"has its own size" in process.stdout.readline()  # the source is open, the outputs come next
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(10.0) == 130
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a program could answer")
@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGINT, signal.SIGTERM, signal.SIGINT]])
def test_a_recording_that_is_stopped_by_signals_leaves_a_video_that_plays(
    signals: list[signal.Signals], tmp_path: Path
) -> None:
    line = "--source demo --headless --max-frames 100000 --output x.mp4 --masks masks"
    process = subprocess.Popen(
        command(line), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=without_display(), text=True
    )
    give_up = time.monotonic() + TIMEOUT_S
    while len(list(tmp_path.glob("masks/*.png"))) < 5 and time.monotonic() < give_up:
        time.sleep(0.02)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.005)  # the later ones come while the video is being finished
    stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, stderr) == (0, "")
    frames = len(read_video(tmp_path / "x.mp4")[0])
    assert re.search(rf"^wrote x\.mp4 \(.*, {frames} frames, ", stdout, re.MULTILINE)
    assert frames == len(list((tmp_path / "masks").iterdir())) >= 5


def test_a_folder_gives_a_mask_for_each_image_of_its_own_size_with_zeros_where_no_face_is(
    program: Callable[..., Finished], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "grace.jpg").write_bytes(PORTRAIT.read_bytes())
    aside = cv2.copyMakeBorder(portrait(), 40, 80, 300, 0, cv2.BORDER_REPLICATE)
    gradient = np.tile(np.linspace(0, 255, 320).astype(np.uint8), (200, 1))
    for name, image in (("aside.png", aside), ("wall.PNG", gradient), ("dot.png", gradient[:1, :1])):
        (photos / name).write_bytes(cv2.imencode(".png", image)[1].tobytes())
    done = program("--headless --masks masks --json run.json --threads 1 --source", photos)
    assert (done.code, done.stderr) == (0, "")
    masks = {path.name: read_png(path) for path in Path("masks").iterdir()}
    assert {name: mask.shape for name, mask in masks.items()} == {
        "grace.png": (600, 512),
        "aside.png": (720, 812),
        "wall.png": (200, 320),
        "dot.png": (1, 1),
    }
    assert misplaced_parts(masks["grace.png"], portrait_places()) == []
    assert misplaced_parts(masks["aside.png"], portrait_places((300, 40))) == []
    assert_array_equal(masks["wall.png"], 0)
    assert_array_equal(masks["dot.png"], 0)
    report = json.loads(Path("run.json").read_text())
    assert (report["frames"], report["frames_with_face"], report["dropped"]) == (4, 2, 0)


def with_opaque_alpha(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])


@pytest.mark.parametrize(
    ("convert", "has_face"),
    [
        (lambda image: image[:1, :1], False),
        (lambda image: image.astype(np.uint16) * 257, True),
        (lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), True),
        (with_opaque_alpha, True),
    ],
    ids=["1x1", "16-bit", "grey", "alpha"],
)
def test_images_of_every_kind_are_drawn_on(
    program: Callable[..., Finished],
    convert: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.generic]],
    has_face: bool,
) -> None:
    stored = convert(portrait())
    Path("photo.png").write_bytes(cv2.imencode(".png", stored)[1].tobytes())
    done = program("--source photo.png --headless --output drawn.png --masks masks --threads 1")
    assert (done.code, done.stderr) == (0, "")
    assert f"1 frames, {int(has_face)} with a face" in done.stdout
    mask = read_png(Path("masks/photo.png"))
    assert mask.shape == stored.shape[:2]
    assert misplaced_parts(mask, portrait_places()) == ([] if has_face else list(PART_IDS))
    assert read_png(Path("drawn.png")).shape == (*stored.shape[:2], 3)


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one good image, `wall.png`, and much that is none."""
    folder = tmp_path_factory.mktemp("bad")
    wall = cv2.imencode(".png", np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8))[1].tobytes()
    (folder / "wall.png").write_bytes(wall)
    (folder / "cut.png").write_bytes(wall[:2000])
    (folder / "empty.png").touch()
    for name in ("text.jpg", "text.mp4"):
        (folder / name).write_text("These are words.\n")
    (folder / "no_images").mkdir()
    (folder / "no_images" / "notes.txt").touch()
    (folder / "folder.mp4").mkdir()
    with VideoFile(folder / "cut.mp4") as video:
        for index in range(5):
            video.write(BgrImage(np.full((48, 64, 3), 40 * index, np.uint8)), index / 30)
    (folder / "cut.mp4").write_bytes((folder / "cut.mp4").read_bytes()[:1000])
    (folder / "random.onnx").write_bytes(np.random.default_rng(0).bytes(5000))
    good_model = (WEIGHTS_FOLDER / "unet_lite.onnx").read_bytes()
    (folder / "bare.onnx").write_bytes(good_model.replace(b"left_right", b"left_wrong"))
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--source missing.mp4", "missing.mp4: no such file or folder"),
        ("--source no_images", "no_images: no image in this folder"),
        ("--source text.jpg", "text.jpg: not an image that can be read"),
        ("--source empty.png", "empty.png: not an image that can be read"),
        pytest.param(
            *("--source cut.png", "cut.png: not an image that can be read"),
            marks=pytest.mark.skipif(cv2.__version__ < "5", reason="OpenCV 4's libpng has a line of its own to say"),
        ),
        ("--source text.mp4", "text.mp4: not a video or image that can be read"),
        ("--source cut.mp4", "cut.mp4: not a video or image that can be read"),
        ("--model nothing", "nothing: no such model file"),
        ("--model bare.onnx", "bare.onnx: no model of this program: its metadata lacks left_right"),
        ("--model random.onnx", "random.onnx: not a model that ONNX Runtime can load"),
        ("--model face_finder", "a face_finder model, where a segmenter is needed"),
        ("--output none/x.png", "its folder does not exist"),
        ("--output x.avi", "x.avi: the output of this source is written as"),
        ("--output folder.mp4", "folder.mp4: cannot be written (Is a directory)"),
        (
            "--source demo --max-frames 1 --output x.png",
            "x.png: the output of this source is written as .mkv, .mov, .mp4",
        ),
        ("--masks wall.png", "wall.png: is the source, and would be written over"),
        ("--json none/x.json", "its folder does not exist"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_1(
    program: Callable[..., Finished], bad_files: Path, words: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bad_files)
    source = "" if "--source" in words else "--source wall.png "
    done = program(f"{source}{words} --headless --threads 1")
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert said in line


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="CUDA is there")
def test_cuda_where_it_is_not_is_an_error_and_no_silent_fallback(program: Callable[..., Finished]) -> None:
    done = program("--source demo --max-frames 1 --headless --provider cuda")
    assert done.code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: provider cuda is not in this ONNX Runtime (it has: ")


@pytest.mark.parametrize(
    "words",
    [
        "--provider nonsense",
        "--regions nonsense",
        "--smoothing nonsense",
        "--max-frames 0",
        "--max-frames many",
        "--opacity 1.5",
        "--effect nonsense",
        "--size big",
        "--fps 0",
        "--fps inf",
        "--size 99999x99999",
        "--iris-color nonsense",
        "--lipstick-color nonsense",
        "--config missing.toml",
        "--faces 0",
        "--threads -1",
        "--nonsense",
    ],
)
def test_wrong_usage_is_told_by_name_with_exit_code_2(program: Callable[..., Finished], words: str) -> None:
    done = program(f"--source demo --headless {words}")
    assert (done.code, done.stdout) == (2, "")
    told = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)
    assert "Traceback" not in told
    assert words.split()[0] in told


FLAGS: list[tuple[str, dict[str, object]]] = [
    ("", {}),
    ("--source a.mp4", {"source": "a.mp4"}),
    ("--size 1280x720", {"size_wh": (1280, 720)}),
    ("--fps 60", {"fps": 60.0}),
    ("--model m", {"model": "m"}),
    ("--provider cpu", {"provider": Provider.CPU}),
    ("--threads 3", {"threads": 3}),
    ("--faces 2", {"faces": 2}),
    ("--smoothing high", {"smoothing": Smoothing.HIGH}),
    ("--effect contour", {"look": Style(effect=Effect.CONTOUR)}),
    ("--regions mouth,iris", {"look": Style(regions=shown_regions("mouth,iris"))}),
    ("--opacity 0.25", {"look": Style(opacity=0.25)}),
    ("--iris-color #ff2001", {"look": Style(iris_bgr=(1, 32, 255))}),
    ("--lipstick-color #ff2001", {"look": Style(lipstick_bgr=(1, 32, 255))}),
    ("--mirror", {"mirror": True}),
    ("--no-mirror", {}),
    ("--hud", {"hud": True}),
    ("--output o.mp4", {"output": Path("o.mp4")}),
    ("--masks d", {"masks": Path("d")}),
    ("--jsonl l", {"jsonl": Path("l")}),
    ("--json j", {"json": Path("j")}),
    ("--virtual-camera", {"virtual_camera": True}),
    ("--headless", {"headless": True}),
    ("--max-frames 5", {"max_frames": 5}),
]


@pytest.fixture
def configs(monkeypatch: pytest.MonkeyPatch) -> list[RealtimeConfig]:
    """What the program is asked to run; it runs nothing."""
    asked: list[RealtimeConfig] = []
    monkeypatch.setattr(run_webcam, "run", lambda config, tell: asked.append(config))
    return asked


@pytest.mark.parametrize(("line", "change"), FLAGS)
def test_each_flag_reaches_the_run_and_changes_nothing_else(
    program: Callable[..., Finished], configs: list[RealtimeConfig], line: str, change: dict[str, object]
) -> None:
    assert program(line) == Finished(0, "", "")
    assert configs == [replace(RealtimeConfig(), **change)]


@pytest.mark.parametrize(("line", "change"), FLAGS)
def test_the_printed_settings_fed_back_are_the_same_run(
    program: Callable[..., Finished], configs: list[RealtimeConfig], line: str, change: dict[str, object]
) -> None:
    printed = program(f"{line} --print-config")
    assert (printed.code, printed.stderr, configs) == (0, "", [])
    Path("c.toml").write_text(printed.stdout)
    assert tomllib.loads(printed.stdout)["model"] == change.get("model", "unet_lite")
    assert program("--config c.toml") == Finished(0, "", "")
    assert configs == [replace(RealtimeConfig(), **change)]
    assert program("--config c.toml --print-config").stdout == printed.stdout


def test_flags_come_before_the_file_and_the_file_before_the_defaults(
    program: Callable[..., Finished], configs: list[RealtimeConfig]
) -> None:
    Path("c.toml").write_text('faces = 3\nmirror = true\nheadless = true\neffect = "contour"\nopacity = 1\n')
    assert program("--faces 2 --config c.toml --no-headless") == Finished(0, "", "")
    look = Style(effect=Effect.CONTOUR, opacity=1.0)
    assert configs == [RealtimeConfig(faces=2, mirror=True, look=look)]


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ("nose = 1", "c.toml: nose: no such setting; known: source, size, fps, model, "),
        ("version = true", "c.toml: version: no such setting"),
        ('config = "d.toml"', "c.toml: config: no such setting"),
        ("[look]\nopacity = 1", "c.toml: look: no such setting"),
        ("faces = 9", "c.toml: faces: "),
        ('faces = "2"', "c.toml: faces: '2' stands where a whole number is needed"),
        ("max-frames = 2.5", "c.toml: max-frames: "),
        ("max_frames = true", "c.toml: max-frames: "),
        ("mirror = 1", "c.toml: mirror: 1 stands where true or false is needed"),
        ("source = 0", "c.toml: source: 0 stands where text in quotes is needed"),
        ("output = 5", "c.toml: output: "),
        ('regions = "nose"', "c.toml: regions: unknown regions 'nose'; known: "),
        ('regions = ["iris"]', "c.toml: regions: "),
        ('effect = "glitter"', "c.toml: effect: "),
        ('iris-color = "#12"', "c.toml: iris-color: "),
        ('size = "big"', "c.toml: size: 'big' is no size"),
        ("faces 2", "c.toml: not TOML: "),
        (None, "c.toml: No such file or directory"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_and_key_and_exit_code_2(
    program: Callable[..., Finished], configs: list[RealtimeConfig], contents: str | None, said: str
) -> None:
    if contents is not None:
        Path("c.toml").write_text(contents)
    done = program("--config c.toml")
    assert (done.code, done.stdout, configs) == (2, "", [])
    (line,) = done.stderr.splitlines()
    assert said in line


def test_a_password_in_the_source_is_not_printed(program: Callable[..., Finished]) -> None:
    done = program("--source rtsp://me:secret@camera.example/live --print-config")
    assert "camera.example/live" in done.stdout
    assert "secret" not in done.stdout


def test_cameras_are_listed_by_number_and_name(
    program: Callable[..., Finished], configs: list[RealtimeConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras = [Camera(0, "Integrated Camera"), Camera(4, "Microscope")]
    monkeypatch.setattr(run_webcam, "list_cameras", lambda: cameras)
    assert program("--list-cameras") == Finished(0, "0  Integrated Camera\n4  Microscope\n", "")
    monkeypatch.setattr(run_webcam, "list_cameras", list)
    assert program("--list-cameras") == Finished(0, "no camera found\n", "")
    assert configs == []


def test_the_version_is_told(program: Callable[..., Finished]) -> None:
    assert program("--version") == Finished(0, f"eye-lip-segmenter {realtime.__version__}\n", "")


def test_help_names_every_flag(program: Callable[..., Finished]) -> None:
    done = program("--help")
    assert (done.code, done.stderr) == (0, "")
    told = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    flags = {line.split()[0] for line, _ in FLAGS if line}
    for flag in flags | {"--config", "--print-config", "--list-cameras", "--version"}:
        assert re.search(rf"{flag}\b", told), flag


def test_an_error_of_ours_keeps_its_traceback_and_shows_no_values(
    program: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = "import run_webcam, sys; run_webcam.run = lambda config, tell: 1 / 0; run_webcam.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--source", "rtsp://me:secret@h"],
        cwd=PROGRAM.parent,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "secret" not in done.stderr
