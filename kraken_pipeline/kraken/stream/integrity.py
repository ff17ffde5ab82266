"""How often a pair's book was wrong, and what follows. Pure: instants are passed in.

Source: STR-4: a mismatch has the book dropped and asked for again; three within a minute mark the
    pair. The mark is ours to lift: it goes once the book was right for as long again as we wait.
"""

from collections import deque
from typing import Final

WINDOW_SECONDS: Final = 60.0
MOST: Final = 3
"""Mismatches within the window that mark the pair."""
PAUSE_SECONDS: Final = 60.0
"""Before a marked pair's book is asked for again, so that a book that is always wrong costs us one
request a minute and not as many as the line carries."""
CLEAN_SECONDS: Final = 300.0
"""Without a mismatch, after which the mark goes."""


class Integrity:
    """The mismatches of one pair."""

    __slots__ = ("_marked", "_recent", "failures")

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=MOST)
        self._marked = False
        self.failures = 0
        """Since the beginning."""

    def fail(self, at: float) -> float:
        """Note a mismatch and return how many seconds to wait before the book is asked for."""
        self._recent.append(at)
        self.failures += 1
        if len(self._recent) == MOST and at - self._recent[0] <= WINDOW_SECONDS:
            self._marked = True
        return PAUSE_SECONDS if self.is_untradable(at) else 0.0

    def is_untradable(self, at: float) -> bool:
        """Tell whether the pair is marked, or was and is not yet forgiven."""
        if self._marked and at - self._recent[-1] > CLEAN_SECONDS:
            self._marked = False
        return self._marked
