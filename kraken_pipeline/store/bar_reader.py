"""Reading closed bars: the last ones as matrices, exact closes, what a month holds."""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from kraken_pipeline.domain.bars import MonthReport
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe, last_close, stretch_of
from kraken_pipeline.store import bar_tables
from kraken_pipeline.store.arrow import integers, numbers
from kraken_pipeline.store.bar_access import KEYS, BarAccess
from kraken_pipeline.store.bar_parts import Panel
from kraken_pipeline.store.bar_shelves import Listing, Part, Shelf
from kraken_pipeline.strategies.base import Bars

SHOWN: Final = 16
"""Readings that are kept as they were given."""
SHOWN_CELLS: Final = 200_000
"""Bars times pairs; a larger reading is not kept."""
_Place = tuple[Any, int]
"""A column as Arrow has it, which ships no types, and a row of it."""


class BarReader(BarAccess):
    """The bars on a shelf. Any number of processes and threads may read."""

    def __init__(self, shelf: Shelf) -> None:
        """Take the shelf; there need not be anything yet."""
        super().__init__(shelf)
        self._newest: dict[tuple[str, str], tuple[tuple[Part, ...], dict[str, int]]] = {}
        self._shown: OrderedDict[tuple[str, tuple[str, ...], int, int], tuple[Listing, Bars]] = (
            OrderedDict()
        )

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        newest = self._undisturbed(frame, lambda: self._newest_opens(frame))
        return {pair: datetime.fromtimestamp(opened, tz=UTC) for pair, opened in newest.items()}

    def read(
        self, frame: Timeframe, pairs: Sequence[str], *, closed_by: datetime, count: int
    ) -> Bars:
        """Return the last `count` bars of each pair that were closed at `closed_by`.

        The last row is the newest bar that any of the pairs has by then. Before it stands a row
        for each bar length, back to the oldest bar there is, `count` rows at most. Of a bar that
        was told anew the newest revision is returned.

        Raises:
            InvalidValueError: `count` is not above zero.
            ConfigurationError: a file in the store is torn or not ours.
        """
        if count <= 0:
            raise InvalidValueError(f"count must be above zero, not {count}")
        last = _seconds(last_close(frame, closed_by)) - frame.seconds
        return self._undisturbed(frame, lambda: self._known_or_read(frame, pairs, last, count))

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return each pair's exact close of the bar that closed then, of its newest revision.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        return _Exact(self._undisturbed(frame, lambda: self._closes_at(frame, closed_at)))

    def revisions(
        self, frame: Timeframe, *, first: datetime, last: datetime
    ) -> Mapping[str, Mapping[datetime, int]]:
        """Return of each pair the bars that were told anew, and how often each was (HIS-5).

        Args:
            frame: the timeframe.
            first: the oldest open time to look at.
            last: the newest one.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        bounds = _seconds(first), _seconds(last)
        told = self._undisturbed(frame, lambda: self._revised(frame, *bounds))
        return {
            pair: {
                datetime.fromtimestamp(at, tz=UTC): number for at, number in sorted(each.items())
            }
            for pair, each in told.items()
        }

    def report(
        self, frame: Timeframe, month: str, *, now: datetime, since: datetime | None = None
    ) -> MonthReport:
        """Return what is stored of a UTC month (`YYYY-MM-01`).

        Args:
            frame: the timeframe.
            month: its first day.
            now: a bar that is not over then is unclosed.
            since: faults are looked for from this open time on; None looks at the whole month.

        Raises:
            InvalidValueError: it is not the first day of a month.
            ConfigurationError: a file in the store is torn or not ours.
        """
        if not bar_tables.is_month(month):
            raise InvalidValueError(f"{month!r} is no month; write it as 2026-01-01")
        name, first = month[:7], -1 if since is None else _seconds(since)
        keys = self._undisturbed(frame, lambda: self._keys(frame, name, first))
        parts = self._parts(frame, name)
        newest = self._newest_in(frame, name, parts)
        return replace(
            bar_tables.faults(frame, month, keys, now=now),
            rows=sum(self._footer(frame, each).rows for each in parts),
            pairs=len(newest),
            newest_close=_closed_after(frame, newest.values()),
        )

    def _newest_opens(self, frame: Timeframe) -> dict[str, int]:
        found: dict[str, int] = {}
        for month, parts in self._listing(frame).items():
            # a later month overwrites an earlier one
            found.update(self._newest_in(frame, month, parts))
        return found

    def _newest_in(
        self, frame: Timeframe, month: str, parts: tuple[Part, ...]
    ) -> Mapping[str, int]:
        """Return the open time of each pair's newest bar of a month."""
        before, newest = self._newest.get((frame.name, month), ((), {}))
        if before == parts:
            return newest
        is_more = set(before) <= set(parts)
        newest = dict(newest) if is_more else {}
        for part in set(parts) - set(before if is_more else ()):
            _fold(newest, self._footer(frame, part).newest())
        self._newest[frame.name, month] = parts, newest
        return newest

    def _is_newer(
        self, frame: Timeframe, month: str, parts: tuple[Part, ...], more: Mapping[str, int]
    ) -> None:
        """Take note of a part that was added as the last one of a month, without opening it."""
        before, newest = self._newest.get((frame.name, month), ((), {}))
        if before == parts[:-1]:
            newest = dict(newest)
            _fold(newest, more)
            self._newest[frame.name, month] = parts, newest

    def _forget_newest(self, frame: Timeframe) -> None:
        for key in [each for each in self._newest if each[0] == frame.name]:
            self._newest.pop(key, None)

    def _known_or_read(self, frame: Timeframe, pairs: Sequence[str], last: int, count: int) -> Bars:
        """Return what was read last as long as no bar came: each timeframe asks for the hours."""
        key, listing = (frame.name, tuple(pairs), last, count), self._listing(frame)
        known = self._shown.get(key)
        if known is not None and known[0] is listing:
            return known[1]
        bars = self._read(frame, key[1], last, count)
        if bars.close.size <= SHOWN_CELLS:
            with self._guard:
                self._shown[key] = listing, bars
                while len(self._shown) > SHOWN:
                    self._shown.popitem(last=False)
        return bars

    def _read(self, frame: Timeframe, pairs: tuple[str, ...], last: int, count: int) -> Bars:
        places = bar_tables.Places(pairs)
        first = end = self._last_until(frame, last)
        # who asks for more than there is gets no room for what is not there
        months = self._listing(frame)
        oldest = stretch_of(f"{min(months)}-01")[0] if months else 0
        is_guess = True
        while end >= 0:
            first = max(end - (count - 1) * frame.seconds, oldest)
            found = self._newest_at(frame, places, first, end)
            if found == end:
                break
            if found is not None:
                end = found
            elif is_guess:
                # these pairs end long before others do
                end, is_guess = min(end, self._newest_by(frame, pairs, last)), False
            else:
                end = self._last_until(frame, first - frame.seconds)
        panels = self._panels_between(frame, first, end) if end >= 0 else ()
        return bar_tables.bars_of(frame, places, panels, first=first, last=end)

    def _newest_at(
        self, frame: Timeframe, places: bar_tables.Places, first: int, end: int
    ) -> int | None:
        """Return the open time of the newest bar that any of the pairs has within some bounds.

        Mostly it is the last: then nothing else is read, of a year of minutes half a gigabyte.
        """
        last = bar_tables.newest_at(list(self._panels_between(frame, end, end)), places, end)
        if last == end:
            return end
        return bar_tables.newest_at(list(self._panels_between(frame, first, end)), places, end)

    def _newest_by(self, frame: Timeframe, pairs: Sequence[str], last: int) -> int:
        """Return an open time after which none of the pairs has a bar until `last`, or -1."""
        listing = self._listing(frame)
        for month in sorted(listing, reverse=True):
            if month <= _month_of(last):
                newest = self._newest_in(frame, month, listing[month])
                found = max((newest[each] for each in pairs if each in newest), default=-1)
                if found >= 0:
                    return found
        return -1

    def _panels_between(self, frame: Timeframe, first: int, last: int) -> Iterator[Panel]:
        """Yield the panels that have a part of a stretch, each read as it is asked for."""
        for month, parts in self._listing(frame).items():
            if not _month_of(first) <= month <= _month_of(last):
                continue
            for part in parts:
                for index in self._groups(
                    frame, part, lambda group: group.first <= last and group.last >= first
                ):
                    yield self._panel(frame, part, index)

    def _last_until(self, frame: Timeframe, last: int) -> int:
        """Return the newest open time until `last` that any group may reach to, or -1."""
        listing = self._listing(frame)
        for month in sorted(listing, reverse=True):
            if month <= _month_of(last):
                reached = [
                    min(group.last, last)
                    for part in listing[month]
                    for group in self._footer(frame, part).groups
                    if group.first <= last
                ]
                if reached:
                    return max(reached)
        return -1

    def _revised(self, frame: Timeframe, first: int, last: int) -> dict[str, dict[int, int]]:
        told: dict[str, dict[int, int]] = {}
        parts = [
            part
            for month, some in self._listing(frame).items()
            if _month_of(first) <= month <= _month_of(last)
            for part in some
            if self._footer(frame, part).has_revisions
        ]
        for table in self._tables(
            frame, parts, KEYS, lambda group: group.first <= last and group.last >= first
        ):
            keys = bar_tables.keys_of([table])
            for row in np.flatnonzero(keys.revisions):
                opened, number = int(keys.opened_at[row]), int(keys.revisions[row])
                if first <= opened <= last:
                    of_pair = told.setdefault(keys.pairs[keys.codes[row]], {})
                    of_pair[opened] = max(number, of_pair.get(opened, 0))
        return told

    def _closes_at(self, frame: Timeframe, closed_at: datetime) -> dict[str, _Place]:
        """Return where the closes of the bars that closed then stand, by pair."""
        opened = _seconds(closed_at) - frame.seconds
        told: dict[str, _Place] = {}
        for table in self._tables(
            frame,
            self._parts(frame, _month_of(opened)),
            ("pair", "opened_at", "close"),
            lambda group: group.first <= opened <= group.last,
        ):
            is_it = numbers(table.column("opened_at")) == opened
            found = table.take(integers(np.flatnonzero(is_it)))
            pairs, closes = found.column("pair").combine_chunks(), found.column("close")
            names, codes = pairs.dictionary.to_pylist(), numbers(pairs.indices).tolist()
            # a later row of the same pair is a newer revision
            told.update({names[code]: (closes, row) for row, code in enumerate(codes)})
        return told

    def _keys(self, frame: Timeframe, month: str, first: int = -1) -> bar_tables.Keys:
        """Return which bars a month holds that open at `first` or later."""
        tables = self._tables(
            frame, self._parts(frame, month), KEYS, lambda group: group.last >= first
        )
        return bar_tables.keys_of(list(tables)).since(first)


class _Exact(Mapping[str, Decimal]):
    """Amounts by pair, each made exact when it is asked for: few of many are."""

    def __init__(self, told: Mapping[str, _Place]) -> None:
        self._told = told

    def __getitem__(self, pair: str) -> Decimal:
        closes, row = self._told[pair]
        return decimal_from(plain(closes[row].as_py()))

    def __contains__(self, pair: object) -> bool:
        # what a mapping does by itself would make the amount
        return pair in self._told

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)


def _fold(newest: dict[str, int], more: Mapping[str, int]) -> None:
    """Add what is newer, or of other pairs."""
    if newest and min(more.values(), default=0) < max(newest.values()):
        more = {pair: at for pair, at in more.items() if at > newest.get(pair, -1)}
    newest.update(more)


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)


def _closed_after(frame: Timeframe, opened: Collection[int]) -> datetime | None:
    """Return the close of the newest of some bars."""
    return datetime.fromtimestamp(max(opened) + frame.seconds, tz=UTC) if opened else None


def _month_of(opened: int) -> str:
    return f"{datetime.fromtimestamp(opened, tz=UTC):%Y-%m}"
