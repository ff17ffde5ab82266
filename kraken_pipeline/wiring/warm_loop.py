"""The warm worker's life: it is told of closes, has each done, and shows how it stands.

Closes come from one thread, the work is done in a second one, signs are given by a third. The work
is not done in the main thread: Dagster would end it there at a signal, in the middle of a step.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Final, Protocol

from kraken_pipeline.domain.closes import Close, Waiting, read
from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.wiring.warm_sign import FALLBACK, told

LOOK_SECONDS: Final = 0.5
"""Between two signs."""
IDLE_SECONDS: Final = 2.0
"""Between two looks at what hinders, while nothing closes."""
CODE_LOOKS: Final = 4
"""Signs between two looks at the code on disk."""
TOLD_ANEW: Final = "other code is on disk than the warm worker was started with; it starts anew"


class Work(Protocol):
    """What is done with closes; used by one thread."""

    def hindrance(self) -> str:
        """Return why closes are not decided here now; nothing where they are."""
        ...

    def do(self, close: Close) -> bool:
        """Decide and trade a close, and tell whether everything went well."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class WarmLoop:
    """One worker, from its first sign to its last."""

    def __init__(
        self,
        worker: str,
        *,
        show: Callable[[Mapping[str, int | str]], None],
        say: Callable[[str], None],
        code: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        """Begin with nothing to do.

        Args:
            worker: its name.
            show: gives the sign.
            say: tells people, a line at a time.
            code: names the code on disk.
            now: this machine's time.
        """
        self._worker, self._show, self._say = worker, show, say
        self._code, self._now = code, now
        self._waiting = Waiting()
        self._changed = threading.Condition()
        self._is_over = False
        self._close: Close | None = None
        self._busy_since: datetime | None = None
        self._hindrance = "it is starting"
        self._signs = threading.Lock()

    def tell(self, line: str) -> None:
        """Take note of a close, as the one line that names it; whatever else is told is ignored."""
        try:
            close = read(line)
        except PipelineError as failure:
            self._say(str(failure))
            return
        with self._changed:
            self._waiting.add(close)
            self._changed.notify_all()

    def leave(self) -> None:
        """Ask to end once what is under way is done."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def run(self, open_work: Callable[[], Work]) -> bool:
        """Work until told to leave; whether other code is on disk by then.

        Args:
            open_work: opens what the work needs, in the thread that does it.

        Raises:
            PipelineError: it cannot be opened.
        """
        started_with = before = self._code()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="closes") as pool:
            working = pool.submit(self._work, open_work)
            looks = 0
            while not _is_done(working, LOOK_SECONDS):
                self._give_sign()
                looks += 1
                if looks % CODE_LOOKS == 0:
                    found = self._code()
                    # twice the same: nobody is in the middle of writing it
                    if started_with != found == before:
                        self.leave()
                    before = found
            working.result()
        return started_with != before

    def _work(self, open_work: Callable[[], Work]) -> None:
        work = open_work()
        try:
            while not self._is_over:
                close = self._take()
                if close is None:
                    self._look(work)
                else:
                    self._do(work, close)
        finally:
            work.close()

    def _take(self) -> Close | None:
        """Wait for a close; None where none came in a while."""
        with self._changed:
            close = self._waiting.take()
            if close is None and not self._is_over:
                self._changed.wait(IDLE_SECONDS)
                close = self._waiting.take()
        return None if self._is_over else close

    def _do(self, work: Work, close: Close) -> None:
        """Do one close; who waits for it is told at once that it is begun, and that it is done."""
        if not self._look(work):
            return
        self._close, self._busy_since = close, self._now()
        self._give_sign()
        try:
            if not work.do(close):
                self._say(f"a run for the close of {close.closed_at:%H:%M} failed; Dagster has it")
        except PipelineError as failure:
            self._say(f"the close of {close.closed_at:%H:%M} is left to the schedule: {failure}")
        finally:
            self._busy_since = None
            self._give_sign()

    def _look(self, work: Work) -> bool:
        """Tell whether closes are decided here now, and say so where that is news."""
        try:
            why = work.hindrance()
        except PipelineError as failure:
            why = str(failure)
        if why != self._hindrance:
            self._say(f"{FALLBACK}: {why}" if why else "closes are decided here")
        self._hindrance = why
        return not why

    def _give_sign(self) -> None:
        with self._signs:
            self._show(
                told(
                    worker=self._worker,
                    close=self._close,
                    busy_since=self._busy_since,
                    hindrance=self._hindrance,
                )
            )


def _is_done(working: "Future[None]", seconds: float) -> bool:
    try:
        working.exception(timeout=seconds)
    except TimeoutError:
        return False
    return True
