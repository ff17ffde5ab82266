"""The exchange that is mirrored: GET of its public paths, and of nothing else.

There is no key here and no way to send one. A call that fails closes the line for a while, so that
whoever asks is answered at once and not after the next timeout.

Source: kraken/rest.md §1 and §4; kraken/rate_limits.md D, one public call a second is safe.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import requests

from kraken_pipeline.simulator import machine
from kraken_pipeline.simulator.mirror.address import KRAKEN, is_this_machine

PATH: Final = "/0/public/"
METHODS: Final = frozenset(
    {"SystemStatus", "Assets", "AssetPairs", "Ticker", "OHLC", "Depth", "GroupedBook"}
    | {"Trades", "Spread"}
)
"""What may be asked; each has a pace of its own."""
BURST: Final = 2.0
PER_SECOND: Final = 1.0
OFTEN: Final = 1e6
OK: Final = 200
"""The only status whose body is read; another exchange to go to is none."""
TIMEOUT: Final = (2.0, 5.0)
"""Seconds to connect and to read."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
BUSY: Final = ("EGeneral:Too many requests", "EAPI:Rate limit", "EService:")
"""Errors that are about the exchange, not about the question."""
MOST_SAID: Final = 120
"""Characters of a failure that are shown."""


class UpstreamError(Exception):
    """The mirrored exchange gave no answer; the message says why."""


class RefusedUpstreamError(Exception):
    """It refused the question itself; `args[0]` is its text."""


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


class Upstream:
    """The line to the mirrored exchange. Calls go one after the other, whoever asks."""

    def __init__(
        self,
        url: str,
        *,
        seconds: Callable[[], float] = machine.seconds,
        per_second: float | None = None,
    ) -> None:
        """Take the address; nothing connects before the first call.

        Args:
            url: of the exchange, without a path.
            seconds: the machine's time.
            per_second: how often each method may be asked; once, or as often as one likes on this
                machine, if it is not told.

        Raises:
            ValueError: the address is none of an exchange.
        """
        self.url: Final = _checked(url)
        self._seconds = seconds
        usual = OFTEN if is_this_machine(url) else PER_SECOND
        self._per_second = usual if per_second is None else per_second
        self._lock = threading.Lock()
        self._session = requests.Session()
        self._session.trust_env = False
        self._buckets: dict[str, _Bucket] = {}
        self._pause = FIRST_PAUSE
        self._closed_until = 0.0
        self.failure = ""
        """Why the last call failed; empty if it did not."""

    def get(self, method: str, params: Mapping[str, str], *, patience: float = 0.0) -> object:
        """Ask once and return the result.

        Args:
            method: one of `METHODS`.
            params: of the query.
            patience: how many seconds it may wait for others.

        Raises:
            UpstreamError: there is no answer, or it may not be asked just now.
            RefusedUpstreamError: the question is refused.
            ValueError: there is no such method here.
        """
        if method not in METHODS:
            raise ValueError(f"{method!r} is no public method that is mirrored")
        until = self._seconds() + patience
        while not self.failure and 0 < (wait := self.wait(method)) <= until - self._seconds():
            threading.Event().wait(wait)
        if not self._lock.acquire(timeout=max(until - self._seconds(), 0)):
            raise UpstreamError("is asked by others just now")
        try:
            self._require_leave(method)
            result = self._asked(method, params)
        finally:
            self._lock.release()
        return result

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def wait(self, method: str) -> float:
        """Return in how many seconds a method may be asked; 0 for now."""
        now = self._seconds()
        return max(self._closed_until - now, (1.0 - self._level(method, now)) / self._per_second, 0)

    def _level(self, method: str, now: float) -> float:
        bucket = self._buckets.setdefault(method, _Bucket(BURST, now))
        return min(bucket.level + (now - bucket.at) * self._per_second, BURST)

    def _require_leave(self, method: str) -> None:
        if self.wait(method) > 0:
            raise UpstreamError(self.failure or f"may not be asked for {method} so often")
        now = self._seconds()
        self._buckets[method] = _Bucket(self._level(method, now) - 1.0, now)

    def _asked(self, method: str, params: Mapping[str, str]) -> object:
        try:
            reply = self._session.get(
                f"{self.url}{PATH}{method}",
                params=params,
                headers={"User-Agent": "kraken_pipeline"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            told = reply.json() if reply.status_code == OK else None
        except requests.JSONDecodeError:
            told = None
        except requests.RequestException as trouble:
            raise self._failed(f"does not answer: {type(trouble).__name__}") from trouble
        if not isinstance(told, dict) or not isinstance(told.get("error"), list):
            raise self._failed(f"answered {method} with HTTP {reply.status_code} and no data")
        errors = [str(each) for each in told["error"]]
        if errors and errors[0].startswith(BUSY):
            raise self._failed(f"refuses for now: {errors[0]}")
        self.failure, self._pause = "", FIRST_PAUSE
        if errors or "result" not in told:
            raise RefusedUpstreamError(errors[0] if errors else "EGeneral:Internal error")
        result: object = told["result"]
        return result

    def _failed(self, why: str) -> UpstreamError:
        self.failure = why[:MOST_SAID]
        self._closed_until = self._seconds() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return UpstreamError(self.failure)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    plain = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
    if not plain or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is no exchange to mirror; give one as {KRAKEN}")
    return url.rstrip("/")
