"""The bars of a whole stretch, read once: what is decided sees a part of them, never what follows.

A part is a view into the whole; nothing is copied, and its identity is that of the whole with the
rows of the part (INV-8), so that nothing has to be hashed at each close.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.timeframes import Timeframe, last_close
from kraken_pipeline.strategies.base import COLUMNS, Bars, Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part(Bars):
    """Some rows of a history, named by the whole and the rows."""

    identity: str
    lacks_nothing: bool

    def is_whole(self) -> bool:
        """Tell what is known of the whole: a part is asked about at each close."""
        return self.lacks_nothing

    def digest(self) -> str:
        """Return the name: whoever has the whole can tell what was in here."""
        return self.identity


class History:
    """The bars of some pairs on some timeframes, as `decide` reads them."""

    def __init__(self, panels: Mapping[str, Bars]) -> None:
        """Take the bars of each timeframe, all of the same pairs.

        Raises:
            InvalidValueError: there is none, one is empty, or they are of different pairs.
        """
        pairs = {each.pairs for each in panels.values()}
        if len(pairs) != 1 or any(not len(each.opened_at) for each in panels.values()):
            raise InvalidValueError("a backtest needs bars of the same pairs on every timeframe")
        # sealed once, so that no part of it has to be
        self.panels = {name: each.sealed() for name, each in panels.items()}
        [self.pairs] = pairs
        self.digests = {name: each.digest() for name, each in self.panels.items()}
        self.digest = digest(self.digests)
        self._last = {name: _newest_row(each.close) for name, each in panels.items()}
        self._some: dict[tuple[str, ...], tuple[NDArray[np.intp], str]] = {}
        """Where some of the pairs stand, and their name: few are asked for, each at many closes."""
        self._lacking = {name: _lacking_before(each.close) for name, each in panels.items()}

    def read(
        self, frame: Timeframe, pairs: Sequence[str], *, closed_by: datetime, count: int
    ) -> Bars:
        """Return the last `count` bars of each pair that were closed at `closed_by`.

        What is read of some of its pairs is copied.
        """
        whole = self.panels[frame.name]
        if tuple(pairs) != whole.pairs:
            part = self._part(frame, closed_by=closed_by, count=count)
            return self._of_pairs(part, tuple(pairs))
        return self._part(frame, closed_by=closed_by, count=count)

    def _part(self, frame: Timeframe, *, closed_by: datetime, count: int) -> Part:
        whole = self.panels[frame.name]
        closed = int(last_close(frame, closed_by).timestamp())
        row = min((closed - int(whole.opened_at[0])) // frame.seconds, len(whole.opened_at)) - 1
        stop = int(self._last[frame.name][row]) + 1 if row >= 0 else 0
        rows = slice(max(stop - count, 0), stop)
        lacking = self._lacking[frame.name]
        return Part(
            frame=frame,
            pairs=whole.pairs,
            opened_at=whole.opened_at[rows],
            open=whole.open[rows],
            high=whole.high[rows],
            low=whole.low[rows],
            close=whole.close[rows],
            volume=whole.volume[rows],
            identity=f"{self.digests[frame.name]}:{rows.start}-{rows.stop}",
            lacks_nothing=lacking.item(rows.stop) == lacking.item(rows.start),
        )

    def _of_pairs(self, part: Part, pairs: tuple[str, ...]) -> Part:
        """Return some pairs of a part: copied, and named by the part and the pairs."""
        known = self._some.get(pairs)
        if known is None:
            places = np.array([self.pairs.index(each) for each in pairs], dtype=np.intp)
            known = self._some[pairs] = places, digest(pairs)
        places, name = known
        columns = {each: part.column(each)[:, places] for each in COLUMNS}
        for each in columns.values():
            each.flags.writeable = False
        return Part(
            frame=part.frame,
            pairs=pairs,
            opened_at=part.opened_at,
            **columns,
            identity=f"{part.identity}:{name}",
            lacks_nothing=part.lacks_nothing,
        )

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return each pair's close of the bar that closed then, as it was told."""
        whole = self.panels[frame.name]
        row = (int(closed_at.timestamp()) - int(whole.opened_at[0])) // frame.seconds - 1
        if not 0 <= row < len(whole.opened_at):
            return {}
        return _Told(whole.pairs, whole.close[row])

    def revisions(
        self, frame: Timeframe, *, first: datetime, last: datetime
    ) -> Mapping[str, Mapping[datetime, int]]:
        """Return no bar: what was told anew meanwhile is in what was read."""
        return {}


class _Told(Mapping[str, Decimal]):
    """One row of prices, made exact when it is asked for: the shortest text of the float."""

    def __init__(self, pairs: tuple[str, ...], row: Floats) -> None:
        self._told = dict(zip(pairs, row.tolist(), strict=True))

    def __getitem__(self, pair: str) -> Decimal:
        price = self._told[pair]
        if np.isnan(price):
            raise KeyError(pair)
        return exact(price)

    def __iter__(self) -> Iterator[str]:
        return (pair for pair, price in self._told.items() if price == price)  # noqa: PLR0124 - not NaN

    def __len__(self) -> int:
        return sum(1 for _ in self)


def exact(price: float) -> Decimal:
    """Return the amount that a float was read from: up to 15 digits survive the way there."""
    return Decimal(repr(price))


def _newest_row(close: Floats) -> NDArray[np.int64]:
    """Return of each row which is the newest in which any pair has a bar; -1 before the first."""
    rows = np.arange(len(close))
    is_there = ~np.isnan(close).all(axis=1)
    return np.maximum.accumulate(np.where(is_there, rows, -1))


def _lacking_before(close: Floats) -> NDArray[np.int32]:
    """Return how many rows before each, and before the end, lack a bar of any pair."""
    lacks = np.zeros(len(close) + 1, dtype=np.int32)
    np.cumsum(np.isnan(close).any(axis=1), out=lacks[1:])
    return lacks
