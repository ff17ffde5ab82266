from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.store.columns import Exact, Instant, instant_text

DIALECT = sqlite.dialect()
MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis wants them naive
    timezones=st.just(UTC),
)


@given(value=st.decimals(allow_nan=False, allow_infinity=False))
def test_an_amount_comes_back_as_it_was(value: Decimal) -> None:
    text = Exact().process_bind_param(value, DIALECT)
    assert text is not None
    assert "E" not in text
    assert Exact().process_result_value(text, DIALECT) == value


@pytest.mark.parametrize("wrong", [0.1, "0.1", 1, Decimal("NaN"), Decimal("Infinity")])
def test_only_a_finite_decimal_is_an_amount(wrong: object) -> None:
    with pytest.raises(InvalidValueError, match="no exact amount"):
        Exact().process_bind_param(wrong, DIALECT)  # type: ignore[arg-type]  # the mistake


@given(moment=MOMENTS)
def test_an_instant_comes_back_as_it_was(moment: datetime) -> None:
    text = Instant().process_bind_param(moment, DIALECT)

    assert Instant().process_result_value(text, DIALECT) == moment


@given(first=MOMENTS, second=MOMENTS)
def test_text_order_is_time_order(first: datetime, second: datetime) -> None:
    assert (instant_text(first) < instant_text(second)) == (first < second)


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=1))])
def test_an_instant_that_is_not_in_utc_is_refused(zone: timezone | None) -> None:
    with pytest.raises(InvalidValueError, match="not in UTC"):
        instant_text(datetime(2026, 1, 1, tzinfo=zone))
