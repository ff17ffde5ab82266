from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.longer_bars import between, made_of
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES
from kraken_pipeline.domain.trade_bars import bars_of, candles_of

MINUTE, FIVE, HOUR = TIMEFRAMES["1m"], TIMEFRAMES["5m"], TIMEFRAMES["1h"]


def minutes(*rows: tuple[str, str, str, str, str, int], first: int = 0) -> Candles:
    """Return one candle after the other: open, high, low, close, volume, trades."""
    opened, high, low, close, volume, trades = zip(*rows, strict=True)
    return Candles(
        pair="XBTUSD",
        timeframe="1m",
        opened_at=tuple(range(first, first + 60 * len(rows), 60)),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        trades=trades,
    )


def quiet(close: str) -> tuple[str, str, str, str, str, int]:
    """Return how the exchange tells a candle in which nothing traded."""
    return close, close, close, close, "0", 0


BUSY = ("90", "95", "80", "85", "0.30000000", 3)


def test_where_nothing_traded_the_candle_before_does_not_count() -> None:
    made = made_of(minutes(quiet("100"), BUSY, quiet("85"), quiet("85"), quiet("85")), FIVE)

    assert (made.open, made.high, made.low, made.close) == (("90",), ("95",), ("80",), ("85",))
    assert (made.volume, made.trades, made.opened_at) == (("0.3",), (3,), (0,))


def test_a_longer_one_in_which_nothing_traded_stays_quiet() -> None:
    made = made_of(minutes(*[quiet("85.50")] * 5), FIVE)

    assert (made.open, made.close, made.volume, made.trades) == (("85.5",), ("85.5",), ("0",), (0,))


@pytest.mark.parametrize("first", [60, -60])
def test_where_a_shorter_one_lacks_none_is_made(first: int) -> None:
    assert len(made_of(minutes(*[BUSY] * 5, first=600 + first), FIVE)) == 0


def test_where_nobody_told_how_many_traded_none_is_made() -> None:
    told = minutes(*[BUSY] * 5)

    assert len(made_of(replace(told, trades=(3, 3, -1, 3, 3)), FIVE)) == 0


def test_a_stretch_is_cut_out() -> None:
    told = minutes(*[BUSY] * 5)

    assert between(told, 60, 180).opened_at == (60, 120)
    assert between(told, 300, 900).opened_at == ()
    assert between(told, 0, 300) is told


@given(
    flow=st.lists(
        st.tuples(st.integers(0, 7199), st.integers(1, 10**6), st.integers(1, 10**9)), max_size=60
    )
)
def test_p_14_longer_candles_are_those_of_the_trades(flow: list[tuple[int, int, int]]) -> None:
    trades = [
        PublicTrade(
            trade_id=None,
            price=Price(Decimal(price) / 100),
            qty=Qty(Decimal(qty) / 10**8),
            taker_side=Side.BUY,
            is_limit=True,
            at=EPOCH + timedelta(seconds=at),
        )
        for at, price, qty in sorted(flow)
    ]
    told = _with_quiet(candles_of(bars_of(trades, MINUTE), "XBTUSD", MINUTE))

    made = made_of(told, HOUR)

    ours = {
        row[0]: row
        for row in zip(*(getattr(made, each) for each in _FIELDS), strict=True)
        if row[-1]
    }
    theirs = candles_of(bars_of(trades, HOUR), "XBTUSD", HOUR)
    expected = zip(*(getattr(theirs, each) for each in _FIELDS), strict=True)
    assert ours == {row[0]: row for row in expected}


_FIELDS = ("opened_at", "open", "high", "low", "close", "volume", "trades")


def _with_quiet(candles: Candles) -> Candles:
    """Fill what is absent in two hours as the exchange's OHLC does."""
    columns = ("open", "high", "low", "close", "volume", "trades")
    told = {
        row[0]: row[1:]
        for row in zip(
            candles.opened_at, *(getattr(candles, each) for each in columns), strict=True
        )
    }
    rows, close = [], "1"
    for at in range(0, 7200, 60):
        rows.append(told.get(at, quiet(close)))
        close = rows[-1][3]
    return minutes(*rows)
