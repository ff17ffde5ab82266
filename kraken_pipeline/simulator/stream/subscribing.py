"""Subscribing and ending it: one acknowledgement a symbol, then what the channel begins with.

Source: kraken/ws_v2.md §3 to §5.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator.api.methods import PRIVATE
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.stream import executions, frames, instruments, level3, topics
from kraken_pipeline.simulator.stream.answers import Answers
from kraken_pipeline.simulator.stream.connection import Subscription
from kraken_pipeline.simulator.stream.private import BALANCES, EXECUTIONS, Listening
from kraken_pipeline.simulator.stream.requests import (
    UNKNOWN_METHOD,
    Fields,
    MessageError,
    Request,
)
from kraken_pipeline.simulator.stream.watch import CHANNELS, Topic

READERS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        EXECUTIONS: frozenset({"query-open-trades", "query-closed-trades"}),
        BALANCES: frozenset({"query-funds"}),
        level3.CHANNEL: PRIVATE["Level3"].permissions,
    }
)
"""Permissions, any one of which opens a private channel."""
NOT_MIRRORED: Final = "Market data is not streamed by a mirror"
"""Ours: the exchange that is mirrored streams it, and needs no key for it."""
QUIET: Final = frozenset({"heartbeat", "status"})
"""Channels that everyone gets anyway: subscribing them changes nothing."""


def _nothing() -> None:
    """End a subscription that never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One subscription that is asked for."""

    name: Subscription
    begin: Callable[[], Callable[[], object]]
    """Begins it and returns what ends it."""
    told: Mapping[str, str]
    """The acknowledgement's result, as JSON."""


class Subscribing:
    """The subscriptions of one client."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._station = answers.station
        self._connection = answers.connection

    def subscribe(self, request: Request) -> None:
        """Answer a subscribe.

        Raises:
            MessageError: it asks for nothing that there is.
        """
        channel = request.params.text("channel")
        self._answers.asked(channel)
        if channel in CHANNELS and self._station.service.mirror is not None:
            raise MessageError(NOT_MIRRORED)
        if channel in CHANNELS:
            self._subscribe_pairs(request, channel)
        else:
            self._grant(request, self._wish(request, channel))

    def unsubscribe(self, request: Request) -> None:
        """Answer an unsubscribe.

        Raises:
            MessageError: there is no such subscription.
        """
        channel, fields = request.params.text("channel"), request.params
        if channel not in CHANNELS:
            self._end(request, (channel,), {"channel": frames.text(channel)})
            return
        topic = topics.topic(channel, fields)
        for symbol in topics.symbols(fields):
            told = topics.told(topic) | {"symbol": frames.text(symbol)}
            self._each(request, symbol, partial(self._end, request, _name(topic, symbol), told))

    def _end(self, request: Request, name: Subscription, told: Mapping[str, str]) -> None:
        end = self._connection.subscriptions.pop(name, None)
        if end is None:
            raise MessageError(topics.NOT_SUBSCRIBED)
        end()
        self._answers.succeed(request, {"result": frames.members(told)})

    def _subscribe_pairs(self, request: Request, channel: str) -> None:
        if channel in READERS:
            self._answers.token(request, READERS[channel])
        topic = topics.topic(channel, request.params)
        snapshot = request.params.flag("snapshot", default=True)
        for symbol in topics.symbols(request.params):
            self._each(
                request,
                symbol,
                partial(self._subscribe_pair, request, topic, symbol, snapshot=snapshot),
            )

    def _subscribe_pair(
        self, request: Request, topic: Topic, symbol: str, *, snapshot: bool
    ) -> None:
        self._grant(request, self._pair_wish(topic, symbol, snapshot=snapshot))

    def _each(self, request: Request, symbol: str, act: Callable[[], None]) -> None:
        """Do it for one symbol of several: what is wrong with one leaves the others alone."""
        try:
            act()
        except MessageError as wrong:
            more = {"symbol": frames.text(symbol)} | wrong.more
            self._answers.refuse(request, wrong.text, **more)

    def _pair_wish(self, topic: Topic, symbol: str, *, snapshot: bool) -> Wish:
        pair = topics.pair_of(self._station.exchange.market.listing, symbol)
        told = {"snapshot": frames.flag(snapshot), "symbol": frames.text(symbol)}
        if topic[0] == "ohlc":
            told["warnings"] = frames.text([topics.OHLC_WARNING])
        return Wish(
            name=_name(topic, symbol),
            begin=lambda: self._begin_pair(pair, topic, snapshot=snapshot),
            told=dict(sorted((topics.told(topic) | told).items())),
        )

    def _begin_pair(self, pair: Pair, topic: Topic, *, snapshot: bool) -> Callable[[], object]:
        feed, connection = self._station.feed, self._connection
        feed.subscribe(pair, topic, connection, snapshot=snapshot)
        return lambda: feed.unsubscribe(pair, topic, connection)

    def _grant(self, request: Request, wish: Wish) -> None:
        if wish.name in self._connection.subscriptions:
            raise MessageError(topics.ALREADY)
        struck = self._answers.acknowledges(wish.name[0])
        self._answers.succeed(request, {"result": frames.members(wish.told)})
        silent = struck is not None and struck.kind is Kind.SILENT_SUBSCRIPTION
        self._connection.subscribed(wish.name, _nothing if silent else wish.begin())

    def _wish(self, request: Request, channel: str) -> Wish:
        """Return what is asked for of a channel without symbols.

        Raises:
            MessageError: there is no such channel, or it may not be opened.
        """
        if channel in QUIET:
            told = {"channel": frames.text(channel)}
            return Wish(name=(channel,), begin=lambda: _nothing, told=told)
        if channel == instruments.CHANNEL:
            return self._instruments(request.params)
        if channel not in READERS:
            raise MessageError(UNKNOWN_METHOD)
        token = self._answers.token(request, READERS[channel])
        if channel == BALANCES:
            return self._balances(request.params, token)
        return self._executions(request.params, token)

    def _instruments(self, fields: Fields) -> Wish:
        snapshot = fields.flag("snapshot", default=True)

        def begin() -> Callable[[], object]:
            self._station.instruments.subscribe(self._connection, snapshot=snapshot)
            return lambda: self._station.instruments.unsubscribe(self._connection)

        told = {
            "channel": frames.text(instruments.CHANNEL),
            "snapshot": frames.flag(snapshot),
            "warnings": frames.text([instruments.WARNING]),
        }
        return Wish(name=(instruments.CHANNEL,), begin=begin, told=told)

    def _executions(self, fields: Fields, token: str) -> Wish:
        old = fields.flag("snapshot", default=True)
        listening = Listening(
            snap_orders=fields.flag("snap_orders", default=old),
            snap_trades=fields.flag("snap_trades", default=fields.flag("snapshot_trades")),
            order_status=fields.flag("order_status", default=True),
            rate_counter=fields.flag("ratecounter"),
        )
        told = {
            "channel": frames.text(EXECUTIONS),
            "maxratecount": str(self._station.exchange.rate_limit),
            "snap_orders": frames.flag(listening.snap_orders),
            "snap_trades": frames.flag(listening.snap_trades),
            "snapshot": frames.flag(listening.snap_orders),
            "warnings": frames.text(executions.WARNINGS),
        }
        private = self._station.private
        begin = partial(private.subscribe_executions, self._connection, listening)
        return Wish(name=(EXECUTIONS,), begin=self._held(token, EXECUTIONS, begin), told=told)

    def _balances(self, fields: Fields, token: str) -> Wish:
        snapshot = fields.flag("snapshot", default=True)
        told = {"channel": frames.text(BALANCES), "snapshot": frames.flag(snapshot)}
        private = self._station.private
        begin = partial(private.subscribe_balances, self._connection, snapshot=snapshot)
        return Wish(name=(BALANCES,), begin=self._held(token, BALANCES, begin), told=told)

    def _held(
        self, token: str, channel: str, begin: Callable[[], None]
    ) -> Callable[[], Callable[[], object]]:
        """Return what begins a private channel and keeps its token good as long as it lives."""
        tokens, stop = self._station.service.tokens, self._station.private.stop(channel)

        def end() -> None:
            stop(self._connection)
            tokens.release(token)

        def begun() -> Callable[[], object]:
            tokens.hold(token)
            begin()
            return end

        return begun


def _name(topic: Topic, symbol: str) -> Subscription:
    channel, variant = topic
    return channel, str(variant), symbol
