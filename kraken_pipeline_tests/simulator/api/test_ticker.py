"""The ticker of all pairs, held against what is known of each pair alone."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.simulator import candles, house
from kraken_pipeline.simulator.api.ticker import ticker
from kraken_pipeline.simulator.candles import DAY, MINUTE, Candles
from kraken_pipeline.simulator.clock import FixedClock
from kraken_pipeline.simulator.engine import Resting
from kraken_pipeline.simulator.exchange import Exchange
from kraken_pipeline.simulator.journal import Journal
from kraken_pipeline.simulator.listing import Pair
from kraken_pipeline.simulator.market import day_before
from kraken_pipeline.simulator.params import Params
from kraken_pipeline.simulator.synthetic import SyntheticMarket
from kraken_pipeline_tests.simulator.conftest import Client, Json

MARKET = SyntheticMarket(1)
MIDNIGHT = 1_790_812_800


def asked(tmp_path: Path, at: float, **query: str) -> Json:
    """Return the answer to Ticker at a time."""
    journal = Journal(tmp_path / "state", MARKET.identity)
    try:
        exchange = Exchange(MARKET, FixedClock(datetime.fromtimestamp(at, UTC)), journal)
        return json.loads(ticker(exchange, Params(query)))
    finally:
        journal.close()


def fixed(value: Decimal, decimals: int) -> str:
    return f"{value:.{decimals}f}"


def alone(pair: Pair, at: float) -> Json:
    """Return the row of one pair, worked out number by number."""
    minute = MARKET.finest(pair, at)
    begun = candles.begun(minute, at)
    pieces = MARKET.pieces(pair, day_before(at, MINUTE), at)
    parts = [pieces[pieces.time >= int(at) // DAY * DAY], pieces]
    spans = [part if len(part) else candles.column([begun]) for part in parts]
    decimals = max(5, pair.cost_decimals, pair.price_decimals)
    last = candles.print_volume(minute, max(candles.prints_until(minute, at) - 1, 0))

    def price(units: int) -> str:
        return fixed(pair.price(units), decimals)

    def top(order: Resting) -> list[str]:
        whole = max(int(order.qty), 1)
        return [fixed(order.price, decimals), f"{whole}", f"{whole}.000"]

    def vwap(span: Candles) -> int:
        volume = int(span.volume.sum())
        turnover = float((span.vwap.astype(float) * span.volume).sum())
        return round(turnover / volume) if volume else int(span.close[-1])

    bid, ask = house.best(pair, pair.price(begun.close), int(at) // MINUTE)
    return {
        "a": top(ask),
        "b": top(bid),
        "c": [price(begun.close), fixed(pair.volume(last), 8)],
        "v": [fixed(pair.volume(int(span.volume.sum())), 8) for span in spans],
        "p": [price(vwap(span)) for span in spans],
        "t": [int(span.count.sum()) for span in spans],
        "l": [price(int(span.low.min())) for span in spans],
        "h": [price(int(span.high.max())) for span in spans],
        "o": price(int(spans[0].open[0])),
    }


@pytest.mark.parametrize(
    "later", [0, 0.5, 59.999, 60, 3599.5, 3600, 3660.25, 43_217.3, 86_399, 86_400, 500_001.5]
)
def test_every_row_says_what_is_known_of_its_pair(tmp_path: Path, later: float) -> None:
    at = MIDNIGHT + later

    answer = asked(tmp_path, at)

    expected = {pair.key: alone(pair, at) for pair in MARKET.listing.pairs[int(later) % 7 :: 7]}
    assert len(answer) == len(MARKET.listing.pairs)
    assert {key: answer[key] for key in expected} == expected


@pytest.mark.parametrize("named", ["XBTUSD", "ETH/USD,XBTUSD,XBT/USD", "many", "all"])
def test_a_pair_has_the_same_row_whoever_else_is_asked_for(tmp_path: Path, named: str) -> None:
    backwards = [pair.key for pair in MARKET.listing.pairs][::-1]
    keys = {"many": backwards[40:80], "all": backwards}.get(named, named.split(","))
    at = MIDNIGHT + 777.7

    some = asked(tmp_path, at, pair=",".join(keys))

    everything = asked(tmp_path, at)
    spelled = {"ETH/USD": "XETHZUSD", "XBT/USD": "XXBTZUSD", "XBTUSD": "XXBTZUSD"}
    assert len(some) == len(keys)
    assert some == {name: everything[spelled.get(name, name)] for name in some}


def test_all_rows_can_be_named_the_newer_way(client: Client) -> None:
    newer, usual = (client.public("Ticker", **asked) for asked in ({"assetVersion": 1}, {}))

    assert newer["result"]["DOGE/USD"] == usual["result"]["XDGUSD"]
    assert list(newer["result"].values()) == list(usual["result"].values())
