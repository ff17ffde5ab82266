"""The book channel: a snapshot, then what changed between two looks.

Source: kraken/ws_v2.md §4, book.
"""

from datetime import datetime
from typing import Final

from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.depth import Sides, changes, checksum, written
from kraken_pipeline.simulator.stream.look import Look

DEPTHS: Final = frozenset({10, 25, 100, 500, 1000})


class BookChannel:
    """The book of one pair, cut at one depth."""

    def __init__(self, depth: int) -> None:
        self.levels: Final = depth
        self._shown = Sides()
        """What every client of this depth has."""

    def snapshot(self, look: Look) -> str:
        """Return all levels down to the depth."""
        self._shown = look.sides.best(self.levels)
        return self._frame("snapshot", look.pair, self._shown, look.at)

    def update(self, look: Look) -> str | None:
        """Return the levels that changed, if any did."""
        now = look.sides.best(self.levels)
        if now == self._shown:
            return None
        told = Sides(
            tuple(changes(self._shown.bids, now.bids, self.levels)),
            tuple(changes(self._shown.asks, now.asks, self.levels)),
        )
        self._shown = now
        return self._frame("update", look.pair, told, look.at)

    def _frame(self, kind: str, pair: Pair, told: Sides, at: datetime) -> str:
        row = frames.members(
            {
                "symbol": frames.text(pair.display),
                "bids": written(pair, told.bids),
                "asks": written(pair, told.asks),
                "checksum": str(checksum(self._shown)),
                "timestamp": frames.micros(at),
            }
        )
        return frames.data("book", kind, f"[{row}]")
