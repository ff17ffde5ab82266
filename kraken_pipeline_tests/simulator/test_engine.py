"""Matching by price and time."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.engine import (
    NOTHING,
    Book,
    Incoming,
    Resting,
    Side,
    book,
    enter,
    match,
)

OWNERS = st.sampled_from(["ann", "bob", "cid"])


@st.composite
def arrivals(draw: st.DrawFn) -> list[Resting]:
    count = draw(st.integers(1, 25))
    return [
        Resting(
            id=str(number),
            owner=draw(OWNERS),
            side=draw(st.sampled_from(Side)),
            price=Decimal(draw(st.integers(95, 105))),
            qty=Decimal(draw(st.integers(1, 20))) / 10,
            rank=number,
        )
        for number in range(count)
    ]


def entered(orders: list[Resting]) -> Book:
    found = book([])
    for order in orders:
        found, _ = enter(found, order)
    return found


@given(arrivals())
def test_a_book_never_crosses(orders: list[Resting]) -> None:
    found = entered(orders)

    if found.bids and found.asks:
        assert found.bids[0].price < found.asks[0].price


@given(arrivals())
def test_what_trades_and_what_stays_is_what_came(orders: list[Resting]) -> None:
    found, traded, dropped = book([]), NOTHING, NOTHING
    for order in orders:
        found, outcome = enter(found, order)
        traded += 2 * sum((each.qty for each in outcome.matches), NOTHING)
        if outcome.met_itself:
            dropped += outcome.left or NOTHING

    resting = sum((order.qty for order in (*found.bids, *found.asks)), NOTHING)
    assert sum((order.qty for order in orders), NOTHING) == traded + dropped + resting


@given(arrivals())
def test_better_prices_trade_first_and_older_ones_at_the_same(orders: list[Resting]) -> None:
    resting, taker = entered(orders[:-1]), orders[-1]
    incoming = Incoming(owner="dan", side=taker.side, qty=taker.qty * 5, limit=taker.price)
    against = resting.against(taker.side)

    matches = match(incoming, against).matches

    assert [found.resting.id for found in matches] == [o.id for o in against[: len(matches)]]
    ranks = [(abs(found.resting.price - against[0].price), found.resting.rank) for found in matches]
    assert ranks == sorted(ranks)


@given(arrivals())
def test_nobody_trades_with_himself_or_past_his_limit(orders: list[Resting]) -> None:
    found = book([])
    for order in orders:
        found, outcome = enter(found, order)

        for each in outcome.matches:
            assert each.resting.owner != order.owner
            better = each.resting.price <= order.price
            assert better if order.side is Side.BUY else each.resting.price >= order.price


@given(arrivals(), st.integers(1, 2000))
def test_a_budget_is_never_exceeded(orders: list[Resting], budget: int) -> None:
    resting = entered(orders)
    incoming = Incoming(owner="dan", side=Side.BUY, qty=None, budget=Decimal(budget))

    outcome = match(incoming, resting.asks)

    assert sum((found.cost for found in outcome.matches), NOTHING) <= budget
