"""A gate asks every question and keeps every answer."""

from kraken_pipeline.domain.gates import Objection, objections


def is_even(number: int) -> Objection | None:
    """The number is even."""
    return Objection("ODD", f"number={number}") if number % 2 else None


def is_small(number: int) -> Objection | None:
    """The number is below ten."""
    return None if number < 10 else Objection("LARGE", f"number={number}")


def test_every_question_is_asked_also_after_one_objected() -> None:
    found = objections((is_even, is_small), 11)

    assert [each.code for each in found] == ["ODD", "LARGE"]


def test_nothing_stands_against_what_every_question_lets_pass() -> None:
    assert objections((is_even, is_small), 2) == ()


def test_an_objection_reads_as_its_code_and_its_figures() -> None:
    assert str(Objection("ODD", "number=11")) == "ODD: number=11"
