"""The private channels of the account, told to everyone who has opened them with a token."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count, islice
from typing import Final

from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream import balances, frames
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.executions import ENDS_AND_BEGINNINGS, Executions, Told

EXECUTIONS: Final = "executions"
BALANCES: Final = "balances"


@dataclass(slots=True, kw_only=True)
class Listening:
    """What a connection wants to hear of the executions."""

    snap_orders: bool = True
    snap_trades: bool = False
    order_status: bool = True
    """Whether it wants every step of an order, not only its beginning and end."""
    rate_counter: bool = False
    sequence: "count[int]" = field(default_factory=lambda: count(1))


class PrivateFeed:
    """The account's channels.

    Events may happen in any thread; they are kept here until `flush` tells them, in the server's.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._account = exchange.account
        self._executions = Executions(exchange.account, self._counter)
        self._listening: dict[Connection, Listening] = {}
        self._balances: dict[Connection, count[int]] = {}
        self._lock = threading.Lock()
        self._waiting: deque[tuple[list[Told], list[str]]] = deque()
        self._entries = len(exchange.account.ledger)
        """How many rows of the ledger are known here."""

    def _counter(self, pair: Pair) -> Decimal:
        return self._exchange.rate_counter(pair, self._exchange.clock.now())

    def happened(self, events: Sequence[Event]) -> None:
        """Take note of events that have just taken effect together."""
        with self._lock:
            new = len(self._account.ledger) - self._entries
            self._entries += new
            if not self._listening and not self._balances:
                return
            rows = [*islice(reversed(self._account.ledger.values()), new)]
            entries = [balances.entry(self._account, row) for row in reversed(rows)]
            self._waiting.append((self._executions.rows(events), entries))

    def flush(self) -> None:
        """Tell what has happened."""
        while self._waiting:
            told, entries = self._waiting.popleft()
            for connection, listening in self._listening.items():
                for each in told:
                    self._tell(connection, listening, each)
            for connection, sequence in self._balances.items():
                for row in entries:
                    frame = frames.data(BALANCES, "update", f"[{row}]", sequence=next(sequence))
                    connection.tell(BALANCES, frame)

    def _tell(self, connection: Connection, listening: Listening, told: Told) -> None:
        if listening.order_status or told.kind in ENDS_AND_BEGINNINGS:
            row = told.json(rate_counter=listening.rate_counter)
            number = next(listening.sequence)
            frame = frames.data(EXECUTIONS, "update", f"[{row}]", sequence=number)
            connection.tell(EXECUTIONS, frame)

    def subscribe_executions(self, connection: Connection, listening: Listening) -> None:
        """Tell a connection of the orders and trades from now on."""
        self._exchange.advance()
        self.flush()
        rows = self._executions.snapshot(orders=listening.snap_orders, trades=listening.snap_trades)
        number = next(listening.sequence)
        connection.tell(
            EXECUTIONS,
            frames.data(EXECUTIONS, "snapshot", frames.listed(rows), sequence=number),
        )
        self._listening[connection] = listening

    def subscribe_balances(self, connection: Connection, *, snapshot: bool) -> None:
        """Tell a connection of the ledger from now on."""
        self._exchange.advance()
        self.flush()
        sequence = self._balances[connection] = count(1)
        if snapshot:
            rows = frames.listed(balances.snapshot(self._account))
            frame = frames.data(BALANCES, "snapshot", rows, sequence=next(sequence))
            connection.tell(BALANCES, frame)

    def stop(self, channel: str) -> Callable[[Connection], object]:
        """Return what tells a connection no more of a channel."""
        kept: dict[Connection, Listening] | dict[Connection, count[int]] = (
            self._listening if channel == EXECUTIONS else self._balances
        )
        return lambda connection: kept.pop(connection, None)
