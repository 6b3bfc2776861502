"""Puts the tables of finished measurements into a page: `python -m benchmarks.page docs/performance.md .bench`.

A table stands between `<!-- models.json rows -->` and `<!-- end -->`: the file of results in that folder, and the key
in it. What has not been measured stays as it was.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.floor import tables_of as floor_tables
from benchmarks.peers import tables_of as peer_tables
from benchmarks.soak import table_of as soak_table
from realtime.bench.models.rows import Measurement
from realtime.bench.plan import model_tables
from realtime.bench.tables import MAKERS, machine_table, stages_table
from realtime.bench.text_table import TextTable

PLACE = re.compile(r"(?P<start><!-- (?P<file>\S+\.json) (?P<key>\S+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


TABLES: dict[str, Callable[[dict[str, Any]], list[TextTable]]] = {
    "machine": lambda results: [machine_table(results["machine"])],
    "rows": lambda results: model_tables([Measurement(**row) for row in results["rows"]]),
    "end_to_end": lambda results: [stages_table(results)],
    "peers": lambda results: peer_tables(results["peers"]),
    "floor": lambda results: floor_tables(results["floor"]),
    "runs": lambda results: [soak_table(results)],
    **{key: lambda results, key=key: MAKERS[key](results[key]) for key in MAKERS},  # type: ignore[misc]  # the default
}
"""What shows each part of a file of results."""


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
            tables = TABLES[key](json.loads(file.read_text()))
        except (OSError, ValueError, KeyError):
            remarks.append(f"{file}: holds no {key}; its table stays as it was")
            return place[0]
        return place["start"] + "\n".join(table.as_markdown() for table in tables) + "\n" + place["end"]

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
