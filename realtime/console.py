"""What the commands share: the console, one-line errors, the progress bar."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console()
NAMED_FILES = 5
"""How many files a line names before it counts the rest."""


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Errors that the user can mend become one line and exit code 1; all others stay what they are."""
    try:
        yield
    except (ValueError, OSError) as error:
        sys.exit(f"error: {message_line(error)}")


def message_line(error: Exception) -> str:
    """What an error says, in one line; of one that a data loader's process passed on, what it said there."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[-1] if lines[0].startswith("Caught ") else lines[0]


def progress() -> Progress:
    """A progress bar on the console."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
