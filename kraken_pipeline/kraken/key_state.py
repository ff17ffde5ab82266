"""What all processes know of one key: its counter, and whether it may be used at all. Pure."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.errors import (
    AuthError,
    LockedOutError,
    PipelineError,
)
from kraken_pipeline.kraken.failures import Failure
from kraken_pipeline.kraken.kinds import Kind, speaks_against_the_key
from kraken_pipeline.kraken.limits import (
    QUIET_SECONDS,
    SLACK,
    Counter,
    Params,
    Tier,
    headroom,
    rest_cost,
)

MOST_REFUSALS: Final = 2
"""Refusals of the key in a row after which it is left alone: more of them lock it (U-KEY-2)."""
LOCKED_SECONDS: Final = 900.0
"""Source: a lock lasts about 15 minutes, and each call prolongs it."""
BLOCKED_SECONDS: Final = 60.0
"""How long the edge before Kraken is left alone after it turned a call away (U-RAT-2)."""


@dataclass(slots=True)
class KeyState:
    """Of one key."""

    rest: Counter = field(default_factory=Counter)
    quiet_until: float = 0
    """No read before."""
    blocked_until: float = 0
    """Neither read nor order before."""
    locked_until: float = 0
    """Nothing before."""
    refusals: int = 0
    """In a row."""
    refused: str = ""
    """Which secret was refused with this key."""
    why: str = ""
    """What was said then."""

    def wait(self, method: str, params: Params, *, tier: Tier, now: float) -> float:
        """Return the seconds until a read may leave."""
        counter = self.rest.wait(
            rest_cost(method),
            now=now,
            decay=tier.rest_decay,
            most=tier.rest_most - SLACK - headroom(method, params),
        )
        return max(counter, self.quiet_until - now, self.blocked_until - now)

    def refusal(self, seal: str, *, now: float) -> PipelineError | None:
        """Return why the key may not be used now; None if it may.

        Args:
            seal: which secret is used with it.
            now: seconds.
        """
        if self.locked_until > now:
            left = timedelta(seconds=int(self.locked_until - now))
            return LockedOutError(
                f"the key is locked, and each call would prolong that; nothing is sent with it for "
                f"another {left}. Kraken said {self.why!r}"
            )
        if self.refusals >= MOST_REFUSALS and self.refused == seal:
            return AuthError(
                f"the key was refused {self.refusals} times in a row, a third time could lock it; "
                f"nothing is sent with it. Kraken said {self.why!r}. Check it with "
                "`kraken-pipeline keys doctor`"
            )
        return None

    def require_usable(self, seal: str, *, now: float) -> None:
        """Refuse what the key may not be used for now.

        Raises:
            AuthError: it was refused before.
            LockedOutError: it is locked.
        """
        refusal = self.refusal(seal, now=now)
        if refusal is not None:
            raise refusal

    def hear(self, failure: Failure | None, *, tier: Tier, seal: str, now: float) -> None:
        """Take in how a call ended."""
        if failure is None:
            self.forgive()
            return
        if failure.is_blocked:
            self.blocked_until = now + BLOCKED_SECONDS
        if failure.kind is Kind.LOCKOUT:
            self.locked_until, self.why = now + LOCKED_SECONDS, failure.said
        if any(speaks_against_the_key(each) for each in failure.errors):
            self.refusals = self.refusals + 1 if self.refused == seal else 1
            self.refused, self.why = seal, failure.said
        if failure.kind is Kind.TEMPORARY and failure.is_of_the_key:
            self.rest.fill(tier.rest_most, now=now, decay=tier.rest_decay)
            self.quiet_until = now + max(QUIET_SECONDS, failure.pause_seconds)

    def forgive(self) -> None:
        """Believe in the key again."""
        self.refusals, self.refused, self.why = 0, "", ""
