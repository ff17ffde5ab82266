"""The exchange's clock: the machine's, moved or not, or one that is turned by hand."""

from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

Mode = Literal["real", "fixed"]


class Clock(Protocol):
    """What time the exchange has."""

    @property
    def mode(self) -> Mode:
        """Whether it runs by itself."""

    def now(self) -> datetime:
        """Return the time, aware, UTC."""


class RealClock:
    """The machine's clock, moved by a fixed span."""

    mode: Mode = "real"

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """Return the machine's time plus the offset."""
        return datetime.now(UTC) + self._offset

    @classmethod
    def starting_at(cls, instant: datetime) -> "RealClock":
        """Return a clock that shows `instant` now and runs on from there."""
        return cls(instant - datetime.now(UTC))


class FixedClock:
    """A clock that stands until it is turned."""

    mode: Mode = "fixed"

    def __init__(self, instant: datetime) -> None:
        self._now = instant

    def now(self) -> datetime:
        """Return the time it was turned to last."""
        return self._now

    def turn(self, instant: datetime) -> None:
        """Set the time.

        Raises:
            ValueError: `instant` lies before the time it shows.
        """
        if instant < self._now:
            raise ValueError(
                f"the clock shows {self._now.isoformat()} and can't go back to"
                f" {instant.isoformat()}; give a later time"
            )
        self._now = instant
