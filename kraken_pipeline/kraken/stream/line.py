"""A WebSocket that is kept: opened again when it is lost, silent or wrong, and asked all anew.

Nothing that could place an order is ever repeated here. A request whose answer did not come ends in
an error that says whether it can have been heard.

Source: STR-1, STR-5, NET-7; docs.kraken.com/api/docs/guides/spot-ws-intro.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from types import MappingProxyType
from typing import Final

from kraken_pipeline.domain.errors import (
    ExchangeError,
    OutcomeUnknownError,
    RateLimitedError,
    UnreachableError,
)
from kraken_pipeline.kraken.stream import requests
from kraken_pipeline.kraken.stream.frames import Message, Undecodable, channel_of, message_of
from kraken_pipeline.kraken.stream.ports import ConnectBudget, Feed
from kraken_pipeline.kraken.stream.tokens import Tokens
from kraken_pipeline.kraken.stream.upkeep import Health, Terms
from kraken_pipeline.kraken.stream.wire import Wire, opened

LOG: Final = logging.getLogger(__name__)
HEARTBEAT: Final = b"heartbeat"
STATUS: Final = "status"
ONLINE: Final = "online"
MAINTENANCE: Final = "maintenance"
SUBSCRIBING: Final = frozenset({"subscribe", "unsubscribe"})
STALE_TOKEN: Final = ("ESession:", "Token(s) not found", "EAuth:")
"""Beginnings of refusals after which another token may help."""
TICK_SECONDS: Final = 0.25
"""How often the line looks after itself."""
FADE_SECONDS: Final = 60.0
FADE: Final = 0.05
"""Share of its longest silence that a subscription forgets each minute."""
KEPT_ODD: Final = 20
"""Frames that nobody could read, of which the last are kept."""
LONGEST_ODD: Final = 500


@dataclass(slots=True, kw_only=True)
class _Connection:
    """What is known of the connection that stands."""

    wire: Wire
    token: str
    opened_at: float
    heard_at: float
    asked_at: float
    maintenance: bool = False
    is_told: bool = False
    """Whether the exchange agreed to tell anything, after which it sends heartbeats."""
    why: str = ""
    calls: dict[int, asyncio.Future[Message]] = field(default_factory=dict)


class StreamLine:
    """Keeps one WebSocket. All of it runs in one event loop but `health`, which any thread may."""

    def __init__(
        self,
        url: str,
        feed: Feed,
        *,
        connects: ConnectBudget,
        random: Random,
        tokens: Tokens | None = None,
        terms: Terms | None = None,
    ) -> None:
        """Take address and feed; nothing connects before `run`.

        Args:
            url: `wss://…/v2`, or `ws://127.0.0.1:PORT/v2`.
            feed: what is listened to.
            connects: says when a connection may be opened.
            random: spreads the pauses.
            tokens: for the private stream; None for the public one.
            terms: how long to wait for what.
        """
        self._url = url
        self._feed = feed
        self._connects = connects
        self._random = random
        self._tokens = tokens
        self._terms = terms or Terms()
        self._ids = itertools.count(1)
        self._standing: _Connection | None = None
        self._failures = 0
        self._count = 0
        self._last_loss = ""
        self._system = ""
        self._heard_at = monotonic()
        self._faded_at = monotonic()
        self._unread = 0
        self.odd: deque[bytes] = deque(maxlen=KEPT_ODD)
        """The last frames that nobody could read, cut to a length."""

    async def run(self) -> None:
        """Keep the line until canceled."""
        maintenance = False
        while True:
            await self._leave(after_maintenance=maintenance)
            maintenance = await self._connection()
            pause = self._terms.pauses.after(self._failures, random=self._random)
            self._failures += 1
            await asyncio.sleep(pause)

    async def ask(
        self, method: str, params: Mapping[str, object], *, timeout_seconds: float
    ) -> Message:
        """Send a request once and return the answer to it, whatever it says.

        Raises:
            UnreachableError: there is no connection; nothing was sent.
            OutcomeUnknownError: it was sent and no answer came; it may have been done.
        """
        standing = self._standing
        if standing is None:
            raise UnreachableError(f"{method}: the stream is not connected: nothing was sent")
        req_id = next(self._ids)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        standing.calls[req_id] = answer
        try:
            standing.wire.send(requests.rendered(method, params, req_id))
            either: set[asyncio.Future[Message] | asyncio.Future[str]] = {
                answer,
                standing.wire.lost,
            }
            await asyncio.wait(
                either,
                timeout=timeout_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            standing.calls.pop(req_id, None)
        if answer.done():
            return answer.result()
        why = standing.why or "no answer came in time"
        if standing.wire.lost.done():
            why = f"the connection was lost before the answer ({standing.wire.lost.result()})"
        raise OutcomeUnknownError(f"{method}: {why}: it may have been done")

    def health(self) -> Health:
        """Return how the line is."""
        refused = {
            topic: wish.why for topic, wish in dict(self._feed.topics.states).items() if wish.why
        }
        return Health(
            is_connected=self._standing is not None,
            heard_seconds=monotonic() - self._heard_at,
            connects=self._count,
            last_loss=self._last_loss,
            system=self._system,
            unread=self._unread,
            refused=MappingProxyType(refused),
        )

    @property
    def is_silent(self) -> bool:
        """Whether nothing was heard for too long, or there is no connection (STR-1, layer 1)."""
        return self._standing is None or monotonic() - self._heard_at > self._terms.patience.socket

    async def _leave(self, *, after_maintenance: bool) -> None:
        """Wait until a connection may be opened and what it brings can be taken."""
        while True:
            wait = TICK_SECONDS
            if self._feed.has_room():
                with suppress(UnreachableError):
                    wait = self._connects.take(after_maintenance=after_maintenance)
            if not wait:
                return
            await asyncio.sleep(wait)

    async def _connection(self) -> bool:
        """Live through one connection and tell whether it ended in maintenance."""
        standing: _Connection | None = None
        why = ""
        try:
            token = await self._token()
            standing = await self._opened(token)
            await self._serve(standing)
        except RateLimitedError as failure:
            # whoever turns us away for connecting too often must not be asked again soon
            self._failures = max(self._failures, self._terms.many_failures)
            why = str(failure)
        except ExchangeError as failure:
            why = str(failure)
        finally:
            self._standing = None
            if standing is not None:
                standing.wire.cut("ended")
                why = standing.wire.lost.result() if standing.wire.lost.done() else why
            self._last_loss = why or self._last_loss
            self._feed.lose(why)
        LOG.warning("stream %s: %s", self._url, why)
        return standing is not None and standing.maintenance

    async def _token(self) -> str:
        return "" if self._tokens is None else await asyncio.to_thread(self._tokens.current)

    async def _opened(self, token: str) -> _Connection:
        wire = await opened(self._url, self._hear)
        at = monotonic()
        self._count += 1
        self._heard_at = at
        self._feed.topics.begin(at)
        self._standing = _Connection(wire=wire, token=token, opened_at=at, heard_at=at, asked_at=at)
        return self._standing

    async def _serve(self, standing: _Connection) -> None:
        """Look after a connection until it is gone."""
        beside = asyncio.ensure_future(self._feed.accompany())
        try:
            while not standing.wire.lost.done():
                at = monotonic()
                fault = self._fault(standing, at)
                if fault:
                    standing.why = fault
                    standing.wire.cut(fault)
                else:
                    self._send_due(standing, at)
                if beside.done():
                    beside.result()  # what it could not bear is not borne here either
                await asyncio.wait({standing.wire.lost}, timeout=TICK_SECONDS)
        finally:
            beside.cancel()
            await asyncio.wait({beside})

    def _fault(self, standing: _Connection, at: float) -> str:
        """Return why the connection is of no use any more, or nothing."""
        if at - self._heard_at > self._terms.patience.socket:
            return f"silent for {at - self._heard_at:.1f} s"
        if standing.why:
            return standing.why
        if self._failures and at - standing.opened_at > self._terms.steady_seconds:
            self._failures = 0
        return self._feed.mind(at)

    def _send_due(self, standing: _Connection, at: float) -> None:
        topics = self._feed.topics
        for topic in topics.silent(at):
            if self._system in {"", ONLINE}:  # in maintenance silence is what was announced
                LOG.info("stream: %s %s is silent", topic.channel, topic.symbol)
                topics.renew(topic, not_before=at)
        if at - self._faded_at > FADE_SECONDS:
            self._faded_at = at
            topics.fade(FADE)
        due = topics.requests(at, ids=self._ids, is_ready=self._feed.is_ready)
        for req_id, request in due:
            params = request.params
            if standing.token:
                params["token"] = standing.token
            self._write(standing, requests.rendered(request.method, params, req_id), at)
        if at - standing.asked_at > self._terms.ping_seconds:
            self._write(standing, requests.ping(next(self._ids)), at)

    def _write(self, standing: _Connection, text: bytes, at: float) -> None:
        if standing.wire.is_open:
            standing.wire.send(text)
            standing.asked_at = at

    def _hear(self, frame: bytes, at: float) -> None:
        """Hand a frame to whom it concerns. Called for every frame that comes."""
        channel = channel_of(frame)
        try:
            if self._feed.hear(channel, frame, at) or channel == HEARTBEAT:
                self._heard_at = at
                return
            self._hear_other(message_of(frame), frame, at)
        except (Undecodable, RecursionError):  # the second where it is nested without end
            self._keep_odd(frame, at)

    def _hear_other(self, message: Message, frame: bytes, at: float) -> None:
        # once something is told, an answer does not show that it still is
        if message.channel or self._standing is None or not self._standing.is_told:
            self._heard_at = at
        if message.method in SUBSCRIBING:
            self._hear_subscription(message)
        elif message.method:
            self._hear_answer(message)
        elif message.channel == STATUS:
            self._hear_status(message)
        elif not self._feed.hear(message.channel.encode(), frame, at):
            self._keep_odd(frame, at)

    def _hear_subscription(self, message: Message) -> None:
        if message.method == "unsubscribe":
            return
        named = message.result.get("symbol") if isinstance(message.result, dict) else None
        symbol = message.symbol or (named if isinstance(named, str) else "")
        error = None if message.success else message.error or "refused without a reason"
        if self._standing is not None and error is None:
            self._standing.is_told = True
        refused = self._feed.topics.answered(message.req_id, symbol=symbol, error=error)
        if refused is None or error is None:
            return
        LOG.warning("stream: %s %s refused: %s", refused.channel, refused.symbol, error)
        standing = self._standing
        if self._tokens is not None and standing is not None and error.startswith(STALE_TOKEN):
            self._tokens.refuse(standing.token)
            standing.why = "the token was refused"

    def _hear_answer(self, message: Message) -> None:
        standing = self._standing
        call = None if standing is None else standing.calls.get(message.req_id or 0)
        if call is not None and not call.done():
            call.set_result(message)

    def _hear_status(self, message: Message) -> None:
        rows = message.data if isinstance(message.data, list) else []
        for row in rows:
            said = row.get("system") if isinstance(row, dict) else None
            if isinstance(said, str) and said != self._system:
                usual = said == ONLINE and not self._system
                LOG.log(logging.INFO if usual else logging.WARNING, "stream: it is %s there", said)
                self._system = said
        if self._standing is not None:
            self._standing.maintenance = self._system == MAINTENANCE

    def _keep_odd(self, frame: bytes, at: float) -> None:
        """Pass over what nobody can read: the proxy before the exchange writes plain text."""
        self._heard_at = at
        self._unread += 1
        self.odd.append(bytes(frame[:LONGEST_ODD]))
