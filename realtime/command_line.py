"""Settings in a TOML file: the flags' names, one setting a line."""

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def read_settings(path: Path) -> dict[str, Any]:
    """The settings by name, with underscores in place of dashes.

    Raises:
        ValueError: the file cannot be read, is no TOML, or names a setting twice; the message begins with its name.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors put a mark before it
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: not TOML: {error}") from None
    settings: dict[str, Any] = {}
    for key, value in written.items():
        name = key.replace("-", "_")
        if name in settings:
            raise ValueError(f"{path}: {key}: given twice, with a dash and with an underscore")
        settings[name] = value
    return settings


def kind_problem(written: object, read: object) -> str | None:
    """What is wrong with the kind of a value in the file; None where it is right.

    An option's own reader is content with "5" where 5 is meant, as on a command line all is text; a file can say it.

    Args:
        written: as TOML has it.
        read: the setting made of it.
    """
    if isinstance(read, bool):
        is_right, needed = isinstance(written, bool), "true or false"
    elif isinstance(read, int):
        is_right, needed = isinstance(written, int) and not isinstance(written, bool), "a whole number"
    elif isinstance(read, float):
        is_right, needed = isinstance(written, int | float) and not isinstance(written, bool), "a number"
    else:
        is_right, needed = isinstance(written, str), "text in quotes"
    return None if is_right else f"{written!r} stands where {needed} is needed"


def to_toml(settings: Mapping[str, Any]) -> str:
    """The file that `read_settings` reads these from; what is None is left out, as TOML has no word for it."""
    lines = [
        f"{name.replace('_', '-')} = {_toml_value(value)}\n" for name, value in settings.items() if value is not None
    ]
    return "".join(lines)


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON's escapes are TOML's, but DEL


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


DATA_HELP = "Label set, packed or not, or folder with images/ and masks/, or images.npy and masks.npy; repeatable."
MASK_REGION_HELP = "What masks of 0 and 255 show."


def one_of(names: Iterable[str]) -> dict[str, Any]:
    """Arguments of an option that takes these words alone."""
    known = tuple(names)

    def check(value: str | None) -> str | None:
        if value is not None and value not in known:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(known)}")
        return value

    return {"callback": check, "metavar": "|".join(known)}
