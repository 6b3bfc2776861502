"""The page for browsers as a folder: the built application, which ships with this package, and a model beside it.

Needs neither torch nor ONNX.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from realtime.core.errors import OutputError, UserError
from realtime.core.writing import writing
from realtime.inference.session import FACE_FINDER, SEGMENTER, Provider, Session, find_model

APPLICATION = Path(__file__).parent / "page"
"""What `make web` builds from web/."""
LIST_NAME = "files.js"
"""What the page keeps for when there is no network; by it a folder is known to be a page."""
LIST_BEGINS = "self.PAGE = "
MODELS_NAME = "models"
NOT_SERVED = frozenset({"sources.sha256"})


@dataclass(frozen=True)
class Page:
    """A page that was written.

    Attributes:
        folder: where.
        bytes_by_file: by path in the folder.
    """

    folder: Path
    bytes_by_file: dict[str, int]

    def summary(self) -> str:
        """One line: what is where, and how much a browser loads."""
        megabytes = sum(size for name, size in self.bytes_by_file.items() if "asyncify" not in name) / 1e6
        return f"wrote {self.folder}/ ({len(self.bytes_by_file)} files; a browser loads {megabytes:.1f} MB once)"


def write_page(model: Path, out: Path) -> Page:
    """Write the page with this model inside; an earlier page in the folder is replaced.

    Args:
        model: a segmenter's .onnx file.
        out: the folder; it is made where it is missing.

    Raises:
        ModelError: the model is missing, or not one that this program runs.
        UserError: it is no .onnx file, or takes several faces only.
        OutputError: the folder holds something else, or cannot be written to.
    """
    if model.suffix != ".onnx":
        raise UserError(f"{model}: the page runs .onnx files")
    session = Session(model, SEGMENTER, Provider.CPU)
    if session.fixed_batch not in (None, 1):
        raise UserError(f"{model}: it takes {session.fixed_batch} faces at a time, the page has one: export it anew")
    check_folder(out)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.parent, prefix=".page-") as made:
            folder = Path(made) / "page"
            shutil.copytree(APPLICATION, folder, ignore=lambda *_: NOT_SERVED)
            add_models(folder / MODELS_NAME, model)
            sizes = write_list(folder)
            remove_page(out)
            shutil.copytree(folder, out, dirs_exist_ok=True)
    return Page(out, sizes)


def check_folder(out: Path) -> None:
    """Refuse a folder that holds anything but an earlier page.

    Raises:
        OutputError: it does, or is none.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is no folder")
    if out.is_dir() and any(out.iterdir()) and not listed_files(out):
        raise OutputError(f"{out}: holds something else than a page; name an empty or a new folder")


def add_models(folder: Path, model: Path) -> None:
    """Put both model files into the folder, and models.json, which names them."""
    folder.mkdir()
    named = {}
    for kind, path in ((SEGMENTER, model), (FACE_FINDER, find_model(FACE_FINDER))):
        name = path.name if kind == FACE_FINDER or path.name != f"{FACE_FINDER}.onnx" else f"{SEGMENTER}.onnx"
        shutil.copyfile(path, folder / name)
        named[kind] = {"file": name, "sha256": file_sha256(path)}
    (folder / "models.json").write_text(json.dumps(named, indent=2) + "\n")


def write_list(folder: Path) -> dict[str, int]:
    """Write the list of files, with a version that is another whenever one of them is.

    Returns:
        the size of each file, by its path.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    sums = "".join(f"{file_sha256(path)} {name}\n" for path, name in zip(paths, names, strict=True))
    version = hashlib.sha256(sums.encode()).hexdigest()[:16]
    own = {"service-worker.js"}  # a worker that kept itself would never be replaced
    listed = {"version": version, "files": ["", *(name for name in names if name not in own)]}
    (folder / LIST_NAME).write_text(f"{LIST_BEGINS}{json.dumps(listed)};\n")
    return {name: (folder / name).stat().st_size for name in [*names, LIST_NAME]}


def listed_files(folder: Path) -> list[str]:
    """The files of the page in this folder; none where there is no page."""
    path = folder / LIST_NAME
    text = path.read_text() if path.is_file() else ""
    if not text.startswith(LIST_BEGINS):
        return []
    return [*filter(None, json.loads(text.removeprefix(LIST_BEGINS).rstrip(";\n"))["files"]), "service-worker.js"]


def remove_page(folder: Path) -> None:
    """Remove an earlier page's own files, so that none of them stays behind; all else is left as it is."""
    for name in [*listed_files(folder), LIST_NAME]:
        (folder / name).unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """As `sha256sum` prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


HOST = "127.0.0.1"
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-cache",
}


class PageHandler(SimpleHTTPRequestHandler):
    """The folder's files, with `HEADERS`, without a line for each."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".js": "text/javascript"}

    def end_headers(self) -> None:
        """Add the headers."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a page has a dozen files."""


class PageServer:
    """Serves a folder to this machine.

    Args:
        folder: of the page.
        port: 0 takes a free one.

    Raises:
        OutputError: the port is taken.
    """

    def __init__(self, folder: Path, port: int) -> None:
        handler = partial(PageHandler, directory=str(folder))
        try:
            self._server = ThreadingHTTPServer((HOST, port), handler)
        except OSError as error:
            raise OutputError(f"port {port} cannot be used ({error.strerror}): name another with --port") from None

    @property
    def url(self) -> str:
        """Of the page; a browser gives a camera to localhost."""
        return f"http://localhost:{self._server.server_port}/"

    def run(self) -> None:
        """Serve until Ctrl-C."""
        try:
            self._server.serve_forever()
        except KeyboardInterrupt:
            return

    def stop(self) -> None:
        """End `run`, which is in another thread."""
        self._server.shutdown()

    def __enter__(self) -> "PageServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()
