"""Closed candles of one pair, column by column, in the exchange's own text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """Closed candles, oldest first. All columns are of one length.

    Prices and volumes stay text until the store makes exact numbers of them.

    Raises:
        InvalidValueError: a column is longer or shorter than the others.
    """

    pair: str
    timeframe: str
    opened_at: tuple[int, ...]
    """Unix seconds, UTC."""
    open: tuple[str, ...]
    """Quote per base, as are high, low and close."""
    high: tuple[str, ...]
    low: tuple[str, ...]
    close: tuple[str, ...]
    volume: tuple[str, ...]
    """Base units."""
    trades: tuple[int, ...]

    def __post_init__(self) -> None:
        columns = (self.open, self.high, self.low, self.close, self.volume, self.trades)
        if any(len(each) != len(self.opened_at) for each in columns):
            raise InvalidValueError(
                f"candles of {self.pair}: {len(self.opened_at)} rows, "
                f"but columns of {[len(each) for each in columns]}"
            )

    def __len__(self) -> int:
        return len(self.opened_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthReport:
    """What is stored of a timeframe in a UTC month, and what is wrong with it."""

    month: str
    """`YYYY-MM-01`."""
    rows: int
    pairs: int
    newest_close: datetime | None
    """Close of the newest stored bar."""
    duplicates: int
    """Rows that repeat a pair and an open time."""
    unclosed: int
    """Rows whose bar was not over when it was asked."""
    missing: Mapping[str, int]
    """Pair to bars absent between its first and its last, where there are any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Stored bars that are not as they were written."""

    timeframe: str
    month: str
    """`YYYY-MM`, UTC; empty where the list of what is stored is damaged."""
    part: str
    """Name of the file or number of the row; empty where it is gone."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found in reading every byte that is stored of a timeframe."""

    timeframe: str
    parts: int = 0
    rows: int = 0
    """Bars, with each revision counted; of sound parts alone."""
    revised: int = 0
    """Of these, revisions of a bar that was told anew."""
    damages: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile:
    """A file of candles as its name and its first line tell it."""

    name: str
    """As it lies in its folder or its zip."""
    pair: str
    frame: Timeframe
    source: Source
    size: int
    """Bytes of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What became of a pair's candles from a file."""

    added: int
    """Bars that were new."""
    same: int
    """Bars that were there, told alike."""
    differing: int
    """Bars that were there, told differently; they stay as they are."""
    differences: tuple[tuple[int, str, str, str], ...]
    """Open time, field, what is kept and what was told, of as many as are kept."""
