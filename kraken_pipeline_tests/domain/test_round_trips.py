from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.book_steps import Step, walked
from kraken_pipeline.domain.lots import DUST, Fill, Transfer
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.order_terms import Purpose
from kraken_pipeline.domain.renames import Conversion
from kraken_pipeline.domain.round_trips import RoundTrip, Sent, round_trips
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import NOW, fill

PLACE = ("trend_core@1h", "XBTUSD")
MINUTE = timedelta(minutes=1)
BUY = Sent(purpose=Purpose.OPEN, stop_distance=Decimal("0.02"))
SALE = Sent(purpose=Purpose.CLOSE, stop_distance=ZERO)
STOP = Sent(purpose=Purpose.PROTECT, stop_distance=ZERO)


def step(minute: int, side: Side, qty: str, price: str, **changes: object) -> Fill:
    """Return a fill at a price, with a fee of one, of an order named after its side."""
    amount, at = Decimal(qty), Decimal(price)
    told = fill(
        trade_id=f"T{minute}",
        kraken_order_id=side.value,
        side=side,
        qty=Qty(amount),
        price=Price(at),
        cost=amount * at,
        fee=Decimal(1),
        at=NOW + minute * MINUTE,
    )
    return replace(told, **changes)  # type: ignore[arg-type]  # `replace` checks names


def trips(*steps: Step, sale: Sent = SALE) -> list[RoundTrip]:
    return list(round_trips(PLACE, steps, {"buy": BUY, "sell": sale}))


def test_what_was_bought_and_sold_again_is_one_round_trip_after_its_fees() -> None:
    [found] = trips(step(0, Side.BUY, "1", "100"), step(5, Side.SELL, "1", "110"))

    assert (found.cost, found.profit, found.share) == (Decimal(100), Decimal(8), Decimal("0.08"))
    assert (found.opened_at, found.at) == (NOW, NOW + 5 * MINUTE)
    assert (found.book, found.pair, found.trade_id) == (*PLACE, "T5")
    assert not found.is_stopped


def test_several_buys_and_sales_are_one_until_it_is_flat() -> None:
    found = trips(
        step(0, Side.BUY, "1", "100"),
        step(1, Side.BUY, "1", "90"),
        step(2, Side.SELL, "1.5", "100"),
        step(3, Side.SELL, "0.5", "100"),
        step(4, Side.BUY, "1", "50"),
    )

    assert [(each.cost, each.profit) for each in found] == [(Decimal(190), Decimal(6))]


def test_the_fee_of_the_buy_counts_in_its_own_round_trip() -> None:
    found = trips(
        *(step(at, Side.BUY, "1", "100") for at in (0, 2)),
        step(3, Side.SELL, "2", "100"),
        step(4, Side.BUY, "1", "100"),
        step(5, Side.SELL, "1", "100"),
    )

    assert [each.profit for each in found] == [-3, -2]


def test_what_a_protective_stop_sold_last_was_stopped_also_with_a_profit() -> None:
    [found] = trips(step(0, Side.BUY, "1", "100"), step(1, Side.SELL, "1", "120"), sale=STOP)

    assert found.is_stopped


@pytest.mark.parametrize(("price", "stopped"), [("99.1", False), ("98.9", True)])
def test_what_lost_as_much_as_its_stop_allows_was_stopped_whatever_sold_it(
    price: str, *, stopped: bool
) -> None:
    # the fee of the buy counts: at 99 it is down by 2 of 100, its stop distance
    [found] = trips(step(0, Side.BUY, "1", "100"), step(1, Side.SELL, "1", price, fee=ZERO))

    assert found.is_stopped is stopped


def test_a_rest_that_becomes_dust_ends_the_round_trip() -> None:
    dust = Transfer(
        transfer_id="X1",
        pair=PLACE[1],
        from_book=PLACE[0],
        to_book=DUST,
        qty=Qty(Decimal("0.1")),
        cost=Decimal(10),
        at=NOW + 2 * MINUTE,
        reason="too small",
    )

    [found] = trips(step(0, Side.BUY, "1", "100"), step(1, Side.SELL, "0.9", "100"), dust)

    assert (found.trade_id, found.profit) == ("X1", Decimal(-2))


def test_another_name_of_the_asset_ends_no_round_trip() -> None:
    renamed = Conversion(
        conversion_id="C1",
        book=PLACE[0],
        from_asset=Asset("XBT"),
        to_asset=Asset("NEW"),
        ratio=Decimal(1),
        effective_at=NOW,
        from_pair=PLACE[1],
        to_pair="NEWUSD",
        qty=Qty(Decimal(1)),
        to_qty=Qty(Decimal(1)),
        cost=Decimal(100),
        at=NOW + MINUTE,
    )

    assert trips(step(0, Side.BUY, "1", "100"), renamed) == []


def test_an_order_that_nobody_knows_counts_as_no_stop() -> None:
    steps = (step(0, Side.BUY, "1", "100"), step(1, Side.SELL, "1", "50"))

    [found] = round_trips(PLACE, steps, {})

    assert not found.is_stopped


@given(st.lists(st.tuples(st.sampled_from(Side), st.integers(1, 5), st.integers(1, 200))))
def test_the_profits_of_round_trips_are_what_the_books_realised_while_flat(
    told: list[tuple[Side, int, int]],
) -> None:
    steps = [step(at, side, str(qty), str(price)) for at, (side, qty, price) in enumerate(told)]

    found = trips(*steps)

    positions = [after for _, after in walked(PLACE, steps)]
    assert all(each.cost > 0 for each in found)
    if positions and not positions[-1].qty and all(not each.uncosted for each in positions):
        assert sum(each.profit for each in found) == positions[-1].realised
