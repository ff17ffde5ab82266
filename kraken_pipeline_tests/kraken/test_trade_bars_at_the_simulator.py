"""Bars made of the exchange's trades, beside the candles that it tells itself (HIS-2)."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.market_reports import PublicTrade
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.domain.trade_bars import bars_of, mismatches
from kraken_pipeline.kraken.http import PublicLine
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.simulator.simulation import Settings, simulated
from kraken_pipeline_tests.kraken.lines import SECRET

HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Hour:
    """Every trade of a pair in the last full hour and since."""

    market: PublicMarket
    pair: Pair
    first: int
    trades: tuple[PublicTrade, ...]


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hour]:
    told = Settings(folder=tmp_path_factory.mktemp("state"), secret=SECRET, clock="fixed")
    with simulated(told) as served:
        market = PublicMarket(PublicLine(served.url))
        pair = market.listing().pairs["XBTUSD"]
        first = int(market.server_time().timestamp()) // HOUR * HOUR - HOUR
        trades: list[PublicTrade] = []
        cursor = str(first * 10**9 - 1)
        while (page := market.trades(pair, cursor=cursor)).trades:
            trades += page.trades
            cursor = page.cursor
        yield Hour(market=market, pair=pair, first=first, trades=tuple(trades))
        market.close()


@pytest.mark.parametrize("frame", ["1m", "5m", "15m", "1h"])
def test_the_trades_of_the_simulator_make_its_candles(hour: Hour, frame: str) -> None:
    """U-HIS-3."""
    length = TIMEFRAMES[frame]
    until = hour.first + HOUR

    ours = bars_of(hour.trades, length)
    theirs = hour.market.candles(hour.pair, length, None)

    assert sum(hour.first <= each < until for each in theirs.opened_at) == HOUR // length.seconds
    assert mismatches(ours, theirs, first=hour.first, until=until) == ()


def test_a_trade_that_was_missed_is_found_out(hour: Hour) -> None:
    minute = TIMEFRAMES["1m"]
    missed = len(hour.trades) // 3
    ours = bars_of(hour.trades[:missed] + hour.trades[missed + 1 :], minute)
    theirs = hour.market.candles(hour.pair, minute, None)

    found = mismatches(ours, theirs, first=hour.first, until=hour.first + HOUR)

    assert {"volume", "trades"} <= {each.field for each in found}
    assert len({each.opened_at for each in found}) == 1
