"""The ticker channel: best prices and the last 24 hours, at each trade or each change of the best.

Source: kraken/ws_v2.md §4, ticker.
"""

from typing import Final

from kraken_pipeline.simulator.stream import frames, units
from kraken_pipeline.simulator.stream.depth import Level, Sides
from kraken_pipeline.simulator.stream.look import Look

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
        change = day.close - day.open
        row = {
            "symbol": frames.text(pair.display),
            "bid": frames.fixed(bid[0], pair.pair_decimals),
            "bid_qty": frames.fixed(bid[1], pair.lot_decimals),
            "ask": frames.fixed(ask[0], pair.pair_decimals),
            "ask_qty": frames.fixed(ask[1], pair.lot_decimals),
            "last": units.price(pair, day.close),
            "volume": units.volume(pair, day.volume),
            "vwap": units.average(pair, day.vwap),
            "low": units.price(pair, day.low),
            "high": units.price(pair, day.high),
            "change": units.price(pair, change),
            "change_pct": frames.fixed(round(change * 10_000 / day.open), 2),
            "timestamp": frames.micros(look.latest),
        }
        return frames.data("ticker", kind, f"[{frames.members(row)}]")
