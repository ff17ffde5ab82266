"""What happened, line by line: hashed as a whole, its end kept for whoever asks why."""

import hashlib
from collections import Counter, deque
from typing import Final

from kraken_pipeline_tests.simulation.virtual_time import VirtualTime

KEPT: Final = 60


class Tape:
    """The log of one simulation."""

    def __init__(self, time: VirtualTime, *, kept: int = KEPT) -> None:
        """Begin with nothing said."""
        self.counts: Counter[str] = Counter()
        self.end: deque[str] = deque(maxlen=kept)
        self._time = time
        self._hash = hashlib.blake2b(digest_size=16)

    def say(self, line: str) -> None:
        """Add a line, with the time."""
        passed = (self._time.now - self._time.start).total_seconds()
        told = f"{passed:12.6f} {line}"
        self.end.append(told)
        self._hash.update(told.encode() + b"\n")

    def count(self, what: str, times: int = 1) -> None:
        """Count what happened."""
        self.counts[what] += times

    def add(self, content: bytes) -> None:
        """Let bytes that are in no line count for the hash too."""
        self._hash.update(content)

    @property
    def hash(self) -> str:
        """Of everything until now."""
        return self._hash.hexdigest()
