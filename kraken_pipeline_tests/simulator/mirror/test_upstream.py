"""What is asked of the mirrored exchange: public paths, by GET, without a key, not too often."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from kraken_pipeline.simulator.mirror.upstream import (
    METHODS,
    RefusedUpstreamError,
    Upstream,
    UpstreamError,
)
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET, Client

TIME = {"error": [], "result": {"status": "online"}}


@dataclass
class Witness:
    """A server that writes down what it is asked, and says what it is told or another says."""

    behind: str = ""
    status: int = 200
    body: bytes = json.dumps(TIME).encode()
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: set[str] = field(default_factory=set)
    url: str = ""


@pytest.fixture
def witness() -> Iterator[Witness]:
    seen = Witness()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.asked.append((self.command, self.path))
            seen.headers.update(name.lower() for name in self.headers)
            status, body = seen.status, seen.body
            if seen.behind:
                reply = requests.get(seen.behind + self.path, timeout=5)
                status, body = reply.status_code, reply.content
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("location", "/0/private/Balance")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 the base class names it so

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        seen.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield seen
        server.shutdown()
        thread.join()


@dataclass
class Turned:
    """A machine's time that is turned by hand."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Turned:
    return Turned()


@pytest.fixture
def line(witness: Witness, seconds: Turned) -> Iterator[Upstream]:
    upstream = Upstream(witness.url, seconds=seconds)
    yield upstream
    upstream.close()


def test_nothing_but_public_reads_reaches_the_mirrored_exchange(
    upstream: Served, witness: Witness, tmp_path: Path
) -> None:
    witness.behind = upstream.url
    settings = Settings(folder=tmp_path / "mirror", secret=SECRET, mirror=witness.url)
    with simulated(settings) as served, requests.Session() as session:
        client = Client(served.url, session)
        for method in sorted(METHODS):
            client.public(method, pair="XBTUSD")
        resting = client.placed()
        client.placed(ordertype="market")
        client.placed(ordertype="stop-loss", price="1000", type="sell")
        for method in ("Balance", "OpenOrders", "ClosedOrders", "TradesHistory", "Ledgers"):
            client.did(method)
        client.did("AmendOrder", txid=resting, limit_price="29000")
        client.did("CancelOrder", txid=resting)
        client.did("CancelAllOrdersAfter", timeout=60)
        client.did("GetWebSocketsToken")
        client.did("CancelAll")

    assert {method for method, _ in witness.asked} == {"GET"}
    paths = {path.partition("?")[0] for _, path in witness.asked}
    assert paths == {f"/0/public/{method}" for method in METHODS}
    assert not witness.headers & {"api-key", "api-sign", "authorization", "cookie"}
    assert not any(SECRET in path or "nonce" in path for _, path in witness.asked)


@pytest.mark.parametrize("method", ["Balance", "AddOrder", "../private/AddOrder", "", "Time"])
def test_what_is_no_mirrored_method_is_not_asked(
    line: Upstream, witness: Witness, method: str
) -> None:
    with pytest.raises(ValueError, match="no public method"):
        line.get(method, {})

    assert witness.asked == []


@pytest.mark.parametrize(
    "url",
    [
        *("api.kraken.com", "ftp://127.0.0.1", "http://", "http://127.0.0.1/0/private"),
        *("http://user:pass@127.0.0.1", "http://127.0.0.1?pair=1"),
    ],
)
def test_what_is_no_exchange_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no exchange to mirror"):
        Upstream(url)


def test_each_method_may_be_asked_twice_at_once_and_then_once_a_second(
    line: Upstream, witness: Witness, seconds: Turned
) -> None:
    for _ in range(2):
        line.get("SystemStatus", {})

    with pytest.raises(UpstreamError, match="so often"):
        line.get("SystemStatus", {})
    line.get("Ticker", {})
    seconds.at = 1.0
    line.get("SystemStatus", {})

    assert len(witness.asked) == 4
    assert line.failure == ""


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, b"<html>Attention Required</html>", "HTTP 503 and no data"),
        (200, b"<html>Are you a robot?</html>", "HTTP 200 and no data"),
        (302, b"", "HTTP 302 and no data"),
        (200, b"[]", "HTTP 200 and no data"),
        (200, b'{"error":["EGeneral:Too many requests"]}', "Too many requests"),
        (200, b'{"error":["EService:Unavailable"]}', "EService:Unavailable"),
    ],
)
def test_after_a_failure_it_is_left_alone_for_longer_and_longer(
    line: Upstream, witness: Witness, seconds: Turned, status: int, body: bytes, said: str
) -> None:
    witness.status, witness.body = status, body
    pauses = []
    for _ in range(8):
        with pytest.raises(UpstreamError, match=said):
            line.get("Ticker", {})
        pauses.append(line.wait("Assets"))
        seconds.at += pauses[-1]
    witness.status, witness.body = 200, json.dumps(TIME).encode()
    line.get("Ticker", {})

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert line.failure == ""
    assert len(witness.asked) == 9


def test_wherever_it_is_sent_on_to_it_does_not_go(line: Upstream, witness: Witness) -> None:
    witness.status = 302

    with pytest.raises(UpstreamError, match="HTTP 302"):
        line.get("Ticker", {})

    assert witness.asked == [("GET", "/0/public/Ticker")]


def test_a_refused_question_is_no_failure(line: Upstream, witness: Witness) -> None:
    witness.body = b'{"error":["EQuery:Unknown asset pair"]}'

    with pytest.raises(RefusedUpstreamError, match="Unknown asset pair"):
        line.get("Ticker", {"pair": "NOPE"})

    assert line.failure == ""
    assert line.wait("Ticker") == 0
