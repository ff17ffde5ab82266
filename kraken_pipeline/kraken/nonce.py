"""Nonces: strictly rising for a key, over threads, processes, restarts and clocks that step back.

Kraken refuses a nonce that is not above the last one of its key. So the nonce is taken in the same
turn in which the request is sent, one turn at a time for each key on this machine, and the mark up
to which nonces may be used is on disk before the first of them is.

Source: NET-1; docs.kraken.com/api/docs/guides/spot-rest-auth.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError

BLOCK: Final = 1000
"""Nonces that one write of the mark allows. As they are microseconds, the mark runs at most 1 ms
ahead for each block, and the clock catches up."""
STALE: Final = 1_000_000
"""Microseconds that a block may lie behind the clock: another program that goes by the clock and
does not know the mark is then seldom above us."""
LARGEST: Final = 2**64 - 1
"""Kraken's nonce is an unsigned 64-bit integer."""
FIRST_LEAP: Final = 60_000_000
"""Microseconds in a minute."""
LEAP_GROWTH: Final = 60
POLL_SECONDS: Final = 0.002
"""How often a taken turn is asked for again."""


class Nonces:
    """Hands out turns to send with one key."""

    def __init__(
        self,
        folder: Path,
        key_id: str,
        *,
        clock: Callable[[], int],
        patience_seconds: float = 30,
    ) -> None:
        """Name the mark; nothing is read or written before the first turn.

        Args:
            folder: where marks are kept; all processes that use the key must name the same one.
            key_id: the key's name, `Credential.key_id`.
            clock: tells microseconds since 1970.
            patience_seconds: how long to wait for a turn.
        """
        self._file = folder / f"nonce-{key_id}.mark"
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._turns = threading.Lock()
        self._next = 1
        self._end = 0
        self._owner = 0

    @contextmanager
    def turn(self) -> Iterator[int]:
        """Yield the nonce of the one request that may be sent before the turn ends.

        Raises:
            UnreachableError: another sender kept the turn for too long; nothing was sent.
            ConfigurationError: the mark cannot be kept or read; nothing was sent.
        """
        until = time.monotonic() + self._patience_seconds
        if not self._turns.acquire(timeout=self._patience_seconds):
            raise self._busy()
        try:
            with self._opened() as mark:
                if not locked(mark, until):
                    raise self._busy()
                yield self._taken(mark)
        finally:
            self._turns.release()

    def renew(self) -> None:
        """Start afresh above the clock with the next turn: somebody else used the key."""
        with self._turns:
            self._end = 0

    @contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            mark = opened(self._file)
        except OSError as failure:
            raise self._unkept(failure) from failure
        try:
            yield mark
        finally:
            os.close(mark)  # gives the lock back

    def _taken(self, mark: int) -> int:
        try:
            kept = read_mark(mark)
            if not self._has_block(kept):
                self._start_block(mark, kept)
        except (OSError, ValueError) as failure:
            raise self._unkept(failure) from failure
        self._next += 1
        return self._next - 1

    def _has_block(self, kept: int) -> bool:
        # a forked child holds a copy of its parent's block, so a block belongs to one process
        ours = kept == self._end and self._owner == os.getpid()
        return ours and self._next <= self._end and self._clock() - self._end < STALE

    def _start_block(self, mark: int, kept: int) -> None:
        self._next = max(self._clock(), kept + 1)
        write_mark(mark, self._next + BLOCK - 1)
        self._end = self._next + BLOCK - 1
        self._owner = os.getpid()

    def _busy(self) -> UnreachableError:
        return UnreachableError(
            f"another request of this key was under way for {self._patience_seconds} s "
            f"({self._file.name}); nothing was sent"
        )

    def _unkept(self, failure: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"the nonce mark {self._file} cannot be kept: {failure}. Nothing was sent. Mend the "
            "folder; delete the file only if the clock is right and nothing else uses the key"
        )


class UrgentNonces:
    """Nonces for the one program that may not wait: neither a lock nor a full disk stops it.

    Where the turn is taken, it goes ahead above the mark of whoever has it. The other's next
    request is above ours again, as it sees the new mark.
    """

    def __init__(
        self,
        folder: Path,
        key_id: str,
        *,
        clock: Callable[[], int],
        patience_seconds: float = 0.5,
    ) -> None:
        """Take the same arguments as `Nonces`; the patience is short."""
        self._file = folder / f"nonce-{key_id}.mark"
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._last = 0
        self._leap = FIRST_LEAP

    @contextmanager
    def turn(self) -> Iterator[int]:
        """Yield a nonce above the clock, above the mark and above the last, as far as known."""
        mark: int | None = None
        try:
            with suppress(OSError):
                mark = opened(self._file)
            if mark is not None:
                locked(mark, time.monotonic() + self._patience_seconds)
            yield self._taken(mark)
        finally:
            if mark is not None:
                os.close(mark)

    def renew(self) -> None:
        """Leap ahead, further each time: the key was used with a clock or a unit ahead of ours.

        From a minute it takes seven leaps to pass whoever counts in nanoseconds.
        """
        self._last = max(self._last, self._clock()) + self._leap
        self._leap *= LEAP_GROWTH

    def _taken(self, mark: int | None) -> int:
        kept = 0
        if mark is not None:
            with suppress(OSError, ValueError):
                kept = read_mark(mark)
        self._last = max(self._clock(), self._last + 1, kept + 1)
        if mark is not None:
            with suppress(OSError):
                write_mark(mark, self._last)
        return self._last


def opened(file: Path) -> int:
    """Open the mark, making folder and file where they are missing, for their owner alone."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def locked(mark: int, until: float) -> bool:
    """Take the lock before the monotonic instant `until`, and tell whether it was had."""
    while True:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(POLL_SECONDS)
        else:
            return True


def read_mark(mark: int) -> int:
    """Return the highest nonce that may have been used; zero for a new file.

    Raises:
        ValueError: the file holds something else.
    """
    text = os.pread(mark, 64, 0)
    if not text:
        return 0
    kept = int(text) if text.strip().isdigit() else -1
    if not 0 <= kept < LARGEST:
        raise ValueError(f"it holds {text!r} and not a nonce")
    return kept


def write_mark(mark: int, upto: int) -> None:
    """Put the mark on disk, durably, before any nonce up to it is used."""
    os.pwrite(mark, b"%020d\n" % upto, 0)
    os.fsync(mark)
