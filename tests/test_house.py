"""The house: rooms that are told of, folders that stay small, names that mean one thing, pages that tell the truth."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGES = ("realtime", "train", "export")
ROOMS = sorted(
    path.parent.relative_to(REPOSITORY).as_posix()
    for name in PACKAGES
    for path in (REPOSITORY / name).rglob("__init__.py")
)
ARCHITECTURE = (REPOSITORY / "docs" / "architecture.md").read_text()
CONTRACTS: list[dict[str, Any]] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
MOST_FILES, MOST_FILES_OF_TRAIN = 14, 6
MOST_LINES, MOST_LINES_OF_EXAMPLES = 350, 39


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_told_of_in_one_sentence_and_holds_few_files(room: str) -> None:
    (row,) = (line for line in ARCHITECTURE.splitlines() if line.startswith(f"| `{room}/` |"))
    assert row.rstrip(" |").endswith(".")
    files = list((REPOSITORY / room).glob("*.py"))
    assert len(files) <= (MOST_FILES_OF_TRAIN if room == "train" else MOST_FILES)
    assert [path.name for path in files if len(path.read_text().splitlines()) > MOST_LINES] == []


def test_no_room_is_told_of_that_is_not_there() -> None:
    told = [line.split("`")[1].rstrip("/") for line in ARCHITECTURE.splitlines() if line.startswith("| `")]
    assert sorted(told) == ROOMS


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for package in (*PACKAGES, "benchmarks"):
        for path in (REPOSITORY / package).rglob("*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(path.relative_to(REPOSITORY).as_posix())
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def chain_of(contract: dict[str, Any]) -> str:
    """The line of the page that tells who stands above whom."""
    within = f"within `{contract['containers'][0]}`: " if "containers" in contract else ""
    return f"- {within}" + " > ".join(f"`{layer}`" for layer in contract["layers"])


def row_of(contract: dict[str, Any]) -> str:
    """The row of the page that tells what is not imported."""
    columns = (contract["source_modules"], contract["forbidden_modules"], contract.get("ignore_imports", []))
    told = [", ".join(f"`{name}`" for name in names) for names in columns]
    return f"| {contract['name']} |" + "".join(f" {names} |" if names else " |" for names in told)


def test_the_arrows_of_the_page_are_those_that_are_held() -> None:
    lines = [line for line in ARCHITECTURE.splitlines() if re.match(r"- .*` > `", line)]
    assert lines == [chain_of(contract) for contract in CONTRACTS if contract["type"] == "layers"]


def test_the_table_of_the_page_is_that_of_what_is_forbidden() -> None:
    rows = ARCHITECTURE.split("| contract | who | imports none of | but |\n| --- | --- | --- | --- |\n")[1].splitlines()
    assert rows == [row_of(contract) for contract in CONTRACTS if contract["type"] == "forbidden"]


def commands_of(page: Path) -> list[list[str]]:
    """The words of each command of ours on a page, in blocks and in sentences, from its program on."""
    text = page.read_text().replace("\\\n", " ")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    said = [line.split("  #")[0] for block in blocks for line in block.splitlines()]
    said += [quoted.replace("\n", " ") for quoted in re.findall(r"`([^`]+)`", prose)]
    ours = r"^(?:\S*/)?python (-m (?:realtime|train|export|benchmarks|docs|web)\S*|run_webcam\.py)(.*)|^(make) (.*)"
    found = (re.match(ours, words.strip()) for words in said)
    return [" ".join(filter(None, match.groups())).split() for match in found if match]


def program_of(command: list[str]) -> tuple[str, ...]:
    """The words that a command's help is asked for by: `-m train fit`, say."""
    if command[0] != "-m":
        return (command[0],)
    has_name = len(command) > 2 and (command[1] == "train" or command[2] in ("verify", "web", *BENCHMARKS))
    if command[1] == "export" and not has_name:
        return ("-m", "export", "checkpoint")  # which is run where none is named
    return tuple(command[: 3 if has_name and command[2] not in ("...", "NAME") else 2])


BENCHMARKS = ("rivals", "floor", "finder", "labels", "networks", "runtimes", "soak", "page")
COMMANDS = [(page, command) for page in PAGES for command in commands_of(page)]
PROGRAMS = sorted({program_of(command) for _, command in COMMANDS if command[0] != "make"})


@cache
def help_of(program: tuple[str, ...]) -> str:
    """What a program's help says; no colours, no lines that are too narrow for a flag."""
    environment = {"PATH": "", "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    line = [sys.executable, *program, "--help"]
    done = subprocess.run(line, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(program)}: {done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_the_commands_of_the_pages_exist_with_each_of_their_flags(program: tuple[str, ...]) -> None:
    if program[-1].startswith(("docs.", "web.")):  # they take no word at all
        assert (REPOSITORY / (program[-1].replace(".", "/") + ".py")).is_file()
        return
    known = help_of(program)
    for page, command in COMMANDS:
        if command[0] != "make" and program_of(command) == program:
            flags = [word for word in command if re.fullmatch(r"--[a-z][a-z0-9-]*", word)]
            missing = [flag for flag in flags if not re.search(rf"(?<![\w-]){flag}(?![\w-])", known)]
            assert missing == [], f"{page.name}: {' '.join(command)}"


def test_the_targets_of_the_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    asked = {word for _, command in COMMANDS if command[0] == "make" for word in command[1:] if "=" not in word}
    assert asked <= targets


def test_an_example_fits_a_screen_and_says_how_it_is_run() -> None:
    examples = sorted((REPOSITORY / "examples").glob("*.py"))
    assert len(examples) == 6
    for path in examples:
        assert len(path.read_text().splitlines()) <= MOST_LINES_OF_EXAMPLES, path.name
        assert f"python examples/{path.name}" in (ast.get_docstring(ast.parse(path.read_text())) or ""), path.name
