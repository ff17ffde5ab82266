"""What stops asking where answers have become unclear, and tries again with one call. Pure.

Source: NET-8. Whoever cancels never asks it.
"""

from dataclasses import dataclass, field
from typing import Final

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.kraken.limits import HISTORY, Lane, lane_of

MOST_UNCLEAR: Final = 5
WITHIN_SECONDS: Final = 60.0
OPEN_SECONDS: Final = 30.0

PUBLIC: Final = "market data"


@dataclass(slots=True)
class Circuit:
    """One family of calls that fail together."""

    unclear: list[float] = field(default_factory=list)
    """When answers were unclear."""
    open_until: float = 0
    """No call before; the first one after it is the probe."""

    def may_call(self, now: float) -> bool:
        """Tell whether a call may leave; where it is the probe, no other may until it is back."""
        if len(self.unclear) < MOST_UNCLEAR:
            return True
        if now < self.open_until:
            return False
        self.open_until = now + OPEN_SECONDS
        return True

    def hear_unclear(self, now: float) -> None:
        """Take in an unclear answer."""
        self.unclear = [each for each in self.unclear if now - each < WITHIN_SECONDS][
            -(MOST_UNCLEAR - 1) :
        ]
        self.unclear.append(now)
        if len(self.unclear) >= MOST_UNCLEAR:
            self.open_until = now + OPEN_SECONDS

    def hear_clear(self) -> None:
        """Take in an answer of Kraken's, whatever it said: the way there works."""
        self.unclear.clear()


class Breaker:
    """The circuits of one line."""

    def __init__(self) -> None:
        """Begin with everything closed."""
        self._circuits: dict[str, Circuit] = {}

    def require_closed(self, family: str, now: float) -> None:
        """Let a call leave, or not.

        Raises:
            UnreachableError: too many answers of its family were unclear of late; it is not sent.
        """
        circuit = self._circuits.setdefault(family, Circuit())
        if not circuit.may_call(now):
            left = circuit.open_until - now
            raise UnreachableError(
                f"{MOST_UNCLEAR} answers on {family} were unclear within {WITHIN_SECONDS:.0f} s; "
                f"nothing is asked there for another {left:.0f} s"
            )

    def hear(self, family: str, *, is_unclear: bool, now: float) -> None:
        """Take in how a call ended."""
        circuit = self._circuits.setdefault(family, Circuit())
        if is_unclear:
            circuit.hear_unclear(now)
        else:
            circuit.hear_clear()


def family_of(method: str) -> str:
    """Return which calls a private method stands or falls with."""
    if lane_of(method) is not Lane.READ:
        return "orders"
    return "the account's history" if method in HISTORY else "the account"
