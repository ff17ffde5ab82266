"""Bars that the stream does not prove, asked of REST beside it: the stream must not wait for them.

One thread asks, timeframe by timeframe. A few bars are waited for a moment, so that a close that is
told has them; when hundreds lack, as after a night without a listener, those who decide ask
themselves for what lacks still.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.errors import PipelineError, UnexpectedReplyError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.bars.history import HistoryDesk, closed_by, refresh
from kraken_pipeline.services.ports.exchange import Clock

LOG: Final = logging.getLogger(__name__)
FEW: Final = 20
"""Pairs that are waited for."""
WAIT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owed:
    """Bars of a pair that have changed since they were stored."""

    frame: Timeframe
    pair: Pair
    since: datetime
    """When the oldest of them opened."""

    @property
    def place(self) -> tuple[str, str]:
        """Which bars: those of one timeframe and pair are asked for together."""
        return self.frame.name, self.pair.name


class Mender:
    """Asks REST; told by one thread."""

    def __init__(self, desk: HistoryDesk, clock: Clock) -> None:
        """Begin with nothing to ask."""
        self._desk = desk
        self._clock = clock
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mending")
        self._asked: dict[str, Future[None]] = {}
        self._owed: dict[tuple[str, str], _Owed] = {}
        self._lacking: dict[str, tuple[Timeframe, tuple[Pair, ...]]] = {}
        """Timeframes with the pairs whose bars REST did not tell."""
        self._lock = threading.Lock()

    def mend(self, frame: Timeframe, pairs: Sequence[Pair]) -> None:
        """Bring bars up to date; what is under way for the timeframe is left to end first.

        What REST does not tell lacks, and is asked for again with the next reminder.
        """
        asked = self._ask(frame, pairs)
        if len(pairs) <= FEW:
            with suppress(TooLateError):
                asked.result(WAIT_SECONDS)

    def retell(self, frame: Timeframe, pair: Pair, opened_at: datetime) -> None:
        """Ask for a bar that has changed, and keep it and those after it as they are told now.

        What REST does not tell is owed, and asked for again with the next bar or reminder.
        """
        owed = _Owed(frame=frame, pair=pair, since=opened_at)
        with self._lock:
            known = self._owed.get(owed.place, owed)
            self._owed[owed.place] = min(known, owed, key=lambda each: each.since)
        self.remind()

    def remind(self) -> None:
        """Ask again for what lacks still and for what is owed, if anything is."""
        with self._lock:
            lacking = list(self._lacking.values())
        for frame, pairs in lacking:
            self._ask(frame, pairs)
        if self._owed:
            self._submit(self._pay)

    def close(self) -> None:
        """End, after what is under way; what waits is asked by whoever comes next."""
        self._worker.shutdown(cancel_futures=True)

    def _ask(self, frame: Timeframe, pairs: Sequence[Pair]) -> "Future[None]":
        asked = self._asked.get(frame.name)
        if asked is None or asked.done():
            asked = self._asked[frame.name] = self._submit(lambda: self._refresh(frame, pairs))
        return asked

    def _submit(self, act: Callable[[], object]) -> "Future[None]":
        def done() -> None:
            try:
                act()
            except PipelineError as failure:
                LOG.warning("bars that the stream does not prove are not told by REST: %s", failure)

        return self._worker.submit(done)

    def _refresh(self, frame: Timeframe, pairs: Sequence[Pair]) -> None:
        self._note(frame, pairs)
        done = refresh(self._desk, frame, pairs, now=self._clock())
        for pair, why in done.failures.items():
            LOG.warning("the %s bar of %s is not told by REST: %s", frame.name, pair, why)
        self._note(frame, [each for each in pairs if each.name in done.failures])

    def _note(self, frame: Timeframe, lacking: Sequence[Pair]) -> None:
        with self._lock:
            self._lacking.pop(frame.name, None)
            if lacking:
                self._lacking[frame.name] = frame, tuple(lacking)

    def _pay(self) -> None:
        """Ask for what is owed; what is refused waits behind the rest, as a pair that is gone."""
        with self._lock:
            due = list(self._owed.values())
        for owed in due:
            try:
                self._retell(owed)
            except UnexpectedReplyError as refused:
                LOG.warning("%s of %s: %s", owed.frame.name, owed.pair.name, refused)
            else:
                with self._lock:
                    if self._owed.get(owed.place) is owed:
                        del self._owed[owed.place]

    def _retell(self, owed: _Owed) -> None:
        newest = self._desk.bars.newest(owed.frame).get(owed.pair.name)
        if newest is None:
            return
        # from the first that lacks, if one does: no hole may be left before what is told
        since = min(owed.since, newest + owed.frame.length)
        now = self._clock()
        page = self._desk.market.candles(owed.pair, owed.frame, since)
        self._desk.bars.revise(owed.frame, [closed_by(page, owed.frame, now)])
