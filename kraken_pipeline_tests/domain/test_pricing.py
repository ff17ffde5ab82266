"""The limit of an order: on the tick, and never past the bound."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.market_reports import Level
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Trigger
from kraken_pipeline.domain.pricing import (
    crossing_price,
    limit_price,
    passive_price,
    sweep_price,
    trigger_price,
)
from kraken_pipeline_tests.builders import ticker

PRICES = st.decimals(min_value="0.0000001", max_value="1000000", places=10).filter(bool)
TICKS = st.sampled_from(["0.1", "0.01", "0.00001", "1e-10", "0.25", "1"]).map(Decimal)


@given(price=PRICES, tick=TICKS, bps=st.integers(0, 1000), side=st.sampled_from(Side))
def test_a_limit_is_on_the_tick_within_the_bound_and_next_to_it(
    price: Decimal, tick: Decimal, bps: int, side: Side
) -> None:
    away = 1 if side is Side.BUY else -1
    bound = price * (10_000 + away * bps) / 10_000
    assume(bound >= tick)

    limit = limit_price(side, Price(price), max_slippage_bps=bps, tick=tick)

    assert limit % tick == 0
    assert 0 <= (bound - limit) * away < tick


@given(price=PRICES, tick=TICKS, bps=st.integers(0, 999), side=st.sampled_from(Side))
def test_a_wider_bound_never_gives_a_better_limit(
    price: Decimal, tick: Decimal, bps: int, side: Side
) -> None:
    away = 1 if side is Side.BUY else -1
    assume(price * (10_000 - bps - 1) / 10_000 >= tick)
    near, far = (
        limit_price(side, Price(price), max_slippage_bps=each, tick=tick) for each in (bps, bps + 1)
    )

    assert (far - near) * away >= 0


def test_a_buy_below_the_first_tick_has_no_price() -> None:
    with pytest.raises(InvalidValueError, match=r"no buy price on tick 0\.1 within 50 bps"):
        limit_price(Side.BUY, Price(Decimal("0.05")), max_slippage_bps=50, tick=Decimal("0.1"))


def test_a_sell_is_never_offered_for_nothing() -> None:
    lowest = limit_price(
        Side.SELL, Price(Decimal("0.05")), max_slippage_bps=9000, tick=Decimal("0.1")
    )

    assert lowest == Decimal("0.1")


QTYS = st.decimals(min_value="0.001", max_value="10", places=3)


def market(bid: str, ask: str) -> Ticker:
    return ticker(bid=Price(Decimal(bid)), ask=Price(Decimal(ask)))


@given(price=PRICES, best=PRICES, tick=TICKS, bps=st.integers(0, 999), side=st.sampled_from(Side))
def test_p_10_a_crossing_price_is_on_the_tick_and_past_neither_bound(
    price: Decimal, best: Decimal, tick: Decimal, bps: int, side: Side
) -> None:
    away = 1 if side is Side.BUY else -1
    assume(price * (10_000 + away * bps) / 10_000 >= tick)
    bound = limit_price(side, Price(price), max_slippage_bps=bps, tick=tick)
    quoted = ticker(bid=Price(best), ask=Price(best))

    limit = crossing_price(side, bound, quoted, max_slippage_bps=bps, tick=tick)

    in_sight = best * (10_000 + away * bps) / 10_000
    assert limit % tick == 0
    assert limit > 0
    assert (bound - limit) * away >= 0
    assert limit == bound or (in_sight - limit) * away >= 0


@pytest.mark.parametrize(
    ("side", "bid", "ask", "limit"),
    [
        (Side.BUY, "49000", "49010", "49255"),  # 50 basis points over what is asked
        (Side.BUY, "50200", "50240", "50250"),
        (Side.SELL, "51000", "51010", "50745"),
        (Side.SELL, "49700", "49710", "49750"),
        (Side.SELL, "0", "0", "49750"),
    ],
)
def test_who_crosses_pays_no_more_than_the_market_and_the_decision_allow(
    side: Side, bid: str, ask: str, limit: str
) -> None:
    bound = limit_price(side, Price(Decimal(50_000)), max_slippage_bps=50, tick=Decimal("0.1"))

    found = crossing_price(side, bound, market(bid, ask), max_slippage_bps=50, tick=Decimal("0.1"))

    assert found == (Decimal(limit) if ask != "0" else bound)


@pytest.mark.parametrize(
    ("side", "bid", "ask", "limit"),
    [
        (Side.BUY, "49999", "50001", "49999"),
        (Side.BUY, "50300", "50301", "50250"),
        (Side.SELL, "49999", "50001", "50001"),
        (Side.SELL, "49600", "49700", "49750"),
        (Side.BUY, "0", "0", "50250"),
    ],
)
def test_who_waits_does_so_at_the_best_price_of_his_side_within_the_bound(
    side: Side, bid: str, ask: str, limit: str
) -> None:
    bound = limit_price(side, Price(Decimal(50_000)), max_slippage_bps=50, tick=Decimal("0.1"))

    assert passive_price(side, bound, market(bid, ask)) == Decimal(limit)


@given(
    steps=st.lists(st.tuples(st.integers(1, 50), QTYS), max_size=8),
    qty=QTYS,
    side=st.sampled_from(Side),
)
def test_a_sweep_goes_as_deep_as_all_of_it_needs_and_never_past_the_bound(
    steps: list[tuple[int, Decimal]], qty: Decimal, side: Side
) -> None:
    away = 1 if side is Side.BUY else -1
    price, levels = Decimal(1000), []
    for step, there in steps:
        price += away * step
        levels.append(Level(price=Price(price), qty=Qty(there)))
    bound = Price(Decimal(1000 + away * 100))

    found = sweep_price(side, bound, levels, qty)

    within = [each for each in levels if (bound - each.price) * away >= 0]
    reached = sum(each.qty for each in within if (found - each.price) * away >= 0)
    assert (bound - found) * away >= 0
    assert reached >= qty or found == bound
    if found != bound:
        assert sum(each.qty for each in within if (found - each.price) * away > 0) < qty


def test_a_trigger_that_trails_fires_behind_the_market() -> None:
    trail = Trigger(trail_pct=Decimal(2))

    assert trigger_price(trail, Side.SELL, ticker()) == Decimal(49_000)
    assert trigger_price(trail, Side.BUY, ticker()) == Decimal(51_000)
    assert trigger_price(Trigger(price=Price(Decimal(7))), Side.BUY, ticker()) == 7
