"""The stream of one simulator: its connections, and everything that reaches them.

All of it runs in the server's loop, but for `happened`, which any thread may call.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from kraken_pipeline.simulator import machine
from kraken_pipeline.simulator.events import Event, SystemSet
from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Point
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.feed import Feed
from kraken_pipeline.simulator.stream.instruments import Instruments
from kraken_pipeline.simulator.stream.private import PrivateFeed

HEARTBEAT_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 60.0
"""How long a connection may be there without a subscription and without a word."""
SLICE_SECONDS: Final = 0.02
"""How long pairs are looked at before requests get their turn."""
FIRST_NUMBER: Final = 13_834_774_380_200_032_777
"""Connection ids are larger than 2^53, as Kraken's are."""
GOING_AWAY: Final = 1001


class Station:
    """Who is connected, and what they are told."""

    def __init__(self, service: Service) -> None:
        self.service: Final = service
        self.exchange: Final = service.exchange
        self.feed: Final = Feed(service.exchange)
        self.instruments: Final = Instruments(service.exchange)
        self.private: Final = PrivateFeed(service.exchange)
        self.connections: Final[dict[Connection, None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_number = FIRST_NUMBER
        self._statuses: list[str] = []
        self._flushing = False
        service.exchange.watchers.append(self.happened)
        service.after_turning.append(self.turned)

    def refuses(self) -> bool:
        """Tell whether a fault refuses a client that asks for a connection."""
        return self._strike(Point.CONNECT, "stream") is not None

    def joined(self) -> Connection:
        """Return a new connection, greeted with the exchange's status."""
        self._loop = asyncio.get_running_loop()
        connection = Connection(self._next_number, self._strike)
        self._next_number += 1
        self.connections[connection] = None
        connection.send(frames.status(self.exchange.account.system, connection.number))
        return connection

    def _strike(self, point: Point, subject: str) -> Strike | None:
        return self.service.faults.strike(point, subject, self.exchange.clock.now())

    def left(self, connection: Connection) -> None:
        """Forget a connection and all that it had subscribed."""
        self.connections.pop(connection, None)
        connection.unsubscribe_all()

    def happened(self, events: Sequence[Event]) -> None:
        """Take note of events that have just taken effect together, in any thread."""
        self.private.happened(events)
        loop = self._loop
        if loop is None or not self.connections or loop.is_closed():
            return
        self._statuses += [event.status for event in events if isinstance(event, SystemSet)]
        if not self._flushing:
            self._flushing = True
            loop.call_soon_threadsafe(self.flush)

    def flush(self) -> None:
        """Tell what has happened to the account, and what came of it in the books."""
        self._flushing = False
        self.private.flush()
        statuses, self._statuses = self._statuses, []
        for status in statuses:
            for connection in self.connections:
                connection.send(frames.status(status, connection.number))
        now = self.exchange.clock.now()
        self.instruments.look(now)
        for _ in self.feed.own_changed(now):
            pass

    def turned(self) -> None:
        """Tell at once what came of turning the clock."""
        self.flush()
        for _ in self.feed.tick(self.exchange.clock.now()):
            pass

    async def tick(self) -> None:
        """Tell what the market did since the last tick; requests get their turn in between."""
        begun = machine.seconds()
        for _ in self.feed.tick(self.exchange.clock.now()):
            if machine.seconds() > begun + SLICE_SECONDS:
                await asyncio.sleep(0)
                begun = machine.seconds()
        self.instruments.look(self.exchange.clock.now())

    def keep(self) -> None:
        """Send heartbeats where it is quiet, and close what nobody uses."""
        now = machine.seconds()
        for connection in list(self.connections):
            if connection.subscribed_once and now - connection.last_sent >= HEARTBEAT_SECONDS:
                connection.send(frames.HEARTBEAT)
            if not connection.subscriptions and now - connection.last_heard >= IDLE_SECONDS:
                connection.end(GOING_AWAY)
