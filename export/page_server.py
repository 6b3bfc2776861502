"""A server for the page on this machine, with the headers that browsers ask for before they give threads."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from realtime.core.errors import OutputError

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
