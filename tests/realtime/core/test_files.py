"""Files that cannot be written are refused before minutes are spent on them."""

import os
from pathlib import Path

import pytest

from realtime.core.errors import OutputError
from realtime.core.files import check_writable, write_json


def test_a_file_in_a_folder_can_be_written(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.json")
    assert not (tmp_path / "new.json").exists()
    (tmp_path / "old.json").touch()
    check_writable(tmp_path / "old.json")


def test_a_missing_folder_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        check_writable(tmp_path / "none" / "new.json")
    with pytest.raises(OutputError, match=r"cannot be written \(a folder\)"):
        check_writable(tmp_path)


def test_a_place_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # the superuser may write anywhere
    with pytest.raises(OutputError, match=r"cannot be written \(not allowed\)"):
        check_writable(tmp_path / "new.json")


def test_what_fails_after_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_json(tmp_path, {})
