"""What a key may still ask for, counted by all processes on this machine together.

Every call is counted before it leaves. A crash in between leaves the count too high, never too low.
What has to wait waits here, where it holds nothing that others need.

Source: NET-3, NET-4, U-KEY-2, U-RAT-1..4.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from kraken_pipeline.domain.errors import PipelineError, RateLimitedError
from kraken_pipeline.kraken.engine import ADDS, Engine
from kraken_pipeline.kraken.failures import Heard
from kraken_pipeline.kraken.key_state import KeyState
from kraken_pipeline.kraken.kinds import ANSWERS, Effect, Kind
from kraken_pipeline.kraken.limits import (
    SLACK,
    Counter,
    Flight,
    Lane,
    Params,
    Tier,
    lane_of,
    rest_cost,
)
from kraken_pipeline.kraken.news import learn, learn_refusal
from kraken_pipeline.kraken.shared_state import PATIENCE_SECONDS, SharedState
from kraken_pipeline.kraken.signing import Credential

__all__ = [
    "UNLIMITED",
    "Budget",
    "Heard",
    "Pace",
    "Reservation",
    "SharedBudget",
    "Unlimited",
]

PATIENCE: Final[Mapping[Lane, float]] = MappingProxyType(
    {
        Lane.READ: 60.0,
        # an order has a deadline of a few seconds, of which two must be left when it arrives
        Lane.ORDER: 2.0,
        Lane.GUARD: 0.0,
    }
)
"""Seconds that a call waits for a counter at the most."""
ENGINE_LIMITS: Final = ("EOrder:Rate limit exceeded", "EOrder:Domain rate limit exceeded")
SETTLING_SECONDS: Final = 2.0
"""A figure from the stream may be older than what we counted within that time."""
SHORTEST_SLEEP: Final = 0.001
"""Seconds. Rounding may leave less than any clock can tell."""
HASTE: Final = 0.1
"""Seconds that a cancel waits for other processes to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A call that may leave."""

    method: str
    params: Params = field(repr=False)
    lane: Lane
    name: str = ""
    """Under which it is counted."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """Of the matching engine's counters, by pair."""
    standing: Mapping[str, float] = field(default_factory=dict)
    """Where the counters stood with it, by `rest` or pair."""
    began: float = 0
    """By the budget's clock."""


class Budget(Protocol):
    """Who lets calls leave."""

    def reserve(self, method: str, params: Params) -> Reservation:
        """Count a call from before it leaves, once there is room for it.

        Raises:
            RateLimitedError: there will be none within the patience of its lane; says how long.
            AuthError: the key was refused twice, and is not used until it is changed.
            LockedOutError: the key is locked for a while.
            UnreachableError: another process holds the counters.
            ConfigurationError: the counters cannot be kept.
        """
        ...

    def still_fits(self, reservation: Reservation) -> bool:
        """Tell whether there is still room for an order that waited for its turn.

        Whoever cancels waits for no room and goes first, and may have taken it.

        Raises:
            UnreachableError: another process holds the counters.
            ConfigurationError: the counters cannot be kept.
        """
        ...

    def settle(self, reservation: Reservation, heard: Heard) -> None:
        """Take in how a reserved call ended."""
        ...


class Unlimited:
    """A budget that lets everything leave at once, for an exchange that counts nothing."""

    def reserve(self, method: str, params: Params) -> Reservation:
        """Let it leave."""
        return Reservation(method=method, params=params, lane=lane_of(method))

    def still_fits(self, reservation: Reservation) -> bool:
        """Let it leave."""
        return True

    def settle(self, reservation: Reservation, heard: Heard) -> None:
        """Keep nothing."""


UNLIMITED: Final = Unlimited()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How time passes for a budget."""

    clock: Callable[[], float] = time.monotonic
    """Tells seconds that all processes of this machine agree on, and that never step."""
    sleep: Callable[[float], None] = time.sleep
    patience: Mapping[Lane, float] = field(default_factory=lambda: PATIENCE)


class SharedBudget:
    """The counters of one key and one account, kept in files."""

    def __init__(
        self,
        folder: Path,
        credential: Credential,
        *,
        tier: Tier,
        account: str | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Name the files; nothing is read or written before the first call.

        Args:
            folder: where they are; all processes that use the key must name the same one.
            credential: of the key.
            tier: of the account.
            account: a name for the account, where several keys of it are used from this folder:
                the matching engine counts for all of them together. The key's own if left out.
            pace: how time passes.
        """
        self._pace = pace or Pace()
        self._tier = tier
        self._seal = credential.fingerprint
        self._serial = itertools.count(1)
        self._key = SharedState(
            folder / f"key-{credential.key_id}.json",
            KeyState,
            clock=self._pace.clock,
            damaged=self._full_key,
        )
        self._engine = SharedState(
            folder / f"engine-{account or credential.key_id}.json", Engine, clock=self._pace.clock
        )

    def reserve(self, method: str, params: Params) -> Reservation:
        """Count a call from before it leaves, once there is room for it; see `Budget`."""
        lane = lane_of(method)
        attempt = self._attempts[lane]
        until = self._pace.clock() + self._pace.patience[lane]
        while True:
            reservation, wait = attempt(self, method, params)
            if reservation is not None:
                return reservation
            if self._pace.clock() + wait > until:
                raise RateLimitedError(
                    f"{method}: not sent, as Kraken would count it as too often for another "
                    f"{wait:.1f} s",
                    wait=timedelta(seconds=wait),
                )
            self._pace.sleep(max(wait, SHORTEST_SLEEP))

    def still_fits(self, reservation: Reservation) -> bool:
        """Tell whether there is still room for an order that waited for its turn; see `Budget`."""
        if reservation.lane is not Lane.ORDER:
            return True
        most, decay = self._tier.engine_most - SLACK, self._tier.engine_decay
        with self._engine.changed() as (engine, now):
            counters = [engine.pairs.get(pair, Counter()) for pair in reservation.costs]
            return all(each.standing(now, decay) <= most for each in counters)

    def settle(self, reservation: Reservation, heard: Heard) -> None:
        """Take in how a reserved call ended.

        What cannot be written here is left: the call is over, and its result counts for more.
        """
        left = heard.failure is None or heard.failure.kind is not Kind.LOCAL
        with suppress(PipelineError), self._key.changed() as (key, now):
            if reservation.lane is Lane.READ:
                key.rest.land(reservation.name, now=now, decay=self._tier.rest_decay, counts=left)
            key.hear(heard.failure, tier=self._tier, seal=self._seal, now=now)
        if reservation.lane is not Lane.READ or reservation.method == "OpenOrders":
            with suppress(PipelineError), self._engine.changed() as (engine, now):
                self._book(engine, reservation, heard, now=now, left=left)

    def observe(self, pair: str, counter: float) -> None:
        """Correct the engine's counter of a pair by what the exchange itself says.

        Args:
            pair: as orders name it.
            counter: `ratecounter` of the stream's executions.
        """
        with self._engine.changed() as (engine, now):
            known = engine.pairs.setdefault(pair, Counter())
            is_settled = not known.flights and now - known.at > SETTLING_SECONDS
            if is_settled or counter > known.standing(now, self._tier.engine_decay):
                known.correct(counter, now=now)

    def resume(self) -> None:
        """Use the key again although it was refused: a person says that it is right now."""
        with self._key.changed() as (key, _):
            key.forgive()

    def _book(
        self, engine: Engine, reservation: Reservation, heard: Heard, *, now: float, left: bool
    ) -> None:
        method, params, tier = reservation.method, reservation.params, self._tier
        if left and not reservation.name:
            # a cancel that left before it could be counted
            engine.add(engine.costs(method, params, now=now), tier, now=now)
        engine.land(reservation.name, tier, now=now, counts=left)
        kind = None if heard.failure is None else heard.failure.kind
        is_known = kind is None or ANSWERS[kind].took_effect is Effect.NO
        engine.settle(reservation.name, now=now, is_known=is_known)
        if heard.failure is None:
            asked_at = now - (self._pace.clock() - reservation.began)
            learn(engine, method, params, heard.result, now=now, asked_at=asked_at)
            return
        learn_refusal(engine, method, params, heard.failure.errors)
        if any(each.startswith(ENGINE_LIMITS) for each in heard.failure.errors):
            engine.fill(reservation.costs, tier, now=now)

    def _read(self, method: str, params: Params) -> tuple[Reservation | None, float]:
        cost, decay = rest_cost(method), self._tier.rest_decay
        with self._key.changed() as (key, now):
            key.require_usable(self._seal, now=now)
            key.rest.sweep(now=now, decay=decay, alive=is_alive)
            wait = key.wait(method, params, tier=self._tier, now=now)
            if wait > 0:
                return None, wait
            name = self._name()
            key.rest.depart(name, Flight(cost=cost, since=now, pid=os.getpid()))
            standing = {"rest": key.rest.standing(now, decay)}
        return self._reserved(method, params, name=name, standing=standing), 0.0

    def _order(self, method: str, params: Params) -> tuple[Reservation | None, float]:
        with self._key.changed() as (key, now):
            key.require_usable(self._seal, now=now)
            wait = key.blocked_until - now
        if wait > 0:
            return None, wait
        with self._counting(method, params) as (engine, costs, now):
            self._require_room(engine, method, costs, now=now)
            wait = engine.wait(costs, self._tier, now=now)
            if wait > 0:
                return None, wait
            return self._departed(engine, method, params, costs, now=now), 0.0

    def _guard(self, method: str, params: Params) -> tuple[Reservation | None, float]:
        """A cancel is counted where that works, and leaves in any case."""
        refused: PipelineError | None = None
        with suppress(PipelineError), self._key.changed(patience_seconds=HASTE) as (key, now):
            refused = key.refusal(self._seal, now=now)
        if refused is not None:
            raise refused
        with (
            suppress(PipelineError),
            self._counting(method, params, patience_seconds=HASTE) as (engine, costs, now),
        ):
            return self._departed(engine, method, params, costs, now=now), 0.0
        return self._reserved(method, params), 0.0

    _attempts: Final = MappingProxyType({Lane.READ: _read, Lane.ORDER: _order, Lane.GUARD: _guard})

    @contextmanager
    def _counting(
        self, method: str, params: Params, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> Iterator[tuple[Engine, dict[str, float], float]]:
        with self._engine.changed(patience_seconds=patience_seconds) as (engine, now):
            engine.sweep(self._tier, now=now, alive=is_alive)
            yield engine, engine.costs(method, params, now=now), now

    def _require_room(
        self, engine: Engine, method: str, costs: Mapping[str, float], *, now: float
    ) -> None:
        for pair in costs if method in ADDS else ():
            if engine.room(pair, self._tier, now=now) <= 0:
                raise RateLimitedError(
                    f"{method}: not sent, as {pair} has as many open orders as Kraken allows, "
                    f"{self._tier.open_orders}; cancel some"
                )

    def _departed(
        self,
        engine: Engine,
        method: str,
        params: Params,
        costs: Mapping[str, float],
        *,
        now: float,
    ) -> Reservation:
        name = self._name()
        engine.expect(method, params, name, now=now)
        engine.depart(method, costs, name, Flight(cost=0, since=now, pid=os.getpid()))
        decay = self._tier.engine_decay
        standing = {pair: engine.pairs[pair].standing(now, decay) for pair in costs}
        return self._reserved(method, params, name=name, costs=costs, standing=standing)

    def _reserved(
        self,
        method: str,
        params: Params,
        *,
        name: str = "",
        costs: Mapping[str, float] = MappingProxyType({}),
        standing: Mapping[str, float] = MappingProxyType({}),
    ) -> Reservation:
        return Reservation(
            method=method,
            params=params,
            lane=lane_of(method),
            name=name,
            costs=dict(costs),
            standing=dict(standing),
            began=self._pace.clock(),
        )

    def _name(self) -> str:
        return f"{os.getpid()}-{id(self)}-{next(self._serial)}"

    def _full_key(self) -> KeyState:
        return KeyState(rest=Counter(level=self._tier.rest_most))


def is_alive(pid: int) -> bool:
    """Tell whether a process runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
