"""The way between a process and the exchange, without sockets: bytes in, bytes out.

What strikes a call is drawn by the simulator's own faults; here it becomes what a client would see.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

import requests
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError, ReadTimeoutError

from kraken_pipeline.kraken.connections import Answer
from kraken_pipeline.simulator.answers import Answer as Given
from kraken_pipeline.simulator.answers import Cut
from kraken_pipeline.simulator.faults.faults import Strike
from kraken_pipeline.simulator.faults.kinds import Kind, Point
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.simulator.service import PRIVATE_PATH, Service
from kraken_pipeline_tests.fakes import Crash
from kraken_pipeline_tests.simulation.perils import Perils
from kraken_pipeline_tests.simulation.tape import Tape
from kraken_pipeline_tests.simulation.virtual_time import VirtualTime

PATIENCE_SECONDS: Final = 15.0
"""How long a client waits for an answer."""
LATENCY: Final = (0.004, 0.09)
"""Seconds that each way takes."""
LONGEST_FLIGHT: Final = 20.0
"""Seconds after which what a dead process sent may still arrive."""
ADD: Final = "AddOrder"
PUBLIC_PATH: Final = "/0/public/"
POOL: Final = HTTPConnectionPool("simulated")


@dataclass(kw_only=True)
class Network:
    """What lies between every process and the exchange."""

    service: Service
    time: VirtualTime
    dice: random.Random
    tape: Tape
    is_cut: bool = False
    """No connection can be made."""
    is_deaf: bool = False
    """Requests arrive, and no answer comes back."""
    down_until: float = 0.0
    """The exchange is down until then, by the monotonic clock."""
    leaving: Callable[[str], None]
    """Told our id of every order in the moment in which it leaves a process."""

    def carry(self, method: str, handle: Callable[[Service], Given]) -> Given:
        """Carry one call there and its answer back.

        Raises:
            requests.RequestException: as a client would see it.
        """
        self._pass_latency()
        if self.is_cut or self.time.monotonic() < self.down_until:
            raise refused_connection()
        delivery, clock = self.service.delivery, self.service.exchange.clock
        strike = self.service.faults.strike(Point.REQUEST, method, clock.now())
        if strike is not None and strike.kind is Kind.LATE_REQUEST:
            self._hold_up(strike.seconds, partial(self._arrive, handle))
        elif strike is not None:
            return self._returned(delivery._instead(strike))
        given = self._arrive(handle)
        if given.succeeded:
            strike = self.service.faults.strike(Point.REPLY, method, clock.now())
            given = given if strike is None else self._after(strike, given, handle)
        return self._returned(given)

    def go_down(self, seconds: float) -> None:
        """Take no connection for some seconds."""
        self.down_until = self.time.monotonic() + seconds

    def arrive_later(self, handle: Callable[[Service], Given]) -> None:
        """Let a request arrive that nobody waits for any more."""
        self.time.later(self.dice.uniform(0, LONGEST_FLIGHT), partial(self._arrive, handle))

    def _arrive(self, handle: Callable[[Service], Given]) -> Given:
        return handle(self.service)

    def _after(self, strike: Strike, given: Given, handle: Callable[[Service], Given]) -> Given:
        if strike.kind is Kind.DUPLICATE_DELIVERY:
            # the copy comes later; whoever sent it once hears the answer to the first
            self._arrive(handle)
            return given
        return self.service.delivery._after(strike, given, partial(self._arrive, handle))

    def _hold_up(self, seconds: float, act: Callable[[], object]) -> None:
        """Keep a request on its way; whoever waits for it gives up before, or not."""
        if seconds < PATIENCE_SECONDS:
            self.time.sleep(seconds)
            return
        self.time.later(seconds, act)
        self.time.sleep(PATIENCE_SECONDS)
        raise timed_out()

    def _returned(self, given: Given) -> Given:
        if self.is_deaf or given.delay_seconds > PATIENCE_SECONDS:
            self.time.sleep(PATIENCE_SECONDS)
            raise timed_out()
        if given.delay_seconds:
            self.time.sleep(given.delay_seconds)
        self._pass_latency()
        if given.cut is Cut.CLOSED:
            raise requests.ConnectionError(ProtocolError("closed without an answer"))
        if given.cut is Cut.RESET:
            raise requests.exceptions.ChunkedEncodingError(ProtocolError("reset in the middle"))
        return given

    def _pass_latency(self) -> None:
        self.time.sleep(self.dice.uniform(*LATENCY))


class Wire:
    """One process's connections: has the methods of `Connections`."""

    def __init__(self, network: Network, perils: Perils, host: str) -> None:
        """Take the network, and what can happen to the process."""
        self._network = network
        self._perils = perils
        self._host = host

    def get(self, path: str) -> Answer:
        """Ask once."""
        method, _, query = path.removeprefix(PUBLIC_PATH).partition("?")
        params = Params(dict(parse_qsl(query)))
        return self._sent(
            method, lambda service: service.public(method, params, self._host), is_write=False
        )

    def post(self, path: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body once."""
        method = path.removeprefix(PRIVATE_PATH)
        lowered = {name.lower(): value for name, value in headers.items()}
        return self._sent(
            method,
            lambda service: service.private(path, lowered, body, self._host),
            is_write=method.startswith(("Add", "Cancel", "Amend")),
            order=dict(parse_qsl(body.decode())).get("cl_ord_id", "") if method == ADD else "",
        )

    def close(self) -> None:
        """Close nothing: there is nothing."""

    def _sent(
        self, method: str, handle: Callable[[Service], Given], *, is_write: bool, order: str = ""
    ) -> Answer:
        network = self._network
        network.tape.count("requests")
        self._perils.require_alive()
        try:
            if is_write:
                self._perils.pass_by(is_request=True)
        except Crash:
            if self._perils.is_flying:
                network.tape.count("requests of dead processes")
                network.tape.say(f"{method} is under way from a dead process")
                network.arrive_later(handle)
            raise
        if order:
            network.leaving(order)
        try:
            given = network.carry(method, handle)
        except requests.RequestException as failure:
            network.tape.say(f"{method} failed: {failure}")
            self._come_back(is_write=is_write)
            raise
        network.tape.say(f"{method} -> {_shown(given, is_write=is_write)}")
        network.tape.add(given.content)
        self._come_back(is_write=is_write)
        now = network.service.exchange.clock.now().astimezone(UTC)
        return Answer(given.status, given.content, now - timedelta(microseconds=now.microsecond))

    def _come_back(self, *, is_write: bool) -> None:
        if is_write:
            self._perils.pass_by(is_request=True)


def refused_connection() -> requests.ConnectionError:
    """Return what a client sees where nobody listens."""
    cause = NewConnectionError(HTTPConnection("simulated"), "connection refused")
    return requests.ConnectionError(MaxRetryError(POOL, "/", cause))


def timed_out() -> requests.ReadTimeout:
    """Return what a client sees where no answer comes."""
    return requests.ReadTimeout(ReadTimeoutError(POOL, "/", "read timed out"))


def _shown(given: Given, *, is_write: bool) -> str:
    text = given.content[: 200 if is_write or not given.succeeded else 40]
    return f"{given.status} {text.decode(errors='replace')}"
