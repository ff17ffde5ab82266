"""The newest ticker of each pair, decoded when somebody looks. Pure.

Only the newest counts, so those in between are dropped unread (STR-6: tickers may be conflated).
"""

from dataclasses import dataclass
from typing import Final

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.market import Ticker
from kraken_pipeline.domain.money import Price
from kraken_pipeline.kraken.stream.frames import Undecodable, ticker_frame, ticker_heads
from kraken_pipeline.kraken.stream.liveness import Pulse
from kraken_pipeline.kraken.stream.numbers import Number, decimal_of

SNAPSHOT: Final = "snapshot"
_Heard = tuple[bytes, int, float]
"""A frame, the place of the row in it, and when it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerView:
    """A ticker with its times."""

    ticker: Ticker
    timestamp: str
    """When Kraken made it, as it wrote it; empty if it did not say."""
    heard_at: float
    """When it came, by `time.monotonic`."""


class Tickers:
    """Keeps tickers by symbol. Used by one thread, or under the lock of its owner."""

    def __init__(self) -> None:
        self._pulses: dict[str, Pulse] = {}
        self._newest: dict[str, _Heard] = {}

    def follow(self, symbol: str, *, pulse: Pulse) -> None:
        """Keep a pair's ticker from now on."""
        self._pulses[symbol] = pulse

    def hear(self, frame: bytes, at: float) -> None:
        """Take a frame of the channel.

        Raises:
            msgspec.DecodeError: it is not of the channel's shape.
        """
        told = ticker_heads(frame)
        for index, row in enumerate(told.data):
            pulse = self._pulses.get(row.symbol)
            if pulse is not None:
                before = self._newest.get(row.symbol)
                self._newest[row.symbol] = frame, index, at
                is_calm = (
                    told.type == SNAPSHOT
                    and before is not None
                    and _alike(before, (frame, index, at))
                )
                pulse.beat(at, is_calm=is_calm)

    def view(self, symbol: str) -> TickerView | None:
        """Return a pair's ticker, or None where none came.

        Raises:
            UnexpectedReplyError: a field is missing or odd.
        """
        newest = self._newest.get(symbol)
        if newest is None:
            return None
        frame, index, at = newest
        try:
            row = ticker_frame(frame).data[index]
        except Undecodable as odd:
            raise UnexpectedReplyError(f"ticker of {symbol}: {odd}") from None
        return TickerView(
            ticker=Ticker(
                bid=_price(row.bid, "bid"),
                ask=_price(row.ask, "ask"),
                last=_price(row.last, "last"),
                volume_24h=decimal_of(row.volume, "volume"),
                vwap_24h=decimal_of(row.vwap, "vwap"),
            ),
            timestamp=row.timestamp,
            heard_at=at,
        )


def _alike(older: _Heard, newer: _Heard) -> bool:
    """Tell whether two tickers say the same, but for when."""
    try:
        rows = [ticker_frame(frame).data[index] for frame, index, _ in (older, newer)]
    except Undecodable:
        return False
    told = [(each.bid, each.ask, each.last, each.volume) for each in rows]
    return told[0] == told[1]


def _price(number: Number, name: str) -> Price:
    return Price(decimal_of(number, f"ticker: {name}"))
