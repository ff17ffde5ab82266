"""Bars that the stream does not prove, asked of REST beside it: the stream must not wait for them.

One thread asks, timeframe by timeframe. A few bars are waited for a moment, so that a close that is
told has them; when hundreds lack, as after a night without a listener, those who decide ask
themselves for what lacks still.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from contextlib import suppress
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.history import HistoryDesk, refresh
from kraken_pipeline.services.ports import Clock

LOG: Final = logging.getLogger(__name__)
FEW: Final = 20
"""Pairs that are waited for."""
WAIT_SECONDS: Final = 3.0


class Mender:
    """Asks REST; told by one thread."""

    def __init__(self, desk: HistoryDesk, clock: Clock) -> None:
        """Begin with nothing to ask."""
        self._desk = desk
        self._clock = clock
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mending")
        self._asked: dict[str, Future[None]] = {}

    def mend(self, frame: Timeframe, pairs: Sequence[Pair]) -> None:
        """Bring bars up to date; what is under way for the timeframe is left to end first."""
        asked = self._asked.get(frame.name)
        if asked is None or asked.done():
            asked = self._asked[frame.name] = self._submit(lambda: self._refresh(frame, pairs))
        if len(pairs) <= FEW:
            with suppress(TooLateError):
                asked.result(WAIT_SECONDS)

    def retell(self, frame: Timeframe, pair: Pair, opened_at: datetime) -> None:
        """Ask for a bar that has changed, and keep it as it is told now."""
        self._submit(lambda: self._told_anew(frame, pair, opened_at))

    def close(self) -> None:
        """End, after what is under way; what waits is asked by whoever comes next."""
        self._worker.shutdown(cancel_futures=True)

    def _submit(self, act: Callable[[], object]) -> "Future[None]":
        def done() -> None:
            try:
                act()
            except PipelineError as failure:
                LOG.warning("bars that the stream does not prove are not told by REST: %s", failure)

        return self._worker.submit(done)

    def _refresh(self, frame: Timeframe, pairs: Sequence[Pair]) -> None:
        done = refresh(self._desk, frame, pairs, now=self._clock())
        for pair, why in done.failures.items():
            LOG.warning("the %s bar of %s is not told by REST: %s", frame.name, pair, why)

    def _told_anew(self, frame: Timeframe, pair: Pair, opened_at: datetime) -> None:
        page = self._desk.market.candles(pair, frame, opened_at)
        self._desk.bars.revise(frame, [page])
