from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.services.backtest import RoundTrip
from kraken_pipeline.services.research.trips import gained, tally
from kraken_pipeline_tests.services.research.runs import trip as ended

PROFITS = st.lists(st.decimals(-100, 100, places=2), max_size=20)


def trip(profit: str | Decimal, *, number: int = 0) -> RoundTrip:
    made = ended(number, str(profit))
    return replace(made, opened_at=made.closed_at - timedelta(hours=number + 1))


def trips(*profits: str | Decimal) -> list[RoundTrip]:
    return [trip(each, number=number) for number, each in enumerate(profits)]


def test_three_of_four_that_won_are_three_quarters() -> None:
    found = tally(trips("10", "5", "-20", "1"))

    assert (found.trades, found.won, found.win_rate) == (4, 3, Decimal("0.75"))
    assert (found.profit, found.fees) == (Decimal(-4), Decimal("2.08"))
    assert found.profit_factor == Decimal("0.8")
    assert (found.best, found.worst) == (Decimal("0.1"), Decimal("-0.2"))
    assert (found.mean, found.mean_lost) == (Decimal("-0.01"), Decimal(-20))
    assert found.mean_held == timedelta(hours=2, minutes=30)


@pytest.mark.parametrize(
    ("profits", "longest"),
    [(["-1", "-1", "1", "-1"], 2), (["1", "1"], 0), (["0", "-1", "0"], 3), ([], 0)],
)
def test_losses_in_a_row_are_counted_and_nothing_won_is_a_loss(
    profits: list[str], longest: int
) -> None:
    assert tally(trips(*profits)).losses_in_a_row == longest


def test_of_no_trades_there_are_no_means() -> None:
    found = tally([])

    assert (found.trades, found.profit) == (0, Decimal(0))
    assert (found.win_rate, found.profit_factor, found.mean) == (None, None, None)
    assert found.mean_held is None


def test_without_a_loss_there_is_no_factor() -> None:
    assert tally(trips("1", "0")).profit_factor is None


@given(PROFITS)
def test_profit_is_the_sum_whatever_the_order(profits: list[Decimal]) -> None:
    made = trips(*profits)

    assert tally(made).profit == sum(profits)
    assert tally(made) == tally(made[::-1])


def test_what_cost_nothing_gained_nothing() -> None:
    assert gained(trip("5")) == Decimal("0.05")
    assert gained(replace(trip("5"), cost=Decimal(0))) == 0
