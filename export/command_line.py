"""The command line as people write it: several values after one option, and no word for what is done most."""

import re
from collections.abc import Iterator, Mapping, Sequence


def with_command(words: Sequence[str], commands: Sequence[str], default: str) -> list[str]:
    """The words after the default command where they name none and do not ask for help."""
    if words and words[0] in (*commands, "--help"):
        return list(words)
    return [default, *words]


def spread_values(words: Sequence[str], options: Mapping[str, re.Pattern[str]]) -> list[str]:
    """The command line with one value after each of some options, as typer wants it.

    People write several: `--precision fp32 fp16` or `--precision fp32,fp16`. What comes after the first value
    belongs to it only where it looks like one, so that a checkpoint may follow.

    Args:
        words: as they were typed.
        options: each with what its values look like.
    """
    spread: list[str] = []
    for word in _split_option_and_value(words, options):
        values = word.split(",")
        if spread and spread[-1] in options:
            option = spread.pop()
        elif len(spread) > 1 and spread[-2] in options and all(map(options[spread[-2]].fullmatch, values)):
            option = spread[-2]
        else:
            spread.append(word)
            continue
        for value in values:
            spread += [option, value]
    return spread


def _split_option_and_value(words: Sequence[str], options: Mapping[str, re.Pattern[str]]) -> Iterator[str]:
    for word in words:
        option, _, value = word.partition("=")
        yield from (option, value) if option in options and value else (word,)
