"""Damaged bars taken out, so that what is left is sound and says what it lacks.

A certificate says why a bar is absent: that nothing traded, for one. Of a bar that was lost that
would be a lie, so it is withdrawn first: wherever a bar of the month is absent, no source counts as
read any more, and `history fetch` reads it again.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from kraken_pipeline.domain.bars import Verified
from kraken_pipeline.domain.certificates import Stretch
from kraken_pipeline.domain.errors import ConfigurationError
from kraken_pipeline.domain.timeframes import Timeframe


class Bars(Protocol):
    """What is stored."""

    def verify(self, frame: Timeframe) -> Verified:
        """Read every byte of a timeframe, and tell what is not as it was written."""
        ...

    def sound(self, frame: Timeframe, month: str) -> Mapping[str, tuple[Stretch, ...]]:
        """Return where each pair has bars in what is sound of a month (`YYYY-MM`)."""
        ...

    def take_out(self, frame: Timeframe, month: str) -> int:
        """Take the damaged parts of a month out, and return how many those were."""
        ...


class Certificates(Protocol):
    """What is known of where bars come from."""

    def withdraw(
        self, frame: Timeframe, within: Stretch, present: Mapping[str, Sequence[Stretch]]
    ) -> None:
        """Take back what was said of bars that are absent, as they may have been lost."""
        ...


def repair(bars: Bars, certificates: Certificates, frame: Timeframe) -> Verified:
    """Take what is damaged of a timeframe out, and return what it was.

    Told again after a crash, it goes on where it was cut.

    Raises:
        ConfigurationError: the list of what is stored is damaged, which only a copy can mend.
    """
    found = bars.verify(frame)
    for why in (each.why for each in found.damages if not each.month):
        raise ConfigurationError(why)
    for month in sorted({each.month for each in found.damages}):
        certificates.withdraw(frame, _stretch_of(month), bars.sound(frame, month))
        bars.take_out(frame, month)
    return found


def _stretch_of(month: str) -> Stretch:
    year, number = int(month[:4]), int(month[5:])
    begin = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return int(begin.timestamp()), int(end.timestamp())
