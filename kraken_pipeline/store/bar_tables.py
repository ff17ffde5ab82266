"""Bars between their shapes: the exchange's text, rows of a file, matrices of time by pair."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, product
from operator import attrgetter
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kraken_pipeline.domain.bars import Candles, MonthReport
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import EPOCH, Timeframe
from kraken_pipeline.store.arrow import integers, numbers, texts
from kraken_pipeline.store.bar_amounts import EXACT, SCALE, words
from kraken_pipeline.store.bar_parts import AMOUNTS, REVISION, SCHEMA, Panel, with_revision
from kraken_pipeline.strategies.base import Bars

Ints = NDArray[np.int64]
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])-01")
_PRICES: Final = AMOUNTS[:4]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keys:
    """Which bars there are: a pair and an open time for each row."""

    pairs: tuple[str, ...]
    codes: Ints
    """Place in `pairs`, one a row."""
    opened_at: Ints
    """Unix seconds, one a row."""
    revisions: Ints
    """How often each was told differently before."""

    def since(self, first: int) -> Self:
        """Return those that open at `first` or later."""
        kept = self.opened_at >= first
        return replace(
            self,
            codes=self.codes[kept],
            opened_at=self.opened_at[kept],
            revisions=self.revisions[kept],
        )


def table_of(frame: Timeframe, pages: Sequence[Candles]) -> Any:  # noqa: ANN401 - pyarrow is untyped
    """Return the bars of all pages as rows by open time and pair; the first of two alike stays.

    Raises:
        InvalidValueError: a page is of another timeframe, a bar opens off its grid, or an amount
            is none that 26 digits and 12 decimals can hold exactly.
    """
    for page in pages:
        if page.timeframe != frame.name:
            raise InvalidValueError(
                f"candles of {page.pair} are of {page.timeframe}, not of {frame.name}"
            )
    names = sorted({page.pair for page in pages})
    places = {name: place for place, name in enumerate(names)}
    lengths = list(map(len, map(attrgetter("opened_at"), pages)))
    codes = np.repeat(np.array([places[page.pair] for page in pages], dtype=np.int32), lengths)
    opened = _column(pages, "opened_at")
    _require_grid(frame, opened)
    columns = [
        pa.DictionaryArray.from_arrays(integers(codes), texts(names)),
        integers(opened),
        *exact_of(pages),
        integers(_column(pages, "trades")),
    ]
    table, order = pa.Table.from_arrays(columns, schema=SCHEMA), _distinct(codes, opened)
    is_ordered = np.array_equal(order, np.arange(len(codes)))
    return table if is_ordered else table.take(integers(order))


def is_month(told: str) -> bool:
    """Tell whether a text names a month's first day, `YYYY-MM-01`."""
    return _MONTH.fullmatch(told) is not None


def by_month(table: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Yield each UTC month (`YYYY-MM`) with its rows; they must be by open time."""
    opened = numbers(table.column("opened_at"))
    months = opened.astype("datetime64[s]").astype("datetime64[M]")
    names, starts = np.unique(months, return_index=True)
    for name, start, end in zip(names, starts, [*starts[1:], len(opened)], strict=True):
        yield str(name), table.slice(int(start), int(end - start))


def keys_of(tables: Sequence[Any]) -> Keys:
    """Return which bars some tables hold."""
    places: dict[str, int] = {}
    codes, opened, revisions = ([np.zeros(0, dtype=np.int64)] for _ in range(3))
    for table in tables:
        pairs = table.column("pair").combine_chunks()
        own = [places.setdefault(each, len(places)) for each in pairs.dictionary.to_pylist()]
        codes.append(np.array(own, dtype=np.int64)[numbers(pairs.indices)])
        opened.append(numbers(table.column("opened_at")))
        revisions.append(revisions_of(table))
    return Keys(
        pairs=tuple(places),
        codes=np.concatenate(codes),
        opened_at=np.concatenate(opened),
        revisions=np.concatenate(revisions)
        if _any_revised(tables)
        else _never(sum(map(len, codes))),
    )


def revisions_of(table: Any) -> Ints:  # noqa: ANN401 - as above
    """Return the revision of each row; nought where the rows do not tell."""
    if REVISION.name not in table.column_names:
        return _never(table.num_rows)
    return np.asarray(numbers(table.column(REVISION.name)), dtype=np.int64)


def reaches_back(table: Any, newest: Mapping[str, int]) -> bool:  # noqa: ANN401 - as above
    """Tell whether some row is not after its pair's newest, so that it may be there already."""
    if table.num_rows and table.column("opened_at")[0].as_py() > max(newest.values(), default=-1):
        return False
    pairs = table.column("pair").combine_chunks()
    told = [newest.get(each, -1) for each in pairs.dictionary.to_pylist()]
    bounds = np.array(told, dtype=np.int64)
    return bool((numbers(table.column("opened_at")) <= bounds[numbers(pairs.indices)]).any())


def without(table: Any, known: Keys) -> Any:  # noqa: ANN401 - as above
    """Return the rows whose pair and open time are not among the known ones."""
    own = keys_of([table])
    places = {name: place for place, name in enumerate(own.pairs)}
    translated = np.array([places.get(each, -1) for each in known.pairs], dtype=np.int64)
    codes = translated[known.codes]
    size = len(own.pairs)
    there = known.opened_at[codes >= 0] * size + codes[codes >= 0]
    return table.take(integers(np.flatnonzero(~np.isin(own.opened_at * size + own.codes, there))))


def _never(rows: int) -> Ints:
    """Return as many noughts, in the memory of one."""
    return np.broadcast_to(np.int64(0), rows)


def merged(tables: Sequence[Any]) -> Any:  # noqa: ANN401 - as above
    """Return the rows of all tables in one, by open time, pair and revision."""
    told = [_with_some_revision(each) for each in tables] if _any_revised(tables) else tables
    table = pa.concat_tables(told).unify_dictionaries().combine_chunks()
    pairs = table.column("pair").combine_chunks()
    names = pairs.dictionary.to_pylist()
    ranks = np.empty(len(names), dtype=np.int32)
    ranks[np.argsort(names)] = np.arange(len(names), dtype=np.int32)
    codes = ranks[numbers(pairs.indices)]
    order = np.lexsort((revisions_of(table), codes, numbers(table.column("opened_at"))))
    named = pa.DictionaryArray.from_arrays(integers(codes[order]), texts(sorted(names)))
    return table.take(integers(order)).set_column(0, SCHEMA.field("pair"), named)


def latest(table: Any) -> Any:  # noqa: ANN401 - as above
    """Return of each bar the newest revision; rows must be as `merged` returns them."""
    keys = keys_of([table])
    is_last = np.ones(table.num_rows, dtype=bool)
    is_last[:-1] = (np.diff(keys.opened_at) != 0) | (np.diff(keys.codes) != 0)
    return table if is_last.all() else table.take(integers(np.flatnonzero(is_last)))


def _any_revised(tables: Sequence[Any]) -> bool:
    return any(REVISION.name in each.column_names for each in tables)


def _with_some_revision(table: Any) -> Any:  # noqa: ANN401 - as above
    if REVISION.name in table.column_names:
        return table
    return with_revision(table, np.zeros(table.num_rows, dtype=np.int32))


class Places:
    """The columns that some pairs have in a matrix."""

    def __init__(self, pairs: Sequence[str]) -> None:
        """Take the pairs in the order of the columns."""
        self.pairs = tuple(pairs)
        self._columns = {name: column for column, name in enumerate(self.pairs)}
        self._known: dict[tuple[str, ...], Ints] = {}

    def of(self, names: tuple[str, ...]) -> Ints:
        """Return the column of each of some names, or -1."""
        if names not in self._known:
            own = [self._columns.get(each, -1) for each in names]
            self._known[names] = np.array(own, dtype=np.int64)
        return self._known[names]


def newest_at(panels: Sequence[Panel], places: Places, end: int) -> int | None:
    """Return the open time of the newest bar that any of the pairs has at `end` or before."""
    newest = -1
    for panel in sorted(panels, key=lambda each: -each.opened_at[-1]):
        if panel.opened_at[-1] <= newest:
            break
        until = np.searchsorted(panel.opened_at, end, side="right")
        rows = np.flatnonzero(places.of(panel.pairs)[panel.codes[:until]] >= 0)
        if rows.size:
            newest = max(newest, int(panel.opened_at[rows[-1]]))
    return newest if newest >= 0 else None


def bars_of(
    frame: Timeframe, places: Places, panels: Iterable[Panel], *, first: int, last: int
) -> Bars:
    """Return the bars that opened from `first` to `last` as matrices of time by pair.

    Rows before the oldest bar of any of the pairs are left out; NaN stands where a bar is absent.
    Nobody can write into them: they may be given to more than one.
    """
    opened = np.arange(first, last + 1, frame.seconds, dtype=np.int64)
    size = len(places.pairs)
    matrices = [np.full((len(opened), size), np.nan) for _ in AMOUNTS]
    oldest = len(opened)
    for panel in panels:
        start = np.searchsorted(panel.opened_at, first)
        until = np.searchsorted(panel.opened_at, last, side="right")
        columns = places.of(panel.pairs)[panel.codes[start:until]]
        kept = columns >= 0
        rows = (panel.opened_at[start:until][kept] - first) // frame.seconds
        if rows.size:
            oldest = min(oldest, int(rows[0]))
        place = rows * size + columns[kept]
        for matrix, amounts in zip(matrices, panel.amounts, strict=True):
            matrix.ravel()[place] = amounts[start:until][kept]
    for each in (opened, *matrices):
        each.setflags(write=False)
    named = dict(zip(AMOUNTS, (matrix[oldest:] for matrix in matrices), strict=True))
    return Bars(frame=frame, pairs=places.pairs, opened_at=opened[oldest:], **named)


def faults(frame: Timeframe, month: str, keys: Keys, *, now: datetime) -> MonthReport:
    """Return what is wrong among some bars; rows, pairs and newest close are theirs alone."""
    size, most = max(len(keys.pairs), 1), int(keys.revisions.max(initial=0)) + 1
    told = _once(np.sort((keys.opened_at * size + keys.codes) * most + keys.revisions))
    distinct = _once(told // most)
    codes, opened = distinct % size, distinct // size
    counts = np.bincount(codes, minlength=len(keys.pairs))
    oldest = np.full(len(keys.pairs), np.iinfo(np.int64).max)
    newest = np.zeros(len(keys.pairs), dtype=np.int64)
    np.minimum.at(oldest, codes, opened)
    np.maximum.at(newest, codes, opened)
    gaps = {
        pair: int((newest[code] - oldest[code]) // frame.seconds + 1 - counts[code])
        for code, pair in enumerate(keys.pairs)
        if counts[code]
    }
    now_seconds = (now - EPOCH) // timedelta(seconds=1)
    return MonthReport(
        month=month,
        rows=len(keys.opened_at),
        pairs=int((counts > 0).sum()),
        newest_close=None,
        duplicates=len(keys.opened_at) - len(told),
        unclosed=int((keys.opened_at + frame.seconds > now_seconds).sum()),
        missing={pair: gap for pair, gap in sorted(gaps.items()) if gap},
    )


def stretches(frame: Timeframe, keys: Keys) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each pair's stretches without a hole: first open time, and that after the last."""
    order = np.lexsort((keys.opened_at, keys.codes))
    codes, opened = keys.codes[order], keys.opened_at[order]
    if not len(order):
        return
    breaks = (np.diff(codes) != 0) | (np.diff(opened) > frame.seconds)
    starts = np.concatenate(([0], np.flatnonzero(breaks) + 1))
    ends = np.concatenate((starts[1:], [len(order)])) - 1
    firsts, untils = opened[starts].tolist(), (opened[ends] + frame.seconds).tolist()
    for code, first, until in zip(codes[starts].tolist(), firsts, untils, strict=True):
        yield keys.pairs[code], (first, until)


def _require_grid(frame: Timeframe, opened: Ints) -> None:
    off = opened[opened % frame.seconds != 0]
    if off.size:
        raise InvalidValueError(f"a bar of {frame.name} cannot open at {off[0]} (Unix seconds)")


def _once(ordered: Ints) -> Ints:
    """Return each number of a sorted column once; NumPy's own way hashes, ten times as long."""
    fresh = np.ones(len(ordered), dtype=bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


def _distinct(codes: NDArray[np.int32], opened: Ints) -> Ints:
    """Return the places of the rows by open time and pair, the first of each two alike."""
    order = np.lexsort((codes, opened))
    by_time, by_pair = opened[order], codes[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = (by_time[1:] != by_time[:-1]) | (by_pair[1:] != by_pair[:-1])
    return order[fresh]


def exact_of(pages: Sequence[Candles]) -> list[Any]:
    """Return each of `AMOUNTS` of all pages as decimals.

    Raises:
        InvalidValueError: an amount is none that 26 digits and 12 decimals can hold exactly.
    """
    told = list(chain.from_iterable(_texts_of(pages, name) for name in AMOUNTS))
    rows = len(told) // len(AMOUNTS)
    try:
        # all columns at once: what a call costs is most of a small append
        exact = texts(told).cast(EXACT)
    except pa.ArrowInvalid as error:
        raise InvalidValueError(_fault(pages)) from error
    columns = [exact.slice(place * rows, rows) for place in range(len(AMOUNTS))]
    high = words(exact)[:, 1].astype(np.int64)
    prices = words(exact)[: rows * len(_PRICES)]
    if exact.null_count or (high < 0).any() or not prices.any(axis=1).all():
        raise InvalidValueError(_fault(pages))
    return columns


def _texts_of(pages: Sequence[Candles], name: str) -> Iterator[str]:
    return chain.from_iterable(map(attrgetter(name), pages))


def _column(pages: Sequence[Candles], name: str) -> Ints:
    return np.fromiter(chain.from_iterable(map(attrgetter(name), pages)), np.int64)


def _fault(pages: Sequence[Candles]) -> str:
    """Name the first amount that cannot be kept. Slow, but only on the way to an error."""
    for page, name in product(pages, AMOUNTS):
        for opened, told in zip(page.opened_at, getattr(page, name), strict=True):
            if not _can_be_kept(told, zero=name not in _PRICES):
                return (
                    f"{page.pair} {page.timeframe} bar opened at {opened}: {name} is {told!r}; "
                    f"it must be {'above zero' if name in _PRICES else 'zero or more'}, with at "
                    f"most {EXACT.precision - SCALE} digits and {SCALE} decimals"
                )
    return "an amount cannot be kept"


def _can_be_kept(told: str, *, zero: bool) -> bool:
    try:
        value = texts([told]).cast(EXACT)[0].as_py()
    except pa.ArrowInvalid:
        return False
    return value is not None and (value > 0 or (zero and value == 0))
