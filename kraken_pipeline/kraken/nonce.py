"""Nonces: strictly rising for a key, over threads, processes, restarts and clocks that step back.

Kraken refuses a nonce that is not above the last one of its key. So the nonce is taken in the same
turn in which the request is sent, one turn at a time for each key on this machine, and the mark up
to which nonces may be used is on disk before the first of them is.

The clock is where they begin, and is left alone from then on. Whoever else uses the key goes by the
clock, or by a finer one, and so gets above us at once: our next nonce is refused, and as nobody of
ours was above it, it was a stranger (SEC-5).

Source: NET-1; docs.kraken.com/api/docs/guides/spot-rest-auth.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError
from kraken_pipeline.kraken.lanes import Lanes, Place
from kraken_pipeline.kraken.limits import Lane
from kraken_pipeline.kraken.locks import POLL_SECONDS, locked, opened

BLOCK: Final = 1000
"""Nonces that one write of the mark allows."""
LARGEST: Final = 2**64 - 1
"""Kraken's nonce is an unsigned 64-bit integer."""
SCALES: Final = (1, 100, 1000)
"""Units of a microsecond that other programs count in: ours, ten nanoseconds, nanoseconds."""
MOMENT: Final = 1_000_000
"""Microseconds in which a call is answered."""
FIRST_LEAP: Final = 60_000_000
"""Microseconds in a minute."""
LEAP_GROWTH: Final = 60
ORDER_PATIENCE_SECONDS: Final = 3.0
"""An order has a deadline of a few seconds; it is better not sent than sent too late."""
URGENT_SECONDS: Final = 0.05
"""How long panic waits for the lock of the mark itself, which nobody holds for longer."""


class Hand(Enum):
    """Why a nonce was refused."""

    OURS = "another call of ours went ahead of this one"
    STRANGE = "another program used the key, or an older copy of its nonce mark is in use"
    UNTOLD = "the key was used before with higher nonces"


class Turns(Protocol):
    """Who hands out nonces: `Nonces`, or `UrgentNonces` for panic."""

    def turn(self, lane: Lane = Lane.READ) -> AbstractContextManager[int]:
        """Yield the nonce of the one request that may be sent before the turn ends."""
        ...

    def renew(self, nonce: int) -> Hand:
        """Go on above a nonce that the exchange refused, and say why it was."""
        ...

    def raise_to(self, nonce: int) -> None:
        """Go on above a nonce that the exchange has seen."""
        ...


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
        self._lanes = Lanes(folder, key_id)
        self._clock = clock
        self._patience_seconds = patience_seconds
        # of the block that is handed out; only touched while the mark is locked
        self._next = 1
        self._end = 0
        self._owner = 0
        self._least = 0
        self._is_new = False
        self._handed = 0
        self._refused = 0

    @contextmanager
    def turn(self, lane: Lane = Lane.READ) -> Iterator[int]:
        """Yield the nonce of the one request that may be sent before the turn ends.

        Raises:
            UnreachableError: another sender kept the turn for too long; nothing was sent.
            ConfigurationError: the mark cannot be kept or read; nothing was sent.
        """
        patience = self._patience_seconds
        if lane is Lane.ORDER:
            patience = min(patience, ORDER_PATIENCE_SECONDS)
        until = time.monotonic() + patience
        with ExitStack() as held:
            try:
                place = held.enter_context(self._lanes.queued(lane, until=until))
                nonce = self._admitted(place, until)
            except OSError as failure:
                raise self._unkept(failure) from failure
            if place is None or nonce is None:
                raise UnreachableError(
                    f"other requests of this key were under way for {patience} s "
                    f"({self._file.name}); nothing was sent"
                )
            try:
                yield nonce
            finally:
                with suppress(OSError):
                    place.gone()

    def renew(self, nonce: int) -> Hand:
        """Go on above a nonce that the exchange refused, and say why it was.

        Raises:
            ConfigurationError: the mark cannot be kept or read.
        """
        with self._opened() as mark:
            kept, self._refused = self._read(mark), nonce
            if kept != self._end or self._next != nonce + 1:
                return Hand.OURS
            self._least = max(above(nonce, self._clock()), kept + 1)
            self._write(mark, self._least - 1)  # for the other processes
            return Hand.UNTOLD if self._is_new else Hand.STRANGE

    def raise_to(self, nonce: int) -> None:
        """Go on above a nonce that the exchange has seen, above the mark and the clock (NET-1).

        Raises:
            ConfigurationError: the mark cannot be kept or read.
        """
        with self._opened() as mark:
            self._least = max(self._clock(), nonce + 1, self._read(mark) + 1)
            self._write(mark, self._least - 1)

    def _admitted(self, place: Place | None, until: float) -> int | None:
        """Return a nonce once nobody is in the way; None if that takes too long."""
        while place is not None:
            with self._opened() as mark:
                if not place.must_wait():
                    nonce = self._taken(mark)
                    place.going()
                    return nonce
            if time.monotonic() >= until:
                return None
            time.sleep(POLL_SECONDS)
        return None

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """Lock the mark: whatever is done with it takes no time, so nobody waits long for it."""
        try:
            mark = opened(self._file)
        except OSError as failure:
            raise self._unkept(failure) from failure
        try:
            if not locked(mark, time.monotonic() + self._patience_seconds):
                raise UnreachableError(
                    f"another process holds {self._file} for over {self._patience_seconds} s; "
                    "nothing was sent"
                )
            yield mark
        finally:
            os.close(mark)  # gives the lock back

    def _taken(self, mark: int) -> int:
        kept = self._read(mark)
        # a forked child holds a copy of its parent's block, so a block belongs to one process
        is_ours = kept == self._end and self._owner == os.getpid()
        if not is_ours or self._next > self._end:
            self._start_block(mark, kept)
        # what was not refused has been accepted, so the exchange knows of nothing higher
        self._is_new = self._is_new and self._handed == self._refused
        self._handed = self._next
        self._next += 1
        return self._handed

    def _start_block(self, mark: int, kept: int) -> None:
        # still new where the mark holds but what was learned from refusals of this very process
        self._is_new = kept == 0 or (self._is_new and kept == self._least - 1)
        self._next = max(self._least, kept + 1) if kept else max(self._least, self._clock())
        self._write(mark, self._next + BLOCK - 1)
        self._end = self._next + BLOCK - 1
        self._owner = os.getpid()

    def _read(self, mark: int) -> int:
        try:
            return read_mark(mark)
        except (OSError, ValueError) as failure:
            raise self._unkept(failure) from failure

    def _write(self, mark: int, upto: int) -> None:
        try:
            write_mark(mark, upto)
        except OSError as failure:
            raise self._unkept(failure) from failure

    def _unkept(self, failure: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"the nonce mark {self._file} cannot be kept: {failure}. Nothing was sent. Mend the "
            "folder; delete the file only if the clock is right and nothing else uses the key"
        )


class UrgentNonces:
    """Nonces for the one program that may not wait: neither a lock nor a full disk stops it.

    Where others are under way, it goes ahead above the mark of whoever is. Their next request is
    above ours again, as they see the new mark.
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
        self._lanes = Lanes(folder, key_id)
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._last = 0
        self._leap = FIRST_LEAP

    @contextmanager
    def turn(self, lane: Lane = Lane.GUARD) -> Iterator[int]:
        """Yield a nonce above the clock, above the mark and above the last, as far as known."""
        until = time.monotonic() + self._patience_seconds
        with ExitStack() as held:
            place = None
            with suppress(OSError):
                place = held.enter_context(self._lanes.queued(Lane.GUARD, until=until))
                while place and place.must_wait() and time.monotonic() < until:
                    time.sleep(POLL_SECONDS)
            try:
                yield self._taken(place)
            finally:
                with suppress(OSError):
                    if place is not None:
                        place.gone()

    def renew(self, nonce: int) -> Hand:
        """Leap ahead, further each time: the key was used with a clock or a unit ahead of ours.

        From a minute it takes seven leaps to pass whoever counts in nanoseconds.
        """
        self._last = max(self._last, self._clock()) + self._leap
        self._leap *= LEAP_GROWTH
        return Hand.UNTOLD

    def raise_to(self, nonce: int) -> None:
        """Go on above a nonce that the exchange has seen."""
        self._last = max(self._last, nonce)

    def _taken(self, place: Place | None) -> int:
        mark: int | None = None
        try:
            with suppress(OSError):
                mark = opened(self._file)
                locked(mark, time.monotonic() + URGENT_SECONDS)
            return self._above(mark, place)
        finally:
            if mark is not None:
                os.close(mark)

    def _above(self, mark: int | None, place: Place | None) -> int:
        kept = 0
        if mark is not None:
            with suppress(OSError, ValueError):
                kept = read_mark(mark)
        self._last = max(self._clock(), self._last + 1, kept + 1)
        with suppress(OSError):
            if mark is not None:
                write_mark(mark, self._last)
        with suppress(OSError):
            if place is not None:
                place.going()
        return self._last


def above(nonce: int, clock: int) -> int:
    """Return where to go on after a refused nonce: in the first unit whose count is above it.

    What was refused a moment ago in a unit was below somebody who counts in a finer one, although
    the clock has run on since.
    """
    known = (clock * scale for scale in SCALES if (clock - MOMENT) * scale > nonce)
    return next(known, nonce + FIRST_LEAP)


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
