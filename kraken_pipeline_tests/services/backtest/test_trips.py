from datetime import timedelta
from decimal import Decimal

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.services.backtest.trips import round_trips
from kraken_pipeline_tests.builders import fill
from kraken_pipeline_tests.services.backtest.runs import BEGUN, HOUR


def test_a_round_trip_goes_from_the_first_buy_to_the_last_sale() -> None:
    told = [(Side.BUY, 100, 1), (Side.BUY, 110, 1), (Side.SELL, 120, 1), (Side.SELL, 90, 1)]
    fills = [
        fill(
            side=side,
            price=Price(Decimal(price)),
            qty=Qty(Decimal(qty)),
            cost=Decimal(price * qty),
            fee=Decimal(1),
            quote_rate=Decimal(1),
            at=BEGUN + hour * HOUR,
            kraken_order_id=f"O{hour}",
        )
        for hour, (side, price, qty) in enumerate(told)
    ]

    [trip] = round_trips(fills, {"O0": "up", "O3": "down"})

    assert (trip.entry_price, trip.exit_price, trip.qty) == (Decimal(105), Decimal(105), Decimal(2))
    assert (trip.profit, trip.fees) == (Decimal(-4), Decimal(4))
    assert trip.closed_at - trip.opened_at == timedelta(hours=3)
    assert (trip.why_opened, trip.why_closed) == ("up", "down")


def test_what_is_still_held_is_no_round_trip() -> None:
    assert round_trips([fill(side=Side.BUY)], {}) == ()
