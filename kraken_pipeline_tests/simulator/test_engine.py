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


def naively_matched(incoming: Incoming, against: list[Resting]) -> tuple[list[str], list[str]]:
    """Trade lot by lot with whatever is best then; return whom each lot met, and who went."""
    lots: list[str] = []
    gone: list[str] = []
    left = {order.id: order.qty for order in against}
    wanted, budget = incoming.qty, incoming.budget
    while wanted is None or wanted > 0:
        alive = [o for o in against if left[o.id] > 0 and o.id not in gone]
        willing = [
            o
            for o in alive
            if incoming.limit is None
            or (incoming.limit - o.price) * (1 if incoming.side is Side.BUY else -1) >= 0
        ]
        if not willing:
            break
        sign = 1 if incoming.side is Side.BUY else -1
        best = min(willing, key=lambda each: (sign * each.price, each.rank))
        if budget is not None and best.price * incoming.lot > budget:
            break
        if best.owner == incoming.owner:
            gone += [best.id] if incoming.stp != "cancel-newest" else []
            if incoming.stp == "cancel-oldest":
                continue
            break
        lots.append(best.id)
        left[best.id] -= incoming.lot
        wanted = None if wanted is None else wanted - incoming.lot
        budget = None if budget is None else budget - best.price * incoming.lot
    return lots, gone


@st.composite
def incomings(draw: st.DrawFn) -> Incoming:
    lot = Decimal("0.1")
    budget, limit = draw(st.none() | st.integers(1, 1500)), draw(st.none() | st.integers(94, 106))
    return Incoming(
        owner=draw(OWNERS),
        side=draw(st.sampled_from(Side)),
        qty=None if budget else draw(st.integers(1, 120)) * lot,
        limit=None if limit is None else Decimal(limit),
        budget=None if budget is None else Decimal(budget),
        lot=lot,
        stp=draw(st.sampled_from(["cancel-newest", "cancel-oldest", "cancel-both"])),
    )


@given(orders=arrivals(), incoming=incomings())
def test_matching_agrees_with_one_that_trades_lot_by_lot(
    orders: list[Resting], incoming: Incoming
) -> None:
    against = [order for order in orders if order.side is not incoming.side]

    outcome = match(incoming, book(against).against(incoming.side))

    lots, gone = naively_matched(incoming, against)
    traded = {found.resting.id: found.qty for found in outcome.matches}
    assert traded == {each: lots.count(each) * incoming.lot for each in lots}
    assert [found.resting.id for found in outcome.matches] == list(dict.fromkeys(lots))
    assert list(outcome.gone) == gone
