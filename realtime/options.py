"""What the options of several commands share; imports nothing heavy."""

from collections.abc import Iterable
from typing import Any

import typer

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
