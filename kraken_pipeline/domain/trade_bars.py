"""Bars made of single trades, exactly as the exchange makes its own.

A bar opens at the first trade within it and closes at the last; where nothing traded there is
none. Bars join: those of two pages of trades give those of both, and short ones give long ones,
so it does not matter where a page ends (HIS-2, P-14).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.bars import Candles
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.money import EXACT, Price, decimal_from, plain
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe

SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeBar:
    """What traded in an interval; there was at least one trade."""

    opened_at: int
    """Unix seconds, UTC."""
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Decimal
    """Base units."""
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A bar that the exchange tells otherwise than its trades do."""

    opened_at: int
    field: str
    ours: str
    """Made of trades; empty where they make no bar."""
    theirs: str
    """Of the exchange's candle; empty where it has none."""


def bars_of(trades: Iterable[PublicTrade], frame: Timeframe) -> tuple[TradeBar, ...]:
    """Return the bars of some trades, oldest first.

    Raises:
        InvalidValueError: a trade is earlier than the one before it.
    """
    return joined((_bar(each) for each in trades), frame)


def joined(bars: Iterable[TradeBar], frame: Timeframe) -> tuple[TradeBar, ...]:
    """Return bars of a timeframe from shorter ones, or from pieces of the same.

    Args:
        bars: oldest first; several may be of one interval, as where a page of trades ends in it.
        frame: of the bars that are wanted; each given bar lies within one of them.

    Raises:
        InvalidValueError: a bar is earlier than the one before it.
    """
    found: list[TradeBar] = []
    before = 0
    for bar in bars:
        if bar.opened_at < before:
            raise InvalidValueError(f"a trade at {bar.opened_at} follows one at {before}")
        before = bar.opened_at
        opened = bar.opened_at - bar.opened_at % frame.seconds
        if found and found[-1].opened_at == opened:
            found[-1] = _together(found[-1], bar)
        else:
            found.append(replace(bar, opened_at=opened))
    return tuple(found)


def candles_of(bars: Sequence[TradeBar], pair: str, frame: Timeframe) -> Candles:
    """Return bars of a timeframe as the store takes them."""
    return Candles(
        pair=pair,
        timeframe=frame.name,
        opened_at=tuple(each.opened_at for each in bars),
        open=tuple(plain(each.open) for each in bars),
        high=tuple(plain(each.high) for each in bars),
        low=tuple(plain(each.low) for each in bars),
        close=tuple(plain(each.close) for each in bars),
        volume=tuple(plain(each.volume) for each in bars),
        trades=tuple(each.trades for each in bars),
    )


def mismatches(
    ours: Sequence[TradeBar], theirs: Candles, *, first: int, until: int
) -> tuple[Mismatch, ...]:
    """Return how the exchange's candles differ from the bars of its trades.

    Args:
        ours: made of every trade from `first` to `until`.
        theirs: of the same pair and timeframe; one that tells of no trade stands for none.
        first: Unix seconds from which both are whole.
        until: Unix seconds up to which they are.
    """
    told = {
        opened: tuple(decimal_from(each) for each in amounts)
        for opened, *amounts in zip(
            theirs.opened_at,
            *(getattr(theirs, name) for name in FIELDS),
            strict=True,
        )
        if first <= opened < until and amounts[-1]
    }
    made = {
        each.opened_at: tuple(Decimal(getattr(each, name)) for name in FIELDS)
        for each in ours
        if first <= each.opened_at < until
    }
    return tuple(
        Mismatch(opened_at=opened, field=name, ours=_text(one), theirs=_text(other))
        for opened in sorted(told.keys() | made.keys())
        for name, one, other in zip(
            FIELDS, made.get(opened, _NOTHING), told.get(opened, _NOTHING), strict=True
        )
        if one != other
    )


FIELDS: Final = ("open", "high", "low", "close", "volume", "trades")
_NOTHING: Final = (None,) * len(FIELDS)


def _bar(trade: PublicTrade) -> TradeBar:
    return TradeBar(
        opened_at=(trade.at - EPOCH) // SECOND,
        open=trade.price,
        high=trade.price,
        low=trade.price,
        close=trade.price,
        volume=trade.qty,
        trades=1,
    )


def _together(older: TradeBar, newer: TradeBar) -> TradeBar:
    return replace(
        older,
        high=max(older.high, newer.high),
        low=min(older.low, newer.low),
        close=newer.close,
        volume=EXACT.add(older.volume, newer.volume),
        trades=older.trades + newer.trades,
    )


def _text(value: Decimal | None) -> str:
    return "" if value is None else plain(value)
