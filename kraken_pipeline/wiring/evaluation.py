"""The bounds within which a strategy is asked: time, memory, and that it comes back at all.

What Python can bound in its own process is bounded at once: an alarm interrupts a strategy that
loops, sleeps or waits, also one that catches every `Exception`. What never comes back to Python, a
loop inside compiled code, nothing in this process can interrupt; the run is ended from outside
(`dagster/max_runtime`), and so is a process that the system kills for its memory. For that a mark
lies on disk while a strategy is asked: who finds one that nobody holds any more knows that its
process ended meanwhile, counts that as a fault and does not ask at that close.
"""

import ctypes
import fcntl
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Final, TypeVar

from kraken_pipeline.domain.errors import StrategyFaultError
from kraken_pipeline.domain.lots import book_of
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.deciding.evaluate import bounded, isolated
from kraken_pipeline.settings.sections import Strategies
from kraken_pipeline.strategies.base import Strategy

AGAIN: Final = 0.2
"""Seconds between alarms: a strategy may swallow the first."""
MEGABYTE: Final = 1024 * 1024
STATUS: Final = Path("/proc/self/status")
"""Where Linux tells how much memory a process has asked for."""
T = TypeVar("T")


class OutOfTime(BaseException):
    """A strategy took longer than it may."""


class Bounds:
    """Asks strategies within bounds of time and memory."""

    def __init__(
        self, folder: Path | None, *, seconds: float, megabytes: int, looks_every: int = 1
    ) -> None:
        """Take the bounds.

        Args:
            folder: where the marks lie; None for none, where what is asked is only tried.
            seconds: that one evaluation may take.
            megabytes: that one evaluation may add to what the process has; on Linux only.
            looks_every: evaluations after which it is looked anew how much the process has.
        """
        self._folder = folder
        self._seconds = seconds
        self._bytes = megabytes * MEGABYTE
        self._looks_every = looks_every
        self._asked = 0
        self._has: int | None = None

    def __call__(self, name: str, ask: Callable[[], T]) -> T:
        """Return what a strategy says; see `services.deciding.evaluate.Evaluate`."""
        mark = nullcontext() if self._folder is None else _mark(self._folder / name)
        if self._asked % self._looks_every == 0:
            self._has = _asked_for()
        self._asked += 1
        with mark, _memory(self._has, self._bytes):
            return _in_time(self._seconds, lambda: isolated(name, ask))


def tried_within(strategy: Strategy, choice: Strategies, frame: Timeframe) -> Strategy:
    """Return a strategy that is asked within the configured bounds while it is tried.

    Args:
        strategy: what is tried.
        choice: the configured bounds.
        frame: on whose closes it decides.
    """
    bounds = Bounds(None, seconds=choice.evaluation_seconds, megabytes=choice.evaluation_memory_mb)
    name = book_of(strategy.name, frame.name)
    return bounded(strategy, bounds, name=name, most=choice.quarantine_after)


def _in_time(seconds: float, ask: Callable[[], T]) -> T:
    """Return what is said within a time.

    An alarm may go off between any two steps of ours, also while it is being stopped: all that
    stands between its start and its stop is inside of what hears it, and it is stopped again.

    Raises:
        StrategyFaultError: it took longer.
    """
    began = monotonic()
    late = f"out of time: it may take {seconds:g} s"
    in_main = threading.current_thread() is threading.main_thread()
    alarm = _Signal(seconds) if in_main else _Thread(seconds)
    try:
        alarm.start()
        try:
            said = ask()
        finally:
            alarm.stop()
    except OutOfTime as over:
        _silence(alarm)
        raise StrategyFaultError(late) from over
    took = monotonic() - began
    if took > seconds:
        # it was where no alarm reaches, and came back all the same
        raise StrategyFaultError(f"{late} and took {took:.1f} s")
    return said


def _silence(alarm: "_Signal | _Thread") -> None:
    """Stop an alarm that may go off again meanwhile, on a machine that has no time for us."""
    while True:
        with suppress(OutOfTime):
            alarm.stop()
            return


class _Signal:
    """The system's alarm: it also wakes what sleeps or waits. Of the main thread only."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._is_armed = False
        self._before = signal.getsignal(signal.SIGALRM)

    def start(self) -> None:
        self._is_armed = True
        signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self._seconds, AGAIN)

    def stop(self) -> None:
        self._is_armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if self._is_armed:
            raise OutOfTime


class _Thread:
    """An alarm for any other thread: it is raised between two steps of Python, and wakes nobody."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._thread = threading.get_ident()
        self._over = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def stop(self) -> None:
        with self._lock:
            self._over.set()

    def _watch(self) -> None:
        wait = self._seconds
        while not self._over.wait(wait):
            with self._lock:
                if not self._over.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(self._thread), ctypes.py_object(OutOfTime)
                    )
            wait = AGAIN


@contextmanager
def _memory(has: int | None, most: int) -> Iterator[None]:
    """Have what is asked for beyond a bound fail; no bound where the system does not tell."""
    if has is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    bound = has + most
    lower = [each for each in (soft, hard, bound) if each != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(lower), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _asked_for() -> int | None:
    with suppress(OSError):
        for line in STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return None


@contextmanager
def _mark(file: Path) -> Iterator[None]:
    """Lay a mark while a strategy is asked.

    Raises:
        StrategyFaultError: there was one, and nobody holds it any more.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    was_there = file.exists()
    with file.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # another process asks the same: whoever is first keeps what comes of it
            yield
            return
        try:
            if was_there and file.exists():
                raise StrategyFaultError("its process ended while it was asked the last time")
            yield
        finally:
            file.unlink(missing_ok=True)
