"""A file of settings: what is written can be read, and what is wrong is said with the file's name."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.command_line import kind_problem, read_settings, to_toml

NAMES = st.from_regex("[a-z]+(_[a-z]+)?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(TEXTS, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False))


@given(settings=st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_read_again(settings: dict[str, object]) -> None:
    read = tomllib.loads(to_toml(settings))
    expected = {name.replace("_", "-"): value for name, value in settings.items()}
    assert read == expected
    assert [type(value) for value in read.values()] == [type(value) for value in expected.values()]


def test_a_file_is_made_of_dashes_and_has_no_line_for_nothing() -> None:
    settings = {"source": 'C:\\clips\\"a".mp4', "max_frames": None, "opacity": 0.5, "hud": True, "masks": Path("m")}
    assert to_toml(settings) == ('source = "C:\\\\clips\\\\\\"a\\".mp4"\nopacity = 0.5\nhud = true\nmasks = "m"\n')


def test_dashes_and_underscores_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('max-frames = 5\niris_color = "#aa3344"  # red\n')
    assert read_settings(tmp_path / "c.toml") == {"max_frames": 5, "iris_color": "#aa3344"}


def test_the_mark_that_some_editors_put_first_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbffaces = 2\r\n")
    assert read_settings(tmp_path / "c.toml") == {"faces": 2}


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (None, "No such file or directory"),
        (b"faces = \n", "not TOML: Invalid value (at line 1, column 9)"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"max-frames = 1\nmax_frames = 2\n", "max_frames: given twice, with a dash and with an underscore"),
    ],
    ids=["missing", "broken", "binary", "twice"],
)
def test_a_file_that_cannot_be_used_is_named(contents: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    if contents is not None:
        path.write_bytes(contents)
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - its text is compared below
        read_settings(path)
    assert str(refusal.value) == f"{path}: {said}"


@pytest.mark.parametrize(
    ("written", "read", "needed"),
    [
        (True, True, None),
        (1, True, "true or false"),
        ("yes", True, "true or false"),
        (5, 5, None),
        ("5", 5, "a whole number"),
        (True, 1, "a whole number"),
        (5.0, 5, "a whole number"),
        (1, 1.0, None),
        (0.5, 0.5, None),
        (True, 1.0, "a number"),
        ("0.5", 0.5, "a number"),
        ("0", "0", None),
        (0, "0", "text in quotes"),
        (["iris"], "['iris']", "text in quotes"),
        ("m", Path("m"), None),
    ],
)
def test_the_kind_in_the_file_is_the_kind_of_the_setting(written: object, read: object, needed: str | None) -> None:
    expected = needed and f"{written!r} stands where {needed} is needed"
    assert kind_problem(written, read) == expected
