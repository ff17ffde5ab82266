"""How the market fills orders that rest."""

from decimal import Decimal

from kraken_pipeline.simulator import catalog, flow, house
from kraken_pipeline.simulator.candles import MINUTE, Candle
from kraken_pipeline.simulator.engine import Resting, Side

PAIR = catalog.pair("XBT", "USD")
STEP = 10 ** (PAIR.price_decimals - PAIR.pair_decimals)
PRICE = Decimal(50_000)


def rises_to(price: Decimal) -> Candle:
    high = int(price.scaleb(PAIR.price_decimals))
    return Candle(
        time=0, seconds=MINUTE, open=high - 1000 * STEP, high=high, low=high - 1000 * STEP,
        close=high, vwap=high, volume=10**12, count=50, step=STEP,
    )  # fmt: skip


def ask(shown: str | None) -> Resting:
    return Resting(
        id="O1", owner="account", side=Side.SELL, price=PRICE, qty=Decimal(5), rank=1,
        shown=None if shown is None else Decimal(shown),
    )  # fmt: skip


def filled(order: Resting, top: Decimal) -> Decimal:
    return sum(
        (hit.qty for hit in flow.hits(PAIR, [order], [rises_to(top)], -1, MINUTE)), Decimal(0)
    )


def test_a_price_that_only_touches_an_iceberg_takes_what_it_shows() -> None:
    assert house.queue_ahead(PAIR, PRICE) < 100
    assert filled(ask(None), PRICE) == 5
    assert filled(ask("0.5"), PRICE) == Decimal("0.5")


def test_a_price_that_goes_through_an_iceberg_takes_all_of_it() -> None:
    assert filled(ask("0.5"), PRICE + 1) == 5
