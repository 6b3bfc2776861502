"""What a measure may use: nothing that was learnt from, nothing that a person took out."""

from pathlib import Path

import pytest

from train.evaluation.photos import read_exceptions, unlearnt_photos


@pytest.fixture
def folder(write_photos, write_learnt, tmp_path: Path) -> Path:
    write_photos(tmp_path / "shut", learnt=10, held=10, test=10, new=10)
    sides = {"learnt.png": "train", "held.png": "val", "test.png": "test"}
    write_learnt(tmp_path / "set", "shut", sides)
    write_learnt(tmp_path / "other", "another folder", {"new.png": "train"})
    return tmp_path / "shut"


def test_photos_that_were_learnt_from_are_left_out(folder: Path) -> None:
    found = unlearnt_photos(folder, [folder.parent / "set", folder.parent / "other", folder])
    assert [path.stem for path in found.paths] == ["held", "new", "test"]
    assert (found.learnt, found.excepted) == (1, 0)
    assert len(unlearnt_photos(folder, []).paths) == 4


def test_exceptions_and_a_limit_leave_out_more(folder: Path) -> None:
    found = unlearnt_photos(folder, [folder.parent / "set"], {"shut/new.png", "elsewhere/held.png"})
    assert [path.stem for path in found.paths] == ["held", "test"]
    assert (found.learnt, found.excepted) == (1, 1)
    assert [path.stem for path in unlearnt_photos(folder, [], most=2).paths] == ["held", "test"]


def test_a_folder_that_was_learnt_from_as_a_whole_is_refused(folder: Path, write_learnt) -> None:
    write_learnt(folder.parent / "all", "shut", {path.name: "train" for path in folder.iterdir()})
    with pytest.raises(ValueError, match="shut: none of its 4 photos is held out"):
        unlearnt_photos(folder, [folder.parent / "all"])


def test_a_list_of_exceptions_has_remarks_and_names_its_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "except.txt"
    path.write_text("# seen by a person\n\nshut/a.png  # one open\nshut/b.png\n")
    assert read_exceptions(path) == {"shut/a.png", "shut/b.png"}
    assert read_exceptions(None) == frozenset()
    path.write_text("shut/a.png\nb.png\n")
    with pytest.raises(ValueError, match=r"except\.txt:2: 'b\.png' is not FOLDER/FILE"):
        read_exceptions(path)
