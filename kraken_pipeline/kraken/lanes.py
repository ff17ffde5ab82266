"""Who of one key sends next, over all threads and processes of this machine.

Requests of a key must arrive in the order of their nonces, so one is under way at a time. The
higher lane goes first, always. It does not wait for what is under way in a lower one either, once
that has surely left: who is overtaken is turned away by the exchange for its nonce, and asks again.

Source: NET-1, NET-3, F-EXC-4.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kraken_pipeline.kraken.limits import Lane
from kraken_pipeline.kraken.locks import locked, opened, taken

GIVE_WAY: Final[Mapping[tuple[Lane, Lane], float]] = MappingProxyType(
    {
        (Lane.GUARD, Lane.READ): 0.05,
        (Lane.GUARD, Lane.ORDER): 0.3,
        (Lane.ORDER, Lane.READ): 0.5,
    }
)
"""Seconds that a higher lane lets a request of a lower one be under way before it goes ahead."""
DIED_SECONDS: Final = 0.25
"""What a process sent that died in the middle may still be on its way for so long."""
NOTE: Final = b"%020.6f\n"
"""Since when a request is under way, by the monotonic clock; zero where none is."""


class Place:
    """The place of one call at the head of its lane."""

    def __init__(
        self, files: Mapping[Lane, Path], wanted: Mapping[Lane, Path], lane: Lane, handle: int
    ) -> None:
        """Take the locked file of the lane."""
        self._files = files
        self._wanted = wanted
        self._lane = lane
        self._handle = handle

    def must_wait(self) -> bool:
        """Tell whether another's request is in the way of this one."""
        return any(self._is_in_the_way(each) for each in self._files)

    def going(self) -> None:
        """Note that the request leaves now."""
        os.pwrite(self._handle, NOTE % time.monotonic(), 0)

    def gone(self) -> None:
        """Note that nothing is under way any more."""
        os.pwrite(self._handle, NOTE % 0, 0)

    def _is_in_the_way(self, other: Lane) -> bool:
        if other is self._lane:
            # held by this call, so whatever is noted was left by one that died
            return 0 <= under_way_for(self._handle) < DIED_SECONDS
        if other > self._lane and is_held(self._wanted[other]):
            return True
        handle = opened(self._files[other])
        try:
            is_under_way = not taken(handle, alone=False)
            seconds = under_way_for(handle)
        finally:
            os.close(handle)
        patience = GIVE_WAY.get((self._lane, other), seconds) if is_under_way else DIED_SECONDS
        return 0 <= seconds < patience


class Lanes:
    """The three lanes of one key."""

    def __init__(self, folder: Path, key_id: str) -> None:
        """Name the files; none is made before the first call."""
        self._files = {
            lane: folder / f"lane-{lane.name.lower()}-{key_id}.lock"
            for lane in sorted(Lane, reverse=True)
        }
        self._wanted = {lane: wanted(file) for lane, file in self._files.items()}
        self._threads = {lane: threading.Lock() for lane in Lane}

    @contextmanager
    def queued(self, lane: Lane, *, until: float) -> Iterator[Place | None]:
        """Yield the place of a call once it is the first of its lane; None if that takes too long.

        Lower lanes stay behind it from the moment it waits until the context ends.

        Args:
            lane: of the call.
            until: by the monotonic clock.

        Raises:
            OSError: the files cannot be kept.
        """
        with ExitStack() as held:
            want = held.enter_context(handle_of(self._wanted[lane]))
            locked(want, until, alone=False)
            threads = self._threads[lane]
            if not threads.acquire(timeout=max(0.0, until - time.monotonic())):
                yield None
                return
            held.callback(threads.release)
            handle = held.enter_context(handle_of(self._files[lane]))
            place = Place(self._files, self._wanted, lane, handle)
            yield place if locked(handle, until) else None


def wanted(file: Path) -> Path:
    """Return the file that all of a lane lock together, who wait and who is under way."""
    return file.with_suffix(".want")


def is_held(file: Path) -> bool:
    """Tell whether anybody has a file locked."""
    # several times for each call
    handle = opened(file)
    try:
        return not taken(handle)
    finally:
        os.close(handle)


@contextmanager
def handle_of(file: Path) -> Iterator[int]:
    """Yield a handle of a file; closing it gives its lock back."""
    handle = opened(file)
    try:
        yield handle
    finally:
        os.close(handle)


def under_way_for(handle: int) -> float:
    """Return for how many seconds a request is under way; below zero where none is."""
    noted = os.pread(handle, 32, 0).strip()
    since = float(noted) if noted.replace(b".", b"", 1).isdigit() else 0.0
    return time.monotonic() - since if since > 0 else -1.0
