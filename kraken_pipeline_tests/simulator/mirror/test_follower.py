"""What a mirror asks for of its own accord, and what it asks before an order comes."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from websockets.sync.client import connect

from kraken_pipeline.simulator.mirror.follower import Follower
from kraken_pipeline.simulator.mirror.source import Source
from kraken_pipeline.simulator.mirror.tape import Tape, nanoseconds
from kraken_pipeline.simulator.mirror.upstream import Upstream
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET, Client
from kraken_pipeline_tests.simulator.mirror.conftest import OFTEN, PAIR


@pytest.fixture
def source(upstream: Served) -> Iterator[Source]:
    line = Upstream(upstream.url, per_second=OFTEN)
    yield Source(line, upstream.exchange.clock)
    line.close()


def followed(source: Source, *pairs: str) -> Follower:
    now = source._clock.now()
    tape = Tape({})
    tape.follow(dict.fromkeys(pairs, now - timedelta(hours=1)), now)
    return Follower(source, tape)


def asked(source: Source) -> list[tuple[str, str]]:
    """Return what was asked since the last time: method and pair."""
    news = []
    while not source.news.empty():
        said = source.news.get()
        news.append((said.method, said.params.get("pair", "")))
    return news


def test_without_an_order_only_the_exchange_as_a_whole_is_looked_at(source: Source) -> None:
    followed(source).look()

    assert asked(source) == [("SystemStatus", ""), ("Ticker", ""), ("AssetPairs", "")]


def test_with_an_order_its_trades_and_its_book_are(source: Source) -> None:
    followed(source, PAIR, "XXBTZUSD").look()

    assert set(asked(source)[3:]) == {
        (method, pair) for method in ("Trades", "Depth") for pair in (PAIR, "XXBTZUSD")
    }


def test_what_is_young_is_not_asked_for_again(source: Source) -> None:
    follower = followed(source, PAIR)
    follower.look()
    asked(source)
    follower.look()

    assert asked(source) == [("Trades", PAIR)]


def test_what_was_missed_is_asked_for_page_by_page(source: Source, upstream: Served) -> None:
    now = upstream.exchange.clock.now()
    tape = Tape({"XXBTZUSD": str(nanoseconds(now - timedelta(minutes=20)))})
    follower = Follower(source, tape)
    tape.follow({"XXBTZUSD": now}, now)
    pages = 0
    for _ in follower.missed():
        pages += 1
        said = source.said("Trades", {"pair": "XXBTZUSD", "since": tape.cursors["XXBTZUSD"]})
        assert said is not None
        assert isinstance(said.result, dict)
        pair = upstream.exchange.market.listing.pair("XXBTZUSD")
        assert pair is not None
        tape.hear(pair, said.params, (), said.result["last"])

    assert pages > 1
    assert int(tape.cursors["XXBTZUSD"]) > nanoseconds(now - timedelta(minutes=1))


@pytest.mark.parametrize("method", ["add_order", "batch_add"])
def test_an_order_by_the_stream_finds_a_young_book(
    upstream: Served, tmp_path: Path, method: str
) -> None:
    told = Settings(folder=tmp_path / "mirror", secret=SECRET, mirror=upstream.url)
    order = {"order_type": "market", "side": "buy", "order_qty": 100}
    with ExitStack() as stack:
        served = stack.enter_context(simulated(told))
        session = stack.enter_context(requests.Session())
        token = Client(served.url, session).did("GetWebSocketsToken")["token"]
        params = {"symbol": "WELL/USD", "token": token}
        both = {**params, "orders": [order, order]}
        stream = stack.enter_context(connect(f"ws{served.url.removeprefix('http')}/v2"))
        stream.recv()
        body = {**params, **order} if method == "add_order" else both
        stream.send(json.dumps({"method": method, "params": body}))
        stream.recv()
        orders = served.exchange.account.orders.values()

    assert [each.status for each in orders] == ["closed"] * (1 if method == "add_order" else 2)


def test_market_data_is_not_streamed_by_a_mirror(upstream: Served, tmp_path: Path) -> None:
    told = Settings(folder=tmp_path / "mirror", secret=SECRET, mirror=upstream.url)
    with simulated(told) as served, connect(f"ws{served.url.removeprefix('http')}/v2") as stream:
        stream.recv()
        stream.send('{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"]}}')

        assert "not streamed by a mirror" in str(stream.recv())
