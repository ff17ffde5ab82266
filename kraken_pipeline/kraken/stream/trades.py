"""The last public trades of each pair. Pure."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from kraken_pipeline.kraken.stream.frames import TradeFrame, TradeRow, trade_frame
from kraken_pipeline.kraken.stream.liveness import Pulse
from kraken_pipeline.kraken.stream.numbers import decimal_of, moment_of

KEPT: Final = 100
"""Trades of a pair that are kept: of hundreds of pairs a thousand each would be 200 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTrade:
    """A trade between others."""

    trade_id: int
    side: str
    """Of the taker: `buy` or `sell`."""
    price: Decimal
    """In quote per base."""
    qty: Decimal
    """In base."""
    at: datetime


class _Kept:
    __slots__ = ("heard_at", "pulse", "rows")

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse
        self.rows: deque[TradeRow] = deque(maxlen=KEPT)
        self.heard_at = 0.0


class Trades:
    """Keeps trades by symbol. Used by one thread, or under the lock of its owner."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def follow(self, symbol: str, *, pulse: Pulse) -> None:
        """Keep a pair's trades from now on."""
        self._kept.setdefault(symbol, _Kept(pulse))

    def hear(self, frame: bytes, at: float) -> TradeFrame:
        """Take a frame of the channel and return it read.

        A trade that is known, as in a second snapshot, is not new.

        Raises:
            msgspec.DecodeError: it is not of the channel's shape.
        """
        told = trade_frame(frame)
        newest = {row.symbol: row.trade_id for row in told.data}
        for row in told.data:
            kept = self._kept.get(row.symbol)
            if kept is None:
                continue
            known = kept.rows[-1].trade_id if kept.rows else -1
            kept.pulse.beat(at, is_calm=newest[row.symbol] <= known)
            if row.trade_id > known:
                kept.heard_at = at
                kept.rows.append(row)
        return told

    def last(self, symbol: str) -> tuple[Decimal, float] | None:
        """Return the price of a pair's last trade and when it came, or None where none did."""
        kept = self._kept.get(symbol)
        if kept is None or not kept.rows:
            return None
        return decimal_of(kept.rows[-1].price, "trade: price"), kept.heard_at

    def view(self, symbol: str) -> tuple[PublicTrade, ...]:
        """Return a pair's last trades, oldest first.

        Raises:
            UnexpectedReplyError: a field is odd.
        """
        kept = self._kept.get(symbol)
        return () if kept is None else tuple(_trade(row) for row in kept.rows)


def _trade(row: TradeRow) -> PublicTrade:
    return PublicTrade(
        trade_id=row.trade_id,
        side=row.side,
        price=decimal_of(row.price, "trade: price"),
        qty=decimal_of(row.qty, "trade: qty"),
        at=moment_of(row.timestamp),
    )
