"""Candles, what vouches for them, and who hears that they closed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from kraken_pipeline.domain.bars import Admitted, Candles, MonthReport
from kraken_pipeline.domain.certificates import Certificate, Difference, Span
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.strategies.base import Bars


class BarReading(Protocol):
    """Closed bars, to decide on."""

    def read(
        self, frame: Timeframe, pairs: Sequence[str], *, closed_by: datetime, count: int
    ) -> Bars:
        """Return the last `count` bars of each pair that were closed at `closed_by`."""
        ...

    def closes(self, frame: Timeframe, closed_at: datetime) -> Mapping[str, Decimal]:
        """Return each pair's exact close of the bar that closed then."""
        ...

    def revisions(
        self, frame: Timeframe, *, first: datetime, last: datetime
    ) -> Mapping[str, Mapping[datetime, int]]:
        """Return of each pair the bars that were told anew, by open time, and how often (HIS-5)."""
        ...


class BarStore(BarReading, Protocol):
    """Closed bars, exact, all pairs of a timeframe together."""

    def append(self, frame: Timeframe, pages: Iterable[Candles]) -> int:
        """Add what is new and return how many rows that were; what is there stays as it is."""
        ...

    def append_all(self, told: Mapping[Timeframe, Sequence[Candles]]) -> Mapping[Timeframe, int]:
        """Append to several timeframes at once; what an error leaves of each is there or not."""
        ...

    def revise(self, frame: Timeframe, pages: Iterable[Candles]) -> Mapping[str, Admitted]:
        """Add what is new, and what is told differently as the next revision of its bar."""
        ...

    def newest(self, frame: Timeframe) -> Mapping[str, datetime]:
        """Return the open time of each pair's newest bar."""
        ...

    def report(
        self, frame: Timeframe, month: str, *, now: datetime, since: datetime | None = None
    ) -> MonthReport:
        """Return what is stored of a UTC month (`YYYY-MM-01`); faults among bars from `since`."""
        ...


class Certificates(Protocol):
    """What is known of where bars come from, and of why one is missing."""

    def of(self, frame: Timeframe) -> Mapping[str, Certificate]:
        """Return the certificate of each pair that has one."""
        ...

    def extend(
        self, frame: Timeframe, told: Sequence[tuple[str, Span, Sequence[Difference]]]
    ) -> None:
        """Add what sources told of pairs; the same told again changes nothing."""
        ...


class CloseListener(Protocol):
    """Who is told that candles have closed, by whoever hears it from the exchange's stream."""

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        """Learn that the bars that closed at an instant are in the store, for every pair.

        The stream hears nothing while this runs: whoever has work to do does it elsewhere, and
        whatever goes wrong there stays there. The same close may be told twice.

        Args:
            frames: the timeframes that have a bar ending then.
            closed_at: that instant, exchange time, UTC.
        """
        ...
