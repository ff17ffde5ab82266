"""A listener of the account's stream whose frames a test tells, loses, doubles and changes.

The frames are the simulator's own. Between them and the books everything is real; only the socket
is left out, so that a test says what is heard when.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic, sleep
from typing import Any, Final

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reconciliations import Cause
from kraken_pipeline.domain.reports import OrderReport
from kraken_pipeline.kraken.stream.account import Surroundings
from kraken_pipeline.kraken.stream.hosted import AccountStream
from kraken_pipeline.kraken.stream.upkeep import Terms
from kraken_pipeline.services.books.listen import ListenDesk, Listener
from kraken_pipeline.services.books.reconcile import reconcile
from kraken_pipeline.services.orders.hear import HearDesk, hear
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.private import Listening, PrivateFeed
from kraken_pipeline.wiring.listening import halting
from kraken_pipeline.wiring.streaming import StreamDesk, Streaming
from kraken_pipeline_tests.fakes import Fuse, crashing
from kraken_pipeline_tests.kraken.stream.world import CHANCE, AlwaysFree
from kraken_pipeline_tests.services.paper import SETTLE_WINDOW, Paper

Frame = dict[str, Any]  # as many shapes as there are messages
SOON_SECONDS: Final = 5.0
ROW: Final = "data"


class Ear(Connection):
    """A connection that keeps the frames of the executions."""

    def __init__(self) -> None:
        super().__init__(1, lambda point, subject: None)
        self.frames: list[Frame] = []

    def tell(self, channel: str, frame: str) -> None:
        # numbers as text, so that none of them becomes a float on its way through the test
        self.frames.append(json.loads(frame, parse_float=str))


class Streamed:
    """An account, and one who listens to it."""

    def __init__(self, paper: Paper, *, most_news: int = 1000, fuse: Fuse | None = None) -> None:
        self.paper = paper
        store = paper.stores.orders
        self._orders: OrderStore = store if fuse is None else crashing(store, fuse)
        self.seconds = 0.0
        """Of the listener's own clock, which is turned by hand."""
        self._ears = HearDesk(orders=self._orders, halts=paper.stores.halts, clock=paper.clock)
        self.signs: list[dict[str, int | str]] = []
        self.feed = PrivateFeed(paper.exchange)
        paper.exchange.watchers.append(self.feed.happened)
        self.ear = self.listening()
        self.stream = self._stream(most_news)
        self.streaming = Streaming(self._desk())

    def listening(self) -> Ear:
        """Connect once more: what is open, and the last fills, are shown first."""
        ear = Ear()
        self.feed.subscribe_executions(ear, Listening(snap_trades=True))
        return ear

    # what is told

    def frames(self) -> list[Frame]:
        """Return the frames that the exchange has told since the last call."""
        self.feed.flush()
        told, self.ear.frames[:] = [*self.ear.frames], []
        return told

    def tell(self, frames: Sequence[Frame]) -> None:
        """Let the listener hear frames, whatever their number in the row."""
        for each in frames:
            self.put(each)
        self.streaming.step(0)

    def put(self, frame: Frame) -> None:
        """Have a frame wait for the listener, who is busy."""
        said = {name: value for name, value in frame.items() if name != "sequence"}
        self.stream.account.hear(b"executions", json.dumps(said).encode(), monotonic())

    def reconnect(self) -> None:
        """Lose the line and tell what a new one shows."""
        self.stream.account.lose("a test")
        self.ear = self.listening()
        self.tell(self.frames())

    # what comes of it

    def compare(self, *, seconds: float = 1.0) -> None:
        """Let the listener's clock go on, and the comparisons end that are due."""
        self.seconds += seconds
        self.streaming.step(0)
        assert soon(self._is_idle)

    def _is_idle(self) -> bool:
        self.streaming.step(0)
        return not self.streaming.is_busy

    def order(self, order: Order) -> Order:
        return self.paper.now_of(order)

    @property
    def fills(self) -> list[str]:
        return [each.trade_id for each in self.paper.stores.books.fills_after(None)]

    @property
    def fills_there(self) -> list[str]:
        self.paper.exchange.advance()
        return list(self.paper.exchange.account.trades)

    @property
    def halts(self) -> list[HaltKind]:
        return [each.kind for each in self.paper.stores.halts.latched()]

    @property
    def foreign(self) -> list[str]:
        return [each.kraken_order_id for each in self.paper.stores.foreign.open()]

    def close(self) -> None:
        self.streaming.close()
        self.paper.exchange.watchers.remove(self.feed.happened)

    def _stream(self, most_news: int) -> AccountStream:
        needs = Surroundings(
            fetch_token=str,
            symbols=self.paper.market.symbols,
            catch_up=self.paper.account,
            halt=halting(self.paper.stores.halts, self.paper.clock),
            count=lambda pair, counter: None,
        )
        since = self.paper.stores.books.last_fill_at() or self.paper.clock() - timedelta(days=1)
        return AccountStream(
            "ws://127.0.0.1:1/v2",
            needs,
            since=since,
            connects=AlwaysFree(),
            random=CHANCE,
            terms=Terms(most_news=most_news),
        )

    def _desk(self) -> StreamDesk:
        return StreamDesk(
            stream=self.stream,
            listener=Listener(
                ListenDesk(
                    orders=self.paper.stores.orders,
                    foreign=self.paper.stores.foreign,
                    halts=self.paper.stores.halts,
                    hear=self._hear,
                    patience=SETTLE_WINDOW,
                    clock=self.paper.clock,
                )
            ),
            orders=self.paper.stores.orders,
            account=self.paper.account,
            reconcile=self._reconcile,
            show=lambda sign: self.signs.append(dict(sign)),
            settle_window=SETTLE_WINDOW,
            clock=self.paper.clock,
            monotonic=lambda: self.seconds,
        )

    def _hear(self, order: Order, report: OrderReport) -> Order:
        return hear(self._ears, order, report, source="stream")

    def _reconcile(self, cause: Cause, full: bool) -> object:  # noqa: FBT001 - as the desk wants it
        return reconcile(self.paper.reconcile_desk(), cause, full=full)


@contextmanager
def streamed(
    paper: Paper, *, most_news: int = 1000, fuse: Fuse | None = None
) -> Iterator[Streamed]:
    """Listen to an account until the context ends; with a fuse, dying when it is burnt."""
    opened = Streamed(paper, most_news=most_news, fuse=fuse)
    yield opened
    opened.close()


def rows(frames: Sequence[Frame], exec_type: str) -> list[Frame]:
    """Return the frames whose row is of a kind."""
    return [each for each in frames if each[ROW] and each[ROW][0].get("exec_type") == exec_type]


def changed(frame: Frame, **fields: object) -> Frame:
    """Return a frame with some fields of its row changed."""
    return {**frame, ROW: [{**each, **fields} for each in frame[ROW]]}


def soon(holds: Callable[[], bool]) -> bool:
    """Wait until something holds, and tell whether it did in time."""
    until = monotonic() + SOON_SECONDS
    while not holds():
        if monotonic() > until:
            return False
        sleep(0.002)
    return True
