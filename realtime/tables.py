"""Tables that are shown on a terminal or pasted into a page."""

from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class TextTable:
    """A title, the names of the columns, and rows of as many texts; the first column is words, the others numbers."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def for_terminal(self) -> Table:
        """With rules and colours."""
        table = Table(title=self.title, title_justify="left")
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
