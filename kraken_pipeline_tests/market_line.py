"""The market's stream in virtual time: the simulator's own frames, the client's own line and feed.

Only the socket is left out, and the seconds: they pass when a test says so, so that a day of
hundreds of pairs is a matter of minutes. Faults are the simulator's; what the line does about them
is what it does in earnest: it notices silence, hangs up, connects again and asks for everything.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, Final

from kraken_pipeline.kraken import http as https
from kraken_pipeline.kraken.stream import line as lines
from kraken_pipeline.kraken.stream import market as markets
from kraken_pipeline.kraken.stream.line import StreamLine
from kraken_pipeline.kraken.stream.market import MarketFeed, Wanted
from kraken_pipeline.kraken.stream.upkeep import Terms
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.service import Service
from kraken_pipeline.simulator.stream import frames
from kraken_pipeline.simulator.stream.connection import Connection
from kraken_pipeline.simulator.stream.session import Session
from kraken_pipeline.simulator.stream.station import HEARTBEAT_SECONDS, Station
from kraken_pipeline_tests.market_obstacles import Obstacles

UPKEEP_SECONDS: Final = 1.0
"""How often the line looks after itself here: a quarter of a second costs four times as much."""


class Seconds:
    """What `time.monotonic` gives: the exchange's own seconds."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def __call__(self) -> float:
        return self._now().timestamp()


class Ear(Connection):
    """A connection whose frames wait to be heard."""

    def __init__(self, number: int, station: Station, obstacles: Obstacles) -> None:
        super().__init__(number, station._strike)
        self._obstacles = obstacles
        self._now = station.exchange.clock.now
        self.frames: list[bytes] = []
        self.is_quiet = True

    def tell(self, channel: str, frame: str) -> None:
        if self._obstacles.lets(channel, frame, self._now().timestamp()):
            super().tell(channel, frame)

    def send(self, frame: str) -> None:
        if not (self.ended or self._silent):
            self.frames.append(frame.encode())
            self.is_quiet = False

    def hears(self) -> bool:
        """Never be told too much: a second of its own clock is many of the virtual ones."""
        return True


@dataclass(slots=True)
class _Lost:
    """As much of a future as the line asks of it."""

    why: str = ""

    def done(self) -> bool:
        return bool(self.why)

    def result(self) -> str:
        return self.why


@dataclass(slots=True)
class _Wire:
    """A socket that is left out."""

    session: Session
    lost: _Lost = field(default_factory=_Lost)

    @property
    def is_open(self) -> bool:
        return not self.lost.done()

    def send(self, text: bytes) -> None:
        self.session.hear(text.decode())

    def cut(self, why: str) -> None:
        self.lost.why = self.lost.why or why


class MarketLine:
    """One exchange, one line to it, and the time that both live in."""

    def __init__(self, service: Service, wanted: Wanted, terms: Terms | None = None) -> None:
        assert isinstance(service.exchange.clock, FixedClock)
        self.service = service
        self.clock = service.exchange.clock
        self.station = Station(service)
        self.terms = terms or Terms()
        self._wanted = wanted
        self._random = Random(1)  # noqa: S311 - it spreads pauses and hides nothing
        self.obstacles = Obstacles()
        self._ear: Ear | None = None
        self._connects_at = 0.0
        self._heartbeat_at = self._upkeep_at = 0.0
        self.losses: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self.feed = MarketFeed(self._wanted, patience=self.terms.patience)
        self.line = StreamLine(
            "ws://127.0.0.1:1/v2", self.feed, connects=_AlwaysFree(), random=self._random
        )
        self.feed.is_silent = lambda: self.line.is_silent

    def restart(self) -> None:
        """Be killed, with all that was known, and begin anew."""
        self._lose("killed", self.now().timestamp())
        self._begin()

    def now(self) -> datetime:
        return self.clock.now()

    def step(self, seconds: float) -> None:
        """Let time pass, and hear what was told in it."""
        self.clock.turn(self.clock.now() + timedelta(seconds=seconds))
        now, at = self.now(), self.now().timestamp()
        for _ in self.station.feed.tick(now):
            pass
        self.station.instruments.look(now)
        if at - self._heartbeat_at >= HEARTBEAT_SECONDS:
            self._heartbeat_at = at
            self._beat()
        self._hear(at)
        if at - self._upkeep_at >= UPKEEP_SECONDS:
            self._upkeep_at = at
            self._keep(at)
            self._hear(at)

    def steps(self, count: int, seconds: float = 1.0) -> None:
        for _ in range(count):
            self.step(seconds)

    def _beat(self) -> None:
        ear = self._ear
        if ear is not None and ear.is_quiet and ear.subscribed_once:
            ear.send(frames.HEARTBEAT)
        if ear is not None:
            ear.is_quiet = True

    def _hear(self, at: float) -> None:
        ear = self._ear
        if ear is None:
            return
        for late in self.obstacles.released(at):
            ear.send(late)
        told, ear.frames = ear.frames, []
        for frame in told:
            self.line._hear(frame, at)
        if ear.ended:
            self._lose("cut off", at)

    def _keep(self, at: float) -> None:
        standing: Any = self.line._standing
        if standing is None:
            if at >= self._connects_at:
                self._connect(at)
            return
        fault = self.line._fault(standing, at)
        if fault:
            self._lose(fault, at)
        else:
            self.line._send_due(standing, at)

    def _connect(self, at: float) -> None:
        if self.station.refuses():
            self._pause(at)
            return
        self.obstacles.forget()
        ear = Ear(1, self.station, self.obstacles)
        self.station.connections[ear] = None
        ear.send(frames.status(self.service.exchange.account.system, ear.number))
        wire: Any = _Wire(Session(self.station, ear))
        self._ear = ear
        self.line._count += 1
        self.line._heard_at = at
        self.feed.topics.begin(at)
        self.line._standing = lines._Connection(
            wire=wire, token="", opened_at=at, heard_at=at, asked_at=at
        )

    def _lose(self, why: str, at: float) -> None:
        if self._ear is not None:
            self.station.left(self._ear)
        self._ear = None
        self.line._standing = None
        self.line._last_loss = why
        self.losses.append(why)
        self.feed.lose(why)
        self._pause(at)

    def _pause(self, at: float) -> None:
        self._connects_at = at + self.terms.pauses.after(self.line._failures, random=self._random)
        self.line._failures += 1


class _AlwaysFree:
    def take(self, *, after_maintenance: bool) -> float:
        return 0.0


@contextmanager
def market_line(
    service: Service, wanted: Wanted, terms: Terms | None = None
) -> Iterator[MarketLine]:
    """Follow a market whose clock is turned by hand, until the context ends."""
    seconds = Seconds(service.exchange.clock.now)
    swapped: list[tuple[dict[str, Any], str, object]] = [
        (vars(lines), "monotonic", seconds),
        (vars(markets), "monotonic", seconds),
        (vars(https), "time", SimpleNamespace(monotonic=seconds)),
    ]
    before = [names[name] for names, name, _ in swapped]
    for names, name, ours in swapped:
        names[name] = ours
    try:
        yield MarketLine(service, wanted, terms)
    finally:
        for (names, name, _), real in zip(swapped, before, strict=True):
            names[name] = real


def usd_symbols(service: Service, count: int) -> Sequence[tuple[str, str]]:
    """Return our names and the stream's of the first pairs that are quoted in dollars."""
    listed = service.exchange.market.listing.pairs
    found = [(each.altname, each.display) for each in listed if each.quote.altname == "USD"]
    return found[:count]
