"""Recorded candles."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import requests

from kraken_pipeline.simulator import market
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.recorded import ReplayError
from kraken_pipeline.simulator.replay import ReplayMarket
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.simulator.conftest import SECRET, Client

START = 1_704_067_200
DAY = 86_400
SHAPES = {
    "archive": "{t},10.5,12.0,9.5,11.0,1.5,7\n{u},11.0,11.5,10.5,11.5,2.5,3\n",
    "header": "time,open,high,low,close,volume,trades\n"
    "{t},10.5,12.0,9.5,11.0,1.5,7\n{u},11.0,11.5,10.5,11.5,2.5,3\n",
    "untraded": "time,open,high,low,close,volume\n{t},10.5,12.0,9.5,11.0,1.5\n"
    "{u},11.0,11.5,10.5,11.5,2.5\n",
    "iso": "ts,open,high,low,close,volume\n2024-01-01 00:00:00+00:00,10.5,12.0,9.5,11.0,1.5\n"
    "2024-01-03 00:00:00+00:00,11.0,11.5,10.5,11.5,2.5\n",
}


def only_pair(folder: Path) -> tuple[ReplayMarket, Pair]:
    found = ReplayMarket(folder)
    [pair] = found.listing.pairs
    return found, pair


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_file_is_read(tmp_path: Path, shape: str) -> None:
    text = SHAPES[shape].format(t=START, u=START + 2 * DAY)
    (tmp_path / "XMRUSD_1440.made.csv").write_text(text)

    replay, pair = only_pair(tmp_path)
    rows = replay.whole(pair, DAY, START, START + 3 * DAY)

    assert rows.time.tolist() == [START, START + DAY, START + 2 * DAY]
    assert [str(pair.price(units)) for units in rows.close] == ["11.00", "11.00", "11.50"]
    assert rows.volume.tolist() == [150_000_000, 0, 250_000_000]
    assert (rows.count > 0).tolist() == [True, False, True]


def test_the_candle_with_more_trades_stands(tmp_path: Path) -> None:
    hour = "{t},10,10,10,10,1,{n}\n"
    (tmp_path / "XMRUSD_60.a.csv").write_text(hour.format(t=START, n=5))
    (tmp_path / "XMRUSD_60.b.csv").write_text(hour.format(t=START, n=9).replace("10,1,", "10,4,"))

    replay, pair = only_pair(tmp_path)

    assert replay.whole(pair, 3600, START, START + 3600).volume.tolist() == [400_000_000]


def test_coarser_candles_are_made_of_finer_ones_where_those_are_complete(tmp_path: Path) -> None:
    lines = [f"{START + n * 3600},{10 + n},{12 + n},{9 + n},{11 + n},1,4\n" for n in range(30)]
    (tmp_path / "XMRUSD_60.csv").write_text("".join(lines))

    replay, pair = only_pair(tmp_path)
    days = replay.whole(pair, DAY, START, START + 2 * DAY)

    assert len(days) == 1
    day = days.row(0, DAY)
    assert [str(pair.price(p)) for p in (day.open, day.high, day.low, day.close)] == [
        "10.00", "35.00", "9.00", "34.00",
    ]  # fmt: skip
    assert (day.count, day.volume) == (96, 24 * 10**8)
    assert len(replay.whole(pair, 60, START, START + DAY)) == 0
    assert market.served(replay, pair, 60, None, START + 7000)[1] == 0


def test_the_price_walks_inside_the_candle(tmp_path: Path) -> None:
    (tmp_path / "XMRUSD_1440.csv").write_text(f"{START},10.5,12.0,9.5,11.0,1.5,90\n")

    replay, pair = only_pair(tmp_path)
    prices = [market.last_price(replay, pair, START + n * 8640) for n in range(1, 10)]

    assert len(set(prices)) > 3
    assert all(Decimal("9.5") <= price <= 12 for price in prices)
    assert all(price % pair.tick == 0 for price in prices)


def test_a_pair_without_data_around_the_time_does_not_trade(tmp_path: Path) -> None:
    (tmp_path / "XMRUSD_1440.csv").write_text(f"{START},10.5,12.0,9.5,11.0,1.5,90\n")

    replay, pair = only_pair(tmp_path)

    assert replay.is_open(pair, START + 5)
    assert not replay.is_open(pair, START + DAY)
    assert str(market.last_price(replay, pair, START + 5 * DAY)) == "11.00"
    assert replay.finest(pair, START - 1) is None


def test_the_listing_and_the_ticker_follow_what_is_recorded(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    (recorded / "XMRUSD_1440.csv").write_text(f"{START},10.5,12.0,9.5,11.0,1.5,90\n")
    (recorded / "SOLUSD_1440.csv").write_text(f"{START + DAY},20.5,22.0,19.5,21.0,1.5,90\n")
    at = datetime.fromtimestamp(START + 5, UTC)
    settings = Settings(folder=tmp_path / "state", secret=SECRET, replay=recorded, at=at)

    with simulated(settings) as served, requests.Session() as session:
        client = Client(served.url, session)
        first, early = client.public("AssetPairs")["result"], client.public("Ticker")["result"]
        client.control("clock", advance_seconds=DAY)
        second, later = client.public("AssetPairs")["result"], client.public("Ticker")["result"]

    names = ["SOLUSD", "XXMRZUSD"]
    assert [first[name]["status"] for name in names] == ["cancel_only", "online"]
    assert [second[name]["status"] for name in names] == ["online", "cancel_only"]
    assert (list(early), sorted(later)) == (["XXMRZUSD"], names)
    assert (early["XXMRZUSD"]["o"], later["XXMRZUSD"]["c"][0]) == ("10.50000000", "11.00000000")


def test_an_unknown_asset_gets_its_specification_from_its_prices(tmp_path: Path) -> None:
    (tmp_path / "NEWUSD_1440.csv").write_text(f"{START},0.0105,0.012,0.0095,0.0111,1500000,90\n")

    _, pair = only_pair(tmp_path)

    assert (pair.key, pair.pair_decimals) == ("NEWUSD", 4)
    assert 3 < float(pair.ordermin) * 0.0111 < 7


def test_the_instant_is_the_latest_day_with_most_pairs_around_it(tmp_path: Path) -> None:
    def days(name: str, first: int, count: int) -> None:
        lines = [f"{START + n * DAY},10,11,9,10,1,4\n" for n in range(first, first + count)]
        (tmp_path / f"{name}_1440.csv").write_text("".join(lines))

    days("XMRUSD", 0, 200)
    days("XBTUSD", 20, 100)

    replay = ReplayMarket(tmp_path)

    assert replay.start(None).timestamp() == START + (120 - 30) * DAY
    with pytest.raises(ReplayError, match="outside of what is recorded, 2024-01-01"):
        replay.start(datetime(2023, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("notes.txt", "", "no file named"),
        ("XMRUSD_60.csv", "", "can't be read as candles"),
        ("XMRUSD_60.csv", "time,open\n1,2\n", "can't be read as candles"),
        ("XMRUSD_60.csv", "1704067200,a,b,c,d,e,f\n", "can't be read as candles"),
        ("XMRZZZ_60.csv", "1704067200,1,1,1,1,1,1\n", "in none of the quotes"),
    ],
)
def test_an_unusable_folder_is_refused_in_a_sentence(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(ReplayError, match=why):
        ReplayMarket(tmp_path)


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("XBTUSD_240.2024_2025", "XBTUSD"),
        ("SOLUSD_5.2024H2", "SOLUSD"),
        ("XRPUSD_1440.to_2024-03", "XRPUSD"),
    ],
)
def test_recorded_candles_are_served_as_they_were_recorded(
    recorded: Path, name: str, pair: str
) -> None:
    replay = ReplayMarket(recorded / "ohlc")
    found = replay.listing.pair(pair)
    assert found is not None
    seconds = int(name.split("_")[1].split(".", maxsplit=1)[0]) * 60
    with (recorded / "ohlc" / f"{name}.csv").open() as file:
        lines = [line for line in csv.reader(file) if line[0].isdigit()][:4000]

    rows = replay.whole(found, seconds, int(lines[0][0]), int(lines[-1][0]) + seconds)

    by_time = {int(t): n for n, t in enumerate(rows.time)}
    index = [by_time[int(line[0])] for line in lines]
    for column, name_ in enumerate(("open", "high", "low", "close"), start=1):
        units = np.rint([float(line[column]) * 10**found.price_decimals for line in lines])
        assert np.array_equal(getattr(rows, name_)[index], units)
