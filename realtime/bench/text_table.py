"""A table of words and numbers, to be shown on a terminal or pasted into a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table


@dataclass(frozen=True)
class TextTable:
    """A title, the names of the columns, and rows of as many texts; the first column is words, the others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def for_terminal(self) -> Table:
        """As narrow as it can be: the widest has to fit into 80 columns."""
        table = Table(title=self.title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def as_markdown(self) -> str:
        """With its title as a line in bold."""
        rule = ["---"] + ["---:"] * (len(self.columns) - 1)
        lines = ["| " + " | ".join(cells) + " |" for cells in (self.columns, rule, *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines, ""])


def span(least: float, most: float, digits: int = 2) -> str:
    """`1.20 to 1.35`."""
    return f"{least:.{digits}f} to {most:.{digits}f}"
