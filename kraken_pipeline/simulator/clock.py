"""The exchange's clock: the machine's, moved, sped up or not, or one that is turned by hand.

Any of them can be skewed while it runs, so that an exchange whose clock jumps can be had.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

Mode = Literal["real", "fixed"]


class Clock(Protocol):
    """What time the exchange has."""

    skew: timedelta
    """What its time is off by on purpose."""

    @property
    def mode(self) -> Mode:
        """Whether it runs by itself."""

    @property
    def speed(self) -> float:
        """How many of its seconds pass in one of the machine's; 0 if it stands."""

    def now(self) -> datetime:
        """Return the time, aware, UTC."""


class RealClock:
    """A clock that runs with the machine's: moved by a fixed span, or faster."""

    mode: Mode = "real"

    def __init__(
        self, offset: timedelta = timedelta(), *, speed: float = 1.0, start: datetime | None = None
    ) -> None:
        """Set it going.

        Args:
            offset: what is added to the time, if `start` is not given.
            speed: how many seconds pass in one of the machine's.
            start: what it shows now; None for the machine's time plus the offset.
        """
        self.skew = timedelta()
        self.speed = speed
        self._begun = datetime.now(UTC)
        self._start = self._begun + offset if start is None else start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time that it has come to."""
        elapsed = datetime.now(UTC) - self._begun
        if self.speed != 1:
            elapsed *= self.speed
        return self._start + elapsed + self.skew


class FixedClock:
    """A clock that stands until it is turned."""

    mode: Mode = "fixed"
    speed = 0.0

    def __init__(self, instant: datetime) -> None:
        self.skew = timedelta()
        self._now = instant

    def now(self) -> datetime:
        """Return the time it was turned to last."""
        return self._now + self.skew if self.skew else self._now

    def turn(self, instant: datetime) -> None:
        """Set the time.

        Raises:
            ValueError: `instant` lies before the time it shows.
        """
        if instant < self.now():
            raise ValueError(
                f"the clock shows {self.now().isoformat()} and can't go back to"
                f" {instant.isoformat()}; give a later time"
            )
        self._now = instant - self.skew
