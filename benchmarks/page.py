"""Puts the tables of finished measurements into a page: `python -m benchmarks.page docs/performance.md .bench`.

A table stands between `<!-- models.json rows -->` and `<!-- end -->`: the file of results in that folder, and the key
in it. What has not been measured stays as it was.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.floor import tables_of as floor_tables
from benchmarks.peers import tables_of as peer_tables
from benchmarks.soak import table_of as soak_table
from realtime.bench.plan import model_tables
from realtime.bench.rows import Row
from realtime.bench.tables import MAKERS, machine_table, stages_table
from realtime.bench.text_table import TextTable

PLACE = re.compile(r"(?P<start><!-- (?P<file>\S+\.json) (?P<key>\S+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def tables_in(results: dict[str, Any], key: str) -> list[TextTable]:
    """The tables that show one part of a file of results.

    Raises:
        KeyError: the file holds no such part.
    """
    found = results[key]
    if key in MAKERS:
        return MAKERS[key](found)
    return {
        "machine": lambda: [machine_table(found)],
        "rows": lambda: model_tables([Row(**row) for row in found]),
        "end_to_end": lambda: [stages_table(results)],
        "peers": lambda: peer_tables(found),
        "floor": lambda: floor_tables(found),
        "runs": lambda: [soak_table(results)],
    }[key]()


def fill(page: str, folder: Path) -> tuple[str, list[str]]:
    """The page with its tables renewed, and a line for each that was not.

    Args:
        page: its text.
        folder: of the files of results.
    """
    remarks: list[str] = []

    def renew(place: re.Match[str]) -> str:
        file, key = folder / place["file"], place["key"]
        try:
            tables = tables_in(json.loads(file.read_text()), key)
        except (OSError, ValueError, KeyError):
            remarks.append(f"{file}: holds no {key}; its table stays as it was")
            return place[0]
        return place["start"] + "\n".join(table.as_markdown() for table in tables) + place["end"]

    return PLACE.sub(renew, page), remarks


def main(
    page: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The page, changed in place.")],
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Of the files of results.")],
) -> None:
    """Renew the tables of a page."""
    text, remarks = fill(page.read_text(), folder)
    page.write_text(text)
    for line in remarks:
        typer.echo(line, err=True)


if __name__ == "__main__":
    typer.run(main)
