"""Exact amounts: what is read is what was written, and rounding never crosses the value."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain, round_down, round_up

AMOUNTS = st.decimals(
    min_value="-1e18", max_value="1e18", allow_nan=False, allow_infinity=False, places=10
)
STEPS = st.sampled_from(["1", "0.5", "0.25", "0.1", "0.00001", "1e-8", "1e-10", "5", "100", "0.03"])


@pytest.mark.parametrize("text", ["0.1", "-3", "1e-7", "00012.50", "+4", "123456789.123456789012"])
def test_an_amount_is_read_to_its_last_digit(text: str) -> None:
    assert decimal_from(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "abc", "NaN", "Infinity", "-inf", "sNaN", "1,5", "0x10", "1_000", "1e99", "9" * 61]
)
def test_what_is_no_plain_finite_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        decimal_from(text)


@pytest.mark.parametrize("value", [0.1, 1.0, float("nan"), True, None, b"1", [1]])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidValueError, match="must come as text"):
        decimal_from(value)  # type: ignore[arg-type]  # the very mistake that must be caught


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("0.500", "0.5"), ("1E-8", "0.00000001"), ("-0.00", "0"), ("10", "10")],
)
def test_an_amount_is_written_without_exponent_and_idle_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@given(AMOUNTS)
def test_writing_and_reading_an_amount_gives_it_back(value: Decimal) -> None:
    assert decimal_from(plain(value)) == value


@given(value=AMOUNTS, step=STEPS)
def test_rounding_down_gives_the_largest_multiple_that_is_not_above(
    value: Decimal, step: str
) -> None:
    rounded = Fraction(round_down(value, Decimal(step)))

    assert (rounded / Fraction(step)).denominator == 1
    assert rounded <= Fraction(value) < rounded + Fraction(step)


@given(value=AMOUNTS, step=STEPS)
def test_rounding_up_gives_the_smallest_multiple_that_is_not_below(
    value: Decimal, step: str
) -> None:
    rounded = Fraction(round_up(value, Decimal(step)))

    assert (rounded / Fraction(step)).denominator == 1
    assert rounded - Fraction(step) < Fraction(value) <= rounded


@given(value=AMOUNTS, step=STEPS)
def test_rounding_twice_changes_nothing(value: Decimal, step: str) -> None:
    once = round_down(value, Decimal(step))

    assert round_down(once, Decimal(step)) == round_up(once, Decimal(step)) == once


def test_a_quotient_that_was_cut_upwards_does_not_lift_a_value_over_itself() -> None:
    just_below_nine = Decimal("8." + "9" * 65)

    assert round_down(just_below_nine, Decimal(9)) == 0


def test_a_quotient_that_was_cut_downwards_does_not_push_a_value_under_itself() -> None:
    just_above_nine = Decimal("9." + "0" * 65 + "1")

    assert round_up(just_above_nine, Decimal(9)) == 18


@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_a_step_that_is_not_above_zero_is_refused(step: str) -> None:
    with pytest.raises(InvalidValueError, match="above zero"):
        round_down(Decimal(1), Decimal(step))
