"""Candles as they run. Pure.

Kraken repeats the running candle with each trade and never says that one is closed: it is once a
later one was heard, or once its end has passed. A silent interval has no candle.

Source: docs.kraken.com/api/docs/websocket-v2/ohlc.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.kraken.stream.frames import CandleFrame, CandleRow, candle_frame
from kraken_pipeline.kraken.stream.liveness import Pulse
from kraken_pipeline.kraken.stream.numbers import decimal_of, moment_of

KEPT: Final = 720
"""Candles of a pair and an interval that are kept: as many as REST keeps."""
INTERVALS: Final = frozenset({1, 5, 15, 30, 60, 240, 1440, 10080, 21600})
"""Minutes of a candle that Kraken offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleView:
    """A candle. Prices in quote per base, volume in base."""

    opened_at: datetime
    closes_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    vwap: Decimal
    trades: int
    is_closed: bool


class _Kept:
    __slots__ = ("pulse", "rows")

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse
        self.rows: OrderedDict[str, CandleRow] = OrderedDict()


class Candles:
    """Keeps candles by symbol and interval. Used by one thread, or under its owner's lock."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], _Kept] = {}

    def follow(self, symbol: str, interval: int, *, pulse: Pulse) -> None:
        """Keep a pair's candles of an interval, in minutes, from now on."""
        self._kept.setdefault((symbol, interval), _Kept(pulse))

    def hear(self, frame: bytes, at: float) -> CandleFrame:
        """Take a frame of the channel and return it read.

        Raises:
            msgspec.DecodeError: it is not of the channel's shape.
        """
        told = candle_frame(frame)
        for row in told.data:
            kept = self._kept.get((row.symbol, row.interval))
            if kept is None:
                continue
            kept.pulse.beat(at)
            kept.rows[row.interval_begin] = row
            if len(kept.rows) > KEPT:
                kept.rows.popitem(last=False)
        return told

    def view(self, symbol: str, interval: int, *, now: datetime) -> tuple[CandleView, ...]:
        """Return a pair's candles of an interval, oldest first.

        Args:
            symbol: as the stream spells it.
            interval: in minutes.
            now: the exchange's time.

        Raises:
            UnexpectedReplyError: a field is odd.
        """
        kept = self._kept.get((symbol, interval))
        if kept is None or not kept.rows:
            return ()
        begins = {text: moment_of(text) for text in kept.rows}
        newest = max(begins.values())
        return tuple(
            _candle(kept.rows[text], begins[text], newest=newest, now=now)
            for text in sorted(begins, key=begins.__getitem__)
        )


def _candle(row: CandleRow, begin: datetime, *, newest: datetime, now: datetime) -> CandleView:
    end = begin + timedelta(minutes=row.interval)
    return CandleView(
        opened_at=begin,
        closes_at=end,
        open=decimal_of(row.open, "ohlc: open"),
        high=decimal_of(row.high, "ohlc: high"),
        low=decimal_of(row.low, "ohlc: low"),
        close=decimal_of(row.close, "ohlc: close"),
        volume=decimal_of(row.volume, "ohlc: volume"),
        vwap=decimal_of(row.vwap, "ohlc: vwap"),
        trades=row.trades,
        is_closed=begin < newest or now >= end,
    )
