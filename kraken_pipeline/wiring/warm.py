"""The stream's side of the warm worker: a process of its own that is told of closes.

It is no thread of the stream's. A run takes the interpreter's lock for tenths of a second, while
500 symbols talk; Dagster turns the whole process's output into the run's log; and whatever kills a
run, or takes too long in it, must not take the ears along.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.closes import Close, Waiting
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.ports.bars import CloseListener
from kraken_pipeline.wiring.clock_closes import clock_closes
from kraken_pipeline.wiring.home import DAGSTER_HOME
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline.wiring.warm_sign import FALLBACK

COMMAND: Final = (sys.executable, "-m", "kraken_pipeline", "warm")
CHANGED: Final = 75
"""Exit code of a worker that leaves because other code is on disk."""
PAUSES: Final = (1.0, 5.0, 20.0, 60.0)
"""Seconds before a worker that died is started again, the last one from then on."""
STEADY_SECONDS: Final = 120.0
"""A worker that lived so long had nothing wrong with it from the start."""
LOOK_SECONDS: Final = 0.5
LEAVE_SECONDS: Final = 20.0
"""What is under way is given so long to end when the stream ends."""
NO_HOME: Final = f"no {DAGSTER_HOME} names a Dagster instance"

Say = Callable[[str], None]


class WarmWorker:
    """Has closes decided by a child process, and starts it anew where it dies."""

    def __init__(self, environ: Mapping[str, str], say: Say) -> None:
        """Start nothing yet.

        Args:
            environ: the worker's environment.
            say: tells people, a line at a time.
        """
        self._environ, self._say = dict(environ), say
        self._waiting = Waiting()
        self._changed = threading.Condition()
        self._is_over = False
        self._child: subprocess.Popen[str] | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._deaths = 0
        self._thread = threading.Thread(target=self._tend, name="warm", daemon=True)

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        """Have a close decided; return at once."""
        with self._changed:
            self._waiting.add(Close(closed_at=closed_at, frames=frames))
            self._changed.notify_all()

    def start(self) -> None:
        """Start the worker, and keep one running."""
        self._thread.start()

    def leave(self) -> None:
        """End the worker, after what it has under way."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join()

    def _tend(self) -> None:
        while not self._is_over:
            self._keep_one()
            self._pass_on()
            with self._changed:
                if not self._is_over:
                    self._changed.wait(LOOK_SECONDS)
        if self._child is not None:
            _end(self._child)

    def _keep_one(self) -> None:
        """Start a worker where none is."""
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            _hang_up(self._child)
            self._child = None
            self._note_end(code)
        if time.monotonic() >= self._start_at:
            self._started_at = time.monotonic()
            self._child = subprocess.Popen(  # noqa: S603 - our own program
                COMMAND,
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )

    def _note_end(self, code: int) -> None:
        """Say that the worker ended, and when the next one comes."""
        if code == CHANGED:
            return
        if time.monotonic() - self._started_at > STEADY_SECONDS:
            self._deaths = 0
        pause = PAUSES[min(self._deaths, len(PAUSES) - 1)]
        self._deaths += 1
        self._start_at = time.monotonic() + pause
        self._say(
            f"the warm worker ended with {code}; {FALLBACK} until another one is up, "
            f"which is tried in {pause:.0f} s"
        )

    def _pass_on(self) -> None:
        """Tell the worker what closed; while there is none, only the newest is kept."""
        child = self._child
        if child is None or child.stdin is None:
            return
        with self._changed:
            close = self._waiting.take()
        while close is not None:
            with suppress(BrokenPipeError):
                child.stdin.write(f"{close.text}\n")
                child.stdin.flush()
            with self._changed:
                close = self._waiting.take()


@contextmanager
def warm_worker(environ: Mapping[str, str], say: Say) -> Iterator[WarmWorker | None]:
    """Keep a warm worker for as long as the context lasts; None where Dagster is not used.

    Args:
        environ: the environment.
        say: tells people, a line at a time.
    """
    if not environ.get(DAGSTER_HOME):
        say(f"{NO_HOME}: {FALLBACK}, where there is one")
        yield None
        return
    worker = WarmWorker(environ, say)
    worker.start()
    try:
        yield worker
    finally:
        worker.leave()


@contextmanager
def deciding(
    pipeline: Pipeline, environ: Mapping[str, str], say: Say
) -> Iterator[CloseListener | None]:
    """Have closes decided by a warm worker for as long as the context lasts; give who is told.

    The clock tells each close. Whoever knows sooner tells it too: what is decided by the time that
    the clock tells it costs a look. None is there where Dagster is not used.

    Args:
        pipeline: knows the exchange's time.
        environ: the environment.
        say: tells people, a line at a time.

    Raises:
        ExchangeError: the exchange's time cannot be asked for.
    """
    with ExitStack() as opened:
        worker = opened.enter_context(warm_worker(environ, say))
        if worker is not None:
            opened.enter_context(clock_closes(worker, pipeline.clock))
        yield worker


def _end(child: "subprocess.Popen[str]") -> None:
    """Let the worker end, and end it."""
    _hang_up(child)
    try:
        child.wait(timeout=LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _hang_up(child: "subprocess.Popen[str]") -> None:
    """Tell the worker nothing any more."""
    if child.stdin is not None:
        with suppress(BrokenPipeError):
            child.stdin.close()
