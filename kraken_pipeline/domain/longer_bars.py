"""Longer candles made of shorter ones, exactly as the exchange makes both from trades (HIS-2).

A candle in which nothing traded repeats the close before it. Beside candles with trades it tells
nothing: the exchange's longer one opens at the first trade. Alone it stays what it is.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.timeframes import Timeframe, timeframe
from kraken_pipeline.domain.trade_bars import TradeBar, candles_of, joined


def made_of(shorter: Candles, frame: Timeframe) -> Candles:
    """Return the candles of a longer timeframe of which every shorter one is there.

    One whose number of trades nobody told makes none.

    Args:
        shorter: oldest first, no candle twice.
        frame: a multiple of theirs.
    """
    needed = frame.seconds // timeframe(shorter.timeframe).seconds
    made = [
        _one(slot)
        for _, slots in groupby(_bars(shorter), lambda each: each.opened_at // frame.seconds)
        if len(slot := list(slots)) == needed and all(each.trades >= 0 for each in slot)
    ]
    return candles_of([each for one in made for each in joined(one, frame)], shorter.pair, frame)


def between(candles: Candles, first: int, until: int) -> Candles:
    """Return those that open from `first` (Unix seconds) on and before `until`."""
    rows = [row for row, opened in enumerate(candles.opened_at) if first <= opened < until]
    if len(rows) == len(candles):
        return candles
    kept = slice(rows[0], rows[-1] + 1) if rows else slice(0)
    return Candles(
        pair=candles.pair,
        timeframe=candles.timeframe,
        opened_at=candles.opened_at[kept],
        open=candles.open[kept],
        high=candles.high[kept],
        low=candles.low[kept],
        close=candles.close[kept],
        volume=candles.volume[kept],
        trades=candles.trades[kept],
    )


def _one(slot: Sequence[TradeBar]) -> list[TradeBar]:
    """Return what counts of the shorter candles of one longer."""
    return [each for each in slot if each.trades] or [slot[-1]]


def _bars(candles: Candles) -> Iterator[TradeBar]:
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    for opened, trades, *told in zip(candles.opened_at, candles.trades, *columns, strict=True):
        prices = [Price(Decimal(each)) for each in told[:4]]
        yield TradeBar(
            opened_at=opened,
            open=prices[0],
            high=prices[1],
            low=prices[2],
            close=prices[3],
            volume=Decimal(told[4]),
            trades=trades,
        )
