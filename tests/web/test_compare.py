"""The committed build of the page is held to what the sources make."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from web.checks.compare import main


def build(folder: Path, script: bytes, level: int) -> Path:
    folder.mkdir()
    (folder / "a.js").write_bytes(script)
    (folder / "b.wasm.gz").write_bytes(gzip.compress(b"wasm" * 100, level))
    return folder


def test_packed_otherwise_is_the_same(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one", b"1", 1), build(tmp_path / "other", b"1", 9)
    assert (one / "b.wasm.gz").read_bytes() != (other / "b.wasm.gz").read_bytes()
    main(one, other)


def test_another_script_or_one_too_many_is_named(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one", b"1", 1), build(tmp_path / "other", b"2", 1)
    (other / "c.js").write_bytes(b"3")
    with pytest.raises(SystemExit, match=r"\(a\.js, c\.js\): make web"):
        main(one, other)


def test_the_page_answers_to_its_command(tmp_path: Path) -> None:
    one, other = build(tmp_path / "one", b"1", 1), build(tmp_path / "other", b"2", 1)
    done = subprocess.run([sys.executable, "-m", "web.checks.compare", one, other], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
