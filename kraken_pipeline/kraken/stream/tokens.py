"""The token that opens the private stream.

Source: STR-5; docs.kraken.com/api/docs/guides/spot-ws-auth: a token lives 15 minutes until it is
    first used.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

YOUNG_SECONDS: Final = 600.0
"""How old a token may be that is used once more."""


class Tokens:
    """Keeps one token as long as it is young. Printing it shows nothing of it."""

    def __init__(
        self, fetch: Callable[[], str], *, monotonic: Callable[[], float] = monotonic
    ) -> None:
        """Take who asks the exchange for a token, and a clock that never steps.

        Args:
            fetch: returns a new token; may raise `ExchangeError`, which is passed on.
            monotonic: tells seconds.
        """
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._fetched_at = 0.0

    def current(self) -> str:
        """Return the token, or a new one where there is none or it is older than ten minutes.

        Raises:
            ExchangeError: none could be had.
        """
        with self._lock:
            now = self._monotonic()
            if not self._token or now - self._fetched_at > YOUNG_SECONDS:
                self._token = self._fetch()
                # the time before the call: it may have been made at once
                self._fetched_at = now
            return self._token

    def refuse(self, token: str) -> None:
        """Forget a token that the exchange does not know."""
        with self._lock:
            if token == self._token:
                self._token = ""
