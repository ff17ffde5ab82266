"""The table of fault cases is whole and true."""

import pytest

from kraken_pipeline_tests.case_table import CASES, NOT_COVERED, PAGE, PARTLY, by_case, page

FOUND = by_case()


@pytest.mark.parametrize("case", CASES)
def test_a_case_has_a_test_or_a_reason(case: str) -> None:
    assert (case in FOUND) is not (case in NOT_COVERED)


def test_what_is_tried_in_part_is_tried_at_all() -> None:
    assert PARTLY.keys() <= FOUND.keys()


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == page(), "run python -m kraken_pipeline_tests.case_table --write"
