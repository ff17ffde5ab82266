"""python-kraken-sdk's stream clients, unchanged, against the simulator.

Only the addresses are given: by its own parameters, and for the book client, which takes none, by
the class attributes that hold them.
"""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from kraken.base_api import SpotClient
from kraken.spot import SpotOrderBookClient, SpotWSClient

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET

Json = Any  # frames have as many shapes as there are channels
SECONDS = 20
LIMIT: dict[str, object] = {
    "order_type": "limit",
    "side": "buy",
    "symbol": "BTC/USD",
    "order_qty": 0.01,
    "limit_price": 30000,
}
MARKET: dict[str, object] = LIMIT | {"order_type": "market", "limit_price": None}
MARKETS = ("ticker", "book", "trade", "ohlc")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("sdk")
    with simulated(Settings(folder=folder, secret=SECRET, clock="fixed")) as served:
        yield served


@pytest.fixture(autouse=True)
def soonest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client wait before it connects for as short as it ever would."""
    monkeypatch.setattr("kraken.spot.websocket.connectors.random", lambda: 0.0)


def stream_of(served: Served) -> str:
    return served.url.replace("http", "ws", 1)


def control(served: Served, what: str, **values: object) -> None:
    answer = requests.post(f"{served.url}/_sim/{what}", json=values, timeout=10)
    assert answer.ok, answer.text


class Heard:
    """What a client's callback was given."""

    def __init__(self) -> None:
        self.messages: list[Json] = []

    async def callback(self, message: Json) -> None:
        self.messages.append(message)

    def rows(self, channel: str, kind: str | None = None) -> list[Json]:
        return [
            row
            for message in self.messages
            if message.get("channel") == channel and kind in (None, message.get("type"))
            for row in message["data"]
        ]

    def answer(self, req_id: int) -> Json:
        return next((each for each in self.messages if each.get("req_id") == req_id), None)

    async def until(self, found: Callable[[], Any]) -> Json:
        """Return what is found as soon as it is."""
        async with asyncio.timeout(SECONDS):
            while not (result := found()):  # noqa: ASYNC110 the client has no event to wait for
                await asyncio.sleep(0.01)
        return result


class Trader:
    """The client, and what it heard."""

    def __init__(self, served: Served) -> None:
        self.served, self.heard = served, Heard()
        self.client = SpotWSClient(
            key="SIMULATOR",
            secret=SECRET,
            callback=self.heard.callback,
            rest_url=served.url,
            ws_url=stream_of(served),
            auth_ws_url=stream_of(served),
        )

    async def subscribe(self) -> None:
        """Open every channel."""
        for channel in MARKETS:
            await self.client.subscribe(
                params={"channel": channel, "symbol": ["BTC/USD", "ETH/USD"]}
            )
        for channel in ("instrument", "executions", "balances"):
            await self.client.subscribe(params={"channel": channel})
        await self.heard.until(lambda: self.heard.rows("balances", "snapshot"))
        await self.heard.until(lambda: len(self.client.active_public_subscriptions) > len(MARKETS))

    async def sent(self, req_id: int, method: str, **params: object) -> Json:
        """Return the answer to a trading request."""
        await self.client.send_message({"method": method, "req_id": req_id, "params": params})
        return await self.heard.until(lambda: self.heard.answer(req_id))

    async def trade(self) -> None:
        """Place, amend, edit, cancel, and have an order filled."""
        placed = await self.sent(1, "add_order", **LIMIT)
        identity = placed["result"]["order_id"]
        assert (await self.sent(2, "amend_order", order_id=identity, order_qty=0.02))["success"]
        edited = await self.sent(
            3, "edit_order", order_id=identity, symbol="BTC/USD", limit_price=30001
        )
        identity = edited["result"]["order_id"]
        assert (await self.sent(4, "cancel_order", order_id=[identity]))["success"]
        assert (await self.sent(5, "add_order", **MARKET))["success"]
        await self.heard.until(lambda: self.heard.rows("balances", "update"))

    async def see_the_market_go_on(self) -> None:
        """Let time pass and hear of it on every channel."""
        control(self.served, "clock", advance_seconds=30)
        for channel in MARKETS:
            await self.heard.until(partial(self.heard.rows, channel, "update"))

    async def survive_a_cut(self) -> None:
        """Lose both connections and have all subscriptions back."""
        self.heard.messages.clear()
        control(self.served, "restart", seconds=0)
        for channel in (*MARKETS, "balances"):
            await self.heard.until(partial(self.heard.rows, channel, "snapshot"))
        assert (await self.sent(6, "add_order", **LIMIT))["success"]
        await self.heard.until(lambda: self.heard.rows("executions", "update"))
        assert (await self.sent(7, "cancel_all"))["result"]["count"] == 1


async def traded(served: Served) -> None:
    trader = Trader(served)
    async with trader.client:
        await trader.subscribe()
        await trader.trade()
        await trader.see_the_market_go_on()
        await trader.survive_a_cut()
        await trader.see_the_market_go_on()
        assert not trader.client.exception_occur


def test_the_client_trades_listens_and_reconnects(running: Served) -> None:
    asyncio.run(traded(running))


async def batched(served: Served) -> None:
    """Ask for what is done to several orders at once, for level 3, and for no more of it."""
    trader = Trader(served)
    async with trader.client as client:
        for heartbeats in ({"channel": "ticker", "symbol": ["BTC/USD"]}, {"channel": "balances"}):
            await client.subscribe(params=heartbeats)  # without them it takes 10 s to close
        level3 = {"channel": "level3", "symbol": ["BTC/USD"], "depth": 10}
        await client.subscribe(params=level3)
        [book] = await trader.heard.until(lambda: trader.heard.rows("level3", "snapshot"))
        assert len(book["bids"]) == len(book["asks"]) == 10
        order = {name: value for name, value in LIMIT.items() if name != "symbol"}
        placed = await trader.sent(1, "batch_add", symbol="BTC/USD", orders=[order] * 3)
        ids = [each["order_id"] for each in placed["result"]]
        canceled = await trader.sent(2, "batch_cancel", orders=ids[:2])
        assert canceled["result"]["count"] == canceled["orders_cancelled"] == 2
        armed = await trader.sent(3, "cancel_all_orders_after", timeout=60)
        assert armed["result"]["currentTime"] < armed["result"]["triggerTime"]
        assert (await trader.sent(4, "cancel_all"))["result"]["count"] == 1
        await client.unsubscribe(params=level3)
        await trader.heard.until(lambda: len(client.active_private_subscriptions) == 1)


def test_batches_the_switch_and_the_book_order_by_order(running: Served) -> None:
    asyncio.run(batched(running))


class Books(SpotOrderBookClient):
    """Keeps what it was told about each book."""

    def __init__(self, depth: int) -> None:
        super().__init__(depth=depth)
        self.updates = self.seen = 0
        self.errors: list[str] = []

    async def on_book_update(self, pair: str, message: Json) -> None:
        self.updates += message.get("type") == "update"
        self.errors += [message["error"]] if "error" in message else []

    async def next_update(self) -> None:
        """Wait until a book changes, after all that was heard of."""
        async with asyncio.timeout(SECONDS):
            while self.updates == self.seen:  # noqa: ASYNC110 the client has no event to wait for
                await asyncio.sleep(0.01)
        self.seen = self.updates

    def kept(self, pair: str) -> Json:
        """Return a book as the client has it."""
        return self.get(pair=pair) or {}


async def booked(served: Served) -> Books:
    """Keep two books over trades, minutes and own orders, and one of them over a bad checksum."""
    books, heard = Books(depth=25), Heard()
    await books.start()
    try:
        await books.add_book(pairs=["BTC/USD", "ETH/USD"])
        await heard.until(lambda: books.get("BTC/USD") and books.get("ETH/USD"))
        for seconds in (1, 5, 61, 0.5, 3600):
            control(served, "clock", advance_seconds=seconds)
            await books.next_update()
        assert books.errors == []
        assert books.kept("BTC/USD")["valid"]

        control(served, "faults", kind="bad_checksum")
        control(served, "clock", advance_seconds=5)
        await heard.until(lambda: books.errors)
        await asyncio.sleep(3.1)  # for so long it waits before it subscribes again
        books.seen = books.updates
        control(served, "clock", advance_seconds=5)
        await books.next_update()
        assert len(books.errors) == 1
    finally:
        await books.close()
    return books


def test_the_book_client_finds_every_checksum_right_but_the_wrong_one(
    running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpotClient, "URL", running.url)
    monkeypatch.setattr(Books, "WS_URL", stream_of(running))

    books = asyncio.run(booked(running))

    bids = [Decimal(price) for price in books.kept("ETH/USD")["bid"]]
    assert bids == sorted(bids, reverse=True)
    assert len(bids) == 25
