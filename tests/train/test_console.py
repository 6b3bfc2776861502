"""An error that the user can mend is one line, also out of another process."""

import pytest
from torch.utils.data import DataLoader, Dataset

from realtime.command_line import one_line_errors


class BrokenFile(Dataset[int]):
    """Has one item that cannot be read."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> int:
        raise ValueError("crops/ann.jpg: missing or unreadable")


@pytest.mark.parametrize("workers", [0, 1])
def test_the_files_name_is_told_whichever_process_reads_it(workers: int) -> None:
    with (
        pytest.raises(SystemExit, match=r"^error: (ValueError: )?crops/ann.jpg: missing or unreadable$"),
        one_line_errors(),
    ):
        list(DataLoader(BrokenFile(), num_workers=workers))


def test_an_error_of_several_lines_is_told_by_its_first() -> None:
    with pytest.raises(SystemExit, match=r"^error: a$"), one_line_errors():
        raise ValueError("a\nb")


def test_an_error_without_words_is_told_by_its_kind() -> None:
    with pytest.raises(SystemExit, match=r"^error: OSError$"), one_line_errors():
        raise OSError


def test_what_the_user_cannot_mend_stays_what_it_is() -> None:
    with pytest.raises(KeyError), one_line_errors():
        raise KeyError("a")
