"""Calls in, answers out, without HTTP."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from kraken_pipeline.simulator import machine
from kraken_pipeline.simulator.answers import Answer, refused, succeeded
from kraken_pipeline.simulator.api.keys import key_info, websockets_token
from kraken_pipeline.simulator.api.methods import PRIVATE, PUBLIC
from kraken_pipeline.simulator.api.methods import Answer as Method
from kraken_pipeline.simulator.auth import Key, Request
from kraken_pipeline.simulator.connections import Connections
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.faults.delivery import Delivery
from kraken_pipeline.simulator.faults.faults import Faults
from kraken_pipeline.simulator.faults.kinds import Point
from kraken_pipeline.simulator.faults.stale import Past
from kraken_pipeline.simulator.keys import Keys
from kraken_pipeline.simulator.market import NeverTradedError
from kraken_pipeline.simulator.params import Params, RefusedError, parsed
from kraken_pipeline.simulator.rest_limits import Limits, PublicCounters
from kraken_pipeline.simulator.tokens import Tokens
from kraken_pipeline.simulator.views import within_reach

UNAVAILABLE: Final = "EService:Unavailable"
UNKNOWN_METHOD: Final = "EGeneral:Unknown method"
TOO_MANY: Final = "EGeneral:Too many requests"
PRIVATE_PATH: Final = "/0/private/"
THIS_MACHINE: Final = "127.0.0.1"
OF_THE_KEY: Final[Mapping[str, frozenset[str]]] = {
    "GetApiKeyInfo": frozenset(),
    "GetWebSocketsToken": frozenset({"create-ws-token"}),
}
"""Methods that answer of the key, not of the account, and what each needs."""


class Mirroring(Protocol):
    """What makes another exchange's public data the market of this one."""

    @property
    def public(self) -> Mapping[str, Method]:
        """The public methods; they may ask the other exchange and take seconds."""

    def bring(self, name: str) -> None:
        """Make the book of a pair young before an order comes to it; it may take seconds."""

    def state(self) -> Mapping[str, object]:
        """Return where the data come from, how old they are, and what fails."""


class Service:
    """An exchange and the keys of its account."""

    def __init__(
        self,
        exchange: Exchange,
        keys: Keys | Key,
        *,
        token: Callable[[], str] = machine.token,
        mirror: Mirroring | None = None,
    ) -> None:
        """Open an exchange to its keys.

        Args:
            exchange: that is served.
            keys: that act on its account.
            token: makes the tokens of the stream.
            mirror: where the market comes from, if it is another exchange's.
        """
        self.exchange: Final = exchange
        self.keys: Final = keys if isinstance(keys, Keys) else Keys([keys])
        self.delays: dict[str, float] = {}
        """Seconds by method for which answers are kept back."""
        self.faults: Final = Faults()
        self.tokens: Final = Tokens(token)
        self.mirror: Final = mirror
        self.connections: Final = Connections()
        self.delivery: Final = Delivery(
            faults=self.faults, clock=lambda: self.exchange.clock, restart=self.restart
        )
        self.after_turning: Final[list[Callable[[], None]]] = []
        """Called each time after the clock was turned and the market run."""
        self._public_counters = PublicCounters()
        self._past: Past | None = None
        self._public = PUBLIC if mirror is None else mirror.public

    def public(self, method: str, params: Params, host: str = THIS_MACHINE) -> Answer:
        """Answer a public call that comes from an address."""
        answer = self._public.get(method)
        if answer is None:
            return refused(UNKNOWN_METHOD, 404)
        if self.keys.limits is Limits.ALL and not self._may_ask(method, params, host):
            return refused(TOO_MANY)
        try:
            return succeeded(answer(self.exchange, params), self.delays.get(method, 0.0))
        except NeverTradedError:
            return refused(UNAVAILABLE)
        except RefusedError as refusal:
            return refused(refusal.text)

    def private(
        self, path: str, headers: Mapping[str, str], body: bytes, host: str = THIS_MACHINE
    ) -> Answer:
        """Answer a private call.

        Args:
            path: of the URL, as it was signed.
            headers: by lower-case name.
            body: the bytes as they came.
            host: the address that it comes from.
        """
        method = path.removeprefix(PRIVATE_PATH)
        known = PRIVATE.get(method)
        if known is None and method not in OF_THE_KEY:
            return refused(UNKNOWN_METHOD, 404)
        permissions = known.permissions if known else OF_THE_KEY[method]
        name = headers.get("api-key", "")
        try:
            params = parsed(body, headers.get("content-type", ""))
        except RefusedError as malformed:
            if self.keys.get(name) is not None:
                return refused(malformed.text)
            params = Params({})  # a key that is none comes before what it asks
        request = Request(
            path=path,
            method=method,
            key=name,
            sign=headers.get("api-sign", ""),
            body=body,
            params=params,
            host=host,
        )
        try:
            now = self.exchange.clock.now()
            key = self.keys.admit(request, self.exchange.journal.nonces, permissions, now)
            result = (
                known.answer(self._seen(method, key), params) if known else self._own(method, key)
            )
        except RefusedError as refusal:
            return refused(refusal.text)
        return succeeded(result, self.delays.get(method, 0.0))

    def restart(self, seconds: float) -> None:
        """Go down for some seconds: connections are cut, tokens forgotten, orders remembered."""
        self.tokens.clear()
        self.connections.restart(seconds)

    def _may_ask(self, method: str, params: Params, host: str) -> bool:
        asked = params.text("pair")
        pair = self.exchange.market.listing.pair(asked)
        name = asked if pair is None else pair.key
        return self._public_counters.spend(host, method, name, self.exchange.clock.now())

    def _own(self, method: str, key: Key) -> str:
        now = self.exchange.clock.now()
        if method == "GetWebSocketsToken":
            return websockets_token(self.tokens.issue(key.name, now))
        return key_info(key, self.exchange.journal.nonces.highest(key.name), now)

    def _seen(self, method: str, key: Key) -> Exchange:
        """Return the exchange as a call sees it: as it is, unless a fault makes reads lie."""
        strike = self.faults.strike(Point.READ, method, self.exchange.clock.now())
        if strike is None:
            return within_reach(self.exchange, key, method)
        if self._past is None or self._past.exchange is not self.exchange:
            self._past = Past(self.exchange)
        return within_reach(self._past.seen(strike), key, method)

    def turned(self) -> None:
        """Run the market up to where the clock was turned, and tell who waits for that."""
        self.exchange.advance()
        for told in self.after_turning:
            told()

    def knows(self, method: str) -> bool:
        """Tell whether there is a method of that name."""
        return method in PRIVATE or method in PUBLIC or method in OF_THE_KEY
