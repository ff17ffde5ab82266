"""The account's stream: the exchange's frames, what becomes of them on the way, and who listens.

Frames are the simulator's own and are read by the client's own feed; only the socket is left out.
A listener is a process of its own. It dies and begins anew like any other.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from kraken_pipeline.domain.errors import ExchangeError, PipelineError
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.kraken.stream.account import AccountFeed, Surroundings
from kraken_pipeline.kraken.stream.frames import Undecodable, channel_of
from kraken_pipeline.kraken.stream.news import FillNews, News, OrderNews
from kraken_pipeline.kraken.stream.outbox import Outbox
from kraken_pipeline.kraken.stream.reports import report_of
from kraken_pipeline.services.books.listen import ListenDesk, Listener
from kraken_pipeline.services.orders.hear import HearDesk, hear
from kraken_pipeline.simulator.events import Event
from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Point
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.private import EXECUTIONS, Listening, PrivateFeed
from kraken_pipeline_tests.simulation.process import SETTLE_WINDOW, Process

if TYPE_CHECKING:
    from kraken_pipeline_tests.simulation.world import World

LATENCY: Final = (0.002, 0.2)
"""Seconds that a frame takes, so that it may come before or after the reply of REST."""
PAUSES: Final = (1.0, 5.0, 20.0)
"""Seconds until a lost connection stands again."""
SILENCE: Final = 10.0
"""Seconds after which a silent connection is given up."""
STRAYS: Final = 30.0
"""Seconds until a fill of an unknown order is asked about."""
MOST_NEWS: Final = 1000


class Ear(Connection):
    """One connection. What is sent on it comes a little later, in order."""

    def __init__(self, ears: "Ears") -> None:
        """Let the faults of the exchange strike its frames."""
        super().__init__(1, ears.struck)
        self._ears = ears

    def tell(self, channel: str, frame: str) -> None:
        """Send a frame of a channel; whoever hears nothing any more notices that in time."""
        was_well = not (self.ended or self._silent)
        super().tell(channel, frame)
        if was_well and (self.ended or self._silent):
            self._ears.lose(self, after=SILENCE if self._silent else 0.5)

    def send(self, frame: str) -> None:
        """Send a frame, if the connection stands."""
        if not (self.ended or self._silent):
            self._ears.carry(self, frame)


class Ears:
    """Who listens to the account, over one connection after the other."""

    def __init__(self, world: "World", started: Callable[[], Process]) -> None:
        """Take the world, and what starts a process; nobody listens before `listen`."""
        self._world = world
        self._started = started
        self._dice = world.dice
        self._arrives_at = 0.0
        self._is_busy = False
        self._symbols: SymbolTable | None = None
        self._feed: PrivateFeed | None = None
        self.ear: Ear | None = None
        self.process: Process | None = None

    def listen(self) -> None:
        """Begin anew: a process that knows nothing but the books, a connection of its own."""
        self.stop()
        process = self.process = self._started()
        # learned in peace, at the first time
        symbols = self._symbols = self._symbols or process.public.symbols()
        self._outbox = Outbox(MOST_NEWS)
        needs = Surroundings(
            fetch_token=str,
            symbols=lambda: symbols,
            catch_up=process.account,
            halt=lambda why: None,
            count=lambda pair, counter: None,
        )
        since = process.books.last_fill_at() or self._world.time.start
        self._account = AccountFeed(needs, since=since, outbox=self._outbox)
        self._waiting: list[News] = []
        self._frames: list[bytes] = []
        ears = HearDesk(orders=process.orders, halts=process.halts, clock=process.machine.clock)
        self._listener = Listener(
            ListenDesk(
                orders=process.orders,
                foreign=process.foreign,
                halts=process.halts,
                hear=partial(hear, ears, source="stream"),
                patience=SETTLE_WINDOW,
                clock=process.machine.clock,
            )
        )
        self.connect()

    def stop(self) -> None:
        """End the listener."""
        self.ear = None
        if self.process is not None:
            self.process.close()
        self.process = None

    def begin_anew(self) -> None:
        """Listen again, where nobody does."""
        if self.process is None:
            self.listen()

    def hang_up(self) -> None:
        """Lose the connection, as the other end is gone."""
        if self.ear is not None:
            self.lose(self.ear, after=0.5)

    def connect(self) -> None:
        """Open a connection, unless a fault is in the way; then it is tried again."""
        tape, exchange = self._world.tape, self._world.exchange
        self._account.lose("connecting anew")
        if self._world.network.is_cut or self._is_refused():
            self.ear = None
            self._world.time.later(self._dice.choice(PAUSES), self._connect_again)
            return
        self._feed = PrivateFeed(exchange)
        self.ear = Ear(self)
        tape.count("connections of the stream")
        exchange.watchers.append(partial(self._happened, self._feed))
        self._feed.subscribe_executions(self.ear, Listening(snap_trades=True, rate_counter=True))

    def struck(self, point: Point, subject: str) -> Strike | None:
        """Draw what strikes a frame."""
        service = self._world.network.service
        return service.faults.strike(point, subject, service.exchange.clock.now())

    def carry(self, ear: Ear, frame: str) -> None:
        """Bring a frame to the listener: later, and never before the one before it."""
        time = self._world.time
        at = max(time.monotonic() + self._dice.uniform(*LATENCY), self._arrives_at)
        self._arrives_at = at
        time.later(at - time.monotonic(), partial(self._arrive, ear, frame))

    def lose(self, ear: Ear, *, after: float) -> None:
        """Notice after a while that a connection is of no use any more."""
        self._world.time.later(after, partial(self._lost, ear))

    def _lost(self, ear: Ear) -> None:
        if self.ear is ear:
            self.ear = None
            self._world.time.later(self._dice.choice(PAUSES), self._connect_again)

    def _connect_again(self) -> None:
        if self.ear is None and self.process is not None:
            self.connect()

    def _is_refused(self) -> bool:
        if self.struck(Point.CONNECT, "stream") is not None:
            return True
        points = (Point.ASKED, Point.ACKNOWLEDGED)
        strikes = [self.struck(point, EXECUTIONS) for point in points]
        return any(strikes)

    def _happened(self, feed: PrivateFeed, events: Sequence[Event]) -> None:
        if feed is self._feed and self.ear is not None:
            feed.happened(events)
            feed.flush()

    def _arrive(self, ear: Ear, frame: str) -> None:
        process = self.process
        if ear is not self.ear or process is None or self._world.network.is_cut:
            return
        self._frames.append(frame.encode())
        self._let(process, lambda: self._hear(process))
        if self.process is process and self._account.mind(0):
            self._lost(ear)

    def _let(self, process: Process, act: Callable[[], None]) -> None:
        """Let the listener do something, unless it is at something: it has one thread."""
        if self._is_busy:
            return
        self._is_busy = True
        try:
            self._world.let(process, act)
        finally:
            self._is_busy = False
        if process.perils.is_dead and self.process is process:
            self.process = None
            self._world.time.later(self._dice.choice(PAUSES), self.begin_anew)

    def _hear(self, process: Process) -> None:
        while self._frames:
            frame = self._frames.pop(0)
            with suppress(Undecodable):
                self._account.hear(channel_of(frame), frame, self._world.time.monotonic())
            self._waiting.extend(self._outbox.take(0))
            self._write(process)
        if self._listener.strays:
            self._world.time.later(STRAYS, self._ask_of_strays)

    def _write(self, process: Process) -> None:
        try:
            while self._waiting:
                self._hear_one(self._waiting[0])
                del self._waiting[0]
        except PipelineError as failure:
            process.perils.require_alive()
            self._world.tape.say(f"what was heard waits: {failure}")

    def _hear_one(self, news: News) -> None:
        self._world.tape.count("news of the stream")
        if isinstance(news, OrderNews):
            report = report_of(news.order)
            if report is not None:
                self._listener.hear_order(report)
        elif isinstance(news, FillNews):
            self._listener.hear_fill(news.trade)

    def _ask_of_strays(self) -> None:
        process = self.process
        if process is not None and self._listener.strays:
            self._let(process, lambda: self._asked_of_strays(process))

    def _asked_of_strays(self, process: Process) -> None:
        asked, at = self._listener.strays, process.machine.clock()
        try:
            shown = process.account.orders(list(asked))
        except ExchangeError:
            process.perils.require_alive()
            self._world.time.later(STRAYS, self._ask_of_strays)
            return
        self._listener.hear_of_strays(asked, shown, asked_at=at)
        if self._listener.strays:
            self._world.time.later(STRAYS, self._ask_of_strays)
