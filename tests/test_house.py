"""The house: rooms that are told of, folders that stay small, names that mean one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGES = ("realtime", "train", "export")
ROOMS = sorted(
    path.parent.relative_to(REPOSITORY).as_posix()
    for name in PACKAGES
    for path in (REPOSITORY / name).rglob("__init__.py")
)
MOST_FILES, MOST_FILES_OF_TRAIN = 14, 6
MOST_LINES = 350


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_told_of_in_one_sentence_and_holds_few_files(room: str) -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{room}/` |"))
    assert row.rstrip(" |").endswith(".")
    files = list((REPOSITORY / room).glob("*.py"))
    assert len(files) <= (MOST_FILES_OF_TRAIN if room == "train" else MOST_FILES)
    assert [path.name for path in files if len(path.read_text().splitlines()) > MOST_LINES] == []


def test_no_room_is_told_of_that_is_not_there() -> None:
    page = (REPOSITORY / "docs" / "architecture.md").read_text()
    told = [line.split("`")[1].rstrip("/") for line in page.splitlines() if line.startswith("| `")]
    assert sorted(told) == ROOMS


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for package in (*PACKAGES, "benchmarks"):
        for path in (REPOSITORY / package).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(path.relative_to(REPOSITORY).as_posix())
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
