"""How long a line waits for what, and how it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.topics import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """How long to wait before connecting again, in seconds (NET-7)."""

    first: float = 1.0
    most: float = 60.0

    def after(self, failures: int, *, random: Random) -> float:
        """Return the pause after so many failures in a row before it: twice as long each time.

        Up to half of it is left to chance, so that many clients do not come back at once.
        """
        widest = min(self.first * 2.0 ** min(failures + 1, 16), self.most)
        return widest * random.uniform(0.5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a line is (STR-7)."""

    is_connected: bool
    heard_seconds: float
    """Since anything was heard."""
    connects: int
    """Since the beginning."""
    last_loss: str
    """Why the last connection ended; empty if none did."""
    system: str
    """What the exchange last said of itself: `online`, `maintenance`, …; empty if nothing."""
    unread: int
    """Frames that nobody could read."""
    refused: Mapping[Topic, str]
    """What the exchange would not tell, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rereading:
    """When REST is read after a new connection."""

    delays: tuple[float, ...] = (0.0, 15.0, 75.0)
    """Seconds from one reading to the next; together longer than REST ever lies behind."""
    overlap: timedelta = timedelta(minutes=2)
    """Before the last fill that was heard: fills of several pairs need not come in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long a line waits for what."""

    patience: Patience = field(default_factory=Patience)
    pauses: Pauses = field(default_factory=Pauses)
    ping_seconds: float = 20.0
    """After this long without a request of ours one is made: idle sockets are closed at 60 s."""
    steady_seconds: float = 30.0
    """A connection that lived so long ends a row of failures."""
    many_failures: int = 6
    """As how many failures it counts to be turned away for connecting too often."""
    rereading: Rereading = field(default_factory=Rereading)
    most_news: int = 10_000
    """News that may wait to be taken. An account does not make as many in minutes."""
