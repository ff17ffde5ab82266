"""A form: the same text as the canonical one, of the same names each time."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.forms import Form
from kraken_pipeline.domain.ids import canonical, written

NAMES = ("b", "a", "of 100 %s", 'quo"ted', "a_b")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.decimals(allow_nan=False, allow_infinity=False, places=8),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(st.text(), max_size=3),
)


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES)))
def test_a_form_writes_what_is_canonical(told: dict[str, object]) -> None:
    assert Form(*NAMES).text(told) == canonical(told)


def test_an_amount_and_a_number_that_are_equal_are_told_apart() -> None:
    told = {"a": Decimal(1), "b": 1}

    assert Form("a", "b").text(told) == '{"a":"1","b":1}'


def test_what_is_written_already_stands_as_it_is() -> None:
    told = {"a": written({"x": 1}), "b": "{}"}

    assert Form("a", "b").text(told) == '{"a":{"x":1},"b":"{}"}'


@pytest.mark.parametrize("told", [{"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 2}])
def test_other_names_are_refused(told: dict[str, int]) -> None:
    with pytest.raises(InvalidValueError, match="are not"):
        Form("a", "b").text(told)


@pytest.mark.parametrize("value", [1.5, Decimal("NaN"), Decimal("Infinity"), datetime(2026, 1, 1)])  # noqa: DTZ001 - refused for that
def test_a_value_without_an_exact_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError):
        Form("a", "b").text({"a": value, "b": 1})
