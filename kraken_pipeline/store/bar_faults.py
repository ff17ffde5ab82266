"""What is wrong in a file of candles, and in which line. Slow, but only on the way to an error."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.store.bar_amounts import EXACT, SCALE
from kraken_pipeline.store.bar_parts import AMOUNTS

COLUMNS: Final = ("time", *AMOUNTS, "trades")
SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {"ts": "time", "timestamp": "time", "date": "time", "count": "trades"}
)
"""Other names of a column."""
_AMOUNT: Final = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?")
_ZONED: Final = re.compile(r"[0-9T: -]+(Z|[+-][0-9]{2}:?[0-9]{2})")
_FIELDS: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands where in a file."""

    columns: tuple[str, ...]
    is_headed: bool
    is_iso: bool
    """Whether times are dates, not Unix seconds."""


def layout_of(head: str) -> Layout:
    """Tell from a file's first lines what stands where.

    Raises:
        InvalidValueError: the first line is neither a candle nor a header that names its columns.
    """
    first, second = [*head.splitlines(), "", ""][:2]
    cells = [each.strip().lower() for each in first.split(",")]
    if cells[0][:1].isdigit():
        if len(cells) != len(COLUMNS):
            raise InvalidValueError(f"its first line has {len(cells)} cells, not {len(COLUMNS)}")
        return Layout(columns=COLUMNS, is_headed=False, is_iso="-" in cells[0])
    named = tuple(SPELLINGS.get(each, each) for each in cells)
    wrong = [each for each in COLUMNS if named.count(each) not in (1, int(each != "trades"))]
    if wrong:
        raise InvalidValueError(f"its first line does not name {wrong[0]} once: {first[:200]!r}")
    times = dict(zip(named, second.split(","), strict=False))
    return Layout(columns=named, is_headed=True, is_iso="-" in times.get("time", ""))


def first_fault(text: bytes, layout: Layout, frame: Timeframe, now: int) -> str:
    """Return which line is no candle and why, or nothing where each is one.

    Args:
        text: the file.
        layout: what stands where.
        frame: the timeframe.
        now: Unix seconds; a candle that is not over then is none.
    """
    before = 0
    lines = text.decode("utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines[layout.is_headed :], 1 + layout.is_headed):
        cells = line.split(",")
        if len(cells) != len(layout.columns):
            return f"line {number}: {len(cells)} cells, not {len(layout.columns)}: {line[:200]!r}"
        row = dict(zip(layout.columns, cells, strict=True))
        fault = next(_faults(row, layout), "")
        if fault:
            return f"line {number}: {fault}"
        opened = _moment(row["time"], layout)
        fault = _fault_of_time(opened, before, frame, now)
        if fault:
            return f"line {number}: {fault}"
        before = opened
    return ""


def _faults(row: Mapping[str, str], layout: Layout) -> Iterator[str]:
    """Yield what is wrong in one row, its time's place among others left aside."""
    time = row["time"]
    if not (_ZONED.fullmatch(time) if layout.is_iso else time.isdecimal() and time.isascii()):
        yield f"time is {time!r}, not {_TIMES[layout.is_iso]}"
    trades = row.get("trades", "0")
    if not (trades.isascii() and trades.isdecimal()):
        yield f"trades is {trades!r}, not a whole number"
    for name in AMOUNTS:
        if not _AMOUNT.fullmatch(row[name]):
            yield f"{name} is {row[name]!r}, not an amount"
        elif _is_too_long(Decimal(row[name]), cuts=name == "volume"):
            yield f"{name} is {row[name]}: no more than {SCALE} decimals can be kept"
    yield from _faults_of_prices([Decimal(row[name]) for name in _FIELDS], row)


_TIMES: Final = ("Unix seconds", "a date with its zone, such as 2026-01-31 00:00:00+00:00")


def _faults_of_prices(prices: Sequence[Decimal], row: Mapping[str, str]) -> Iterator[str]:
    opened, high, low, close = prices
    if low <= 0:
        yield f"low is {row['low']}; a price is above zero"
    if low > min(opened, close):
        yield f"low is {row['low']}, above open or close"
    if high < max(opened, close):
        yield f"high is {row['high']}, below open or close"


def _fault_of_time(opened: int, before: int, frame: Timeframe, now: int) -> str:
    if opened % frame.seconds:
        return f"no candle of {frame.name} opens at {opened}"
    if opened <= before:
        return f"time {opened} does not come after {before}"
    if opened + frame.seconds > now:
        return f"the candle that opens at {opened} is not over"
    return ""


def _moment(told: str, layout: Layout) -> int:
    return int(datetime.fromisoformat(told).timestamp()) if layout.is_iso else int(told)


def _is_too_long(value: Decimal, *, cuts: bool) -> bool:
    if value.adjusted() >= EXACT.precision - SCALE:
        return True
    exponent = value.normalize().as_tuple().exponent
    return not cuts and isinstance(exponent, int) and exponent < -SCALE
