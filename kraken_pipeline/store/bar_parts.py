"""A part of the bars as the bytes of one file, known again when it is read.

A part is a Parquet file, or one of Arrow's own format where it has few rows (`bar_increments`).
A part holds bars of many pairs of one timeframe and one UTC month, by open time and pair. Prices
and volumes are decimals, so that what was told is what is read. Parts are never changed. A part
whose bars were told anew says so in a further column; where it lacks, all are as first told.

Parquet's own page checksums leave page headers and footer open: a flipped bit there was seen to
empty a dictionary without an error. So the footer tells a CRC-32 of each group's bytes, and the
CRC-32 of the footer is kept outside; of a part of few rows, the CRC-32 of all its bytes.
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kraken_pipeline.store import bar_increments
from kraken_pipeline.store.arrow import integers, numbers
from kraken_pipeline.store.bar_amounts import EXACT, TYPES, floats, narrowed, widened

AMOUNTS: Final = ("open", "high", "low", "close", "volume")
SCHEMA: Final = pa.schema(
    [
        ("pair", pa.dictionary(pa.int32(), pa.string())),
        ("opened_at", pa.int64()),
        *((name, EXACT) for name in AMOUNTS),
        ("trades", pa.int64()),
    ]
)
REVISION: Final = pa.field("revision", pa.int32())
"""How often a bar was told differently before; a column only where one was."""
GROUP_ROWS: Final = 32_768
"""Rows that are read together at the least: one day of 500 pairs on 15m, or two months on 1d."""
_NOTE: Final = b"kraken_pipeline.bars"
_NEWEST: Final = b"kraken_pipeline.newest"
"""Apart, as most who open a part do not ask for it."""
_OTHER_ROWS: Final = "its rows are not the ones that were written"
_TAIL: Final = 8
"""Bytes at the end of a Parquet file: the footer's length and the magic."""


class TornError(Exception):
    """Bytes are not those that were written; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows of a part that are read together, and the bytes that they are in."""

    first: int
    """Open time of the oldest, Unix seconds."""
    last: int
    rows: int
    start: int
    """Place of the first byte."""
    end: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footer:
    """What a part says of itself at its end."""

    rows: int
    groups: tuple[Group, ...]
    has_revisions: bool
    parquet: Any = None
    """As pyarrow, which ships no types, has it; None of a part of few rows."""
    few: Mapping[str, int] = field(default_factory=dict)
    """Of a part of few rows, what `newest` returns."""

    def newest(self) -> dict[str, int]:
        """Return for each pair the open time of its newest bar in here."""
        if self.parquet is None:
            return dict(self.few)
        noted = self.parquet.metadata
        # parts of the first layout tell it with the rest
        rest = json.loads(noted[_NOTE]) if _NEWEST not in noted else {}
        found: dict[str, int] = rest.get("newest") or json.loads(noted[_NEWEST])
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """The rows of a group as columns of numbers, by open time; of one bar the newest comes last."""

    opened_at: NDArray[np.int64]
    pairs: tuple[str, ...]
    codes: NDArray[np.int32]
    """Place in `pairs`, one a row."""
    amounts: tuple[NDArray[np.float64], ...]
    """In the order of `AMOUNTS`."""


class _Summed:
    """A file that is written once, front to back, and adds up what goes into it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.closed = False
        self.size = 0
        self._crc = 0

    def write(self, told: bytes) -> int:
        self._crc = zlib.crc32(told, self._crc)
        self.size += len(told)
        return self._file.write(told)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Leave it to whoever owns the file."""

    def taken(self) -> int:
        """Return the CRC of what was written since it was last asked."""
        crc, self._crc = self._crc, 0
        return crc


# pyarrow ships no types
def write(file: BinaryIO, table: Any, *, timeframe: str, month: str) -> int:  # noqa: ANN401
    """Write rows as a part and return the CRC by which it is known again.

    Args:
        file: open for writing, empty.
        table: rows as `SCHEMA` has them, or with `REVISION`, by open time and pair; at least one.
        timeframe: its name, noted in the part.
        month: `YYYY-MM`, noted as well.
    """
    summed, holds = _Summed(file), {"timeframe": timeframe, "month": month}
    if bar_increments.fits(table):
        summed.write(bar_increments.written(table, holds))
    else:
        _write_parquet(summed, table, holds)
    return summed.taken()


def format_of(table: Any) -> str:  # noqa: ANN401 - as above
    """Return what `write` makes of rows, as files of that format are named."""
    return "arrow" if bar_increments.fits(table) else "parquet"


def _write_parquet(summed: _Summed, table: Any, holds: Mapping[str, str]) -> None:  # noqa: ANN401 - as above
    """Write rows in groups; the CRC of what follows the last one is left to be taken."""
    narrow, groups = _narrow(table), []
    writer = pq.ParquetWriter(
        summed,
        narrow.schema,
        compression="lz4",
        use_dictionary=["pair", "opened_at"],
        write_statistics=["opened_at"],
        store_decimal_as_integer=True,
    )
    with writer:
        for place in range(0, narrow.num_rows, GROUP_ROWS):
            some, start = narrow.slice(place, GROUP_ROWS), summed.size
            writer.write_table(some, row_group_size=GROUP_ROWS)
            opened = numbers(some.column("opened_at"))
            bounds = int(opened[0]), int(opened[-1]), len(opened)
            groups.append((*bounds, start if place else 0, summed.size, summed.taken()))
        note = {**holds, "groups": groups}
        newest = json.dumps(newest_of(table), sort_keys=True)
        writer.add_key_value_metadata({_NOTE: json.dumps(note), _NEWEST: newest})


def newest_of(table: Any) -> dict[str, int]:  # noqa: ANN401 - as above
    """Return the open time of each pair's newest row; rows must be by open time."""
    pairs = table.column("pair").combine_chunks()
    # a later row overwrites an earlier one
    last = np.zeros(len(pairs.dictionary), dtype=np.int64)
    codes = numbers(pairs.indices)
    last[codes] = numbers(table.column("opened_at"))
    present = np.zeros(len(last), dtype=bool)
    present[codes] = True
    names = pairs.dictionary.to_pylist()
    if present.all():
        return dict(zip(names, last.tolist(), strict=True))
    told = zip(names, last.tolist(), present.tolist(), strict=True)
    return {name: opened for name, opened, is_there in told if is_there}


def footer_of(content: Any, crc: int, *, timeframe: str, month: str) -> Footer:  # noqa: ANN401 - as above
    """Return what a part says of itself.

    Args:
        content: the part, as pyarrow reads files.
        crc: as `write` returned it.
        timeframe: what it must hold.
        month: the same.

    Raises:
        TornError: it is torn, or not one of ours, or holds something else.
    """
    holds = {"timeframe": timeframe, "month": month}
    if _is_increment(content):
        return _footer_of_few(content, crc, holds)
    size = content.size()
    length = int.from_bytes(_bytes(content, max(size - _TAIL, 0), 4), "little")
    start = max(size - _TAIL - length, 0)
    told = _bytes(content, start, size - start)
    if zlib.crc32(told) != crc:
        raise TornError("its footer is not the one that was written")
    try:
        parquet = pq.read_metadata(pa.BufferReader(told))
    except (pa.ArrowException, OSError) as error:
        raise TornError(str(error)) from error
    note = json.loads((parquet.metadata or {}).get(_NOTE, b"{}"))
    schema = parquet.schema.to_arrow_schema()
    _require_held(schema, note, holds)
    names = ("first", "last", "rows", "start", "end", "crc")
    return Footer(
        rows=parquet.num_rows,
        groups=tuple(Group(**dict(zip(names, each, strict=True))) for each in note["groups"]),
        has_revisions=REVISION.name in schema.names,
        parquet=parquet,
    )


def _footer_of_few(content: Any, crc: int, holds: Mapping[str, str]) -> Footer:  # noqa: ANN401 - as above
    size = content.size()
    told = _bytes(content, 0, size)
    if zlib.crc32(told) != crc:
        raise TornError(_OTHER_ROWS)
    table = bar_increments.table_in(told)
    noted = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    _require_held(table.schema, noted, holds)
    opened, rows = numbers(table.column("opened_at")), table.num_rows
    return Footer(
        rows=rows,
        groups=(
            Group(
                first=int(opened[0]), last=int(opened[-1]), rows=rows, start=0, end=size, crc=crc
            ),
        ),
        has_revisions=REVISION.name in table.column_names,
        few=newest_of(table),
    )


def _is_increment(content: Any) -> bool:  # noqa: ANN401 - as above
    return bytes(_bytes(content, 0, len(bar_increments.MAGIC))) == bar_increments.MAGIC


def _require_held(schema: Any, noted: Mapping[str, Any], holds: Mapping[str, str]) -> None:  # noqa: ANN401 - as above
    if not _is_ours(schema) or {key: noted.get(key) for key in holds} != holds:
        raise TornError(f"it does not hold bars of {holds['timeframe']} in {holds['month']}")


def rows_of(
    content: Any,  # noqa: ANN401 - as above
    footer: Footer,
    *,
    groups: Iterable[int] | None = None,
    columns: Sequence[str] = tuple(SCHEMA.names),
) -> Any:  # noqa: ANN401 - as above
    """Return rows of a part, each column in one piece, amounts as `EXACT`.

    Args:
        content: the part, as pyarrow reads files.
        footer: what it says of itself.
        groups: which ones; None means all.
        columns: in this order; `REVISION` is left out where the part has none.

    Raises:
        TornError: the bytes of one of these groups are not those that were written.
    """
    table = _read(content, footer, groups, columns)
    for place, name in enumerate(table.column_names):
        if name in AMOUNTS:
            table = table.set_column(place, SCHEMA.field(name), widened(table.column(name)))
    return table


def with_revision(table: Any, revisions: NDArray[np.int32]) -> Any:  # noqa: ANN401 - as above
    """Return rows with the number of their revision, one a row, as last column."""
    return table.append_column(REVISION, integers(revisions))


def panel_of(content: Any, footer: Footer, group: int) -> Panel:  # noqa: ANN401 - as above
    """Return one group of a part as numbers.

    Raises:
        TornError: as `rows_of`.
    """
    table = _read(content, footer, [group], ["pair", "opened_at", *AMOUNTS])
    pairs = table.column("pair").chunk(0)
    return Panel(
        opened_at=numbers(table.column("opened_at")),
        pairs=tuple(pairs.dictionary.to_pylist()),
        codes=numbers(pairs.indices),
        amounts=tuple(floats(table.column(name).chunk(0)) for name in AMOUNTS),
    )


def _read(
    content: Any,  # noqa: ANN401 - as above
    footer: Footer,
    groups: Iterable[int] | None,
    columns: Sequence[str],
) -> Any:  # noqa: ANN401 - as above
    wanted = list(range(len(footer.groups)) if groups is None else groups)
    for each in wanted:
        group = footer.groups[each]
        if zlib.crc32(_bytes(content, group.start, group.end - group.start)) != group.crc:
            raise TornError(_OTHER_ROWS)
    stored = [each for each in columns if each != REVISION.name or footer.has_revisions]
    if footer.parquet is None:
        table = bar_increments.table_in(_bytes(content, 0, content.size()))
        kept = table.slice(0, footer.rows if wanted else 0)
        return kept.select(stored).replace_schema_metadata(None)
    try:
        with pq.ParquetFile(content, metadata=footer.parquet) as file:
            threads = sum(footer.groups[each].rows for each in wanted) >= GROUP_ROWS
            return file.read_row_groups(
                wanted, columns=stored, use_threads=threads
            ).combine_chunks()
    except (pa.ArrowException, OSError) as error:
        raise TornError(str(error)) from error


def _bytes(content: Any, start: int, count: int) -> Any:  # noqa: ANN401 - as above
    content.seek(start)
    return content.read_buffer(count)


def _narrow(table: Any) -> Any:  # noqa: ANN401 - as above
    for place, name in enumerate(table.column_names):
        if name in AMOUNTS:
            amounts = narrowed(table.column(name).combine_chunks())
            table = table.set_column(place, pa.field(name, amounts.type), amounts)
    return table


def _is_ours(schema: Any) -> bool:  # noqa: ANN401 - as above
    plain = schema.remove_metadata()
    names = [each for each in plain.names if each != REVISION.name]
    return names == SCHEMA.names and all(
        field.type in TYPES if field.name in AMOUNTS else field in (*SCHEMA, REVISION)
        for field in plain
    )
