"""Which close a strategy is asked at next: those at which it could wish for anything.

A strategy that can tell so beforehand is asked at no other close. It may wake too often; what it
decides is decided by `decide`, asked with the same bars as in life.
"""

import sys
from bisect import bisect_right
from datetime import UTC, datetime
from math import ceil
from typing import Final

import numpy as np

from kraken_pipeline.services.backtest.asked import Backtest
from kraken_pipeline.services.backtest.history import History
from kraken_pipeline.services.bars.certified import BELIEVED, absences
from kraken_pipeline.services.bars.coverage import Certificates
from kraken_pipeline.services.bars.filled_bars import filled
from kraken_pipeline.services.deciding.showing import Configured
from kraken_pipeline.strategies.base import Bars, Flags, View

NEVER: Final = sys.maxsize


class Alarm:
    """The closes of one strategy on one timeframe."""

    def __init__(
        self, configured: Configured, bars: Bars, *, enter: Flags | None, leave: Flags | None
    ) -> None:
        """Take when it could wish for what.

        Args:
            configured: the strategy.
            bars: of the timeframe that it decides on.
            enter: rows and pairs at whose close it could enter; None for every one.
            leave: the same of leaving.
        """
        self.configured = configured
        self.frame = bars.frame
        self._begins = int(bars.opened_at[0]) + self.frame.seconds
        self._rows = len(bars.opened_at)
        self._column = {pair: at for at, pair in enumerate(bars.pairs)}
        self._enter = None if enter is None else _rows_of(enter)
        self._leave = None if leave is None else _rows_of(leave)
        self._is_held = [False] * len(bars.pairs)
        self._next = [0] * len(bars.pairs)
        self._asked = -1
        self._set()

    def skip_until(self, at: datetime) -> None:
        """Begin with the first close at or after an instant."""
        self._asked = self._row_before(at)
        for column in range(len(self._is_held)):
            self._look(column)
        self._set()

    @property
    def closed_at(self) -> datetime | None:
        """The close that it is asked at next; None where none is left."""
        return self._closed_at

    def was_asked(self, closed_at: datetime) -> None:
        """Go on after a close."""
        self._asked = (int(closed_at.timestamp()) - self._begins) // self.frame.seconds
        for column, row in enumerate(self._next):
            if row <= self._asked:
                self._look(column)
        self._set()

    def holds(self, pair: str, *, is_held: bool, at: datetime) -> None:
        """Note whether its book holds a pair: what is held can be left, what is not, entered.

        Args:
            pair: our name.
            is_held: from now on.
            at: closes before it are over; nobody can be asked about them any more.
        """
        column = self._column[pair]
        self._asked = max(self._asked, self._row_before(at))
        if self._is_held[column] is not is_held:
            self._is_held[column] = is_held
            self._look(column)
        self._set()

    def _row_before(self, at: datetime) -> int:
        """Return the row of the last close before an instant; -1 where there is none."""
        behind = at.timestamp() - self._begins
        return max(ceil(behind / self.frame.seconds), 0) - 1

    def _set(self) -> None:
        """Work out the next close: it is asked for far more often than it changes."""
        every = self._enter is None or self._leave is None
        row = self._asked + 1 if every else min(self._next, default=self._rows)
        self._closed_at = (
            datetime.fromtimestamp(self._begins + row * self.frame.seconds, tz=UTC)
            if row < self._rows
            else None
        )

    def _look(self, column: int) -> None:
        if self._enter is None or self._leave is None:
            return
        rows = (self._leave if self._is_held[column] else self._enter)[column]
        at = bisect_right(rows, self._asked)
        self._next[column] = rows[at] if at < len(rows) else NEVER


def alarm_of(
    history: History,
    asked: Backtest,
    configured: Configured,
    name: str,
    certificates: Certificates,
) -> Alarm:
    """Return when a strategy is to be asked on a timeframe."""
    bars, strategy = history.panels[name], configured.strategy
    found = None
    if strategy.awake is not None:
        needs = strategy.needs(name, configured.parameters)
        panels = {each: history.panels[each] for each in needs}
        if strategy.view is View.FILLED:
            panels = {key: _filled(each, certificates) for key, each in panels.items()}
        found = strategy.awake(bars.frame, panels, configured.parameters)
    alarm = Alarm(
        configured,
        bars,
        enter=None if found is None else found.enter,
        leave=None if found is None else found.leave,
    )
    alarm.skip_until(asked.since)
    return alarm


def _filled(bars: Bars, certificates: Certificates) -> Bars:
    """Return a whole stretch as a strategy is shown parts of it: it must wake by what it sees."""
    until = int(bars.opened_at[-1]) + bars.frame.seconds
    closed_at = datetime.fromtimestamp(until, UTC)
    panels = [(bars, len(bars.opened_at))]
    silent = absences(panels, closed_at, certificates, enough=BELIEVED).silent
    found, _ = filled(bars, silent.get(bars.frame.name, {}), until=until)
    return found


def _rows_of(flags: Flags) -> list[list[int]]:
    return [np.flatnonzero(flags[:, column]).tolist() for column in range(flags.shape[1])]
