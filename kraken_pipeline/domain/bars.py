"""Closed candles of one pair, column by column, in the exchange's own text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kraken_pipeline.domain.errors import InvalidValueError


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
