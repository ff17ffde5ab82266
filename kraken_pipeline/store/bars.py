"""Closed bars: all pairs of a timeframe and a UTC month together, in few parts.

Source: HIS-6 and HIS-8.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from kraken_pipeline.domain.bars import Admitted, Candles
from kraken_pipeline.domain.errors import StorageError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.store import bar_overlaps, bar_parts, bar_tables
from kraken_pipeline.store.arrow import numbers
from kraken_pipeline.store.bar_files import FolderShelf
from kraken_pipeline.store.bar_parts import with_revision
from kraken_pipeline.store.bar_reader import BarReader
from kraken_pipeline.store.bar_shelves import Listing, Part, Shelf, Turn

MOST_PARTS: Final = 16
"""Parts of a month, those left aside that are too large to grow, beyond which the youngest are
merged."""
GROWTH: Final = 4
"""A part joins a merge if it has at most so many times the rows of the younger ones together."""
MOST_MERGED_ROWS: Final = 500_000
"""Rows beyond which an append leaves a part as it is: whoever appends waits for the merge."""
MOST_COMPACTED_ROWS: Final = 1_000_000
"""Rows beyond which even compacting leaves a part as it is: a merge must fit in memory, where a row
takes up to 400 bytes."""
GROUPS_AT_ONCE: Final = 32
"""Groups of a part that are read together: a million rows, of which a few pairs' are kept."""


class ShelvedBars(BarReader):
    """The bars on a shelf. Any number of processes may read and write."""

    def __init__(self, where: Path | Shelf) -> None:
        """Take the folder of Parquet files, or another shelf; there need not be anything yet."""
        super().__init__(FolderShelf(where) if isinstance(where, Path) else where)
        # starting threads anew for every close costs more than what they do; none starts before
        self._writers = ThreadPoolExecutor(len(TIMEFRAMES), thread_name_prefix="bars")

    def append(self, frame: Timeframe, pages: Iterable[Candles]) -> int:
        """Add what is new and return how many rows that were; what is there stays as it is.

        Raises:
            InvalidValueError: a page is of another timeframe, a bar opens off the timeframe's
                grid, or an amount is none that 26 digits and 12 decimals can hold; nothing is
                added then.
            ConfigurationError: a file in the store is torn or not ours.
            StorageError: it cannot be written: the disk is full, or fails.
        """
        told = [each for each in pages if each.opened_at]
        if not told:
            return 0
        return self._append_table(frame, bar_tables.table_of(frame, told))

    def append_all(self, told: Mapping[Timeframe, Sequence[Candles]]) -> Mapping[Timeframe, int]:
        """Append to several timeframes together, as `append` does to each.

        Where an amount is wrong, nothing is added anywhere. Waiting for the disk is much of a small
        append, and they wait together. If that fails, what was told of the other timeframes may be
        there or not.

        Returns:
            How many rows were new, by timeframe.

        Raises:
            InvalidValueError: as `append`.
            ConfigurationError: a file in the store is torn or not ours.
            StorageError: it cannot be written: the disk is full, or fails.
        """
        rows = {frame: [each for each in pages if each.opened_at] for frame, pages in told.items()}
        # one after the other: threads that compute only disturb each other
        tables = {
            frame: bar_tables.table_of(frame, pages) for frame, pages in rows.items() if pages
        }
        counts = self._writers.map(self._append_table, tables, tables.values())
        return dict.fromkeys(told, 0) | dict(zip(tables, counts, strict=True))

    def revise(self, frame: Timeframe, pages: Iterable[Candles]) -> Mapping[str, Admitted]:
        """Add what is new, and what is told differently as the next revision of its bar (HIS-5).

        The newest revision is what is read from then on; the older ones stay stored. The same told
        again changes nothing.

        Returns:
            What became of each pair's bars; those that differ have a new revision.

        Raises:
            InvalidValueError: as `append`.
            ConfigurationError: a file in the store is torn or not ours.
            StorageError: it cannot be written: the disk is full, or fails.
        """
        told = [each for each in pages if each.opened_at]
        if not told:
            return {}
        table = bar_tables.table_of(frame, told)
        with self._writing(frame) as turn:
            return bar_overlaps.together(
                [
                    self._revise_month(frame, turn, month, rows)
                    for month, rows in bar_tables.by_month(table)
                ]
            )

    def compact(self, frame: Timeframe) -> int:
        """Merge the parts of each month into as few as fit in memory; return how many fewer.

        Raises:
            ConfigurationError: a file in the store is torn or not ours.
            StorageError: it cannot be written: the disk is full, or fails.
        """
        before = after = 0
        for month in list(self._listing(frame)):
            with self._writing(frame) as turn:
                before += len(turn.parts(month))
                for run in _runs(turn.parts(month), self._rows_in(frame)):
                    self._merge(frame, turn, month, run)
                after += len(turn.parts(month))
        return before - after

    @contextmanager
    def _writing(self, frame: Timeframe) -> Iterator["Writing"]:
        """Let one writer at a time into a timeframe, who knows what there is.

        Raises:
            StorageError: the disk takes nothing more, or is not there.
        """
        try:
            with self._shelf.turn(frame) as turn:
                known = self._listings.get(frame.name)
                if known is None or known[0] != turn.before:
                    listing = turn.listing()
                    self._listed(frame, None, listing)
                else:
                    # what is remembered does not count while it is changed
                    listing = self._listings.pop(frame.name)[1]
                writing = Writing(turn, listing)
                yield writing
        except OSError as failure:
            self._forget_newest(frame)
            raise StorageError(f"the {frame.name} bars cannot be kept: {failure}") from failure
        except BaseException:
            # what was written may have been undone
            self._forget_newest(frame)
            raise
        self._listings[frame.name] = turn.after, writing.listing

    def _append_table(self, frame: Timeframe, table: Any) -> int:  # noqa: ANN401 - pyarrow ships no types
        with self._writing(frame) as turn:
            return sum(
                self._append_month(frame, turn, month, rows)
                for month, rows in bar_tables.by_month(table)
            )

    def _append_month(self, frame: Timeframe, turn: "Writing", month: str, table: Any) -> int:  # noqa: ANN401 - as above
        if bar_tables.reaches_back(table, self._newest_in(frame, month, turn.parts(month))):
            table = bar_tables.without(table, self._keys_in(frame, turn.parts(month)))
        return self._write(frame, turn, month, table)

    def _revise_month(
        self,
        frame: Timeframe,
        turn: "Writing",
        month: str,
        table: Any,  # noqa: ANN401 - as above
    ) -> Mapping[str, Admitted]:
        if not bar_tables.reaches_back(table, self._newest_in(frame, month, turn.parts(month))):
            self._write(frame, turn, month, table)
            return bar_overlaps.added_all(table)
        kept = self._latest_like(frame, turn.parts(month), table)
        split = bar_overlaps.split(table, kept)
        if split.changed.num_rows:
            numbered = bar_tables.revisions_of(split.stale).astype(np.int32) + np.int32(1)
            table = bar_tables.merged([split.fresh, with_revision(split.changed, numbered)])
        else:
            table = split.fresh
        self._write(frame, turn, month, table)
        return split.admitted

    def _write(self, frame: Timeframe, turn: "Writing", month: str, table: Any) -> int:  # noqa: ANN401 - as above
        """Add rows that are new to a month, and return how many."""
        if not table.num_rows:
            return 0
        turn.add(month, table)
        parts = turn.parts(month)
        self._is_newer(frame, month, parts, bar_parts.newest_of(table))
        if len(parts) > MOST_PARTS:
            rows_in = self._rows_in(frame)
            if sum(rows_in(each) <= MOST_MERGED_ROWS // 2 for each in parts) > MOST_PARTS:
                self._merge(frame, turn, month, _youngest(parts, rows_in))
        return int(table.num_rows)

    def _merge(self, frame: Timeframe, turn: "Writing", month: str, parts: Sequence[Part]) -> None:
        if len(parts) > 1:
            tables = [self._rows(frame, each) for each in parts]
            turn.replace(month, bar_tables.merged(tables), parts)
            for each in parts:
                self._footers.pop(each, None)

    def _rows_in(self, frame: Timeframe) -> Callable[[Part], int]:
        return lambda part: self._footer(frame, part).rows

    def _keys_in(self, frame: Timeframe, parts: Sequence[Part]) -> bar_tables.Keys:
        tables = self._tables(frame, parts, ("pair", "opened_at"), lambda _: True)
        return bar_tables.keys_of(list(tables))

    def _latest_like(self, frame: Timeframe, parts: Sequence[Part], like: Any) -> Any:  # noqa: ANN401 - as above
        """Return the newest revisions of the bars that are of some others' pairs and times."""
        kept = list(self._rows_like(frame, parts, like))
        return bar_tables.latest(bar_tables.merged(kept)) if kept else like.slice(0, 0)

    def _rows_like(self, frame: Timeframe, parts: Sequence[Part], like: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
        opened = numbers(like.column("opened_at"))
        for part in parts:
            groups = self._groups(
                frame, part, lambda group: group.first <= opened[-1] and group.last >= opened[0]
            )
            for start in range(0, len(groups), GROUPS_AT_ONCE):
                some = groups[start : start + GROUPS_AT_ONCE]
                found = bar_overlaps.of_pairs(self._rows(frame, part, groups=some), like)
                if found.num_rows:
                    yield found


class Writing:
    """A writer's turn, and what there is in the course of it."""

    def __init__(self, turn: Turn, listing: Listing) -> None:
        """Begin with what there is."""
        self._turn = turn
        self._listing = dict(listing)

    @property
    def listing(self) -> Listing:
        """What there is now."""
        return dict(sorted(self._listing.items()))

    def parts(self, month: str) -> tuple[Part, ...]:
        """Return the parts of a month, oldest first."""
        return self._listing.get(month, ())

    # pyarrow ships no types
    def add(self, month: str, table: Any) -> None:  # noqa: ANN401
        """Add rows after all that there are."""
        parts = self.parts(month)
        number = parts[-1].last + 1 if parts else 1
        self._listing[month] = *parts, self._turn.put(month, table, span=(number, number))

    def replace(self, month: str, table: Any, replaced: Sequence[Part]) -> None:  # noqa: ANN401
        """Put rows in place of parts that follow on each other."""
        self._put(month, table, (replaced[0].first, replaced[-1].last), replaced)

    def widen(self, month: str, part: Part, table: Any, *, first: int) -> None:  # noqa: ANN401
        """Let a part, told with its rows, stand for the appends from `first` on as well."""
        self._put(month, table, (first, part.last), [part])

    def take_out(self, month: str, damaged: Sequence[Part]) -> None:
        """Let damaged parts count no more."""
        for each in damaged:
            self._turn.take_out(each)
        self._listing[month] = tuple(each for each in self.parts(month) if each not in damaged)

    def _put(
        self,
        month: str,
        table: Any,  # noqa: ANN401 - as above
        span: tuple[int, int],
        replaced: Sequence[Part],
    ) -> None:
        put = self._turn.put(month, table, span=span, replaced=replaced)
        self._listing[month] = tuple(
            sorted({put, *self.parts(month)} - set(replaced), key=lambda each: each.first)
        )


def _youngest(parts: Sequence[Part], rows_in: Callable[[Part], int]) -> list[Part]:
    """Return the youngest parts, with those older ones that are not much larger.

    So a row is written again only as often as its part grows by a factor.
    """
    chosen, rows = [parts[-1]], rows_in(parts[-1])
    for part in reversed(parts[:-1]):
        more = rows_in(part)
        if more > GROWTH * rows or rows + more > MOST_MERGED_ROWS:
            break
        chosen.append(part)
        rows += more
    return chosen[::-1]


def _runs(parts: Sequence[Part], rows_in: Callable[[Part], int]) -> list[list[Part]]:
    """Return the parts in runs that may be merged, oldest first."""
    runs: list[list[Part]] = [[]]
    rows = 0
    for part in parts:
        more = rows_in(part)
        if rows + more > MOST_COMPACTED_ROWS and runs[-1]:
            runs.append([])
            rows = 0
        runs[-1].append(part)
        rows += more
    return runs
