"""How often this address may ask what needs no key. Kraken counts by address, and by pair.

Source: rate limits of Kraken's public endpoints: one a second is called safe, a few at once are
tolerated (support article 206548367).
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from kraken_pipeline.domain.errors import PipelineError, RateLimitedError
from kraken_pipeline.kraken.budget import SHORTEST_SLEEP, Pace, is_alive
from kraken_pipeline.kraken.failures import Failure
from kraken_pipeline.kraken.key_state import BLOCKED_SECONDS
from kraken_pipeline.kraken.kinds import Kind
from kraken_pipeline.kraken.limits import QUIET_SECONDS, Counter, Flight, Lane
from kraken_pipeline.kraken.shared_state import SharedState

DECAY: Final = 1.0
"""Calls in a second."""
BURST: Final = 4.0
PAIR_BURST: Final = 2.0
BY_PAIR: Final = frozenset({"OHLC", "Trades"})
GIVE_WAY: Final = frozenset({"Trades"})
"""Methods that fill the past, whoever calls them."""
BEHIND: Final = 2.0
"""Up to where the counter may stand for who gives way: as often as any others while these rest, and
not at all while a close asks for its candles, which may go up to `BURST`."""
LONGEST_WAY_SECONDS: Final = 900.0
"""For so long who gives way waits: the candles of all pairs take some minutes."""


class PublicLimit(Protocol):
    """Who lets public calls leave."""

    def reserve(self, method: str, params: Mapping[str, str]) -> str:
        """Count a call before it leaves, once there is room, and return the name of the count.

        Raises:
            RateLimitedError: there will be none within the patience; says how long.
            UnreachableError: another process holds the counters.
            ConfigurationError: the counters cannot be kept.
        """
        ...

    def settle(self, name: str, failure: Failure | None) -> None:
        """Take in how a call ended."""
        ...


class NoPublicLimit:
    """Lets everything leave at once: for an exchange on this machine."""

    def reserve(self, method: str, params: Mapping[str, str]) -> str:
        """Let it leave."""
        return ""

    def settle(self, name: str, failure: Failure | None) -> None:
        """Keep nothing."""


NO_PUBLIC_LIMIT: Final = NoPublicLimit()


@dataclass(slots=True)
class Asked:
    """What was asked from this address. Pure."""

    everything: Counter = field(default_factory=Counter)
    pairs: dict[str, Counter] = field(default_factory=dict)
    quiet_until: float = 0

    def wait(self, pair: str, now: float, *, most: float = BURST) -> float:
        """Return the seconds until one more may be asked.

        Args:
            pair: empty where none counts.
            now: seconds.
            most: up to where all that was asked may count then.
        """
        one = self.pairs.get(pair, Counter())
        return max(
            self.everything.wait(1, now=now, decay=DECAY, most=most),
            one.wait(1, now=now, decay=DECAY, most=PAIR_BURST) if pair else 0.0,
            self.quiet_until - now,
        )

    def depart(self, name: str, pair: str, flight: Flight) -> None:
        """Count a call from before it leaves."""
        self.everything.depart(name, flight)
        if pair:
            self.pairs.setdefault(pair, Counter()).depart(name, flight)

    def land(self, name: str, failure: Failure | None, now: float) -> None:
        """Take in how it ended."""
        for each in (self.everything, *self.pairs.values()):
            each.land(name, now=now, decay=DECAY)
        if failure is not None and failure.is_blocked:
            self.quiet_until = now + BLOCKED_SECONDS
        elif failure is not None and failure.kind is Kind.TEMPORARY:
            self.quiet_until = now + max(QUIET_SECONDS, failure.pause_seconds)

    def sweep(self, now: float) -> None:
        """Forget what counts nothing any more."""
        self.everything.sweep(now=now, decay=DECAY, alive=is_alive)
        for pair, each in list(self.pairs.items()):
            each.sweep(now=now, decay=DECAY, alive=is_alive)
            if each.standing(now, DECAY) <= 0:
                del self.pairs[pair]


class SharedPublicLimit:
    """The counters of all processes that name the same folder."""

    def __init__(self, folder: Path, *, pace: Pace | None = None, gives_way: bool = False) -> None:
        """Name the file; nothing is read or written yet.

        Args:
            folder: that all processes name.
            pace: how time passes.
            gives_way: whether all that is asked here leaves room for what others ask.
        """
        self._pace = pace or Pace()
        self._gives_way = gives_way
        self._state = SharedState(folder / "public.json", Asked, clock=self._pace.clock)
        self._asked = 0

    def reserve(self, method: str, params: Mapping[str, str]) -> str:
        """Count a call before it leaves, once there is room for it; see `PublicLimit`."""
        pair = f"{method} {params.get('pair', '')}" if method in BY_PAIR else ""
        patience = self._pace.patience[Lane.READ]
        gives_way = self._gives_way or method in GIVE_WAY
        if gives_way:
            patience = max(patience, LONGEST_WAY_SECONDS)
        until = self._pace.clock() + patience
        while True:
            with self._state.changed() as (asked, now):
                asked.sweep(now)
                wait = asked.wait(pair, now, most=BEHIND if gives_way else BURST)
                if wait <= 0:
                    self._asked += 1
                    name = f"{os.getpid()}-{id(self)}-{self._asked}"
                    asked.depart(name, pair, Flight(cost=1, since=now, pid=os.getpid()))
                    return name
            if self._pace.clock() + wait > until:
                raise RateLimitedError(
                    f"{method}: not asked, as this address asked too often; in {wait:.1f} s it may",
                    wait=timedelta(seconds=wait),
                )
            self._pace.sleep(max(wait, SHORTEST_SLEEP))

    def settle(self, name: str, failure: Failure | None) -> None:
        """Take in how a call ended; what cannot be written is left."""
        with suppress(PipelineError), self._state.changed() as (asked, now):
            asked.land(name, failure, now)
