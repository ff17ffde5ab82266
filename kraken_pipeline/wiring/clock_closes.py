"""Closes told by the clock alone, where no stream of candles tells them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.timeframes import TIMEFRAMES, closes_at, last_close
from kraken_pipeline.services.ports.bars import CloseListener
from kraken_pipeline.services.ports.exchange import Clock

SHORTEST: Final = next(iter(TIMEFRAMES.values()))
GRACE: Final = timedelta(seconds=2)
"""After a close until it is told: a trade of the last instant needs as long to show in a candle
that is asked for. The schedule's runs ask no sooner.

Source: HIS-5.
"""
LONGEST_WAIT: Final = 1.0
"""Seconds until the clock is read again: it may be turned."""


class ClockCloses:
    """Tells each close once, a little after it."""

    def __init__(self, listener: CloseListener, clock: Clock) -> None:
        """Begin with the next close.

        Args:
            listener: who is told.
            clock: the exchange's.
        """
        self._listener, self._clock = listener, clock
        self._told = last_close(SHORTEST, clock())

    def step(self) -> float:
        """Tell the newest close if it is due; return the seconds until the next one can be."""
        now = self._clock()
        over = last_close(SHORTEST, now - GRACE)
        if over > self._told:
            self._told = over
            self._listener.closed(closes_at(over), over)
        return (over + SHORTEST.length + GRACE - now).total_seconds()


@contextmanager
def clock_closes(listener: CloseListener, clock: Clock) -> Iterator[None]:
    """Tell closes by the clock for as long as the context lasts, in a thread of its own.

    Raises:
        ExchangeError: its time cannot be asked for.
    """
    closes, is_over = ClockCloses(listener, clock), threading.Event()

    def tell() -> None:
        wait = 0.0
        while not is_over.wait(min(wait, LONGEST_WAIT)):
            try:
                wait = closes.step()
            except PipelineError:  # who waits for a close is served by the schedule meanwhile
                wait = LONGEST_WAIT

    teller = threading.Thread(target=tell, name="closes", daemon=True)
    teller.start()
    try:
        yield
    finally:
        is_over.set()
        teller.join()
