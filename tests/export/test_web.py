"""`python -m export web`: a folder that any static host can serve, with the model inside, and no Node needed."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import onnx
import pytest

from export.__main__ import main
from export.web_page import APPLICATION, HEADERS, PageServer, listed_files
from realtime.inference.session import WEIGHTS_FOLDER

WEB = Path(__file__).parent.parent.parent / "web"
SOURCES = (
    *("plugins", "public", "src"),
    *("index.html", "package.json", "tsconfig.json", "vite.config.ts"),
)


def run(*words: str | Path) -> int:
    """The command's exit code."""
    with pytest.raises(SystemExit) as left:
        main(["web", *map(str, words)])
    return int(left.value.code or 0)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    out = tmp_path / "page"
    assert run("--model", "unet_lite", "--out", out) == 0
    return out


def test_the_built_application_belongs_to_the_sources() -> None:
    listed = dict(line.split("  ")[::-1] for line in (APPLICATION / "sources.sha256").read_text().splitlines())
    sources = [
        path for name in SOURCES for path in ([WEB / name] if (WEB / name).is_file() else (WEB / name).rglob("*"))
    ]
    now = {path.relative_to(WEB).as_posix(): sha256(path) for path in sources if path.is_file()}
    assert listed == now, "make web"


def test_a_page_holds_the_application_and_both_networks(page: Path) -> None:
    names = {path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()}
    built = {path.relative_to(APPLICATION).as_posix() for path in APPLICATION.rglob("*") if path.is_file()}
    models = {"models/models.json", "models/unet_lite.onnx", "models/face_finder.onnx"}
    assert names == built - {"sources.sha256"} | models | {"files.js"}
    listed = json.loads((page / "models/models.json").read_text())
    for model in listed.values():
        assert sha256(page / "models" / model["file"]) == model["sha256"] == sha256(WEIGHTS_FOLDER / model["file"])


def test_it_says_what_it_wrote_and_how_much_a_browser_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--model", "unet_lite", "--out", tmp_path / "page")
    assert re.search(r"wrote .*page/ \(\d+ files; a browser loads \d\.\d MB once\)", capsys.readouterr().out)


def test_every_file_is_listed_for_the_service_worker_but_the_worker_and_the_list(page: Path) -> None:
    files = json.loads((page / "files.js").read_text().removeprefix("self.PAGE = ").rstrip(";\n"))["files"]
    names = {path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()}
    assert set(files) == names - {"files.js", "service-worker.js"} | {""}


def test_another_model_is_another_version_and_an_earlier_page_is_replaced(page: Path, tmp_path: Path) -> None:
    before = (page / "files.js").read_text()
    (page / "CNAME").write_text("faces.example.org")  # what a host keeps there stays
    mine = shutil.copyfile(WEIGHTS_FOLDER / "iris_celeba.onnx", tmp_path / "mine.onnx")
    assert run("--model", mine, "--out", page) == 0
    assert (page / "files.js").read_text() != before
    assert sorted(path.name for path in (page / "models").iterdir()) == ["face_finder.onnx", "mine.onnx", "models.json"]
    assert (page / "CNAME").is_file()
    assert "models/mine.onnx" in listed_files(page)


def test_a_folder_with_something_else_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "index.html").write_text("mine")
    assert run("--model", "unet_lite", "--out", tmp_path) == 1
    assert "holds something else than a page" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert run("--model", "unet_lite", "--out", tmp_path / "index.html") == 1
    assert "is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("missing.onnx", "no such model file"),
        ("face_finder", "a face_finder model, where a segmenter is needed"),
        ("model.ort", "the page runs .onnx files"),
        ("broken.onnx", "broken.onnx"),
        ("four.onnx", "it takes 4 faces at a time"),
    ],
)
def test_a_model_that_a_page_cannot_run_is_refused_in_one_line_and_nothing_is_written(
    model: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.onnx").write_bytes(b"no model")
    Path("model.ort").write_bytes(b"no model")
    four = onnx.load(WEIGHTS_FOLDER / "unet_lite.onnx")
    for value in (*four.graph.input, *four.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(four, "four.onnx")
    assert run("--model", model, "--out", "page") == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count("\n") == 1
    assert not Path("page").exists()


def test_the_server_sends_the_headers_that_threads_need(page: Path) -> None:
    with PageServer(page, 0) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        for name, kind in (("", "text/html"), ("runtime/ort.wasm.min.mjs", "text/javascript")):
            with urllib.request.urlopen(server.url + name) as answer:
                assert answer.headers["Content-Type"].startswith(kind)
                assert {header: answer.headers[header] for header in HEADERS} == HEADERS
        server.stop()
        thread.join()


def test_a_port_that_is_taken_is_one_line(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with PageServer(page, 0) as server:
        port = server.url.rstrip("/").rpartition(":")[2]
        assert run("--model", "unet_lite", "--out", page, "--serve", "--port", port) == 1
    assert "name another with --port" in capsys.readouterr().err


WITHOUT_TORCH = """
import sys
for name in ("torch", "onnx", "onnxscript", "mediapipe", "lightning"):
    sys.modules[name] = None
from export.__main__ import main
main(sys.argv[1:])
"""


def test_neither_torch_nor_onnx_is_needed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, "web", "--model", "unet_lite", "--out", tmp_path / "page"]
    done = subprocess.run(command, cwd=WEB.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "page" / "index.html").is_file()
