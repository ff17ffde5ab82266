"""A queue that never drops: full, it refuses, and whoever fills it must stop (STR-6)."""

import threading
from collections import deque
from collections.abc import Sequence

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.kraken.stream.news import News


class Outbox:
    """News on their way from the stream's thread to the one that books them."""

    def __init__(self, most: int) -> None:
        """Hold at most that many."""
        self._most = most
        self._waiting: deque[News] = deque()
        self._changed = threading.Condition()

    @property
    def room(self) -> int:
        """How many more it holds. Only whoever fills it can make it less."""
        with self._changed:
            return self._most - len(self._waiting)

    @property
    def has_drained(self) -> bool:
        """Whether it is at most half full."""
        return self.room * 2 >= self._most

    def put(self, news: Sequence[News]) -> None:
        """Take the news, for which there must be room.

        Raises:
            InvalidValueError: there is none; nothing was taken.
        """
        with self._changed:
            if len(self._waiting) + len(news) > self._most:
                raise InvalidValueError(f"no room for {len(news)} news beside {self._most}")
            self._waiting.extend(news)
            self._changed.notify_all()

    def take(self, timeout_seconds: float) -> tuple[News, ...]:
        """Return everything that waits, in order, after waiting for the first of it.

        Args:
            timeout_seconds: how long to wait; then nothing is returned.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout_seconds)
            taken = tuple(self._waiting)
            self._waiting.clear()
            return taken
