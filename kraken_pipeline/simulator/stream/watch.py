"""One pair that is subscribed: looked at when something happens, told to who wants to know."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Protocol

from kraken_pipeline.simulator.engine import Resting
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import Market
from kraken_pipeline.simulator.stream.book import BookChannel
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.depth import Sides, looked_at
from kraken_pipeline.simulator.stream.level3 import Level3Channel
from kraken_pipeline.simulator.stream.look import Look
from kraken_pipeline.simulator.stream.ohlc import CandleChannel
from kraken_pipeline.simulator.stream.tape import Print, Tape
from kraken_pipeline.simulator.stream.tickers import TickerChannel
from kraken_pipeline.simulator.stream.trades import TradeChannel
from kraken_pipeline.simulator.stream.windows import Windows

Variant = int | str
"""What tells a channel's subscriptions of one pair apart: a depth, an interval, a trigger."""
Topic = tuple[str, Variant]


class Channel(Protocol):
    """What is told of a pair."""

    @property
    def levels(self) -> int:
        """How many levels of the book it shows."""

    def snapshot(self, look: Look) -> str | None:
        """Return the frame to begin with, and begin; None if there is nothing to tell."""

    def update(self, look: Look) -> str | None:
        """Return what is new since the frame before; None if nothing is."""


_MADE: Final[Mapping[str, Callable[[Variant], Channel]]] = MappingProxyType(
    {
        "book": lambda depth: BookChannel(int(depth)),
        "level3": lambda depth: Level3Channel(int(depth)),
        "ohlc": lambda minutes: CandleChannel(int(minutes)),
        "ticker": lambda trigger: TickerChannel(str(trigger)),
        "trade": lambda _: TradeChannel(),
    }
)
CHANNELS: Final = frozenset(_MADE)


class Watch:
    """A pair with its subscriptions."""

    def __init__(self, market: Market, pair: Pair, at: datetime) -> None:
        self.pair: Final = pair
        self._market = market
        self._tape = Tape(market, pair, at.timestamp())
        self._windows = Windows(market, pair)
        self._outlets: dict[Topic, tuple[Channel, dict[Connection, None]]] = {}
        self._at = at
        self._sides = Sides()
        self._seen: tuple[object, ...] = ()
        """What the sides were last worked out from."""

    def __bool__(self) -> bool:
        return bool(self._outlets)

    @property
    def next_at(self) -> float:
        """When to look again, UNIX seconds."""
        return self._tape.next_at(self._at.timestamp())

    def look(self, at: datetime, own: Sequence[Resting]) -> None:
        """Look at the pair and tell what is new.

        Args:
            at: the exchange's time.
            own: the account's orders in this book.
        """
        before, self._at = self._at, at
        prints = tuple(self._tape.advance(at.timestamp()))
        look = self._looked(before, prints, own)
        for (name, _), (channel, connections) in self._outlets.items():
            frame = channel.update(look)
            if frame is not None:
                for connection in connections:
                    connection.tell(name, frame)

    def subscribe(
        self, topic: Topic, connection: Connection, own: Sequence[Resting], *, snapshot: bool
    ) -> None:
        """Tell a connection of a topic from now on; the pair has just been looked at."""
        name, variant = topic
        if topic not in self._outlets:
            self._outlets[topic] = _MADE[name](variant), {}
        channel, connections = self._outlets[topic]
        frame = channel.snapshot(self._looked(self._at, (), own))
        connections[connection] = None
        if snapshot and frame is not None:
            connection.tell(name, frame)

    def unsubscribe(self, topic: Topic, connection: Connection) -> None:
        """Tell a connection no more of a topic."""
        _, connections = self._outlets[topic]
        connections.pop(connection, None)
        if not connections:
            del self._outlets[topic]

    def _looked(self, before: datetime, prints: tuple[Print, ...], own: Sequence[Resting]) -> Look:
        units = self._tape.price
        if units is not None:
            self._see(self.pair.price(units), own)
        return Look(
            pair=self.pair,
            market=self._market,
            at=self._at,
            before=before,
            candle=self._tape.candle,
            prints=prints,
            sides=self._sides,
            own=own,
            windows=self._windows,
        )

    def _see(self, price: Decimal, own: Sequence[Resting]) -> None:
        levels = max((channel.levels for channel, _ in self._outlets.values()), default=0)
        minute = int(self._at.astimezone(UTC).timestamp()) // 60
        seen = (price, minute, levels, tuple(own))
        if levels and seen != self._seen:
            self._sides = looked_at(self.pair, price, minute, own, levels)
            self._seen = seen
