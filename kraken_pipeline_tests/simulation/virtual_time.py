"""Time as the simulation has it: it passes when somebody waits, and what is due happens then."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from types import ModuleType
from typing import Any, Final

from kraken_pipeline import panic
from kraken_pipeline.kraken import budget, http, lanes, locks, nonce, public_limit
from kraken_pipeline.simulator.clock import Mode
from kraken_pipeline.wiring import remember

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
POLL_SECONDS: Final = 0.2
"""Whoever waits for a lock looks less often than in earnest: each look costs the same here."""


class VirtualTime:
    """The one true time. It never goes back."""

    def __init__(self, start: datetime) -> None:
        """Begin; nothing passes by itself."""
        self.now = start
        self.start: Final = start
        self._due: list[tuple[datetime, int, Callable[[], object]]] = []
        self._serial = count()

    def sleep(self, seconds: float) -> None:
        """Let time pass, and let what is due happen at its own moment."""
        self.sleep_until(self.now + max(timedelta(seconds=seconds), MICROSECOND))

    def sleep_until(self, instant: datetime) -> None:
        """Let time pass up to an instant; nothing happens if it is over already."""
        while self._due and self._due[0][0] <= instant:
            at, _, act = heapq.heappop(self._due)
            self.now = max(self.now, at)
            act()
        self.now = max(self.now, instant)

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Let something happen by itself."""
        at = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._due, (at, next(self._serial), act))

    def monotonic(self) -> float:
        """Tell seconds since some moment."""
        return (self.now - EPOCH).total_seconds()

    def microseconds(self) -> int:
        """Tell microseconds since 1970."""
        return (self.now - EPOCH) // MICROSECOND


class ExchangeClock:
    """The exchange's clock: the true time, skewed on purpose."""

    mode: Mode = "fixed"
    speed = 0.0

    def __init__(self, time: VirtualTime) -> None:
        """Take the time that it shows."""
        self.skew = timedelta()
        self._time = time

    def now(self) -> datetime:
        """Return what it shows."""
        return self._time.now + self.skew


class _Machine:
    """Stands where a module of ours has imported `time` or `os`: some of it is ours."""

    def __init__(self, real: ModuleType, **ours: object) -> None:
        self._real = real
        self.__dict__.update(ours)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        return getattr(self._real, name)


class Pids:
    """Who runs on the machine: each process of the simulation has a number of its own."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.current = 1
        self.alive = {1}

    def getpid(self) -> int:
        """Return the number of the process that runs."""
        return self.current

    def kill(self, pid: int, signal: int) -> None:
        """Tell whether a process is there."""
        if pid not in self.alive:
            raise ProcessLookupError(pid)


@contextmanager
def reigning(time: VirtualTime, pids: Pids) -> Iterator[None]:
    """Let the client's modules live by this time, and these processes, while the context lasts."""
    swapped: list[tuple[ModuleType, str, object]] = []

    def swap(module: ModuleType, name: str, ours: object) -> None:
        swapped.append((module, name, getattr(module, name)))
        setattr(module, name, ours)

    for module in (http, nonce, lanes, locks, panic):
        swap(
            module,
            "time",
            _Machine(vars(module)["time"], monotonic=time.monotonic, sleep=time.sleep),
        )
    for module in (budget, public_limit, nonce):
        swap(module, "os", _Machine(vars(module)["os"], getpid=pids.getpid, kill=pids.kill))
    for module in (locks, nonce):
        swap(module, "POLL_SECONDS", POLL_SECONDS)
    swap(remember, "monotonic", time.monotonic)
    try:
        yield
    finally:
        for module, name, real in reversed(swapped):
            setattr(module, name, real)
