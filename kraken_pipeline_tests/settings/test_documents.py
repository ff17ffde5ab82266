from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.settings.documents import Plain, parse, read


def tree(text: str) -> dict[str, Plain]:
    document = parse(text, name="config.yaml", place="/c/config.yaml")
    assert document.problems == ()
    return document.tree


def problems(text: str) -> tuple[str, ...]:
    return parse(text, name="config.yaml", place="/c/config.yaml").problems


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=0))
def test_a_number_in_quotes_stays_text(number: Decimal) -> None:
    assert tree(f"a: '{number}'") == {"a": str(number)}


@given(digits=st.integers(0, 10**15 - 1), places=st.integers(1, 14))
def test_a_number_with_a_point_is_exactly_what_stands_in_the_file(digits: int, places: int) -> None:
    text = f"{digits // 10**places}.{digits % 10**places:0{places}d}"

    assert tree(f"a: {text}") == {"a": Decimal(text)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("0.1", Decimal("0.1")),
        ("1e3", Decimal(1000)),
        ("true", True),
        ("False", False),
        ("null", None),
        ("", None),
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_words_and_numbers_mean_what_they_say(text: str, value: Plain) -> None:
    assert tree(f"a: {text}") == {"a": value}


@pytest.mark.parametrize("text", ["0.1234567890123456", "1.000000000000000", "1.0e-40"])
def test_a_number_that_no_float_holds_must_stand_in_quotes(text: str) -> None:
    [problem] = problems(f"b: 1\na: {text}\n")

    assert problem.startswith(f"/c/config.yaml:2: a is {text}, which no float holds exactly")
    assert "quotes" in problem


def test_fifteen_digits_are_still_read() -> None:
    assert tree("a: 0.123456789012345") == {"a": Decimal("0.123456789012345")}


def test_a_key_that_stands_twice_is_a_problem_with_both_lines() -> None:
    assert problems("risk:\n  a: 1\n  b: 2\n  a: 3\n") == (
        "/c/config.yaml:4: risk.a stands twice, first in line 2; keep one",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", ":1: the file is no mapping"),
        ("just words\n", ":1: the file is no mapping"),
        ("a: 1\n  b: 2\n", ":2: this is no YAML"),
        ("a: [1\n", "this is no YAML"),
        ("a: &x 1\nb: *x\n", ":2: this is no YAML: an alias"),
        ("a: &x [*x]\n", "an alias"),
        ("a: !!python/object:os.system x\n", ":1: a has the tag"),
        ("a: !!int 5\n", ":1: a has the tag"),
        ("? [a]\n: 1\n", "is no text"),
        ("a: 1\n---\nb: 2\n", "this is no YAML"),
        ("a: 1\nb: \x07\n", ":2: a character"),
        ("a: " + "[" * 5000, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(text: str, says: str) -> None:
    [problem] = problems(text)

    assert problem.startswith("/c/config.yaml")
    assert says in problem


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing but words\n", "---\n"])
def test_an_empty_file_sets_nothing(text: str) -> None:
    assert tree(text) == {}


def test_every_key_knows_its_line() -> None:
    document = parse("a:\n  b: 1\n\n  c:\n  - x\n", name="config.yaml", place="/c/config.yaml")

    assert document.lines == {("a",): 1, ("a", "b"): 2, ("a", "c"): 4}
    assert document.where(("a", "c", "0")) == "/c/config.yaml:4"
    assert document.origin(("a", "b")) == "config.yaml:2"


@given(text=st.text(max_size=60))
def test_no_text_stops_the_reader(text: str) -> None:
    document = parse(text, name="config.yaml", place="/c/config.yaml")

    assert isinstance(document.tree, dict)


def test_a_missing_file_is_no_document(tmp_path: Path) -> None:
    assert read(tmp_path / "config.yaml") is None


def test_a_file_that_is_no_utf8_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"a: \xff\n")

    document = read(path)

    assert document is not None
    assert document.problems == (f"{path}: byte 4 is no UTF-8; save the file as UTF-8",)


def test_a_folder_in_the_place_of_the_file_is_a_problem(tmp_path: Path) -> None:
    document = read(tmp_path)

    assert document is not None
    assert "cannot be read (Is a directory)" in document.problems[0]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbfrisk: {}\n")

    document = read(path)

    assert document is not None
    assert document.tree == {"risk": {}}
