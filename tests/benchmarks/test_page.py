"""A page whose tables are renewed."""

import json
from pathlib import Path

from benchmarks.page import PLACE, TABLES, fill

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
START_UP = {
    "processes": 3,
    "first_overlay_ms": 300.0,
    "first_overlay_least_ms": 290.0,
    "first_overlay_most_ms": 310.0,
    "frames_each": 60,
    "peak_rss_mb": 150.0,
}


def test_a_table_is_renewed_and_all_else_stays(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text(json.dumps({"start_up": START_UP}))
    page = "a\n<!-- demo.json start_up -->\nold\n<!-- end -->\nb\n<!-- demo.json idle -->\nkept\n<!-- end -->\n"
    text, remarks = fill(page, tmp_path)
    assert text.startswith("a\n<!-- demo.json start_up -->\n**3 fresh processes")
    assert "| 300 | 290 to 310 |" in text
    assert "old" not in text
    assert text.endswith("|\n\n<!-- end -->\nb\n<!-- demo.json idle -->\nkept\n<!-- end -->\n")
    assert remarks == [f"{tmp_path / 'demo.json'}: holds no idle; its table stays as it was"]
    assert fill(text, tmp_path)[0] == text


def test_the_machine_is_a_table() -> None:
    (table,) = TABLES["machine"]({"machine": {"cpu": "one"}})
    assert table.rows == [("cpu", "one")]


def test_every_place_of_the_page_names_tables_that_there_are() -> None:
    places = [(place["file"], place["key"]) for place in PLACE.finditer(PAGE.read_text())]
    assert len(places) > 10
    assert {key for _, key in places} <= set(TABLES)
    makefile = PAGE.parents[1] / "Makefile"
    assert [file for file, _ in places if f".bench/{file}" not in makefile.read_text()] == []
