"""How well an account did: the figures of a kept library, and nothing where nothing is known."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting import performance as subject
from kraken_pipeline.domain.accounting.performance import Performance, performance
from kraken_pipeline.domain.nav_days import NavDay, TradeDay
from kraken_pipeline_tests.builders import NOW

FIRST = date(2026, 1, 30)
PRICES = st.lists(st.decimals("0.1", "10", places=3), min_size=1, max_size=90)


def day(number: int, price: Decimal | str, *, equity: int = 1000, flows: int = 0) -> NavDay:
    last = Decimal(price)
    return NavDay(
        day=FIRST + timedelta(days=number),
        first_unit_price=Decimal(1) if number == 0 else last,
        highest_unit_price=last,
        lowest_unit_price=last,
        last_unit_price=last,
        peak_unit_price=last,
        equity=Decimal(equity),
        exposure=Decimal(0),
        flows=Decimal(flows),
        last_at=NOW,
    )


def traded(number: int, cost: int, fees: str) -> TradeDay:
    return TradeDay(
        day=FIRST + timedelta(days=number), fills=1, traded=Decimal(cost), fees=Decimal(fees)
    )


def of(days: Sequence[NavDay], *trades: TradeDay, before: NavDay | None = None) -> Performance:
    found = performance(days, trades, before=before)
    assert found is not None
    return found


def of_prices(prices: Sequence[Decimal | str]) -> Performance:
    return of([day(number, price) for number, price in enumerate(prices)])


def grown(gains: Sequence[Decimal]) -> list[Decimal]:
    price, prices = Decimal(1), []
    for each in gains:
        price *= 1 + each
        prices.append(price)
    return prices


GAINS = [Decimal((number * 37 + 11) % 41 - 19) / 1000 for number in range(60)]
EMPYRICAL = {
    "yearly": "0.45522403645197773",
    "volatility": "0.23070419096499645",
    "sharpe": "1.7403238247237451",
    "sortino": "2.6765328433699973",
    "calmar": "8.351978982781047",
    "deepest_fall": "0.05450493079430582",
}
"""What empyrical-reloaded 0.7.1 says of `GAINS` with 365 days a year."""


@pytest.mark.parametrize("name", EMPYRICAL)
def test_a_figure_is_that_of_empyrical(name: str) -> None:
    found = getattr(of_prices(grown(GAINS)), name)

    assert abs(found / Decimal(EMPYRICAL[name]) - 1) < Decimal("1e-12")


def test_of_no_day_nothing_is_said() -> None:
    assert performance([], []) is None


def test_of_fewer_than_30_days_nothing_is_said_of_a_year() -> None:
    few, enough = of_prices(grown(GAINS[:29])), of_prices(grown(GAINS[:30]))

    assert {few.yearly, few.volatility, few.sharpe, few.sortino, few.calmar} == {None}
    assert None not in {enough.yearly, enough.volatility, enough.sharpe, enough.calmar}


def test_an_account_at_rest_has_no_ratio() -> None:
    found = of_prices(["1"] * 40)

    assert found.yearly == found.volatility == found.gained == found.deepest_fall == 0
    assert {found.sharpe, found.sortino, found.calmar} == {None}


def test_months_compound_to_the_whole() -> None:
    found = of_prices(["1.1", "1.21", "1.089", "2.178"])

    assert [(each.month, each.gained) for each in found.months] == [
        ("2026-01", Decimal("0.21")),
        ("2026-02", Decimal("0.8")),
    ]
    assert found.gained == Decimal("1.178")


def test_a_day_without_a_reading_ends_as_the_day_before() -> None:
    found = of([day(0, "2"), day(3, "3")])

    assert found.days == 4
    assert [each.gained for each in found.months] == [Decimal(1), Decimal("0.5")]


def test_profit_leaves_out_flows_and_a_first_day_of_which_nobody_knows_how_it_began() -> None:
    days = [
        day(0, "1", equity=1000, flows=900),
        day(1, "1.1", equity=1600, flows=500),
        day(2, "1.1", equity=1400, flows=-200),
    ]

    others = (traded(-1, 999, "99"), traded(0, 999, "99"), traded(9, 999, "99"))
    found = of(days, traded(1, 4000, "20"), *others)

    assert found.profit == 100
    assert found.fees == 20
    assert found.fee_share == Decimal(20) / 120
    assert found.turnover == 3


def test_a_first_day_that_began_with_nothing_counts_whole() -> None:
    found = of([day(0, "0.9", equity=900, flows=1000)], traded(0, 500, "2"))

    assert (found.profit, found.fees, found.traded) == (Decimal(-100), Decimal(2), Decimal(500))


def test_a_first_day_goes_on_from_the_day_before() -> None:
    eve = day(-1, "2", equity=500)

    found = of([day(0, "3", equity=800, flows=100)], traded(0, 100, "1"), before=eve)

    assert (found.profit, found.gained, found.fees) == (Decimal(200), Decimal("0.5"), Decimal(1))


def test_where_nothing_was_earned_before_fees_they_are_no_share_of_it() -> None:
    found = of([day(0, "1"), day(1, "0.9", equity=900)], traded(1, 100, "5"))

    assert (found.profit, found.fee_share) == (Decimal(-100), None)


def test_the_loss_of_everything_is_a_fall_of_all_and_no_error() -> None:
    found = of_prices(["1", "0", "0"])

    assert found.deepest_fall == 1
    assert found.gained == -1


@given(prices=PRICES)
def test_whatever_was_the_months_give_the_whole(prices: list[Decimal]) -> None:
    found = of_prices(prices)
    grown = Decimal(1)
    for each in found.months:
        grown *= 1 + each.gained

    assert abs(grown - 1 - found.gained) < Decimal("1e-18")
    assert 0 <= found.deepest_fall < 1


@given(prices=PRICES, factor=st.integers(2, 1000))
def test_no_figure_depends_on_what_a_unit_is(prices: list[Decimal], factor: int) -> None:
    gains = [after / before - 1 for before, after in pairwise(prices)]
    scaled = [after * factor for after in prices]
    again = [after / before - 1 for before, after in pairwise(scaled)]

    assert subject.sharpe(gains) == subject.sharpe(again)
    assert subject.deepest_fall(prices) == subject.deepest_fall(scaled)
