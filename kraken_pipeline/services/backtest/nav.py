"""What the account is worth: exactly where something happens, and by the bars in between.

The curve is for statistics and is made of floats. What an order is sized by is exact.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.strategies.base import Floats

DAY: Final = 86_400
TINY: Final = 1e-12
"""In base currency: of less nothing can fall."""


class Curve:
    """Equity at the end of each bar, written as the run goes on."""

    def __init__(self, tape: Tape, *, since: datetime, cash: Decimal) -> None:
        """Begin with cash alone.

        Args:
            tape: the bars by which it is valued.
            since: the first instant of the run.
            cash: what there is, in base currency.
        """
        self._tape = tape
        self._first = min(max(tape.row(since.timestamp()), 0), tape.rows)
        self._done = self._first
        self._closes = tape.carried_forward()
        self._seen = self._watched = self._first
        self._peak = float(cash)
        self._cash = float(cash)
        self._held: dict[int, float] = {}
        self.equity: Floats = np.full(tape.rows, float(cash))
        self.exposure: Floats = np.zeros(tape.rows)

    @property
    def rows(self) -> slice:
        """The rows that have been written."""
        return slice(self._first, self._done)

    def reach(self, at: float) -> None:
        """Write what the account was worth at the end of each bar that is over by then."""
        stop = min(max(self._tape.row(at), self._done), self._tape.rows)
        if stop == self._done:
            return
        rows = slice(self._done, stop)
        for column, qty in self._held.items():
            self.exposure[rows] += qty * self._closes[rows, column]
        self.equity[rows] = self._cash + self.exposure[rows]
        self._done = stop

    def changed(self, *, cash: Decimal, held: Mapping[int, Decimal]) -> None:
        """Note what there is from now on.

        Args:
            cash: in base currency.
            held: qty in base currency's worth of quote, by column.
        """
        self._cash = float(cash)
        self._held = {column: float(qty) for column, qty in held.items() if qty}

    def fall(self, now: float) -> float:
        """Return how far equity is below its highest of 24 h, as a share, 0 to 1.

        Args:
            now: the equity of now, in base currency.
        """
        rows = DAY // self._tape.seconds
        before = self.equity[max(self._done - rows, self._first) : self._done]
        return _share(max(_highest(before), now), now)

    def deepest(self, least: float) -> float:
        """Return the deepest fall from the highest of 24 h since it was last asked, as a share.

        Args:
            least: what is less deep need not be told.
        """
        first, self._watched = self._watched, self._done
        rows = DAY // self._tape.seconds
        seen = self.equity[max(first - rows, self._first) : self._done]
        news = self.equity[first : self._done]
        if not news.size or np.minimum.reduce(news) >= np.maximum.reduce(seen) * (1 - least):
            return 0.0
        peaks = sliding_window_view(np.pad(seen, (rows, 0), mode="edge"), rows + 1).max(axis=1)
        falls = 1 - news / np.maximum(peaks[-len(news) :], TINY)
        return float(max(falls.max(), 0.0))

    def fall_of_all_time(self, now: float) -> float:
        """Return how far it is below the highest that it ever was."""
        self._peak = max(self._peak, now, self._unseen())
        return _share(self._peak, now)

    def _unseen(self) -> float:
        """Return the highest of what was written since it was last asked for."""
        first, self._seen = self._seen, self._done
        return _highest(self.equity[first : self._done])


def _highest(some: Floats) -> float:
    return float(np.maximum.reduce(some)) if some.size else 0.0


def _share(peak: float, now: float) -> float:
    return (peak - now) / peak if peak > 0 else 0.0
