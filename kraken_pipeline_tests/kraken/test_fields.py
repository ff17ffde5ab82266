from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.fields import Record, exact, record

ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=10)
    | st.lists(st.integers(), max_size=2)
)


@pytest.mark.parametrize(
    "text", ["0", "0.0000000100", "-90.0000", "1E+3", "1e-10", "0.123456789012345678", "0012.50"]
)
def test_an_amount_keeps_every_digit_that_was_written(text: str) -> None:
    assert exact(text) == Decimal(text)
    assert str(exact(text)) == str(Decimal(text))


@pytest.mark.parametrize(
    "odd",
    [
        "",
        " 1",
        "1 ",
        "1_000",
        "1,5",
        ".5",
        "5.",
        "+5",
        "NaN",
        "Infinity",
        "1e999",
        "0x1",
        "٣",
        "1" * 81,
        "1e31",
        "1e-41",
        None,
        True,
        [],
        {},
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+999999"),
        Decimal("1E-999999"),
        10**31,
    ],
)
def test_what_is_no_exact_amount_is_none(odd: object) -> None:
    assert exact(odd) is None


@given(value=ANYTHING)
def test_whatever_stands_in_an_amount_gives_a_finite_number_or_is_named(value: object) -> None:
    fields = Record("Balance.XXBT", {"balance": value})
    try:
        assert fields.amount("balance").is_finite()
    except UnexpectedReplyError as error:
        told = str(error)
    else:
        return
    assert "Balance.XXBT" in told
    assert "'balance'" in told


def test_a_missing_field_is_named() -> None:
    with pytest.raises(UnexpectedReplyError, match=r"Orders\.O1: the field 'vol' is missing"):
        Record("Orders.O1", {}).qty("vol")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (Record.text, 5),
        (Record.name_in, ""),
        (Record.unsigned, "-0.1"),
        (Record.positive, "0.0"),
        (Record.price, "0"),
        (Record.qty, "-1"),
        (Record.whole, "1"),
        (Record.whole, True),
        (Record.whole, -1),
        (Record.whole, Decimal("1.0")),
        (Record.flag, 1),
        (Record.flag, "true"),
        (Record.instant, "1756934300.6"),
        (Record.instant, 0),
        (Record.instant, -5),
        (Record.instant, 10**18),
        (Record.side, "Buy"),
        (Record.record, []),
        (Record.items, {}),
        (Record.text_or_none, 5),
    ],
)
def test_a_field_of_another_kind_is_refused(read: object, value: object) -> None:
    with pytest.raises(UnexpectedReplyError, match="X"):
        read(Record("X", {"x": value}), "x")  # type: ignore[operator]  # one of the methods above


def test_a_time_is_cut_to_microseconds_and_never_rounded_up() -> None:
    fields = Record("X", {"t": Decimal("1756934300.9999999")})

    assert fields.instant("t") == datetime(2025, 9, 3, 21, 18, 20, 999_999, tzinfo=UTC)


def test_null_and_absence_both_say_nothing() -> None:
    assert Record("X", {}).text_or_none("reason") is None
    assert Record("X", {"reason": None}).text_or_none("reason") is None


def test_only_an_object_is_a_record() -> None:
    with pytest.raises(UnexpectedReplyError, match="BalanceEx is list and not an object"):
        record([], "BalanceEx")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_outside_of_all_time_is_odd(text: str) -> None:
    with pytest.raises(UnexpectedReplyError, match="field 'at'"):
        record({"at": text}, "Time").rfc3339("at")
