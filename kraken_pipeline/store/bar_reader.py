"""Reading closed bars: the last ones as matrices, exact closes, what a month holds."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

import numpy as np

from kraken_pipeline.domain.bars import MonthReport
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe, last_close
from kraken_pipeline.store import bar_parts, bar_tables
from kraken_pipeline.store.arrow import integers, numbers
from kraken_pipeline.store.bar_parts import REVISION, SCHEMA, Footer, Group, Panel, TornError
from kraken_pipeline.store.bar_shelves import GoneError, Listing, Part, Shelf
from kraken_pipeline.strategies.base import Bars

CACHED_ROWS: Final = 2_000_000
"""Rows that are kept as numbers, 52 bytes each."""
TRIES: Final = 10
"""Readings that a merge may disturb before giving up."""
EVERYTHING: Final = (*SCHEMA.names, REVISION.name)
KEYS: Final = ("pair", "opened_at", REVISION.name)
"""Columns that tell which bar a row is."""
T = TypeVar("T")


class BarReader:
    """The bars on a shelf. Any number of processes and threads may read."""

    def __init__(self, shelf: Shelf) -> None:
        """Take the shelf; there need not be anything yet."""
        self._shelf = shelf
        self._listings: dict[str, tuple[int, Listing]] = {}
        self._footers: dict[Part, Footer] = {}
        self._newest: dict[tuple[str, str], tuple[tuple[Part, ...], dict[str, int]]] = {}
        self._panels: OrderedDict[tuple[Part, int], Panel] = OrderedDict()
        self._guard = threading.Lock()

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
        return self._undisturbed(frame, lambda: self._read(frame, tuple(pairs), last, count))

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return each pair's exact close of the bar that closed then, of its newest revision.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        told = self._undisturbed(frame, lambda: self._told_at(frame, closed_at, "close"))
        return {pair: decimal_from(plain(close)) for pair, close in told.items()}

    def revisions(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, int]:
        """Return the revision of each pair's bar that closed then; one told once may lack (HIS-5).

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        return self._undisturbed(frame, lambda: self._told_at(frame, closed_at, REVISION.name))

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

    def _listing(self, frame: Timeframe) -> Listing:
        state = self._shelf.state(frame)
        known = self._listings.get(frame.name)
        if known is not None and known[0] == state:
            return known[1]
        listing = self._shelf.listing(frame)
        self._listed(frame, state, listing)
        return listing

    def _listed(self, frame: Timeframe, state: int | None, listing: Listing) -> None:
        """Remember what there is, and forget what is no more."""
        before = self._listings.pop(frame.name, (0, {}))[1]
        live = {each for parts in listing.values() for each in parts}
        for part in {each for parts in before.values() for each in parts} - live:
            self._footers.pop(part, None)
        if state is not None:
            self._listings[frame.name] = state, listing

    def _parts(self, frame: Timeframe, month: str) -> tuple[Part, ...]:
        return self._listing(frame).get(month, ())

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

    def _read(self, frame: Timeframe, pairs: tuple[str, ...], last: int, count: int) -> Bars:
        places = bar_tables.Places(pairs)
        panels: list[Panel] = []
        first = end = self._last_until(frame, last)
        is_guess = True
        while end >= 0:
            first = end - (count - 1) * frame.seconds
            panels = self._panels_between(frame, first, end)
            found = bar_tables.newest_at(panels, places, end)
            if found == end:
                break
            if found is not None:
                end = found
            elif is_guess:
                # these pairs end long before others do
                end, is_guess = min(end, self._newest_by(frame, pairs, last)), False
            else:
                end = self._last_until(frame, first - frame.seconds)
        return bar_tables.bars_of(frame, places, panels, first=first, last=end)

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

    def _panels_between(self, frame: Timeframe, first: int, last: int) -> list[Panel]:
        return [
            self._panel(frame, part, index)
            for month, parts in self._listing(frame).items()
            if _month_of(first) <= month <= _month_of(last)
            for part in parts
            for index in self._groups(
                frame, part, lambda group: group.first <= last and group.last >= first
            )
        ]

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

    def _told_at(self, frame: Timeframe, closed_at: datetime, column: str) -> dict[str, Any]:
        """Return one column of the bars that closed then, by pair."""
        opened = _seconds(closed_at) - frame.seconds
        told: dict[str, Any] = {}
        for table in self._tables(
            frame,
            self._parts(frame, _month_of(opened)),
            ("pair", "opened_at", column),
            lambda group: group.first <= opened <= group.last,
        ):
            if column not in table.column_names:
                continue
            is_it = numbers(table.column("opened_at")) == opened
            found = table.take(integers(np.flatnonzero(is_it)))
            # a later row of the same pair is a newer revision
            values = found.column(column).to_pylist()
            told.update(zip(found.column("pair").to_pylist(), values, strict=True))
        return told

    def _keys(self, frame: Timeframe, month: str, first: int = -1) -> bar_tables.Keys:
        """Return which bars a month holds that open at `first` or later."""
        tables = self._tables(
            frame, self._parts(frame, month), KEYS, lambda group: group.last >= first
        )
        return bar_tables.keys_of(list(tables)).since(first)

    def _tables(
        self,
        frame: Timeframe,
        parts: Iterable[Part],
        columns: Sequence[str],
        wanted: Callable[[Group], bool],
    ) -> Iterator[Any]:
        """Yield rows of the groups of some parts, oldest part first."""
        for part in parts:
            groups = self._groups(frame, part, wanted)
            if groups:
                yield self._rows(frame, part, groups=groups, columns=columns)

    def _groups(self, frame: Timeframe, part: Part, wanted: Callable[[Group], bool]) -> list[int]:
        groups = self._footer(frame, part).groups
        return [index for index, group in enumerate(groups) if wanted(group)]

    def _rows(
        self,
        frame: Timeframe,
        part: Part,
        *,
        groups: Sequence[int] | None = None,
        columns: Sequence[str] = EVERYTHING,
    ) -> Any:  # noqa: ANN401 - pyarrow ships no types
        footer = self._footer(frame, part)
        return self._looked_into(
            part, lambda file: bar_parts.rows_of(file, footer, groups=groups, columns=columns)
        )

    def _footer(self, frame: Timeframe, part: Part) -> Footer:
        found = self._footers.get(part)
        if found is None:
            found = self._looked_into(
                part,
                lambda file: bar_parts.footer_of(
                    file, part.crc, timeframe=frame.name, month=part.month
                ),
            )
            self._footers[part] = found
        return found

    def _panel(self, frame: Timeframe, part: Part, group: int) -> Panel:
        key = part, group
        with self._guard:
            if key in self._panels:
                self._panels.move_to_end(key)
                return self._panels[key]
        footer = self._footer(frame, part)
        panel = self._looked_into(part, lambda file: bar_parts.panel_of(file, footer, group))
        with self._guard:
            self._panels[key] = panel
            kept = sum(len(each.opened_at) for each in self._panels.values())
            while kept > CACHED_ROWS and len(self._panels) > 1:
                _, gone = self._panels.popitem(last=False)
                kept -= len(gone.opened_at)
        return panel

    def _looked_into(self, part: Part, look: Callable[[Any], T]) -> T:
        try:
            with self._shelf.opened(part) as file:
                return look(file)
        except TornError as error:
            raise self._shelf.torn(part, str(error)) from error

    def _undisturbed(self, frame: Timeframe, ask: Callable[[], T]) -> T:
        """Ask again while a merge takes away what was listed."""
        for _ in range(TRIES - 1):
            try:
                return ask()
            except GoneError:
                self._listings.pop(frame.name, None)
        return ask()


def _fold(newest: dict[str, int], more: Mapping[str, int]) -> None:
    """Add what is newer, or of other pairs."""
    newest.update((pair, at) for pair, at in more.items() if at > newest.get(pair, -1))


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)


def _closed_after(frame: Timeframe, opened: Collection[int]) -> datetime | None:
    """Return the close of the newest of some bars."""
    return datetime.fromtimestamp(max(opened) + frame.seconds, tz=UTC) if opened else None


def _month_of(opened: int) -> str:
    return f"{datetime.fromtimestamp(opened, tz=UTC):%Y-%m}"
