"""One request and its answer. Nothing here is ever repeated by itself (NET-5)."""

import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NoReturn, Protocol
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.kraken.address import require_safe
from kraken_pipeline.kraken.failures import BROKEN, Call, garbled, lost, refusal, wrong_status
from kraken_pipeline.kraken.signing import Credential

AGENT: Final = "kraken-pipeline/0.1"
OWN_STATUSES: Final = frozenset({200, 404})
"""Kraken answers errors with 200, and an unknown method with 404. Any other status is another's."""
LONGEST_IDLE_SECONDS: Final = 20.0
"""A connection that was idle for longer is not used again: the other side may be closing it just
then, and whoever writes into that never learns whether the request arrived."""
FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"
NONCE_REFUSED: Final = "EAPI:Invalid nonce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a call may wait."""

    connect_seconds: float = 5
    read_seconds: float = 15
    """For the next bytes of the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whoever sent it."""

    status: int
    body: bytes


class Turns(Protocol):
    """Who hands out nonces: `Nonces`, or `UrgentNonces` for panic."""

    def turn(self) -> AbstractContextManager[int]:
        """Yield the nonce of the one request that may be sent before the turn ends."""
        ...

    def renew(self) -> None:
        """Start afresh: the exchange refused a nonce."""
        ...


class Connections:
    """Kept-alive sessions to one address. A session serves one call at a time, of any thread."""

    def __init__(self, url: str, timeouts: Timeouts) -> None:
        """Take the address; nothing connects before the first call.

        Raises:
            ConfigurationError: keys could be overheard there.
        """
        self._url = require_safe(url)
        self._timeouts = timeouts.connect_seconds, timeouts.read_seconds
        self._idle: deque[tuple[float, requests.Session]] = deque()
        self._blank = requests.Request("GET", self._url, headers=_headers()).prepare()

    def get(self, path: str) -> Answer:
        """Ask once.

        Raises:
            requests.RequestException: or another of `BROKEN`; nothing is known but that it failed.
        """
        request = self._blank.copy()
        request.url = self._url + path
        return self._send(request)

    def post(self, path: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body once, byte for byte as given; a form, where the headers say nothing else.

        Raises:
            requests.RequestException: or another of `BROKEN`; nothing is known but that it failed.
        """
        request = self._blank.copy()
        request.method = "POST"
        request.url = self._url + path
        request.body = body
        request.headers.update(headers)
        request.headers.setdefault("Content-Type", FORM)
        request.headers["Content-Length"] = str(len(body))
        return self._send(request)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop()[1].close()

    def _send(self, request: requests.PreparedRequest) -> Answer:
        with self._session() as session:
            response = session.send(request, timeout=self._timeouts, allow_redirects=False)
            return Answer(response.status_code, response.content)

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        session = self._idle_session() or _session()
        try:
            yield session
        except BaseException:
            session.close()
            raise
        self._idle.append((time.monotonic(), session))

    def _idle_session(self) -> requests.Session | None:
        while self._idle:
            try:
                since, session = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if time.monotonic() - since <= LONGEST_IDLE_SECONDS:
                return session
            session.close()
        return None


class PublicLine:
    """Calls that need no key. Safe to use from several threads at once."""

    def __init__(self, url: str, *, timeouts: Timeouts | None = None) -> None:
        """Take the address; nothing connects before the first call."""
        self._connections = Connections(url, timeouts or Timeouts())

    def ask(self, method: str, params: Mapping[str, str] | None = None) -> object:
        """Ask once and return the result.

        Raises:
            UnreachableError: it may be asked again.
            UnexpectedReplyError: the question is refused, or the answer is no answer of Kraken's.
        """
        query = f"?{urlencode(params)}" if params else ""
        try:
            answer = self._connections.get(f"/0/public/{method}{query}")
        except BROKEN as failure:
            raise lost(failure, call=Call.READ, method=method) from None
        return result_of(answer, call=Call.READ, method=method)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


class PrivateLine:
    """Calls of one key, one at a time: nonces arrive in the order in which they were taken."""

    def __init__(
        self,
        url: str,
        *,
        credential: Credential,
        nonces: Turns,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Take address, key and nonces; nothing connects before the first call."""
        self._connections = Connections(url, timeouts or Timeouts())
        self._credential = credential
        self._nonces = nonces

    def call(self, method: str, params: Mapping[str, object], *, call: Call) -> object:
        """Sign and send once, and return the result.

        Args:
            method: as Kraken spells it: `AddOrder`.
            params: what is asked, without the nonce; text goes as a form, what is nested as JSON.
            call: what the request can change; it decides how a failure is named.

        Raises:
            UnreachableError: it was not done and may be asked again.
            OrderRefusedError: it was not done and will not be.
            AuthError: the key was refused.
            OutcomeUnknownError: a write that may have been done.
            UnexpectedReplyError: the answer is none of Kraken's; after a write it may be done.
        """
        path = f"/0/private/{method}"
        with self._nonces.turn() as nonce:
            content_type, body = body_of(params, nonce)
            headers = {
                "Content-Type": content_type,
                "API-Key": self._credential.key,
                "API-Sign": self._credential.sign(path=path, nonce=nonce, body=body),
            }
            try:
                answer = self._connections.post(path, body=body, headers=headers)
            except BROKEN as failure:
                # without its cause, which holds the request with its headers
                raise lost(failure, call=call, method=method) from None
        if NONCE_REFUSED.encode() in answer.body:
            self._nonces.renew()
        return result_of(answer, call=call, method=method)

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


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


def result_of(answer: Answer, *, call: Call, method: str) -> object:
    """Return what Kraken put in its envelope. Numbers with a point come as `Decimal`.

    Raises:
        ExchangeError: of the kind that says what may have happened; see `failures`.
    """
    if answer.status not in OWN_STATUSES:
        raise wrong_status(answer.status, answer.body, call=call, method=method)
    try:
        envelope = json.loads(answer.body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        raise garbled(answer.body, call=call, method=method) from None
    if not isinstance(envelope, dict) or not _are_texts(envelope.get("error")):
        raise UnexpectedReplyError(f"{method}: the answer has no list of errors; nothing is read")
    # a warning may stand beside a result
    errors = [each for each in envelope["error"] if not each.startswith("W")]
    if errors:
        raise refusal(errors, call=call, method=method)
    if answer.status != requests.codes.ok:
        raise wrong_status(answer.status, answer.body, call=call, method=method)
    if "result" not in envelope:
        raise UnexpectedReplyError(f"{method}: the answer has neither an error nor a result")
    return envelope["result"]


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _headers() -> dict[str, str]:
    return {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    session.mount("https://", HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return session
