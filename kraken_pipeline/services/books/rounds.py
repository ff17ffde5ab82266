"""When a listener compares orders with the exchange: after an event, and now and then. Pure.

Instants are seconds of a clock that never steps back, and are passed in.

Source: contract 11.3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from kraken_pipeline.domain.orders import AT_THE_EXCHANGE, Order, State

QUIET_SECONDS: Final = 0.25
"""After the last event of a row, so that a row costs one round."""
LONGEST_SECONDS: Final = 1.0
"""After the first event, however long the row is."""
LOOK_SECONDS: Final = 2.0
"""Between two looks for orders that were sent and not answered."""
RESTING_SECONDS: Final = 30.0
"""Between two rounds while something rests at the exchange."""
UNANSWERED: Final = timedelta(seconds=5)
"""An order that is SENDING for longer is asked for; again after twice as long, and so on."""
RETRY_SECONDS: Final = (2.0, 5.0, 15.0, 60.0)
"""After a first, second, ... round in a row that failed or left something open."""


class Why(StrEnum):
    """Why a round is made."""

    EVENT = "event"
    UNANSWERED = "unanswered"
    RESTING = "resting"
    AGAIN = "again"
    """The last one failed, or what it looked for was not shown yet."""


@dataclass(slots=True, kw_only=True)
class Rounds:
    """When the last round was, and what has happened since."""

    ended_at: float
    """When the last round ended."""
    looked_at: float = 0.0
    stirred_first: float | None = None
    """When the first event came that no round has looked at; None if none has."""
    stirred_last: float = 0.0
    failures: int = 0
    """Rounds in a row that have to be made again."""

    def stir(self, at: float) -> None:
        """Note that an event came."""
        self.stirred_first = at if self.stirred_first is None else self.stirred_first
        self.stirred_last = at

    def begin(self) -> None:
        """Note that a round begins: it sees all events up to now."""
        self.stirred_first = None

    def end(self, at: float, *, is_done: bool) -> None:
        """Note that a round ended.

        Args:
            at: now.
            is_done: False if it is to be made again.
        """
        self.ended_at = at
        self.failures = 0 if is_done else self.failures + 1

    def is_look_due(self, at: float) -> bool:
        """Tell whether it is time to look at the orders, and note that it is done."""
        if at - self.looked_at < LOOK_SECONDS:
            return False
        self.looked_at = at
        return True

    def due(self, at: float, *, is_resting: bool, is_unanswered: bool) -> Why | None:
        """Return why a round is due, or None.

        Args:
            at: now.
            is_resting: whether an order may be at the exchange.
            is_unanswered: whether one is to be asked for, as no answer came to it.
        """
        if self.failures:
            pause = RETRY_SECONDS[min(self.failures, len(RETRY_SECONDS)) - 1]
            return Why.AGAIN if at - self.ended_at >= pause else None
        if self._is_row_over(at):
            return Why.EVENT
        if is_unanswered:
            return Why.UNANSWERED
        is_late = at - self.ended_at >= RESTING_SECONDS
        return Why.RESTING if is_resting and is_late else None

    def _is_row_over(self, at: float) -> bool:
        if self.stirred_first is None:
            return False
        return at - self.stirred_last >= QUIET_SECONDS or at - self.stirred_first >= LONGEST_SECONDS


def is_resting(orders: Iterable[Order]) -> bool:
    """Tell whether any order may be at the exchange."""
    return any(each.state in AT_THE_EXCHANGE for each in orders)


def is_unanswered(orders: Iterable[Order], *, before: datetime, now: datetime) -> bool:
    """Tell whether an order came, since the last look, to an age at which it is asked for.

    Asking costs; who gets no answer asks at 5 s, 10 s, 20 s, ... (NET-3).

    Args:
        orders: ours.
        before: when it was looked last. Exchange time, UTC.
        now: exchange time, UTC.
    """
    return any(
        _asked_often(now - each.updated_at) > _asked_often(before - each.updated_at)
        for each in orders
        if each.state is State.SENDING
    )


def _asked_often(age: timedelta) -> int:
    """Return how often an order of that age should have been asked for."""
    return max(0, (age // UNANSWERED)).bit_length()
