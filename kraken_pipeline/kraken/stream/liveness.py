"""When silence means that something is broken. Pure: instants of `time.monotonic` are passed in.

Two layers tell silence from calm: of the whole socket, and of one subscription, which is measured
by what is usual for it.

Source: STR-1; Kraken sends a heartbeat about once a second where it has nothing else to say, and
    advises to reconnect after 5 s without one.
"""

import math
from dataclasses import dataclass
from typing import Final

FULL: Final = 10
"""Messages after which a subscription's habits are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long silence is borne, in seconds."""

    socket: float = 4.5
    """With a heartbeat each second four are missing by then, and 5 s are never exceeded."""
    subscription: float = 10.0
    """Of a subscription that is seldom silent, and for the first answer of any."""
    quote_most: float = 300.0
    """Of best prices that often stand still."""
    trade_most: float = 3600.0
    """Of trades and candles: some pairs trade once an hour."""
    trade_least: float = 120.0
    """Of trades and candles as well: calm is usual there, and that one of the two tells nothing
    shows when a minute of theirs is compared."""
    usual_times: float = 3.0
    """How often the longest usual silence must fit into one that is remarkable."""


class Pulse:
    """When one subscription spoke, and how long it is used to be silent."""

    __slots__ = ("_asked_at", "_beats", "_least", "_longest", "_most", "heard_at", "is_silent")

    def __init__(self, at: float, *, most: float, least: float = 0.0) -> None:
        """Begin to listen at an instant.

        Args:
            at: now.
            most: how long it may ever be silent, in seconds; `math.inf` if it only must answer.
            least: how long it always may be silent once it spoke, in seconds.
        """
        self._most = most
        self._least = least
        self.heard_at = at
        """When it last spoke; when we began, if it never did."""
        self._asked_at = at
        self.is_silent = False
        """Whether it was found silent and did not speak since."""
        self._longest = 0.0
        self._beats = 0

    def beat(self, at: float, *, is_calm: bool = False) -> None:
        """Note that it spoke. What was found to be a fault teaches nothing of its habits.

        What comes in one piece, such as the trades of a snapshot, is one message here.

        Args:
            at: now.
            is_calm: whether it was asked anew and had nothing to tell that was not known: then it
                was no fault, and is the less suspected the next time.
        """
        gap = at - self.heard_at
        if not gap and self._beats:
            return
        is_usual = not self.is_silent and self.heard_at >= self._asked_at
        if gap > self._longest and (is_usual or is_calm):
            self._longest = gap
        self.heard_at = at
        self._beats += 1
        self.is_silent = False

    def restart(self, at: float) -> None:
        """Wait anew: it was asked for again. What was learned stays."""
        self._asked_at = at

    def patience(self, limits: Patience) -> float:
        """Return how many seconds of silence are remarkable for it."""
        if not self._beats:
            return limits.subscription
        if self._beats < FULL or self._most == math.inf:
            return self._most
        usual = max(limits.usual_times * self._longest, limits.subscription, self._least)
        return min(usual, self._most)

    def fade(self, share: float) -> None:
        """Forget a share of the longest silence, so that a quiet night does not last."""
        self._longest *= 1 - share

    def judge(self, at: float, limits: Patience) -> bool:
        """Tell whether it is silent for longer than is usual, and note it."""
        if at - max(self.heard_at, self._asked_at) > self.patience(limits):
            self.is_silent = True
        return self.is_silent
