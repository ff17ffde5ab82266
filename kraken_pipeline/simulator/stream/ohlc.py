"""The ohlc channel: past candles, then the running one at each trade.

No row says that its candle is closed. A candle without a trade has no row.

Source: kraken/ws_v2.md §4, ohlc.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from kraken_pipeline.simulator.candles import MINUTE, NAMES, Candles
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import served
from kraken_pipeline.simulator.stream import frames, units
from kraken_pipeline.simulator.stream.look import Look, moment

INTERVALS: Final = frozenset({1, 5, 15, 30, 60, 240, 1440, 10080, 21600})
SNAPSHOT_ROWS: Final = 120
"""Kraken does not say how many it sends; clients have seen several hundred."""


class CandleChannel:
    """The candles of one pair and interval."""

    levels: Final = 0

    def __init__(self, minutes: int) -> None:
        self._seconds = minutes * MINUTE

    def snapshot(self, look: Look) -> str:
        """Return past candles, the running one among them."""
        since = look.seconds - SNAPSHOT_ROWS * self._seconds
        rows = [*self._traded(look, since)][-SNAPSHOT_ROWS:]
        return _frame("snapshot", rows, look.at)

    def update(self, look: Look) -> str | None:
        """Return the candles that traded since the last look, the running one last."""
        if not look.prints or look.candle is None or look.candle.seconds > self._seconds:
            return None
        start = int(look.seconds) // self._seconds * self._seconds
        if look.prints[0].at >= start:
            rows = [self._running(look, start)]
        else:
            rows = [*self._traded(look, look.prints[0].at)]
        return _frame("update", rows, look.at) if rows else None

    def _running(self, look: Look, start: int) -> str:
        span = look.since(start)
        if span is None:
            raise LookupError(f"{look.pair.display} traded but has no candle")
        numbers = (span.open, span.high, span.low, span.close, span.count, span.volume, span.vwap)
        return self._row(look.pair, start, numbers)

    def _traded(self, look: Look, since: float) -> Iterator[str]:
        found, _ = served(look.market, look.pair, self._seconds, since, look.seconds)
        for time, opened, high, low, close, vwap, amount, count in _rows(found):
            if count:
                numbers = (opened, high, low, close, count, amount, vwap)
                yield self._row(look.pair, time, numbers)

    def _row(self, pair: Pair, start: int, numbers: tuple[int, ...]) -> str:
        opened, high, low, close, count, amount, vwap = numbers
        return frames.members(
            {
                "symbol": frames.text(pair.display),
                "open": units.price(pair, opened),
                "high": units.price(pair, high),
                "low": units.price(pair, low),
                "close": units.price(pair, close),
                "trades": str(count),
                "volume": units.volume(pair, amount),
                "vwap": units.average(pair, vwap),
                "interval_begin": frames.nanos(moment(start)),
                "interval": str(self._seconds // MINUTE),
                "timestamp": frames.micros(moment(start + self._seconds)),
            }
        )


def _rows(found: Candles) -> Iterable[tuple[int, ...]]:
    return zip(*(frames.column(getattr(found, name)) for name in NAMES), strict=True)


def _frame(kind: str, rows: Iterable[str], at: datetime) -> str:
    return (
        f'{{"channel":"ohlc","type":"{kind}","timestamp":{frames.nanos(at)},'
        f'"data":{frames.listed(rows)}}}'
    )
