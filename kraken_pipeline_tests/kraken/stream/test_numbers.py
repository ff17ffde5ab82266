from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.stream.numbers import (
    decimal_of,
    moment_of,
    scaled,
    scaled_level,
    unscaled,
)

PLACES = st.integers(0, 12)


@given(units=st.integers(0, 10**24), places=PLACES)
def test_a_number_survives_the_way_into_units_and_back(units: int, places: int) -> None:
    text = format(unscaled(units, places), "f")

    assert scaled(text, places) == units
    assert scaled_level(text, text, places, places) == (units, units)
    assert unscaled(scaled(text, places), places) == Decimal(text)


@given(units=st.integers(1, 10**18), places=PLACES)
def test_lost_zeros_and_exponents_change_nothing(units: int, places: int) -> None:
    """F-EVT-7: without idle zeros or with an exponent, it is the same number."""
    number = unscaled(units, places)

    assert scaled(format(number.normalize(), "f"), places) == units
    assert scaled_level(format(number.normalize(), "f"), "1.0", places, 1) == (units, 10)
    assert scaled(format(number, "E"), places) == units


def test_a_whole_number_may_come_without_a_point() -> None:
    assert scaled(65000, 1) == 650000
    assert scaled("65000", 1) == 650000


@pytest.mark.parametrize(
    "number", ["0.123", "-1.0", "", "1_0.0", "NaN", None, True, "1.0.0", "x.0"]
)
def test_what_is_no_amount_of_the_pair_is_refused(number: object) -> None:
    with pytest.raises(UnexpectedReplyError):
        scaled(number, 1)
    with pytest.raises(UnexpectedReplyError):
        scaled_level("1.0", number, 1, 1)


def test_eighteen_decimals_stay_exact() -> None:
    """F-EVT-7: no digit of a decimal is lost."""
    assert decimal_of("0.123456789012345678", "qty") == Decimal("0.123456789012345678")


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2024-05-17T11:12:00.000000000Z", 0),
        ("2024-05-17T11:12:00.123456789Z", 123456),
        ("2024-05-17T11:12:00Z", 0),
    ],
)
def test_a_time_is_read_whatever_its_digits(text: str, microsecond: int) -> None:
    assert moment_of(text) == datetime(2024, 5, 17, 11, 12, 0, microsecond, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2024-05-17T11:12:00", "0001-01-01T00:00:00+23:59"]
)
def test_a_time_without_an_offset_or_before_all_time_is_none(text: str) -> None:
    with pytest.raises(UnexpectedReplyError):
        moment_of(text)
