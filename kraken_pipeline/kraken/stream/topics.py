"""What is listened to, and how far the exchange has agreed to tell it. Pure.

Kraken answers a subscription once for each symbol, and the answers may come in any order, so each
symbol of a channel is a topic with a state of its own.

Source: docs.kraken.com/api/docs/websocket-v2; STR-3.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from types import MappingProxyType
from typing import Final

from kraken_pipeline.kraken.stream.liveness import Patience, Pulse

REFUSED_SECONDS: Final = 300.0
"""After a refusal until it is asked again: a pair may be refused for a moment only."""
MOST_SYMBOLS: Final = 50
"""Symbols that one request names. Kraken publishes no limit; this is what clients use."""
ALREADY: Final = "Already subscribed"
"""The beginning of an answer that is as good as yes."""
Options = tuple[tuple[str, int | str | bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Topic:
    """One channel, of one symbol where it has symbols."""

    channel: str
    symbol: str = ""
    """As the stream spells it: `BTC/USD`. Empty for a channel without."""
    options: Options = ()
    """Further words of the request: `depth`, `interval`."""


class State(Enum):
    """How far a topic is."""

    WANTED = "to be asked for"
    ASKED = "asked for, not answered"
    LIVE = "agreed to"
    REFUSED = "refused; asked for again after a pause, or a reconnect"


class Wish:
    """A topic that is wanted."""

    __slots__ = ("asked_at", "not_before", "pulse", "state", "why")

    def __init__(self, at: float, *, most: float, least: float) -> None:
        self.state = State.WANTED
        self.pulse = Pulse(at, most=most, least=least)
        self.asked_at = at
        self.not_before = at
        """The instant before which it is not asked for."""
        self.why = ""
        """What the exchange said where it refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A subscribe or unsubscribe that names several symbols of one channel."""

    method: str
    topics: tuple[Topic, ...]

    @property
    def params(self) -> dict[str, object]:
        """What the request says, but for a token."""
        first = self.topics[0]
        symbols = [each.symbol for each in self.topics if each.symbol]
        named = {"symbol": symbols} if symbols else {}
        return {"channel": first.channel, **named, **dict(first.options)}


class Topics:
    """Every topic that is wanted, in the order in which they are asked for."""

    def __init__(self, patience: Patience) -> None:
        """Begin with none."""
        self._patience = patience
        self._wishes: dict[Topic, Wish] = {}
        self._by_symbol: dict[str, list[Topic]] = {}
        self._asked: dict[int, tuple[Topic, ...]] = {}
        self._dropping: list[Topic] = []

    @property
    def states(self) -> Mapping[Topic, Wish]:
        """Each topic and how far it is."""
        return MappingProxyType(self._wishes)

    def of_symbol(self, symbol: str) -> list[tuple[Topic, Wish]]:
        """Return the topics of one symbol."""
        return [(topic, self._wishes[topic]) for topic in self._by_symbol.get(symbol, ())]

    def want(self, topic: Topic, at: float, *, most: float, least: float = 0.0) -> Pulse:
        """Add a topic and return its pulse, or that of the one that is there.

        Args:
            topic: to be listened to.
            at: now.
            most: how long it may ever be silent, in seconds; `math.inf` if it only must answer.
            least: how long it always may be silent once it spoke, in seconds.
        """
        if topic not in self._wishes:
            self._wishes[topic] = Wish(at, most=most, least=least)
            self._by_symbol.setdefault(topic.symbol, []).append(topic)
        return self._wishes[topic].pulse

    def begin(self, at: float) -> None:
        """Start over: a new connection knows of nothing."""
        self._asked.clear()
        self._dropping.clear()
        for wish in self._wishes.values():
            wish.state = State.WANTED
            wish.not_before = at
            wish.pulse.restart(at)

    def renew(self, topic: Topic, *, not_before: float) -> None:
        """Have a topic dropped and asked for again, from an instant on."""
        wish = self._wishes[topic]
        if wish.state is State.LIVE:
            self._dropping.append(topic)
        wish.state = State.WANTED
        wish.not_before = not_before

    def requests(
        self, at: float, *, ids: Iterator[int], is_ready: Callable[[Topic], bool]
    ) -> list[tuple[int, Request]]:
        """Return what is to be sent now, each with its id, and note that it is.

        Args:
            at: now.
            ids: yields ids for requests.
            is_ready: tells whether a topic can be asked for already.
        """
        dropped = [
            (next(ids), Request(method="unsubscribe", topics=topics))
            for topics in _together(self._dropping)
        ]
        self._dropping.clear()
        due = [
            topic
            for topic, wish in self._wishes.items()
            if self._is_due(wish, at) and is_ready(topic)
        ]
        asked = [
            (next(ids), Request(method="subscribe", topics=topics)) for topics in _together(due)
        ]
        for req_id, request in asked:
            self._asked[req_id] = request.topics
            for topic in request.topics:
                wish = self._wishes[topic]
                wish.state, wish.asked_at = State.ASKED, at
                wish.pulse.restart(at)
        return [*dropped, *asked]

    def answered(self, req_id: int | None, *, symbol: str, error: str | None) -> Topic | None:
        """Note an answer to a subscription.

        Args:
            req_id: of the request.
            symbol: that it speaks of; empty where it speaks of all.
            error: why not; None for yes.

        Returns:
            The topic that was refused, if one was.
        """
        refused = None
        for topic in self._asked.get(req_id or 0, ()):
            if symbol and topic.symbol != symbol:
                continue
            wish = self._wishes[topic]
            if error is None or error.startswith(ALREADY):
                wish.state, wish.why = State.LIVE, ""
            else:
                wish.state, wish.why, refused = State.REFUSED, error, topic
        return refused

    def silent(self, at: float) -> list[Topic]:
        """Return the live topics that are silent for longer than is usual for them."""
        return [
            topic
            for topic, wish in self._wishes.items()
            if wish.state is State.LIVE and wish.pulse.judge(at, self._patience)
        ]

    def fade(self, share: float) -> None:
        """Let every topic forget a share of its longest silence."""
        for wish in self._wishes.values():
            wish.pulse.fade(share)

    def _is_due(self, wish: Wish, at: float) -> bool:
        if wish.state is State.ASKED:
            return at - wish.asked_at > self._patience.subscription
        if wish.state is State.REFUSED:
            return at - wish.asked_at > REFUSED_SECONDS
        return wish.state is State.WANTED and at >= wish.not_before


def _together(topics: Iterable[Topic]) -> Iterator[tuple[Topic, ...]]:
    """Put topics into requests: of one channel with the same words, so many at once."""
    for (_, _), group in groupby(topics, key=lambda each: (each.channel, each.options)):
        alike = tuple(group)
        for start in range(0, len(alike), MOST_SYMBOLS):
            yield alike[start : start + MOST_SYMBOLS]
