"""A client of the stream that does nothing by itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET, Client

Json = Any  # frames have as many shapes as there are channels
SECONDS = 10


@dataclass
class Line:
    """A connection to the stream, and the frames that came on it."""

    socket: ClientConnection
    token: str = ""
    req_ids: Iterator[int] = field(default_factory=lambda: count(1))
    texts: list[str] = field(default_factory=list)
    """Every frame as it came."""
    passed: list[Json] = field(default_factory=list)
    """Frames that came while an answer was waited for."""

    def next(self, seconds: float = SECONDS) -> Json:
        """Return the next frame, its numbers exact."""
        text = self.socket.recv(timeout=seconds)
        assert isinstance(text, str)
        self.texts.append(text)
        return json.loads(text, parse_float=Decimal)

    def send(self, message: object) -> None:
        """Send a message as it is: a text, or JSON."""
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def ask(self, method: str, **params: object) -> Json:
        """Return the answer to a request; what comes before it is for `settled`."""
        *before, answer = self.asked(method, **params)
        self.passed += before
        return answer

    def asked(self, method: str, **params: object) -> list[Json]:
        """Return every frame up to the answer to a request."""
        number = next(self.req_ids)
        message: dict[str, object] = {"method": method, "req_id": number}
        self.send(message | {"params": params} if params else message)
        frames = [self.next()]
        while frames[-1].get("req_id") != number:
            frames.append(self.next())
        return frames

    def settled(self) -> list[Json]:
        """Return every frame that was on its way."""
        frames, self.passed = [*self.passed, *self.asked("ping")[:-1]], []
        return [frame for frame in frames if frame.get("channel") != "heartbeat"]

    def subscribe(self, channel: str, **params: object) -> list[Json]:
        """Subscribe and return every frame that came of it."""
        self.send({"method": "subscribe", "params": {"channel": channel, **params}})
        return self.settled()

    def listen(self, channel: str, **params: object) -> list[Json]:
        """Subscribe a private channel and return every frame that came of it."""
        return self.subscribe(channel, token=self.token, **params)

    def trade(self, method: str, **params: object) -> Json:
        """Return the answer to a trading request."""
        return self.ask(method, token=self.token, **params)

    def order(self, **changed: object) -> Json:
        """Ask for a limit buy of 0.01 BTC/USD far below the market, changed as told."""
        return self.trade("add_order", **(LIMIT | changed))


LIMIT: dict[str, object] = {
    "order_type": "limit",
    "side": "buy",
    "symbol": "BTC/USD",
    "order_qty": 0.01,
    "limit_price": 30000,
}


@contextmanager
def connected(served: Served, token: str = "", path: str = "/v2") -> Iterator[Line]:
    """Connect to a simulator's stream."""
    url = served.url.replace("http", "ws", 1) + path
    with connect(url, compression=None, max_size=None, close_timeout=1) as socket:
        yield Line(socket, token)


def token_of(client: Client) -> str:
    """Return a new token."""
    return str(client.did("GetWebSocketsToken")["token"])


@pytest.fixture
def line(served: Served, client: Client) -> Iterator[Line]:
    """Connect with a token; the status frame has been read."""
    with connected(served, token_of(client)) as connection:
        connection.next()
        yield connection


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve one simulator to all tests of a module that leave no trace in it."""
    folder = tmp_path_factory.mktemp("standing")
    with simulated(Settings(folder=folder, secret=SECRET, clock="fixed")) as running:
        yield running


@pytest.fixture
def stranger(standing: Served) -> Iterator[Line]:
    """Connect without a token to what others use too; the status frame has been read."""
    with connected(standing) as connection:
        connection.next()
        yield connection


def rows(frames: list[Json], channel: str, kind: str = "update") -> list[Json]:
    """Return the rows of a channel's frames."""
    return [
        row
        for frame in frames
        if frame.get("channel") == channel and frame["type"] == kind
        for row in frame["data"]
    ]
