"""A small file that every process on this machine reads, changes and writes back in turn.

It need not outlive the machine: nothing is forced to the disk. It does outlive a kill at any
moment, as it is replaced whole, and a clock that starts anew, as its time only goes ahead.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

from kraken_pipeline.domain.errors import ConfigurationError, UnreachableError
from kraken_pipeline.kraken.locks import locked, opened

PATIENCE_SECONDS: Final = 2.0
"""Whoever holds the file longer than that is no process that runs."""

State = TypeVar("State")


@dataclass(slots=True)
class Kept(Generic[State]):
    """What stands in the file."""

    raw: float
    """What the clock showed when it was written."""
    now: float
    """Seconds that have passed by any clock since the file was begun."""
    state: State


class SharedState(Generic[State]):
    """One such file."""

    def __init__(
        self,
        file: Path,
        kind: type[State],
        *,
        clock: Callable[[], float] = time.monotonic,
        damaged: Callable[[], State] | None = None,
    ) -> None:
        """Name the file; nothing is read or written yet.

        Args:
            file: made when it is first used; a second one beside it holds the lock.
            kind: of what is kept, a dataclass that can be made without arguments.
            clock: tells seconds that all processes of this machine agree on.
            damaged: what is believed of a file that cannot be read; as for a new one if left out.
        """
        self._file = file
        self._lock = file.with_suffix(".lock")
        self._beside = file.with_suffix(".new")
        self._kind = kind
        self._clock = clock
        self._damaged = damaged or kind
        self._decoder = msgspec.json.Decoder(Kept[kind])  # type: ignore[valid-type]  # made at run time

    @contextmanager
    def changed(
        self, *, patience_seconds: float = PATIENCE_SECONDS
    ) -> Iterator[tuple[State, float]]:
        """Yield what is kept and the time; whatever is changed in it is kept for all.

        Args:
            patience_seconds: how long to wait for other processes.

        Raises:
            UnreachableError: another process holds the file and does not let go.
            ConfigurationError: the file cannot be written.
        """
        with self._held(patience_seconds):
            kept = self._read()
            raw = self._clock()
            # a clock that stepped back, or began anew with the machine, makes no time pass
            kept.now += max(0.0, raw - kept.raw)
            kept.raw = raw
            yield kept.state, kept.now
            self._write(kept)

    @contextmanager
    def _held(self, patience_seconds: float) -> Iterator[None]:
        try:
            lock = opened(self._lock)
        except OSError as failure:
            raise self._unkept(failure) from failure
        try:
            if not locked(lock, time.monotonic() + patience_seconds):
                raise UnreachableError(
                    f"{self._lock} is held by another process for over {patience_seconds} s; "
                    "nothing was sent"
                )
            yield
        finally:
            os.close(lock)  # gives the lock back

    def _read(self) -> Kept[State]:
        try:
            return self._decoder.decode(_content(self._file))
        except FileNotFoundError:
            return Kept(self._clock(), 0.0, self._kind())
        except (OSError, msgspec.MsgspecError):
            return Kept(self._clock(), 0.0, self._damaged())

    def _write(self, kept: Kept[State]) -> None:
        try:
            _put(self._beside, msgspec.json.encode(kept))
            os.replace(self._beside, self._file)  # noqa: PTH105 - several times for each call
        except OSError as failure:
            raise self._unkept(failure) from failure

    def _unkept(self, failure: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"{self._file} cannot be kept: {failure}. Nothing was sent. Mend the folder, or free "
            "some space"
        )


def _content(file: Path) -> bytes:
    """Return what stands in a file, without the layers that Python puts between."""
    handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)


def _put(file: Path, content: bytes) -> None:
    """Write a file anew; a write that is cut short leaves text that cannot be read."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        if os.write(handle, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)
