"""How often one may connect: the edge before Kraken bans an address that does it too often.

Source: NET-7; docs.kraken.com/api/docs/guides/spot-ws-intro: about 150 within ten minutes, then a
ban of ten minutes; at least five seconds apart after a maintenance.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kraken_pipeline.kraken.shared_state import SharedState

MOST: Final = 100
WITHIN_SECONDS: Final = 600.0
MAINTENANCE_SECONDS: Final = 5.0
"""Between two connects after a maintenance."""


@dataclass(slots=True)
class Connects:
    """When connections were made from this machine. Pure."""

    at: list[float] = field(default_factory=list)

    def wait(self, now: float, *, apart_seconds: float = 0.0) -> float:
        """Return the seconds until another one may be made."""
        recent = [each for each in self.at if now - each < WITHIN_SECONDS]
        full = recent[-MOST] + WITHIN_SECONDS - now if len(recent) >= MOST else 0.0
        apart = recent[-1] + apart_seconds - now if recent else 0.0
        return max(full, apart, 0.0)

    def count(self, now: float) -> None:
        """Take in that one is made."""
        self.at = [each for each in self.at if now - each < WITHIN_SECONDS]
        self.at.append(now)


class ConnectBudget:
    """The connects of all processes that name the same folder."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Name the file; nothing is read or written yet."""
        self._state = SharedState(folder / "connects.json", Connects, clock=clock)

    def take(self, *, after_maintenance: bool = False) -> float:
        """Count a connect that is made now, or return the seconds to wait before asking again.

        Zero says that it is counted and may be made.

        Raises:
            UnreachableError: another process holds the count.
            ConfigurationError: the count cannot be kept.
        """
        apart = MAINTENANCE_SECONDS if after_maintenance else 0.0
        with self._state.changed() as (connects, now):
            wait = connects.wait(now, apart_seconds=apart)
            if wait <= 0:
                connects.count(now)
            return wait

    def count(self) -> None:
        """Count a connect that is made in any case.

        Raises:
            UnreachableError: another process holds the count.
            ConfigurationError: the count cannot be kept.
        """
        with self._state.changed() as (connects, now):
            connects.count(now)
