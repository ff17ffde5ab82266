"""Ticker, ohlc, trade, instrument and status: what they say is what REST says."""

from decimal import Decimal
from itertools import pairwise

import pytest

from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.simulator.conftest import Client
from kraken_pipeline_tests.simulator.stream.conftest import Json, Line, connected, rows


def rest_trades(client: Client, count: int) -> list[tuple[Decimal, Decimal, int]]:
    answer = client.public("Trades", pair="XBTUSD", count=count)["result"]["XXBTZUSD"]
    return [(Decimal(row[0]), Decimal(row[1]), row[6]) for row in answer]


def stream_trades(frames: list[Json], kind: str) -> list[tuple[Decimal, Decimal, int]]:
    return [(row["price"], row["qty"], row["trade_id"]) for row in rows(frames, "trade", kind)]


def test_the_last_fifty_trades_begin_the_channel_and_the_rest_follow_without_a_gap(
    client: Client, line: Line
) -> None:
    begun = stream_trades(line.subscribe("trade", symbol=["BTC/USD"]), "snapshot")
    assert begun == rest_trades(client, 50)

    told = []
    for seconds in (1, 40, 0.5, 20):
        client.control("clock", advance_seconds=seconds)
        told += stream_trades(line.settled(), "update")

    assert len(told) > 500
    assert told == rest_trades(client, 1000)[-len(told) :]


def test_of_a_long_leap_only_the_last_thousand_trades_are_told(client: Client, line: Line) -> None:
    line.subscribe("trade", symbol=["BTC/USD"])
    client.control("clock", advance_seconds=7200)

    assert stream_trades(line.settled(), "update") == rest_trades(client, 1000)


def test_a_channel_may_begin_without_a_snapshot(line: Line) -> None:
    for channel in ("trade", "ticker", "book", "ohlc"):
        [answer] = line.subscribe(channel, symbol=["BTC/USD"], snapshot=False)
        assert answer["result"]["snapshot"] is False


def test_the_ticker_is_that_of_rest(client: Client, line: Line) -> None:
    line.subscribe("ticker", symbol=["BTC/USD"])
    client.control("clock", advance_seconds=95)
    [row] = rows(line.settled(), "ticker")

    theirs = client.public("Ticker", pair="XBTUSD")["result"]["XXBTZUSD"]
    assert row["bid"] == Decimal(theirs["b"][0])
    assert row["ask"] == Decimal(theirs["a"][0])
    assert row["last"] == Decimal(theirs["c"][0])
    assert [row["volume"], row["vwap"]] == [Decimal(theirs[name][1]) for name in "vp"]
    assert [row["low"], row["high"]] == [Decimal(theirs[name][1]) for name in "lh"]


def test_a_ticker_by_the_best_prices_says_nothing_while_they_stay(
    client: Client, line: Line
) -> None:
    line.subscribe("ticker", symbol=["BTC/USD"], event_trigger="bbo", snapshot=False)
    seen: list[Json] = []
    for _ in range(40):
        client.control("clock", advance_seconds=0.1)
        seen += rows(line.settled(), "ticker")

    best = [(row["bid"], row["bid_qty"], row["ask"], row["ask_qty"]) for row in seen]
    assert 0 < len(best) < 40
    assert all(before != after for before, after in pairwise(best))


def test_an_own_order_that_is_the_best_is_seen_at_once(line: Line) -> None:
    [before] = rows(
        line.subscribe("ticker", symbol=["BTC/USD"], event_trigger="bbo"), "ticker", "snapshot"
    )
    price = float(before["bid"] + Decimal("0.1"))
    line.order(limit_price=price, order_qty=0.01)

    [after] = rows(line.settled(), "ticker")
    assert (float(after["bid"]), after["bid_qty"]) == (price, Decimal("0.01"))


def rest_candles(client: Client, interval: int) -> list[list[Decimal]]:
    found = client.public("OHLC", pair="XBTUSD", interval=interval)["result"]["XXBTZUSD"]
    return [[*map(Decimal, row[1:5]), Decimal(row[6]), Decimal(row[7])] for row in found]


def stream_candles(told: list[Json]) -> list[list[Decimal]]:
    names = ("open", "high", "low", "close", "volume", "trades")
    return [[Decimal(row[name]) for name in names] for row in told]


@pytest.mark.parametrize("interval", [1, 5, 60, 1440])
def test_candles_are_those_of_rest(client: Client, line: Line, interval: int) -> None:
    begun = rows(line.subscribe("ohlc", symbol=["BTC/USD"], interval=interval), "ohlc", "snapshot")
    assert stream_candles(begun)[-100:] == rest_candles(client, interval)[-100:]

    client.control("clock", advance_seconds=30)
    [running] = rows(line.settled(), "ohlc")
    assert stream_candles([running]) == rest_candles(client, interval)[-1:]


def test_a_candle_that_is_over_is_told_before_the_next(client: Client, line: Line) -> None:
    client.control("clock", advance_seconds=59)
    line.subscribe("ohlc", symbol=["BTC/USD"], interval=1)
    client.control("clock", advance_seconds=2)

    begins = [row["interval_begin"] for row in rows(line.settled(), "ohlc")]
    assert begins == ["2026-10-01T00:00:00.000000000Z", "2026-10-01T00:01:00.000000000Z"]


def test_candles_of_several_intervals_go_together(client: Client, line: Line) -> None:
    for interval in (1, 15):
        line.subscribe("ohlc", symbol=["BTC/USD"], interval=interval)
    client.control("clock", advance_seconds=5)

    assert {row["interval"] for row in rows(line.settled(), "ohlc")} == {1, 15}


def test_instruments_are_all_that_is_listed(client: Client, line: Line) -> None:
    [frame] = [f for f in line.subscribe("instrument") if f.get("channel") == "instrument"]

    theirs = client.public("AssetPairs")["result"].values()
    listed = {(row["altname"], row["status"], Decimal(row["tick_size"])) for row in theirs}
    names = {"BTC": "XBT", "DOGE": "XDG"}
    ours = {
        (
            names.get(row["base"], row["base"]) + names.get(row["quote"], row["quote"]),
            row["status"],
            row["price_increment"],
        )
        for row in frame["data"]["pairs"]
    }
    assert ours == listed
    assert len(frame["data"]["assets"]) == len(client.public("Assets")["result"])


def test_a_pair_that_changes_its_status_is_told_and_no_other(served: Served, line: Line) -> None:
    line.subscribe("instrument")
    pair = served.exchange.market.listing.pair("XBTUSD")
    assert pair is not None
    served.exchange.set_pair_status(pair, "cancel_only")

    [told] = [frame["data"] for frame in line.settled() if frame.get("channel") == "instrument"]
    assert told["assets"] == []
    [row] = told["pairs"]
    assert (row["symbol"], row["status"]) == ("BTC/USD", "cancel_only")


def test_everyone_is_told_when_the_exchange_changes_its_status(served: Served) -> None:
    with connected(served) as line:
        line.next()
        for status in ("maintenance", "cancel_only", "post_only", "online"):
            served.exchange.set_system(status)

            [row] = line.settled()[0]["data"]
            assert row["system"] == status


def test_a_turned_clock_may_be_skewed_back_and_the_stream_goes_on(
    client: Client, line: Line
) -> None:
    client.control("clock", advance_seconds=7200)
    line.subscribe("trade", symbol=["BTC/USD"])
    client.control("clock", skew_seconds=-3600)
    line.settled()
    client.control("clock", advance_seconds=1)

    assert 0 < len(rows(line.settled(), "trade")) < 30
