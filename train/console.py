"""What the commands share: the console, one-line errors, the progress bar."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console()


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors that the user can mend become one line and exit code 1; all others stay what they are."""
    try:
        yield
    except (ValueError, OSError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        sys.exit(f"error: {first_line}")


def progress() -> Progress:
    """A progress bar on the console."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
