"""What holds the page's TypeScript to realtime/: `python -m web.golden.make` writes its tables and golden vectors."""

import json
from pathlib import Path
from typing import Any

import typer

from web.golden.tables import tables
from web.golden.vectors import vectors

WEB = Path(__file__).parent.parent
TABLES, VECTORS = WEB / "src" / "core" / "tables.json", WEB / "golden" / "vectors.json"


def as_json(content: dict[str, Any]) -> str:
    """A line for each table or case, so that a change shows in a diff."""
    rows = []
    for name, value in content.items():
        lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(one)}" for key, one in value.items())
        rows.append(f"  {json.dumps(name)}: {{\n{lines}\n  }}")
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main() -> None:
    """Write both files, and say so."""
    for path, content in ((TABLES, tables()), (VECTORS, vectors())):
        path.write_text(as_json(content))
        typer.echo(f"wrote {path}")


if __name__ == "__main__":
    main()
