"""ccxt.pro, unchanged but for its addresses, on the simulator's stream."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import ccxt.pro  # type: ignore[import-untyped]  # it has none

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET

Json = Any  # ccxt's answers have as many shapes as there are methods
PAIR = "BTC/USD"


def addressed(served: Served) -> Json:
    """Return ccxt's client with every address turned to the simulator."""
    client = ccxt.pro.kraken({"apiKey": "SIMULATOR", "secret": SECRET, "enableRateLimit": False})
    stream = served.url.replace("http", "ws", 1) + "/v2"
    of_stream = dict.fromkeys(client.urls["api"]["ws"], stream)
    client.urls["api"] |= {"public": served.url, "private": served.url, "ws": of_stream}
    return client


async def soon(answer: Awaitable[Json]) -> Json:
    return await asyncio.wait_for(answer, 20)


async def markets_watched(client: Json) -> None:
    ticker = await soon(client.watch_ticker(PAIR))
    assert ticker["bid"] < ticker["ask"]
    for pair in (PAIR, "ETH/USD"):
        book = await soon(client.watch_order_book(pair, 10))
        assert len(book["bids"]) == len(book["asks"]) == 10
    assert (await soon(client.watch_trades(PAIR)))[-1]["symbol"] == PAIR
    assert (await soon(client.watch_ohlcv(PAIR, "1m")))[-1][4] > 0


async def orders_watched(client: Json) -> None:
    watching = [
        asyncio.create_task(soon(watch()))
        for watch in (client.watch_orders, client.watch_my_trades, client.watch_balance)
    ]
    placed = await soon(client.create_order_ws(PAIR, "limit", "buy", 0.01, 30000))
    edited = await soon(client.edit_order_ws(placed["id"], PAIR, "limit", "buy", 0.02, 30001))
    assert edited["id"] == placed["id"]
    await soon(client.create_order_ws(PAIR, "market", "buy", 0.01))
    assert (await soon(client.cancel_all_orders_ws()))["result"]["count"] == 1
    orders, trades, balance = await asyncio.gather(*watching)
    assert orders[0]["symbol"] == trades[0]["symbol"] == PAIR
    assert balance["USD"]["total"] > 0


async def watched(served: Served) -> None:
    client = addressed(served)
    try:
        await client.load_markets()
        await markets_watched(client)
        await orders_watched(client)
    finally:
        await client.close()


def test_every_watch_has_what_it_waits_for(tmp_path: Path) -> None:
    with simulated(Settings(folder=tmp_path / "state", secret=SECRET, clock="fixed")) as served:
        asyncio.run(watched(served))
