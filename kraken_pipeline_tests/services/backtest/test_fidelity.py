"""The exchange over bars trades as the simulator's engine does, but for the rules of the docs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import LIMITED, TRIGGERED, Close, Trigger
from kraken_pipeline.domain.orders import Order
from kraken_pipeline_tests.services.backtest.both import (
    LATE,
    Act,
    Changed,
    Hours,
    Row,
    Sent,
    Told,
    Trade,
    at_simulator,
    over_bars,
)
from kraken_pipeline_tests.services.backtest.runs import BEGUN, EXACT_FILLS, HOUR
from kraken_pipeline_tests.services.backtest.test_exchange import wanted

HOURS: Final = 5
TYPES: Final = (
    "market",
    "limit",
    "stop-loss",
    "stop-loss-limit",
    "take-profit",
    "take-profit-limit",
    "trailing-stop",
)
NAME: Final = "00000000-0000-4000-8000-000000000001"
TRAILS: Final = tuple(map(Decimal, ("0.5", "1.5", "3.5")))
"""In percent: no stop of a whole price is whole, so that none is touched as a bar ends."""
HALF: Final = Decimal("0.5")
"""Prices of bars are whole dollars and those of orders lie between: none is only touched."""

BESIDE: Final = Decimal("0.2")
"""Those of closes lie beside both: none is where the order that brings it forth trades."""


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    made = []
    for _ in range(HOURS):
        opened, close, high, low = (draw(st.integers(90, 110)) for _ in range(4))
        made.append((opened, max(opened, close, high), min(opened, close, low), close))
    return made


@st.composite
def sendings(draw: st.DrawFn) -> Sent:
    hour = draw(st.integers(0, HOURS - 1))
    order_type = draw(st.sampled_from(TYPES))
    price = draw(st.integers(88, 112)) + HALF
    ways = [("GTC", False), ("GTD", False), ("IOC", False), ("GTC", True)]
    if order_type != "limit":
        ways = ways[:2]
    time_in_force, post_only = draw(st.sampled_from(ways))
    trigger = None
    if order_type in TRIGGERED:
        trigger = Trigger(price=Price(draw(st.integers(88, 112)) + HALF))
    if order_type == "trailing-stop":
        trigger = Trigger(trail_pct=draw(st.sampled_from(TRAILS)))
    order = wanted(
        cl_ord_id=NAME,
        side=draw(st.sampled_from(Side)),
        order_type=order_type,
        time_in_force=time_in_force if order_type in LIMITED else "GTC",
        qty=Qty(Decimal(draw(st.integers(10, 99))).scaleb(-3)),
        limit_price=Price(price),
        post_only=post_only,
        trigger=trigger,
        expires_at=BEGUN + (hour + draw(st.integers(0, HOURS))) * HOUR + timedelta(minutes=7),
    )
    return Sent(hour=hour, order=order)


@st.composite
def changed_or_not(draw: st.DrawFn) -> list[Act]:
    """Return an order, and perhaps a change of it where it may rest."""
    sent = draw(sendings())
    acts: list[Act] = [sent]
    may_rest = sent.order.order_type == "limit" and not sent.order.post_only
    if may_rest and sent.hour + 1 < HOURS and draw(st.booleans()):
        limit = draw(st.none() | st.integers(88, 112).map(lambda found: Price(found + HALF)))
        hour = draw(st.integers(sent.hour + 1, HOURS - 1))
        acts.append(Changed(hour=hour, order=sent.order, limit=limit))
    return acts


def require_alike(order: Order, expected: Told, told: Told) -> None:
    about = f"{order.side} {order.order_type} {order.time_in_force}: {told}, not {expected}"
    assert [what for _, what in told] == [what for _, what in expected], about
    for (then, _), (at, _) in zip(expected, told, strict=True):
        assert abs(at - then) <= LATE, about


@settings(max_examples=120, deadline=None)
@given(rows=rows(), acts=changed_or_not())
def test_without_a_spread_everything_fills_alike(rows: Sequence[Row], acts: Sequence[Act]) -> None:
    hours = Hours(rows=rows)
    expected, told = at_simulator(hours, acts), over_bars(hours, acts)

    require_alike(acts[0].order, expected[NAME], told[NAME])


@st.composite
def closes(draw: st.DrawFn) -> Close:
    order_type = draw(st.sampled_from(sorted((LIMITED | TRIGGERED) - {"trailing-stop"})))
    price = st.integers(85, 115).map(lambda found: Price(found + BESIDE))
    return Close(
        order_type=order_type,
        trigger_price=draw(price) if order_type in TRIGGERED else None,
        limit_price=draw(price) if order_type in LIMITED else None,
    )


@settings(max_examples=80, deadline=None)
@given(rows=rows(), sent=sendings(), close=closes())
def test_what_closes_a_fill_trades_alike(rows: Sequence[Row], sent: Sent, close: Close) -> None:
    hours, acts = Hours(rows=rows), [replace(sent, order=replace(sent.order, close=close))]
    expected, told = at_simulator(hours, acts), over_bars(hours, acts)

    require_alike(sent.order, expected[NAME], told[NAME])


@settings(max_examples=80, deadline=None)
@given(rows=rows(), acts=changed_or_not(), spread_bps=st.sampled_from([1, 10, 40, 200]))
def test_beside_a_spread_takers_pay_alike_and_makers_wait_longer(
    rows: Sequence[Row], acts: Sequence[Act], spread_bps: int
) -> None:
    model = replace(EXACT_FILLS, spread_bps=Decimal(spread_bps))
    hours = Hours(rows=rows, model=model)
    expected, told = at_simulator(hours, acts), over_bars(hours, acts)

    if any(isinstance(what, Trade) and what.maker for _, what in expected[NAME]):
        require_later(expected[NAME], told[NAME])
    else:
        require_alike(acts[0].order, expected[NAME], told[NAME])


def require_later(expected: Told, told: Told) -> None:
    """Rule "spread": it fills when the other side comes to it, not when the price does."""
    then, first = expected[0]
    assert isinstance(first, Trade)
    for at, what in told:
        if isinstance(what, Trade):
            assert at >= then - LATE
            assert (what.price, what.maker, what.fee) == (first.price, True, first.fee)


@pytest.mark.parametrize(("limit", "fills"), [("100.5", True), ("100", True), ("99.5", False)])
@pytest.mark.parametrize("time_in_force", ["IOC", "FOK"])
def test_what_may_not_rest_ends_alike_where_little_trades(
    limit: str, time_in_force: str, *, fills: bool
) -> None:
    order = wanted(
        cl_ord_id=NAME,
        time_in_force=time_in_force,
        qty=Qty(Decimal("0.5")),
        limit_price=Price(Decimal(limit)),
    )
    hours = Hours(
        rows=[(100, 100, 100, 100)] * 2,
        model=replace(EXACT_FILLS, volume_share=Decimal("0.2")),
        volume=2,
    )
    acts = [Sent(hour=0, order=order)]
    expected = at_simulator(hours, acts)[NAME]

    require_alike(order, expected, over_bars(hours, acts)[NAME])
    assert any(isinstance(what, Trade) for _, what in expected) is (
        fills and time_in_force == "IOC"
    )


def test_a_price_that_only_touches_fills_nothing_over_bars() -> None:
    """Rule "touch": whoever came before is served first, and bars do not tell how many did."""
    order = wanted(
        cl_ord_id=NAME,
        time_in_force="GTC",
        qty=Qty(Decimal("0.05")),
        limit_price=Price(Decimal(99)),
    )
    hours = Hours(rows=[(100, 100, 99, 100)] * 2)
    acts = [Sent(hour=0, order=order)]

    assert at_simulator(hours, acts)[NAME]
    assert over_bars(hours, acts)[NAME] == []


def test_a_market_order_waits_over_bars_for_what_the_next_ones_trade() -> None:
    """Rule "share": no more than a share of a bar is ours; the engine has a book that ends."""
    order = wanted(
        cl_ord_id=NAME,
        order_type="market",
        time_in_force="GTC",
        qty=Qty(Decimal("0.5")),
    )
    hours = Hours(
        rows=[(100, 100, 100, 100)] * 3,
        model=replace(EXACT_FILLS, volume_share=Decimal("0.1")),
        volume=2,
    )
    acts = [Sent(hour=0, order=order)]
    expected = at_simulator(hours, acts)[NAME]
    told = over_bars(hours, acts)[NAME]

    assert [what.qty for _, what in expected if isinstance(what, Trade)] == [Decimal("0.2")]
    assert [what.qty for _, what in told if isinstance(what, Trade)] == [
        Decimal("0.2"),
        Decimal("0.2"),
        Decimal("0.1"),
    ]
