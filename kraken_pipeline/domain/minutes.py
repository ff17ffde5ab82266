"""Minutes of a pair as a stream told them, and longer bars made of them as they pass.

A minute says whether it is proven. Only what is proven is stored from the stream; the rest is asked
of REST.
"""

from dataclasses import dataclass, replace
from typing import Final

from kraken_pipeline.domain.money import EXACT, ZERO, Price
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.domain.trade_bars import TradeBar

MINUTE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What is known of a minute that is over."""

    bar: TradeBar | None
    """None where nothing traded, or nothing is known."""
    doubt: str
    """Why it is not proven, in words; empty where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A bar of a timeframe, made of the minutes that have passed of it."""

    opened_at: int
    """Unix seconds, UTC."""
    until: int
    """Open time of the first minute that is not in it."""
    bar: TradeBar | None
    """None while nothing traded in it."""

    def is_whole(self, frame: Timeframe) -> bool:
        """Tell whether every minute of it is in it."""
        return self.until == self.opened_at + frame.seconds


def with_minute(
    running: Running | None, minute: TradeBar | None, opened_at: int, frame: Timeframe
) -> Running | None:
    """Return the bar of a timeframe with one more minute, or None where it lacks one.

    A bar that lacks a minute is given up until the next one of its timeframe begins.

    Args:
        running: as it was after the minute before.
        minute: what traded in it; None for nothing.
        opened_at: when it opened, Unix seconds.
        frame: whose bar it is.
    """
    begins = opened_at - opened_at % frame.seconds
    if opened_at == begins:
        running = Running(opened_at=begins, until=begins, bar=None)
    if running is None or running.until != opened_at:
        return None
    return Running(
        opened_at=begins,
        until=opened_at + MINUTE_SECONDS,
        bar=_longer(running.bar, minute, begins),
    )


def flat(opened_at: int, price: Price) -> TradeBar:
    """Return the bar of a time in which nothing traded, as REST tells it.

    Args:
        opened_at: Unix seconds.
        price: of the last trade before it.

    Source: docs.kraken.com/api/docs/rest-api/get-ohlc-data, seen live: REST has a candle for it,
        with the close before as its four prices, no volume and no trade.
    """
    return TradeBar(
        opened_at=opened_at,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=ZERO,
        trades=0,
    )


def _longer(older: TradeBar | None, newer: TradeBar | None, begins: int) -> TradeBar | None:
    if newer is None:
        return older
    if older is None:
        return replace(newer, opened_at=begins)
    return replace(
        older,
        high=max(older.high, newer.high),
        low=min(older.low, newer.low),
        close=newer.close,
        volume=EXACT.add(older.volume, newer.volume),
        trades=older.trades + newer.trades,
    )
