"""What a benchmark writes: checked before minutes are spent on it, written as JSON."""

import json
import os
from pathlib import Path
from typing import Any

from realtime.core.errors import OutputError


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before there is anything to write.

    Raises:
        OutputError: why.
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path}: its folder does not exist")
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written (a folder)")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputError(f"{path}: cannot be written (not allowed)")


def write_json(path: Path, results: dict[str, Any]) -> None:
    """Write the results.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        path.write_text(json.dumps(results, indent=2) + "\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from None
