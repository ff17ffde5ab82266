"""Tokens that open a private stream.

GetWebSocketsToken issues one. Each private request of the stream carries it: `owner` says whose it
is or that it is none. A connection `hold`s it with each private subscription and `release`s it when
that ends, for it stays good while one of them lives.

Source: kraken/rest.md §6, GetWebSocketsToken; kraken/rate_limits.md C.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kraken_pipeline.simulator import machine

LIFE: Final = timedelta(minutes=15)


@dataclass(slots=True)
class _Token:
    key: str
    issued: datetime
    holders: int = 0


class Tokens:
    """The tokens of one simulator; they do not outlive it."""

    def __init__(self, make: Callable[[], str] = machine.token) -> None:
        """Begin with none; `make` returns another text each time."""
        self._make = make
        self._lock = threading.Lock()
        self._tokens: dict[str, _Token] = {}

    def issue(self, key_name: str, now: datetime) -> str:
        """Return a new token of a key, good for 15 minutes or as long as it is held."""
        token = self._make()
        with self._lock:
            for old in [name for name, known in self._tokens.items() if not _good(known, now)]:
                del self._tokens[old]
            self._tokens[token] = _Token(key_name, now)
        return token

    def owner(self, token: str, now: datetime) -> str | None:
        """Return the name of the key that a token stands for; None if it is not, or no more, good.

        What that key may do is for its permissions to say.
        """
        with self._lock:
            known = self._tokens.get(token)
            return known.key if known is not None and _good(known, now) else None

    def hold(self, token: str) -> None:
        """Keep a good token good: a private subscription began."""
        with self._lock:
            if token in self._tokens:
                self._tokens[token].holders += 1

    def release(self, token: str) -> None:
        """Let go of a token that was held: the subscription ended."""
        with self._lock:
            if token in self._tokens:
                self._tokens[token].holders -= 1

    def clear(self) -> None:
        """Forget every token, as a restart does."""
        with self._lock:
            self._tokens.clear()


def _good(token: _Token, now: datetime) -> bool:
    return token.holders > 0 or now < token.issued + LIFE
