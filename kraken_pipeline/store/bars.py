"""Closed bars in Parquet: all pairs of a timeframe and a UTC month together, in few parts."""

import fcntl
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from kraken_pipeline.domain.bars import Candles, MonthReport
from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError
from kraken_pipeline.domain.money import decimal_from, plain
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe, last_close
from kraken_pipeline.store import bar_files, bar_tables
from kraken_pipeline.store.arrow import integers, numbers
from kraken_pipeline.store.bar_files import Footer, Panel, Part
from kraken_pipeline.strategies.base import Bars

MOST_PARTS: Final = 16
"""Parts of a month beyond which the small ones are merged."""
GROWTH: Final = 4
"""A part joins a merge if it has at most so many times the rows of the younger ones together."""
MOST_MERGED_ROWS: Final = 4_000_000
"""Rows beyond which a part is left as it is: a merge must fit in memory."""
CACHED_ROWS: Final = 2_000_000
"""Rows that are kept as numbers, 52 bytes each."""
TRIES: Final = 10
"""Readings that a merge may disturb before giving up."""
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_LOCK: Final = ".lock"
Identity = tuple[Path, int, int]
"""A file as it was: path, time of change, size."""
T = TypeVar("T")


class ParquetBarStore:
    """Bars in Parquet under one folder. Any number of processes may read and write."""

    def __init__(self, root: Path) -> None:
        """Take the folder; it need not be there yet."""
        self._root = root
        self._footers: dict[Identity, Footer] = {}
        self._whole: set[Identity] = set()
        self._newest: dict[str, tuple[tuple[Identity, ...], dict[str, int]]] = {}
        self._panels: OrderedDict[tuple[Identity, int], Panel] = OrderedDict()
        self._guard = threading.Lock()

    def append(self, frame: Timeframe, pages: Iterable[Candles]) -> int:
        """Add what is new and return how many rows that were; what is there stays as it is.

        Raises:
            InvalidValueError: a page is of another timeframe, a bar opens off the timeframe's
                grid, or an amount is none that 26 digits and 12 decimals can hold; nothing is
                added then.
            ConfigurationError: a file in the store is torn or not ours.
        """
        told = [each for each in pages if len(each)]
        if not told:
            return 0
        table = bar_tables.table_of(frame, told)
        with self._locked(frame):
            newest = self._newest_opens(frame)
            return sum(
                self._append_month(frame, month, rows, newest)
                for month, rows in bar_tables.by_month(table)
            )

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        newest = _undisturbed(lambda: self._newest_opens(frame))
        return {pair: datetime.fromtimestamp(opened, tz=UTC) for pair, opened in newest.items()}

    def read(
        self, frame: Timeframe, pairs: Sequence[str], *, closed_by: datetime, count: int
    ) -> Bars:
        """Return the last `count` bars of each pair that were closed at `closed_by`.

        The last row is the newest bar that any of the pairs has by then. Before it stands a row
        for each bar length, back to the oldest bar there is, `count` rows at most.

        Raises:
            InvalidValueError: `count` is not above zero.
            ConfigurationError: a file in the store is torn or not ours.
        """
        if count <= 0:
            raise InvalidValueError(f"count must be above zero, not {count}")
        last = _seconds(last_close(frame, closed_by)) - frame.seconds
        return _undisturbed(lambda: self._read(frame, tuple(pairs), last, count))

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return each pair's exact close of the bar that closed then.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
        """
        opened = _seconds(closed_at) - frame.seconds
        return _undisturbed(lambda: self._closes(frame, opened))

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
        name, day = month[:7], month[7:]
        if day != "-01" or not _MONTH.fullmatch(name):
            raise InvalidValueError(f"{month!r} is no month; write it as 2026-01-01")
        folder = self._root / frame.name / name
        first = -1 if since is None else _seconds(since)
        keys = _undisturbed(lambda: self._keys(frame, folder, first))
        footers = [self._footer(frame, each) for each in bar_files.parts_in(folder)]
        return replace(
            bar_tables.faults(frame, month, keys, now=now),
            rows=sum(each.rows for each in footers),
            pairs=len({pair for each in footers for pair in each.newest}),
            newest_close=_closed_after(frame, [max(each.newest.values()) for each in footers]),
        )

    # pyarrow ships no types
    def _append_month(
        self,
        frame: Timeframe,
        month: str,
        table: Any,  # noqa: ANN401
        newest: Mapping[str, int],
    ) -> int:
        if bar_tables.reaches_back(table, newest):
            table = bar_tables.without(table, self._keys(frame, self._root / frame.name / month))
        return self._write(frame, month, table)

    def _write(self, frame: Timeframe, month: str, table: Any) -> int:  # noqa: ANN401 - as above
        """Add rows that are new to a month, and return how many."""
        folder = self._root / frame.name / month
        if not folder.is_dir():
            folder.mkdir(parents=True)
            bar_files.sync_folder(folder.parent)
        bar_files.sweep(folder)
        if not table.num_rows:
            return 0
        parts = bar_files.parts_in(folder)
        number = parts[-1].last + 1 if parts else 1
        bar_files.write(folder, table, first=number, last=number, timeframe=frame.name)
        if len(parts) >= MOST_PARTS:
            self._merge(frame, folder)
        return int(table.num_rows)

    def _merge(self, frame: Timeframe, folder: Path) -> None:
        """Join the youngest parts in one, with those older ones that are not much larger.

        So a row is written again only as often as its part grows by a factor.
        """
        parts = bar_files.parts_in(folder)
        chosen, rows = [parts[-1]], self._footer(frame, parts[-1]).rows
        for part in reversed(parts[:-1]):
            more = self._footer(frame, part).rows
            if more > GROWTH * rows or rows + more > MOST_MERGED_ROWS:
                break
            chosen.append(part)
            rows += more
        if len(chosen) == 1:
            return
        table = bar_tables.merged([self._rows(each) for each in reversed(chosen)])
        first, last = chosen[-1].first, chosen[0].last
        bar_files.write(folder, table, first=first, last=last, timeframe=frame.name)
        bar_files.sweep(folder)

    def _newest_opens(self, frame: Timeframe) -> dict[str, int]:
        parts = [part for folder in self._months(frame) for part in bar_files.parts_in(folder)]
        state = tuple(_identity(each) for each in parts)
        known = self._newest.get(frame.name)
        if known is not None and known[0] == state:
            return known[1]
        newest: dict[str, int] = {}
        for part in parts:
            for pair, opened in self._footer(frame, part).newest.items():
                newest[pair] = max(opened, newest.get(pair, opened))
        self._newest[frame.name] = state, newest
        self._forget_merged(frame, frozenset(state))
        return newest

    def _forget_merged(self, frame: Timeframe, live: frozenset[Identity]) -> None:
        folder = self._root / frame.name
        for key in list(self._footers):
            if key not in live and key[0].parent.parent == folder:
                self._footers.pop(key, None)
        self._whole = {each for each in self._whole if each in self._footers}

    def _read(self, frame: Timeframe, pairs: tuple[str, ...], last: int, count: int) -> Bars:
        newest = self._newest_opens(frame)
        end = min(last, max((newest[each] for each in pairs if each in newest), default=-1))
        panels: list[Panel] = []
        first = end
        while end >= 0:
            first = end - (count - 1) * frame.seconds
            panels = self._panels_between(frame, first, end)
            found = bar_tables.newest_at(panels, pairs, end)
            if found == end:
                break
            # none of the pairs has the bar that was guessed to be the last: look further back
            end = found if found is not None else self._last_before(frame, first)
        return bar_tables.bars_of(frame, pairs, panels, first=first, last=end)

    def _panels_between(self, frame: Timeframe, first: int, last: int) -> list[Panel]:
        return [
            self._panel(part, index)
            for folder in self._months(frame)
            if _month_of(first) <= folder.name <= _month_of(last)
            for part in bar_files.parts_in(folder)
            for index, group in enumerate(self._footer(frame, part).groups)
            if group.first <= last and group.last >= first
        ]

    def _last_before(self, frame: Timeframe, opened: int) -> int:
        """Return the newest open time before that which any group may reach to, or -1."""
        return max(
            (
                min(group.last, opened - frame.seconds)
                for folder in self._months(frame)
                if folder.name <= _month_of(opened)
                for part in bar_files.parts_in(folder)
                for group in self._footer(frame, part).groups
                if group.first < opened
            ),
            default=-1,
        )

    def _closes(self, frame: Timeframe, opened: int) -> dict[str, Decimal]:
        closes: dict[str, Decimal] = {}
        for part in bar_files.parts_in(self._root / frame.name / _month_of(opened)):
            groups = [
                index
                for index, group in enumerate(self._footer(frame, part).groups)
                if group.first <= opened <= group.last
            ]
            if groups:
                names = ["pair", "opened_at", "close"]
                table = self._rows(part, groups=groups, columns=names)
                is_it = numbers(table.column("opened_at")) == opened
                found = table.take(integers(np.flatnonzero(is_it)))
                exact = found.column("close").to_pylist()
                told = zip(found.column("pair").to_pylist(), exact, strict=True)
                closes.update({pair: decimal_from(plain(close)) for pair, close in told})
        return closes

    def _keys(self, frame: Timeframe, folder: Path, first: int = -1) -> bar_tables.Keys:
        """Return which bars a month holds that open at `first` or later."""
        tables = []
        for part in bar_files.parts_in(folder):
            groups = [
                index
                for index, group in enumerate(self._footer(frame, part).groups)
                if group.last >= first
            ]
            if groups:
                tables.append(self._rows(part, groups=groups, columns=["pair", "opened_at"]))
        return bar_tables.keys_of(tables).since(first)

    def _months(self, frame: Timeframe) -> list[Path]:
        folder = self._root / frame.name
        found = []
        for path in folder.iterdir() if folder.is_dir() else ():
            if _MONTH.fullmatch(path.name):
                found.append(path)
            elif path.name != _LOCK:
                raise ConfigurationError(f"{path} is no month of bars; move it away")
        return sorted(found)

    def _rows(self, part: Part, **wanted: Sequence[Any]) -> Any:  # noqa: ANN401 - as above
        self._require_whole(part)
        return bar_files.read_rows(part, **wanted)

    def _require_whole(self, part: Part) -> None:
        """Look at all of a part once, before its first row is believed."""
        key = _identity(part)
        if key not in self._whole:
            bar_files.require_whole(part)
            self._whole.add(key)

    def _footer(self, frame: Timeframe, part: Part) -> Footer:
        key = _identity(part)
        if key not in self._footers:
            self._footers[key] = bar_files.read_footer(part, timeframe=frame.name)
        return self._footers[key]

    def _panel(self, part: Part, group: int) -> Panel:
        key = _identity(part), group
        with self._guard:
            if key in self._panels:
                self._panels.move_to_end(key)
                return self._panels[key]
        self._require_whole(part)
        panel = bar_files.read_panel(part, group)
        with self._guard:
            self._panels[key] = panel
            kept = sum(len(each.opened_at) for each in self._panels.values())
            while kept > CACHED_ROWS and len(self._panels) > 1:
                _, gone = self._panels.popitem(last=False)
                kept -= len(gone.opened_at)
        return panel

    @contextmanager
    def _locked(self, frame: Timeframe) -> Iterator[None]:
        """Let one writer at a time into a timeframe; the lock dies with its process."""
        folder = self._root / frame.name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _undisturbed(ask: Callable[[], T]) -> T:
    """Ask again while a merge takes away what was listed."""
    for _ in range(TRIES - 1):
        try:
            return ask()
        except FileNotFoundError:
            continue
    return ask()


def _identity(part: Part) -> Identity:
    found = part.path.stat()
    return part.path, found.st_mtime_ns, found.st_size


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)


def _closed_after(frame: Timeframe, opened: Sequence[int]) -> datetime | None:
    """Return the close of the newest of some bars."""
    return datetime.fromtimestamp(max(opened) + frame.seconds, tz=UTC) if opened else None


def _month_of(opened: int) -> str:
    return f"{datetime.fromtimestamp(opened, tz=UTC):%Y-%m}"
