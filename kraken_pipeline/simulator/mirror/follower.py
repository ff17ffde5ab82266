"""Asks the mirrored exchange for what must be known although nobody asks: in a thread of its own.

Books and trades of pairs with open orders, the status, the listing, and a ticker once in a while.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from kraken_pipeline.simulator import machine
from kraken_pipeline.simulator.mirror.depths import LEVELS
from kraken_pipeline.simulator.mirror.source import NO_PARAMS, Source
from kraken_pipeline.simulator.mirror.tape import Tape
from kraken_pipeline.simulator.mirror.upstream import RefusedUpstreamError, UpstreamError

EACH: Final = 0.25
"""Seconds between two looks at what is due."""
ALWAYS: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "SystemStatus": timedelta(seconds=5),
        "Ticker": timedelta(seconds=60),
        "AssetPairs": timedelta(minutes=10),
    }
)
"""What is always known, and how old it may get."""
YOUNG: Final = timedelta(seconds=1)
"""How old the book of an open order may get, if the pace allows."""
FULL: Final = 1000
"""Trades of a page that has more behind it. Source: kraken/rest.md §4."""
PATIENCE: Final = 2.0
LONGEST_CATCH_UP: Final = 30.0
"""Seconds that a start waits for what was missed; the rest of it comes while it runs."""


def depth_params(key: str) -> dict[str, str]:
    """Return how the book of a pair is asked for."""
    return {"pair": key, "count": str(LEVELS)}


class Follower:
    """What is asked for of its own accord."""

    def __init__(self, source: Source, tape: Tape) -> None:
        """Take what says which pairs matter; nothing is asked before it is told to begin."""
        self._source = source
        self._tape = tape
        self._asked: dict[str, float] = {}
        """When the trades of each pair were asked for last, by key."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        """Ask from now on."""
        self._thread.start()

    def end(self) -> None:
        """Ask no more; a call that is on its way is waited for."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def bring(self, key: str) -> None:
        """Make the book of a pair young, if that can be done within two seconds."""
        with suppress(UpstreamError, RefusedUpstreamError):
            self._source.refresh("Depth", depth_params(key), max_age=YOUNG, patience=PATIENCE)

    def missed(self) -> Iterator[None]:
        """Ask for all trades that were missed, a page a step, and for the books that they met.

        Ends before that if nobody answers, or after half a minute.
        """
        until = machine.seconds() + LONGEST_CATCH_UP
        with suppress(UpstreamError, RefusedUpstreamError):
            for key in tuple(self._tape.cursors):
                self._source.ask("Depth", depth_params(key), patience=PATIENCE)
                is_full = True
                while is_full and machine.seconds() < until:
                    is_full = self._trades(key)
                    yield

    def look(self) -> None:
        """Ask for what is due, what waited longest first; what may not be asked yet waits on."""
        for method, max_age in ALWAYS.items():
            self._try(method, NO_PARAMS, max_age)
        cursors = self._tape.cursors
        for key in sorted(cursors, key=lambda each: self._asked.get(each, 0.0)):
            if self._source.upstream.wait("Trades") > 0:
                break
            with suppress(UpstreamError, RefusedUpstreamError):
                self._trades(key)
        for key in sorted(cursors, key=self._age):
            self._try("Depth", depth_params(key), YOUNG)

    def _run(self) -> None:
        while not self._ended.wait(EACH):
            self.look()

    def _try(self, method: str, params: Mapping[str, str], max_age: timedelta) -> None:
        if self._source.upstream.wait(method) <= 0:
            with suppress(UpstreamError, RefusedUpstreamError):
                self._source.refresh(method, params, max_age=max_age, patience=EACH)

    def _age(self, key: str) -> float:
        said = self._source.said("Depth", depth_params(key))
        return 0.0 if said is None else said.at.timestamp()

    def _trades(self, key: str) -> bool:
        """Ask for the next page of a pair and tell whether it is full."""
        since = self._tape.cursors.get(key)
        if since is None:  # its last order has just ended
            return False
        self._asked[key] = machine.seconds()
        params = {"pair": key, "since": since}
        result = self._source.ask("Trades", params, patience=PATIENCE).result
        return isinstance(result, dict) and len(result.get(key, ())) >= FULL
