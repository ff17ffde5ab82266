"""The ticker channel: best prices and the last 24 hours, at each trade or each change of the best.

Source: kraken/ws_v2.md §4, ticker.
"""

from typing import Final

from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.depth import Level, Sides
from kraken_pipeline.simulator.stream.look import Look
from kraken_pipeline.simulator.stream.trades import volume

TRIGGERS: Final = frozenset({"trades", "bbo"})
_NO_LEVEL: Final[Level] = (0, 0)


class TickerChannel:
    """The ticker of one pair, told at one kind of event."""

    levels: Final = 1

    def __init__(self, trigger: str) -> None:
        self._by_trades = trigger == "trades"
        self._best = Sides()

    def snapshot(self, look: Look) -> str | None:
        """Return the ticker, if the pair has ever traded."""
        self._best = look.sides.best(1)
        return self._frame("snapshot", look)

    def update(self, look: Look) -> str | None:
        """Return the ticker, if what triggers it has happened since the last look."""
        best, self._best = self._best, look.sides.best(1)
        happened = bool(look.prints) if self._by_trades else best != self._best
        return self._frame("update", look) if happened else None

    def _frame(self, kind: str, look: Look) -> str | None:
        day, pair = look.day, look.pair
        if day is None:
            return None
        bid, ask = ((side or (_NO_LEVEL,))[0] for side in (self._best.bids, self._best.asks))
        change, decimals = day.close - day.open, pair.price_decimals
        row = {
            "symbol": frames.text(pair.display),
            "bid": frames.fixed(bid[0], pair.pair_decimals),
            "bid_qty": frames.fixed(bid[1], pair.lot_decimals),
            "ask": frames.fixed(ask[0], pair.pair_decimals),
            "ask_qty": frames.fixed(ask[1], pair.lot_decimals),
            "last": frames.fixed(day.close, decimals),
            "volume": volume(pair, day.volume),
            "vwap": frames.fixed(day.vwap, decimals),
            "low": frames.fixed(day.low, decimals),
            "high": frames.fixed(day.high, decimals),
            "change": frames.fixed(change, decimals),
            "change_pct": frames.fixed(round(change * 10_000 / day.open), 2),
            "timestamp": frames.micros(look.latest),
        }
        return frames.data("ticker", kind, f"[{frames.members(row)}]")
