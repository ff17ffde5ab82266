"""Which move of a price is too much to be believed, and how that is learned."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.swings import AT_FIRST, MOST, Swing, is_jump, swing_after
from kraken_pipeline_tests.builders import NOW

PRICES = st.decimals("0.0001", "1000000", places=4)
HOUR = timedelta(hours=1)


def jumps(price: str, *, last: str = "100", hours: float = 0, sigma: str | None = None) -> bool:
    swing = None
    if sigma is not None:
        swing = Swing(variance=Decimal(sigma) ** 2, price=Decimal(last), at=NOW)
    elapsed = timedelta(hours=hours)
    return is_jump(Decimal(price), last=Decimal(last), elapsed=elapsed, swing=swing)


@pytest.mark.parametrize(
    ("price", "is_one"),
    [("120", False), ("120.01", True), ("83.34", False), ("83.3", True), ("10000", True)],
)
def test_over_a_short_time_a_move_of_a_fifth_is_the_most(price: str, *, is_one: bool) -> None:
    assert jumps(price) is is_one
    assert jumps(price, sigma="0.0001") is is_one


def test_over_a_longer_time_ten_usual_moves_are_the_most() -> None:
    assert not jumps("150", hours=24)
    assert jumps("150.1", hours=24)
    assert not jumps("200", hours=24, sigma="0.1")


def test_a_move_that_nobody_confirms_is_believed_when_enough_time_went_by() -> None:
    assert jumps("50", hours=24 * 3.9)
    assert not jumps("50", hours=24 * 4.1)


def test_a_clock_that_went_back_makes_nothing_more_believable() -> None:
    assert jumps("121", hours=-99)


def test_prices_of_the_same_hour_teach_nothing() -> None:
    first = swing_after(None, Decimal(100), NOW)

    assert first.variance == AT_FIRST
    assert swing_after(first, Decimal(150), NOW + HOUR / 2) == first


def test_a_still_asset_is_expected_to_stay_still_and_a_wild_one_to_move() -> None:
    still = wild = swing_after(None, Decimal(100), NOW)
    for hour in range(1, 100):
        still = swing_after(still, Decimal(100), NOW + hour * HOUR)
        wild = swing_after(wild, Decimal(100 + 30 * (hour % 2)), NOW + hour * HOUR)

    assert still.variance < AT_FIRST / 100
    assert AT_FIRST < wild.variance <= MOST


@pytest.mark.parametrize("name", ["XDGUSD_5.2024H2", "SOLUSD_5.2024H2"])
def test_no_move_of_half_a_year_in_a_real_market_was_too_much_to_be_believed(
    recorded: Path, name: str
) -> None:
    with (recorded / "ohlc" / f"{name}.csv").open() as file:
        rows = [(int(row[0]), Decimal(row[4])) for row in csv.reader(file)]
    closes = [(datetime.fromtimestamp(at, UTC), price) for at, price in rows[::3]]

    swing = swing_after(None, closes[0][1], closes[0][0])
    for (before, last), (at, price) in pairwise(closes):
        assert not is_jump(price, last=last, elapsed=at - before, swing=swing)
        swing = swing_after(swing, price, at)


@given(price=PRICES, last=PRICES, hours=st.integers(0, 1000))
def test_up_and_down_are_alike_and_time_never_makes_a_move_less_believable(
    price: Decimal, last: Decimal, hours: int
) -> None:
    found = is_jump(price, last=last, elapsed=hours * HOUR, swing=None)

    assert found is is_jump(last, last=price, elapsed=hours * HOUR, swing=None)
    assert found or not is_jump(price, last=last, elapsed=(hours + 1) * HOUR, swing=None)
