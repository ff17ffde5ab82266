"""What the account is worth: exactly where something happens, and by the bars in between.

The curve is for statistics and is made of floats. What an order is sized by is exact.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from kraken_pipeline.services.backtest.tape import Tape
from kraken_pipeline.strategies.base import Floats

DAY: Final = 86_400


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
        self._closes = _carried_forward(tape.bars.close)
        self._rates: Floats | None = None
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

    def fall(self, most: float) -> float:
        """Return the deepest fall from the highest of 24 h in what was written last, as a share.

        Args:
            most: what is looked for; less deep falls need not be told exactly.
        """
        rows = DAY // self._tape.seconds
        stop = self._done
        if stop == self._first:
            return 0.0
        last = float(self.equity[stop - 1])
        peak = float(self.equity[max(stop - rows, self._first) : stop].max())
        return 1 - last / peak if peak > 0 and peak - last > most * peak else 0.0


def _carried_forward(close: Floats) -> Floats:
    """Return the closes with the last one standing where nothing traded; zero before the first."""
    rows = np.arange(len(close))[:, None]
    newest = np.maximum.accumulate(np.where(np.isnan(close), -1, rows), axis=0)
    columns = np.arange(close.shape[1])[None, :]
    return np.where(newest >= 0, close[np.maximum(newest, 0), columns], 0.0)
