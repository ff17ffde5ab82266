"""The market's half of the stream's daemon: quotes and candles of every managed pair.

It has two threads beside the stream's own: one keeps the board of quotes and applies statuses,
twice a second whatever else goes on; the other closes bars, which may take as long as a disk does.
Neither ever waits for the account's half, nor that one for them.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final

from kraken_pipeline.domain.errors import PipelineError
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.quotes import QuoteBoard
from kraken_pipeline.domain.symbols import PairName
from kraken_pipeline.kraken.stream.hosted import MarketStream
from kraken_pipeline.kraken.stream.market import Wanted
from kraken_pipeline.kraken.stream.upkeep import Terms
from kraken_pipeline.services.bars.closing import Closing, ClosingDesk
from kraken_pipeline.services.market.pair_status import apply_statuses
from kraken_pipeline.services.ports.bars import CloseListener
from kraken_pipeline.store.quotes import QuoteFile
from kraken_pipeline.wiring import desks, signs
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.market_heard import HeardMarket
from kraken_pipeline.wiring.market_sign import NO_UNIVERSE, told
from kraken_pipeline.wiring.mending import Mender
from kraken_pipeline.wiring.pair_status import status_desk
from kraken_pipeline.wiring.trading import Trading

LOG: Final = logging.getLogger(__name__)
BOARD_SECONDS: Final = 0.5
"""Between two boards: half of the second in which a status must be applied (UNI-7)."""
LOOK_SECONDS: Final = 0.05
"""Between two looks at whether a bar is due."""
UNIVERSE_SECONDS: Final = 15.0
"""Between two looks at who is managed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Following:
    """A connection and what it is for."""

    pairs: Mapping[str, Pair]
    stream: MarketStream
    heard: HeardMarket
    closing: Closing


class MarketListening:
    """Hears the market until it is closed. `condition` is read from any thread."""

    def __init__(
        self, pipeline: Trading, listener: CloseListener | None, terms: Terms | None
    ) -> None:
        """Take whose market it is; nothing is connected before `start`.

        Args:
            pipeline: whose.
            listener: told of each close; None where nobody waits for one.
            terms: how long the stream waits for what.
        """
        self._pipeline = pipeline
        self._listener: CloseListener = listener or _Nobody()
        self._terms = terms
        self._presence = signs.Presence(pipeline.loaded.data_dir, signs.MARKET)
        self._file = QuoteFile(pipeline.loaded.data_dir)
        self._statuses: Mapping[str, str] = {}
        self._following: _Following | None = None
        self._looked_at = -UNIVERSE_SECONDS
        self._complaint = ""
        self._is_over = threading.Event()
        self._mender = Mender(desks.history(pipeline), pipeline.clock)
        self._threads = [
            threading.Thread(target=self._keep_board, name="market-board", daemon=True),
            threading.Thread(target=self._close_bars, name="market-closing", daemon=True),
        ]
        self.condition = NO_UNIVERSE
        """How the market is heard, for a person."""

    def start(self) -> None:
        """Hear it from now on."""
        for each in self._threads:
            each.start()

    def require_running(self) -> None:
        """Say so where a part of it ended by a fault: it must not look as if it were well.

        Raises:
            PipelineError: the board is not kept, or no bar closed, any more.
        """
        gone = [each.name for each in self._threads if not each.is_alive()]
        if gone:
            raise PipelineError(
                f"{' and '.join(gone)} ended by a fault, which the log tells; start it again"
            )

    def close(self) -> None:
        """Hang up, after what is under way."""
        self._is_over.set()
        for each in self._threads:
            each.join()
        self._mender.close()
        if self._following is not None:
            self._following.stream.close()

    def leave(self) -> None:
        """Go in good order: nobody is missed, and nothing is left that could be taken for news."""
        self._presence.leave()
        self._file.remove()

    # the board

    def _keep_board(self) -> None:
        while not self._is_over.is_set():
            began = monotonic()
            self._guarded(self._follow)
            self._guarded(self._show)
            self._guarded(self._apply_statuses)
            self._is_over.wait(max(BOARD_SECONDS - (monotonic() - began), 0.0))

    def _guarded(self, act: Callable[[], None]) -> None:
        """Do something that is done again in a moment if it cannot be done now."""
        try:
            act()
        except PipelineError as failure:
            if str(failure) != self._complaint:
                LOG.warning("hearing the market: %s", failure)
            self._complaint = str(failure)

    def _follow(self) -> None:
        """Follow every managed pair; one that is new asks for a new connection."""
        if monotonic() - self._looked_at < UNIVERSE_SECONDS:
            return
        universe = self._pipeline.stores.universes.latest()
        if universe is None:
            self._looked_at = monotonic() - UNIVERSE_SECONDS + 1
            return
        before = self._following
        if before is None or any(each.name not in before.pairs for each in universe.managed):
            following = self._connected(universe.managed, before)
            self._following = following
            if before is not None:
                before.stream.close()
                following.stream.market.inherit(before.stream.market)
            following.stream.start()
        self._looked_at = monotonic()

    def _connected(self, managed: Sequence[Pair], before: _Following | None) -> _Following:
        pipeline, way = self._pipeline, self._pipeline.edge.public_way
        names = {
            each.name: PairName(
                pair=each.name, key=each.key, base=each.base, quote=each.quote
            ).slashed
            for each in managed
        }
        symbols = tuple(names.values())
        stream = MarketStream(
            way.url,
            Wanted(tickers=symbols, books=symbols, minutes=symbols),
            connects=way.connects,
            random=random.Random(),  # noqa: S311 - it spreads pauses and hides nothing
            terms=self._terms,
        )
        heard = HeardMarket(
            feed=stream.market,
            health=stream.health,
            symbols=names,
            max_lag=timedelta(
                seconds=pipeline.loaded.settings.market_data.ws.stale_tolerance_seconds
            ),
            clock=pipeline.clock,
        )
        closing = ClosingDesk(
            source=heard,
            bars=pipeline.stores.bars,
            mend=self._mender.mend,
            retell=self._mender.retell,
            listener=self._listener,
            clock=pipeline.clock,
        )
        return _Following(
            pairs={each.name: each for each in managed},
            stream=stream,
            heard=heard,
            closing=Closing(closing, managed, after=None if before is None else before.closing),
        )

    def _show(self) -> None:
        following = self._following
        if following is None:
            self._presence.show(system_now(), **told(None, is_heard=False, why=NO_UNIVERSE))
            return
        health = following.stream.health()
        try:
            board = following.heard.board(following.closing.closed_at)
        except PipelineError as failure:
            self._presence.show(system_now(), **told(None, is_heard=False, why=str(failure)))
            self.condition = f"the market is not heard: {failure}"
            raise
        self._file.write(board)
        self._presence.show(
            system_now(), **told(board, is_heard=health.is_connected, why=health.last_loss)
        )
        self.condition = _condition(board, is_heard=health.is_connected, why=health.last_loss)

    def _apply_statuses(self) -> None:
        """Apply the status of each pair whose status is not as it was applied last (UNI-7)."""
        following = self._following
        if following is None:
            return
        now = following.heard.statuses()
        changed = {name: each for name, each in now.items() if self._statuses.get(name) != each}
        if changed:
            at = self._pipeline.clock()
            for each in apply_statuses(status_desk(self._pipeline), changed, at):
                if each.is_news:
                    LOG.warning("%s", each.said)
            self._statuses = now

    # bars

    def _close_bars(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            following = self._following
            if following is None:
                continue
            try:
                while following.closing.step() and not self._is_over.is_set():
                    self._mender.remind()
            except PipelineError as failure:
                LOG.warning("a bar is not closed yet: %s", failure)
                self._is_over.wait(1.0)


class _Nobody:
    def closed(self, frames: object, closed_at: object) -> None:
        """Tell nobody: where Dagster is not used nothing is decided on a close."""


@contextmanager
def hearing_market(
    pipeline: Trading, listener: CloseListener | None = None, *, terms: Terms | None = None
) -> Iterator[MarketListening]:
    """Hear the market for as long as the context lasts; there is one listener for a data folder.

    A universe must be there first; until then it waits for one.

    Args:
        pipeline: whose market.
        listener: told of each close, once its bars are stored.
        terms: how long the stream waits for what.

    Raises:
        ConfigurationError: another one listens.
        ExchangeError: the exchange's time cannot be asked for.
    """
    pipeline.clock()
    listening = MarketListening(pipeline, listener, terms)
    listening.start()
    try:
        yield listening
    finally:
        listening.close()
    # a fault ends it without this word: then it is missed
    listening.leave()


def _condition(board: QuoteBoard, *, is_heard: bool, why: str) -> str:
    if not is_heard:
        return f"the market is not heard: {why or 'connecting'}"
    return f"the market is heard: {len(board.pairs)} pairs"
