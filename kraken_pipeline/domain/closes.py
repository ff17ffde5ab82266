"""Closes that wait for whoever decides them: of each timeframe only the newest counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe, closes_at, timeframe

_BETWEEN: Final = " "
_AND: Final = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """An instant at which bars closed."""

    closed_at: datetime
    """Exchange time, UTC."""
    frames: tuple[Timeframe, ...]
    """Which closed, shortest first."""

    @property
    def text(self) -> str:
        """One line that `read` understands."""
        return self.closed_at.isoformat() + _BETWEEN + _AND.join(each.name for each in self.frames)


def read(text: str) -> Close:
    """Return the close that a line tells.

    Raises:
        InvalidValueError: it is no such line, or a timeframe has no bar that closes then.
    """
    at, _, names = text.strip().partition(_BETWEEN)
    try:
        closed_at = datetime.fromisoformat(at)
    except ValueError:
        raise InvalidValueError(f"{text!r} is no close; write an instant and timeframes") from None
    if closed_at.utcoffset() != timedelta(0):
        raise InvalidValueError(f"{text!r} is no close: its instant is not in UTC")
    frames = tuple(timeframe(each) for each in names.split(_AND))
    strange = [each.name for each in frames if each not in closes_at(closed_at)]
    if strange:
        raise InvalidValueError(f"no {strange[0]} bar closes at {closed_at.isoformat()}")
    return Close(closed_at=closed_at, frames=frames)


class Waiting:
    """What was told and not yet taken. A newer close of a timeframe takes the older one's place."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._newest: dict[str, datetime] = {}

    def add(self, close: Close) -> None:
        """Take note of a close; one that is older than what waits is forgotten."""
        for each in close.frames:
            known = self._newest.get(each.name, close.closed_at)
            self._newest[each.name] = max(known, close.closed_at)

    def take(self) -> Close | None:
        """Return the oldest instant that waits with all that closed then; None where none does."""
        if not self._newest:
            return None
        oldest = min(self._newest.values())
        frames = _at(oldest, self._newest)
        for each in frames:
            del self._newest[each.name]
        return Close(closed_at=oldest, frames=frames)


def _at(moment: datetime, newest: Mapping[str, datetime]) -> tuple[Timeframe, ...]:
    return tuple(each for name, each in TIMEFRAMES.items() if newest.get(name) == moment)
