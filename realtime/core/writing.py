"""What is written for the user: a path that cannot be is one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realtime.core.errors import OutputError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a path that cannot be written into the user's line."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
