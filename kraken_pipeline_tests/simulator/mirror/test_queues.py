from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.simulator.engine import Resting, Side
from kraken_pipeline.simulator.mirror.queues import Queues

AMOUNTS = st.integers(1, 1000).map(Decimal)
PRICE = Decimal(100)


def resting(side: Side = Side.BUY, qty: Decimal = Decimal(5), **changed: Decimal) -> Resting:
    return Resting(
        id="ours", owner="us", side=side, price=changed.get("price", PRICE), qty=qty, rank=1
    )


def standing(ahead: Decimal | None, order: Resting | None = None) -> Queues:
    """Return queues in which so much stands before an order."""
    queues = Queues({})
    queues.look([order or resting()], lambda _: ahead)
    return queues


@given(ahead=AMOUNTS, trades=st.lists(AMOUNTS, max_size=20), qty=AMOUNTS)
def test_at_its_price_an_order_gets_what_trades_beyond_the_queue(
    ahead: Decimal, trades: list[Decimal], qty: Decimal
) -> None:
    queues, left = standing(ahead, resting(qty=qty)), qty
    for traded in trades:
        left -= queues.reached(resting(qty=left), PRICE, traded)

    assert qty - left == min(max(sum(trades, Decimal(0)) - ahead, Decimal(0)), qty)


@given(qty=AMOUNTS, traded=AMOUNTS, ahead=st.none() | AMOUNTS, side=st.sampled_from(Side))
def test_a_trade_through_the_price_does_not_wait_for_the_queue(
    qty: Decimal, traded: Decimal, ahead: Decimal | None, side: Side
) -> None:
    order = resting(side, qty)
    through = PRICE - 1 if side is Side.BUY else PRICE + 1

    assert standing(ahead, order).reached(order, through, traded) == min(qty, traded)


@given(traded=AMOUNTS, ahead=st.none() | AMOUNTS, side=st.sampled_from(Side))
def test_a_trade_short_of_the_price_is_none_of_ours(
    traded: Decimal, ahead: Decimal | None, side: Side
) -> None:
    short = PRICE + 1 if side is Side.BUY else PRICE - 1

    assert standing(ahead, resting(side)).reached(resting(side), short, traded) == 0


def test_where_the_book_does_not_reach_only_a_trade_through_fills() -> None:
    queues = standing(None)
    assert queues.reached(resting(), PRICE, Decimal(1000)) == 0

    queues.look([resting()], lambda _: Decimal(3))

    assert queues.reached(resting(), PRICE, Decimal(4)) == 1


@given(ahead=AMOUNTS, later=AMOUNTS)
def test_a_queue_only_gets_shorter(ahead: Decimal, later: Decimal) -> None:
    queues = standing(ahead)
    queues.look([resting()], lambda _: later)

    assert queues.places["ours"].ahead == min(ahead, later)


def test_an_order_that_moves_begins_at_the_end() -> None:
    queues, moved = standing(Decimal(0)), resting(price=Decimal(99))
    queues.look([moved], lambda _: Decimal(7))

    assert queues.reached(moved, moved.price, Decimal(7)) == 0


def test_what_an_iceberg_hides_stands_behind_everybody() -> None:
    iceberg = Resting(
        id="ours",
        owner="us",
        side=Side.BUY,
        price=PRICE,
        qty=Decimal(5),
        shown=Decimal(2),
        rank=1,
    )

    assert standing(Decimal(0), iceberg).reached(iceberg, PRICE, Decimal(9)) == 2


def test_an_order_that_is_gone_has_no_place() -> None:
    queues = standing(Decimal(1))
    queues.look([], lambda _: Decimal(0))

    assert queues.places == {}
