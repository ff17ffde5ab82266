"""The public channels of pairs: each pair that anyone wants is looked at once, and all are told.

A pair is looked at when its next trade is due, when its minute is over and when an order of the
account changed its book; so hundreds of quiet pairs cost nothing.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from kraken_pipeline.simulator.engine import Resting
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.watch import Topic, Watch

SHORTEST_WAIT: Final = 0.001
"""Seconds between two looks at a pair because of time."""


class Feed:
    """The pairs that are subscribed."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._watches: dict[str, Watch] = {}
        self._due: list[tuple[float, str]] = []
        """When to look at which pair; a heap. A pair may be in it more often than it needs."""
        self._own: Mapping[str, Sequence[Resting]] = {}
        self._ticked = exchange.clock.now()
        self._events = -1
        """How many events the account had when its orders were looked at."""

    def subscribe(
        self, pair: Pair, topic: Topic, connection: Connection, *, snapshot: bool
    ) -> None:
        """Tell a connection of a topic of a pair from now on."""
        now = self._exchange.clock.now()
        for _ in self.own_changed(now):
            pass
        if pair.key not in self._watches:
            self._watches[pair.key] = Watch(self._exchange.market, pair, now)
        watch = self._watches[pair.key]
        self._look(watch, now)
        watch.subscribe(topic, connection, self._own.get(pair.key, ()), snapshot=snapshot)

    def unsubscribe(self, pair: Pair, topic: Topic, connection: Connection) -> None:
        """Tell a connection no more of a topic of a pair."""
        watch = self._watches[pair.key]
        watch.unsubscribe(topic, connection)
        if not watch:
            del self._watches[pair.key]

    def tick(self, now: datetime) -> Iterator[None]:
        """Look at every pair at which something may have happened, one a step."""
        yield from self.own_changed(now)
        if now < self._ticked:
            yield from self._again(now)
        self._ticked, at = now, now.timestamp()
        while self._due and self._due[0][0] <= at:
            _, key = heapq.heappop(self._due)
            watch = self._watches.get(key)
            if watch is not None and watch.next_at <= at:
                self._look(watch, now)
                yield

    def _again(self, now: datetime) -> Iterator[None]:
        """Look at every pair because the clock went back, one a step."""
        self._due.clear()
        for watch in list(self._watches.values()):
            self._look(watch, now)
            yield

    def own_changed(self, now: datetime) -> Iterator[None]:
        """Look at the pairs in which the account's orders have changed, one a step."""
        account = self._exchange.account
        if account.events == self._events:
            return
        before, self._own = self._own, account.resting()
        self._events = account.events
        for key in dict.fromkeys([*before, *self._own]):
            watch = self._watches.get(key)
            if watch is not None and before.get(key) != self._own.get(key):
                self._look(watch, now)
                yield

    def _look(self, watch: Watch, now: datetime) -> None:
        watch.look(now, self._own.get(watch.pair.key, ()))
        # a print may be due by one reckoning of its time and not by another: never twice at once
        due = max(watch.next_at, now.timestamp() + SHORTEST_WAIT)
        heapq.heappush(self._due, (due, watch.pair.key))
