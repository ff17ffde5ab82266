"""Candles from files: the exchange's downloadable archive, a zip or a folder, and what others made.

A file is named PAIR_minutes.csv or PAIR_minutes.anything.csv. Without a header its columns are
time, open, high, low, close, volume and the number of trades; with one they may stand in any order
and the number of trades may lack. Time is the candle's opening in Unix seconds or ISO-8601 with a
zone.

A file is read whole or refused whole.

Source: support.kraken.com, "Downloadable historical OHLCVT data"; files seen in public copies.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from kraken_pipeline.domain.bars import ArchiveFile
from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import EPOCH, TIMEFRAMES, Timeframe
from kraken_pipeline.store.arrow import integers, numbers, texts
from kraken_pipeline.store.bar_amounts import EXACT, SCALE
from kraken_pipeline.store.bar_faults import Layout, first_fault, layout_of
from kraken_pipeline.store.bar_parts import AMOUNTS, SCHEMA

UNKNOWN_TRADES: Final = -1
"""The number of trades where a file does not tell it."""
OF_MINUTES: Final[Mapping[int, Timeframe]] = MappingProxyType(
    {each.minutes: each for each in TIMEFRAMES.values()}
)
_NAME: Final = re.compile(r"(?P<pair>[A-Z0-9]+)_(?P<minutes>[0-9]+)(\..*)?\.csv")
_LONG: Final = pa.decimal128(38, 20)
"""Of volumes that went through floating point somewhere: more decimals than the exchange has."""
_BLOCK: Final = 1 << 22
"""Bytes that are parsed at a time, each block by a thread of its own."""
_HEAD: Final = 4096
"""Bytes in which a first line ends."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """The candles of a file, sound, oldest first."""

    file: ArchiveFile
    table: Any
    """As `bar_files.SCHEMA` has it. pyarrow ships no types."""
    first: int
    """Open time of the first, Unix seconds; nothing is known before it."""
    until: int
    """Open time of the bar after the last."""
    notes: tuple[str, ...]
    """What was left out or rounded."""

    @property
    def rows(self) -> int:
        """How many candles."""
        return int(self.table.num_rows)


class CandleFiles:
    """The files of a folder or a zip. Several threads may read at once."""

    def __init__(self, path: Path, *, now: datetime) -> None:
        """Look what is there.

        Args:
            path: a folder, a zip, or one file.
            now: a candle that is not over then is refused.

        Raises:
            InvalidValueError: there is no such thing, or the zip is damaged.
        """
        self._path = path
        self._now = (now - EPOCH) // timedelta(seconds=1)
        self._zip: zipfile.ZipFile | None = None
        if path.is_file() and path.suffix.lower() == ".zip":
            try:
                self._zip = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError) as error:
                raise InvalidValueError(f"{path} is no zip that can be read: {error}") from error
        elif not path.exists():
            raise InvalidValueError(f"there is no {path}; give a folder, a zip or a .csv file")

    def close(self) -> None:
        """Close the zip."""
        if self._zip is not None:
            self._zip.close()

    @cached_property
    def found(self) -> tuple[ArchiveFile, ...]:
        """Every file of candles, by name."""
        return tuple(each for each in self._listed if isinstance(each, ArchiveFile))

    @cached_property
    def skipped(self) -> Mapping[str, str]:
        """Name to why it is passed over."""
        return dict(each for each in self._listed if not isinstance(each, ArchiveFile))

    def read(self, file: ArchiveFile) -> Sheet:
        """Return the candles of a file.

        Raises:
            InvalidValueError: a row is none; the file and the line are named.
        """
        text = self._text(file.name, -1)
        layout = layout_of(_head_of(text))
        try:
            table, notes = _parsed(text, layout)
            is_sound = _is_sound(table, file.frame, self._now)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise self._refusal(file, text, layout, str(error)) from error
        if not is_sound:
            raise self._refusal(file, text, layout, "its rows are no candles")
        return _sheet(file, table, notes)

    def _refusal(
        self, file: ArchiveFile, text: bytes, layout: Layout, otherwise: str
    ) -> InvalidValueError:
        fault = first_fault(text, layout, file.frame, self._now) or otherwise
        return InvalidValueError(f"{file.name}: {fault}; nothing of it was taken")

    @cached_property
    def _listed(self) -> list[ArchiveFile | tuple[str, str]]:
        return [self._looked_at(name, size) for name, size in sorted(self._entries())]

    def _entries(self) -> Iterator[tuple[str, int]]:
        """Yield each file by its name under the path, and its bytes of text."""
        if self._zip is not None:
            for entry in self._zip.infolist():
                if not entry.is_dir():
                    yield entry.filename, entry.file_size
        elif self._path.is_file():
            yield self._path.name, self._path.stat().st_size
        else:
            for path in self._path.rglob("*"):
                if path.is_file():
                    yield str(path.relative_to(self._path)), path.stat().st_size

    def _looked_at(self, name: str, size: int) -> ArchiveFile | tuple[str, str]:
        matched = _NAME.fullmatch(PurePosixPath(name).name)
        if matched is None:
            return name, "it is not named PAIR_MINUTES.csv"
        frame = OF_MINUTES.get(int(matched["minutes"]))
        if frame is None:
            known = ", ".join(map(str, OF_MINUTES))
            return name, f"{matched['minutes']} minutes is no timeframe of ours ({known} are)"
        try:
            layout = layout_of(_head_of(self._text(name, _HEAD)))
        except InvalidValueError as error:
            return name, str(error)
        source = Source.ARCHIVE if "trades" in layout.columns else Source.COPY
        return ArchiveFile(name=name, pair=matched["pair"], frame=frame, source=source, size=size)

    def _text(self, name: str, length: int) -> bytes:
        """Return the beginning of a file, or all of it where the length is below zero.

        Raises:
            InvalidValueError: it cannot be read.
        """
        try:
            if self._zip is not None:
                with self._zip.open(name) as entry:
                    return entry.read(length)
            with (self._path if self._path.is_file() else self._path / name).open("rb") as file:
                return file.read(length)
        except (
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
            OSError,
        ) as error:
            raise InvalidValueError(f"{name} cannot be read: {error}") from error


def _head_of(text: bytes) -> str:
    return text[:_HEAD].decode("utf-8", errors="replace")


def _parsed(text: bytes, layout: Layout) -> tuple[Any, tuple[str, ...]]:
    """Return the columns as text has them, exact, and what had to be rounded."""
    try:
        return _read(text, layout, volume=EXACT), ()
    except pa.ArrowInvalid:
        table = _read(text, layout, volume=_LONG)
    told = table.column("volume")
    rounded = pc.round(told, ndigits=SCALE, round_mode="half_to_even")
    count = pc.sum(pc.not_equal(told, rounded)).as_py()
    place = table.schema.get_field_index("volume")
    note = f"{count} volumes of more than {SCALE} decimals rounded to as many"
    return table.set_column(place, "volume", rounded.cast(EXACT)), (note,)


def _read(text: bytes, layout: Layout, *, volume: Any) -> Any:  # noqa: ANN401 - pyarrow is untyped
    moment = pa.timestamp("s", tz="UTC") if layout.is_iso else pa.int64()
    amounts = dict.fromkeys(AMOUNTS, EXACT) | {"volume": volume}
    return csv.read_csv(
        pa.BufferReader(text),
        read_options=csv.ReadOptions(
            column_names=list(layout.columns), skip_rows=int(layout.is_headed), block_size=_BLOCK
        ),
        parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types={"time": moment, "trades": pa.int64()} | amounts,
            include_columns=[each for each in layout.columns if each in _WANTED],
            null_values=[],
        ),
    )


_WANTED: Final = frozenset({"time", *AMOUNTS, "trades"})


def _is_sound(table: Any, frame: Timeframe, now: int) -> bool:  # noqa: ANN401 - as above
    """Tell whether every row is a candle that can be, at a time after the one before."""
    opened = _opened(table)
    zero = pa.scalar(0, EXACT)
    low, high = table.column("low"), table.column("high")
    bounds = [
        pc.greater(low, zero),
        pc.greater_equal(table.column("volume"), zero),
        *(pc.less_equal(low, table.column(name)) for name in ("open", "close", "high")),
        *(pc.greater_equal(high, table.column(name)) for name in ("open", "close")),
    ]
    if "trades" in table.column_names:
        bounds.append(pc.greater_equal(table.column("trades"), 0))
    return (
        bool((opened % frame.seconds == 0).all())
        and bool((np.diff(opened) > 0).all())
        and (not len(opened) or (opened[0] > 0 and opened[-1] + frame.seconds <= now))
        and all(pc.all(each, min_count=0).as_py() for each in bounds)
    )


def _opened(table: Any) -> NDArray[np.int64]:  # noqa: ANN401 - as above
    return np.asarray(numbers(table.column("time").cast(pa.int64())), dtype=np.int64)


def _sheet(file: ArchiveFile, table: Any, notes: tuple[str, ...]) -> Sheet:  # noqa: ANN401 - as above
    opened = _opened(table)
    if len(opened) and not _ends_a_month(int(opened[-1]) + file.frame.seconds):
        table, opened = table.slice(0, len(opened) - 1), opened[:-1]
        notes = (*notes, "last row left out: no later one shows that its candle was over")
    if "trades" in table.column_names:
        trades = table.column("trades")
    else:
        trades = integers(np.full(len(opened), UNKNOWN_TRADES, dtype=np.int64))
    codes = integers(np.zeros(len(opened), dtype=np.int32))
    columns = [
        pa.DictionaryArray.from_arrays(codes, texts([file.pair])),
        integers(opened),
        *(table.column(name) for name in AMOUNTS),
        trades,
    ]
    return Sheet(
        file=file,
        table=pa.Table.from_arrays(columns, schema=SCHEMA),
        first=int(opened[0]) if len(opened) else 0,
        until=int(opened[-1]) + file.frame.seconds if len(opened) else 0,
        notes=notes,
    )


def _ends_a_month(closed: int) -> bool:
    """Tell whether a candle ends with a UTC month, as the last of a quarter's file does."""
    at = datetime.fromtimestamp(closed, tz=UTC)
    return (at.day, at.hour, at.minute, at.second) == (1, 0, 0, 0)
