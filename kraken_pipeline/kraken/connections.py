"""Connections to one address: kept alive, used by one call at a time, and given up in time."""

import io
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from socket import socket
from typing import Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from kraken_pipeline.kraken.address import require_safe

DONE: Final = 200
"""The status of every answer of Kraken's own but one."""
AGENT: Final = "kraken-pipeline/0.1"
LONGEST_IDLE_SECONDS: Final = 20.0
"""A connection that was idle for longer is not used again: the other side may be closing it just
then, and whoever writes into that never learns whether the request arrived."""
FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a call may wait."""

    connect_seconds: float = 5
    read_seconds: float = 15
    """For the answer, all of it: whoever drips it is not waited for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whoever sent it."""

    status: int
    body: bytes
    sent_at: datetime | None = None
    """By the other side's clock, to the second."""


class Connections:
    """Kept-alive sessions to one address. A session serves one call at a time, of any thread."""

    def __init__(
        self, url: str, timeouts: Timeouts, *, connecting: Callable[[], None] | None = None
    ) -> None:
        """Take the address; nothing connects before the first call.

        Args:
            url: of the exchange.
            timeouts: of each call.
            connecting: is told before a new connection is made.

        Raises:
            ConfigurationError: keys could be overheard there.
        """
        self._url = require_safe(url)
        self._timeouts = timeouts.connect_seconds, timeouts.read_seconds
        self._connecting = connecting
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
        session = self._idle_session() or self._new_session()
        try:
            response = session.send(request, timeout=self._timeouts, allow_redirects=False)
            answer = Answer(response.status_code, response.content, _date_of(response))
        except BaseException:
            session.close()
            raise
        if answer.status == DONE:
            self._idle.append((time.monotonic(), session))
        else:
            # Kraken's own answer may still follow, and would be taken for that to the next request
            session.close()
        return answer

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

    def _new_session(self) -> requests.Session:
        if self._connecting is not None:
            self._connecting()
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", TimelyAdapter())
        session.mount("https://", TimelyAdapter())
        return session


class TimelyReader(io.RawIOBase):
    """What comes from a socket, until an instant and no longer."""

    def __init__(self, sock: socket, until: float) -> None:
        """Take the socket; `until` is of the monotonic clock."""
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        """Tell that it is."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # any buffer is
        """Read what comes next.

        Raises:
            TimeoutError: the time is over.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer was not complete in time")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class TimelyResponse(HTTPResponse):
    """An answer whose whole has the time that otherwise each piece of it would have."""

    def __init__(self, sock: socket, *args: object, **kwargs: object) -> None:
        """Begin to wait."""
        super().__init__(sock, *args, **kwargs)  # type: ignore[arg-type]  # as its caller gave them
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp.close()
            self.fp = io.BufferedReader(TimelyReader(sock, time.monotonic() + seconds))


class TimelyConnection(HTTPConnection):
    """A connection with such answers."""

    response_class = TimelyResponse


class TimelySecureConnection(HTTPSConnection):
    """The same over TLS."""

    response_class = TimelyResponse


class TimelyPool(HTTPConnectionPool):
    """Makes such connections."""

    ConnectionCls = TimelyConnection


class TimelySecurePool(HTTPSConnectionPool):
    """Makes such connections over TLS."""

    ConnectionCls = TimelySecureConnection


class TimelyAdapter(HTTPAdapter):
    """One connection, no repetition, and answers in time."""

    def __init__(self) -> None:
        """Take nothing: it is always the same."""
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = {"http": TimelyPool, "https": TimelySecurePool}


def _date_of(response: requests.Response) -> datetime | None:
    try:
        told = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError, TypeError):
        return None
    # "-0000" is UTC as well, and comes without a zone
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


def _headers() -> dict[str, str]:
    return {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
