"""One request and its answer. Nothing that may have changed anything is ever repeated (NET-5)."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from kraken_pipeline.domain.errors import (
    ConfigurationError,
    ExchangeError,
    KeySharedError,
    OutcomeUnknownError,
    RateLimitedError,
    UnexpectedReplyError,
)
from kraken_pipeline.kraken.audit import UNAUDITED, Arrived, Audit, Leaving
from kraken_pipeline.kraken.breaker import PUBLIC, Breaker, family_of
from kraken_pipeline.kraken.budget import UNLIMITED, Budget, Reservation, Unlimited
from kraken_pipeline.kraken.connections import FORM, Answer, Connections, Timeouts
from kraken_pipeline.kraken.envelope import heard_in, result_of
from kraken_pipeline.kraken.failures import BROKEN, Call, Failure, Heard, broken_way
from kraken_pipeline.kraken.kinds import Kind
from kraken_pipeline.kraken.limits import Lane
from kraken_pipeline.kraken.nonce import LARGEST, Hand, Turns
from kraken_pipeline.kraken.public_limit import NO_PUBLIC_LIMIT, PublicLimit
from kraken_pipeline.kraken.scrub import without
from kraken_pipeline.kraken.signing import Credential

__all__ = [
    "Answer",
    "Connections",
    "PrivateLine",
    "PublicLine",
    "Timeouts",
    "Turns",
    "body_of",
    "form_of",
    "result_of",
]

JSON: Final = "application/json; charset=utf-8"
NEVER_LEFT: Final = Heard(failure=Failure(kind=Kind.LOCAL, said="it was not sent"))
CUT_OFF: Final = Heard(failure=Failure(kind=Kind.AMBIGUOUS, said="it was interrupted"))
MOST_RESERVATIONS: Final = 5
"""How often an order gets a place in the counters that cancels then take."""
MOST_CATCH_UPS: Final = 4
"""One for each unit that other programs count nonces in, and one that is accepted."""


class PublicLine:
    """Calls that need no key. Safe to use from several threads at once."""

    def __init__(
        self,
        url: str,
        *,
        timeouts: Timeouts | None = None,
        limit: PublicLimit = NO_PUBLIC_LIMIT,
        connecting: Callable[[], None] | None = None,
    ) -> None:
        """Take the address; nothing connects before the first call.

        Args:
            url: of the exchange.
            timeouts: of each call.
            limit: how often may be asked; as often as one likes if left out.
            connecting: is told before a new connection is made.
        """
        self._connections = Connections(url, timeouts or Timeouts(), connecting=connecting)
        self._limit = limit
        self._breaker = LockedBreaker()

    def ask(self, method: str, params: Mapping[str, str] | None = None) -> object:
        """Ask once and return the result.

        Raises:
            UnreachableError: it may be asked again.
            UnexpectedReplyError: the question is refused, or the answer is no answer of Kraken's.
        """
        self._breaker.require_closed(PUBLIC)
        name = self._limit.reserve(method, params or {})
        heard = CUT_OFF
        try:
            heard = self._heard(method, params)
        finally:
            self._limit.settle(name, heard.failure)
        self._breaker.hear(PUBLIC, heard)
        if heard.failure is not None:
            raise heard.failure.error(call=Call.READ, method=method)
        return heard.result

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _heard(self, method: str, params: Mapping[str, str] | None) -> Heard:
        query = f"?{urlencode(params)}" if params else ""
        try:
            answer = self._connections.get(f"/0/public/{method}{query}")
        except BROKEN as failure:
            return Heard(failure=broken_way(failure))
        return heard_in(answer, call=Call.READ)


@dataclass(slots=True, kw_only=True)
class _Attempt:
    """One try of one call."""

    method: str
    params: Mapping[str, object] = field(repr=False)
    call: Call
    nonce: int = 0
    began: float = 0
    heard: Heard = NEVER_LEFT
    answer: Answer | None = None
    hand: Hand | None = None
    """Where the nonce was refused: why."""


class PrivateLine:
    """Calls of one key, one at a time: nonces arrive in the order in which they were taken."""

    def __init__(
        self,
        url: str,
        *,
        credential: Credential,
        nonces: Turns,
        timeouts: Timeouts | None = None,
        budget: Budget = UNLIMITED,
        audit: Audit = UNAUDITED,
    ) -> None:
        """Take address, key and nonces; nothing connects before the first call.

        Args:
            url: of the exchange.
            credential: the key.
            nonces: of the key, with the turns in which its calls are sent.
            timeouts: of each call.
            budget: how often the key may be used; if left out as often as one likes, and nothing
                holds a call back: that is how panic asks.
            audit: keeps every call that can move money; nothing is kept if left out.
        """
        self._connections = Connections(url, timeouts or Timeouts())
        self._credential = credential
        self._nonces = nonces
        self._budget = budget
        self._audit = audit
        self._breaker = LockedBreaker()
        self._is_held_back = not isinstance(budget, Unlimited)

    def call(self, method: str, params: Mapping[str, object], *, call: Call) -> object:
        """Sign and send once, and return the result.

        A read whose nonce was refused is asked once more, as another call of ours may have gone
        ahead of it. Nothing else is ever asked twice.

        Args:
            method: as Kraken spells it: `AddOrder`.
            params: what is asked, without the nonce; text goes as a form, what is nested as JSON.
            call: what the request can change; it decides how a failure is named.

        Raises:
            UnreachableError: it was not done and may be asked again.
            RateLimitedError: the same, after a pause.
            OrderRefusedError: it was not done and will not be.
            AuthError: the key was refused, or it is no write and somebody else uses the key.
            OutcomeUnknownError: a write that may have been done.
            UnexpectedReplyError: the answer is none of Kraken's; after a write it may be done.
        """
        attempt = self._attempted(_Attempt(method=method, params=params, call=call))
        if call is Call.READ and attempt.hand in {Hand.OURS, Hand.UNTOLD}:
            attempt = self._attempted(_Attempt(method=method, params=params, call=call))
        return _result(attempt)

    def catch_up(self) -> bool:
        """Go on above the nonce that the exchange has of this key (NET-1), at each start.

        Returns:
            whether somebody else used the key since it was last used from here.

        Raises:
            ExchangeError: the key's nonce cannot be learned.
        """
        is_used_elsewhere = False
        for _ in range(MOST_CATCH_UPS):
            attempt = self._attempted(_Attempt(method="GetApiKeyInfo", params={}, call=Call.READ))
            if attempt.hand is None:
                break
            is_used_elsewhere |= attempt.hand is Hand.STRANGE
        self._nonces.raise_to(_nonce_in(_result(attempt)))
        return is_used_elsewhere

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _attempted(self, attempt: _Attempt) -> _Attempt:
        family = family_of(attempt.method)
        for _ in range(MOST_RESERVATIONS):
            reservation = self._reserved(attempt, family)
            try:
                has_left = self._send(attempt, reservation)
            finally:
                self._budget.settle(reservation, attempt.heard)
                self._breaker.hear(family, attempt.heard)
            if has_left:
                return attempt
        raise RateLimitedError(
            f"{attempt.method}: not sent, as cancels took its place {MOST_RESERVATIONS} times"
        )

    def _reserved(self, attempt: _Attempt, family: str) -> Reservation:
        reservation = self._budget.reserve(attempt.method, attempt.params)
        if self._is_held_back and reservation.lane is not Lane.GUARD:
            try:
                self._breaker.require_closed(family)
            except BaseException:
                self._budget.settle(reservation, NEVER_LEFT)
                raise
        return reservation

    def _send(self, attempt: _Attempt, reservation: Reservation) -> bool:
        """Send once, and tell whether it left: cancels may have taken its place meanwhile."""
        path = f"/0/private/{attempt.method}"
        with self._nonces.turn(reservation.lane) as nonce:
            if not self._budget.still_fits(reservation):
                return False
            attempt.nonce = nonce
            content_type, body = body_of(attempt.params, nonce)
            headers = {
                "Content-Type": content_type,
                "API-Key": self._credential.key,
                "API-Sign": self._credential.sign(path=path, nonce=nonce, body=body),
            }
            self._keep_leaving(attempt, reservation)
            attempt.began, attempt.heard = time.monotonic(), CUT_OFF
            try:
                came = self._connections.post(path, body=body, headers=headers)
            except BROKEN as failure:
                # not raised here: its cause holds the request with its headers
                attempt.heard = Heard(failure=broken_way(failure))
            else:
                sent = headers["API-Key"], headers["API-Sign"]
                attempt.answer = replace(came, body=without(sent, came.body))
                attempt.heard = heard_in(attempt.answer, call=attempt.call)
            if attempt.heard.failure is not None and attempt.heard.failure.kind is Kind.NONCE:
                attempt.hand = self._nonces.renew(nonce)
        self._keep_arrived(attempt, reservation)
        return True

    def _keep_leaving(self, attempt: _Attempt, reservation: Reservation) -> None:
        if attempt.call is not Call.WRITE:
            return
        leaving = Leaving(
            method=attempt.method,
            nonce=attempt.nonce,
            params=attempt.params,
            counters=reservation.standing,
        )
        try:
            self._audit.leaving(leaving)
        except ConfigurationError:
            if reservation.lane is not Lane.GUARD:
                raise

    def _keep_arrived(self, attempt: _Attempt, reservation: Reservation) -> None:
        if attempt.call is not Call.WRITE:
            return
        failure, answer = attempt.heard.failure, attempt.answer
        arrived = Arrived(
            method=attempt.method,
            nonce=attempt.nonce,
            seconds=time.monotonic() - attempt.began,
            kind="done" if failure is None else failure.kind.value,
            status=None if answer is None else answer.status,
            body=b"" if answer is None else answer.body,
        )
        try:
            self._audit.arrived(arrived)
        except ConfigurationError as unkept:
            if reservation.lane is not Lane.GUARD:
                raise OutcomeUnknownError(f"{attempt.method}: {unkept}") from unkept


class LockedBreaker:
    """A breaker for several threads, by the monotonic clock."""

    def __init__(self) -> None:
        """Begin with everything closed."""
        self._breaker = Breaker()
        self._lock = threading.Lock()

    def require_closed(self, family: str) -> None:
        """Let a call leave, or not; see `Breaker`."""
        with self._lock:
            self._breaker.require_closed(family, time.monotonic())

    def hear(self, family: str, heard: Heard) -> None:
        """Take in how a call ended; one that never left says nothing."""
        kind = None if heard.failure is None else heard.failure.kind
        if kind is not Kind.LOCAL:
            with self._lock:
                is_unclear = kind is Kind.AMBIGUOUS
                self._breaker.hear(family, is_unclear=is_unclear, now=time.monotonic())


def _result(attempt: _Attempt) -> object:
    failure = attempt.heard.failure
    if failure is None:
        return attempt.heard.result
    if attempt.hand is Hand.STRANGE:
        raise _shared(attempt)
    raise failure.error(call=attempt.call, method=attempt.method)


def _shared(attempt: _Attempt) -> ExchangeError:
    """Return the error for a nonce that was refused although nobody of ours was above it."""
    refused = f"its nonce was refused: {Hand.STRANGE.value}. Give each program a key of its own"
    if attempt.call is Call.WRITE:
        # a request that the network delivers twice is done, and its second copy refused
        return OutcomeUnknownError(
            f"{attempt.method}: {refused}. Or the network delivered the request twice: it may have "
            "been done"
        )
    return KeySharedError(f"{attempt.method}: not done, as {refused}, and each key one folder")


def _nonce_in(info: object) -> int:
    said = str(info.get("nonce", "")) if isinstance(info, Mapping) else ""
    if not said.isascii() or not said.isdigit() or int(said) > LARGEST:
        raise UnexpectedReplyError(f"GetApiKeyInfo: the nonce is {said[:40]!r}, which is no number")
    return int(said)


def body_of(params: Mapping[str, object], nonce: int) -> tuple[str, bytes]:
    """Return the type and the bytes of a private request: a form, or JSON for what has parts.

    Source: docs.kraken.com/api/docs/rest-api/add-order-batch, whose orders are a list.
    """
    texts = {name: value for name, value in params.items() if isinstance(value, str)}
    if len(texts) == len(params):
        return FORM, form_of(texts, nonce)
    return JSON, json.dumps({"nonce": nonce, **params}, separators=(",", ":")).encode()


def form_of(params: Mapping[str, str], nonce: int) -> bytes:
    """Return the body of a private request: the bytes that are signed are the bytes that are sent.

    Source: NET-2; a plus sign is escaped, a space is a plus.
    """
    return urlencode({"nonce": str(nonce), **params}).encode()
