"""Prices over HTTP."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from kraken_pipeline_tests.simulator.conftest import Client

NOW = 1_790_812_800


def test_candles_are_seven_hundred_and_twenty_and_the_running_one(client: Client) -> None:
    client.control("clock", advance_seconds=90)

    answer = client.public("OHLC", pair="XBTUSD", interval=5)["result"]
    rows = answer["XXBTZUSD"]
    assert len(rows) == 721
    assert answer["last"] == rows[-2][0] == NOW - 300
    assert [row[0] for row in rows] == list(range(NOW - 720 * 300, NOW + 1, 300))


def test_on_the_boundary_the_last_row_is_committed(client: Client) -> None:
    answer = client.public("OHLC", pair="XBTUSD", interval=60)["result"]

    assert len(answer["XXBTZUSD"]) == 720
    assert answer["last"] == answer["XXBTZUSD"][-1][0] == NOW - 3600


@pytest.mark.parametrize("since", [NOW - 7200, NOW - 3601, NOW - 5000.5])
def test_since_gives_the_candle_that_it_lies_in(client: Client, since: float) -> None:
    rows = client.public("OHLC", pair="XBTUSD", interval=60, since=since)["result"]["XXBTZUSD"]

    assert [row[0] for row in rows] == [NOW - 7200, NOW - 3600]


def test_candles_without_trades_stand_at_the_price_before(client: Client) -> None:
    rows = client.public("OHLC", pair="WELLUSD", interval=1)["result"]["WELLUSD"]

    gaps = [(before, row) for before, row in pairwise(rows) if row[7] == 0]
    assert gaps
    for before, row in gaps:
        assert row[1:7] == [before[4]] * 4 + ["0.0", "0.00000000"]


def test_all_of_history_can_be_walked_by_giving_last_back(client: Client) -> None:
    first = client.public("Trades", pair="XBTUSD", since=0, count=700)["result"]
    second = client.public("Trades", pair="XBTUSD", since=first["last"], count=500)["result"]

    begun = datetime(2015, 1, 1, tzinfo=UTC).timestamp()
    rows = first["XXBTZUSD"] + second["XXBTZUSD"]
    times = [row[2] for row in rows]
    assert len(rows) == 1200
    assert begun <= times[0] < begun + 60
    assert times == sorted(times)
    assert len({row[6] for row in rows}) == 1200


def test_since_counts_seconds_as_well_as_nanoseconds(client: Client) -> None:
    coarse = client.public("Trades", pair="XBTUSD", since=NOW - 30)["result"]
    fine = client.public("Trades", pair="XBTUSD", since=(NOW - 30) * 10**9)["result"]

    assert coarse == fine
    assert coarse["XXBTZUSD"]


def test_when_nothing_traded_since_last_stays_where_it_was(client: Client) -> None:
    answer = client.public("Trades", pair="XBTUSD", since=NOW)["result"]

    assert answer == {"XXBTZUSD": [], "last": f"{NOW}000000000"}


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"pair": "XBTUSD", "interval": 360}, "EGeneral:Invalid arguments"),
        ({"interval": 60}, "EGeneral:Invalid arguments"),
        ({"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        ({"pair": "XBTUSD", "since": "x"}, "EGeneral:Invalid arguments:since"),
    ],
)
def test_wrong_questions_are_refused(
    client: Client, query: dict[str, object], refusal: str
) -> None:
    assert client.public("OHLC", **query) == {"error": [refusal]}


def test_an_unknown_method_is_404(client: Client) -> None:
    reply = client.session.get(f"{client.url}/0/public/Weather", timeout=10)

    assert (reply.status_code, reply.json()) == (404, {"error": ["EGeneral:Unknown method"]})


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("XBTUSD", "XXBTZUSD"),
        ("XXBTZUSD", "XXBTZUSD"),
        ("BTC/USD", "BTC/USD"),
        ("XDGUSD", "XDGUSD"),
    ],
)
def test_the_key_of_the_answer_follows_the_spelling_asked(
    client: Client, asked: str, key: str
) -> None:
    for method in ("AssetPairs", "Ticker", "Depth", "Trades", "Spread", "OHLC"):
        assert key in client.public(method, pair=asked)["result"]


def test_pairs_can_be_named_the_newer_way(client: Client) -> None:
    pair = client.public("AssetPairs", pair="XDGUSD", assetVersion=1)["result"]["DOGE/USD"]

    assert (pair["base"], pair["quote"], pair["altname"]) == ("DOGE", "USD", "XDGUSD")


def test_what_is_listed_is_the_same_alone_and_among_all(client: Client) -> None:
    for method, name, key in (("AssetPairs", "pair", "XXBTZUSD"), ("Assets", "asset", "XXBT")):
        every, alone = client.public(method), client.public(method, **{name: key})
        assert alone["result"] == {key: every["result"][key]}
        assert client.public(method, assetVersion=1)["result"].keys() != every["result"].keys()
        assert client.public(method) == every
    fees = client.public("AssetPairs", info="fees")["result"]
    assert fees["XXBTZUSD"] == {"fees": [], "fees_maker": [], "fee_volume_currency": "ZUSD"}


def test_there_are_no_tokenized_assets(client: Client) -> None:
    assert client.public("AssetPairs", aclass_base="tokenized_asset")["result"] == {}


def test_the_ticker_agrees_with_the_candles(client: Client) -> None:
    client.control("clock", advance_seconds=5 * 3600 + 77)
    ticker = client.public("Ticker", pair="SOLUSD")["result"]["SOLUSD"]
    day = client.public("OHLC", pair="SOLUSD", interval=1440)["result"]["SOLUSD"][-1]
    minute = client.public("OHLC", pair="SOLUSD", interval=1)["result"]["SOLUSD"][-1]

    assert Decimal(ticker["o"]) == Decimal(day[1])
    assert Decimal(ticker["h"][0]) == Decimal(day[2])
    assert Decimal(ticker["l"][0]) == Decimal(day[3])
    assert Decimal(ticker["c"][0]) == Decimal(day[4]) == Decimal(minute[4])
    assert (ticker["v"][0], ticker["t"][0]) == (day[6], day[7])
    assert Decimal(ticker["b"][0]) < Decimal(ticker["a"][0])


def test_trades_make_the_candle_of_their_minute(client: Client) -> None:
    client.control("clock", advance_seconds=3600)
    candle = client.public("OHLC", pair="SOLUSD", interval=1)["result"]["SOLUSD"][-1]
    after = client.public("Trades", pair="SOLUSD", since=candle[0])["result"]

    rows = after["SOLUSD"]
    assert len(rows) == candle[7]
    assert sum(Decimal(row[1]) for row in rows) == Decimal(candle[6])
    prices = [Decimal(row[0]) for row in rows]
    assert [prices[0], max(prices), min(prices), prices[-1]] == [Decimal(p) for p in candle[1:5]]
    assert after["last"] == str(int(Decimal(str(rows[-1][2])) * 10**9))


def test_trades_go_on_after_last(client: Client) -> None:
    last = client.public("Trades", pair="XBTUSD")["result"]["last"]
    client.control("clock", advance_seconds=30)

    rows = client.public("Trades", pair="XBTUSD", since=last)["result"]["XXBTZUSD"]
    assert rows
    assert min(Decimal(str(row[2])) for row in rows) > Decimal(last) / 10**9


def test_the_book_is_deep_sorted_and_shows_our_order(client: Client) -> None:
    before = client.public("Depth", pair="XBTUSD")["result"]["XXBTZUSD"]
    price = str(Decimal(before["bids"][0][0]) + Decimal("0.1"))[:-4]
    client.placed(price=price, volume="0.123")

    book = client.public("Depth", pair="XBTUSD", count=10)["result"]["XXBTZUSD"]
    assert book["bids"][0][:2] == [f"{price}0000", "0.123"]
    asks, bids = ([Decimal(row[0]) for row in book[side]] for side in ("asks", "bids"))
    assert len(asks) == len(bids) == 10
    assert sorted(asks) == asks
    assert sorted(bids, reverse=True) == bids
    assert bids[0] < asks[0]


def test_all_tickers_come_in_one_answer(client: Client) -> None:
    assert len(client.public("Ticker")["result"]) == len(client.public("AssetPairs")["result"])
