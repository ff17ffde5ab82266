"""Closes across which the stream was cut: decided on bars of REST, by the fallback, or not at all.

Never on bars that lack, or that the stream did not prove.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from kraken_pipeline.domain.timeframes import TIMEFRAMES, Timeframe
from kraken_pipeline.kraken.stream.liveness import Patience
from kraken_pipeline.kraken.stream.upkeep import Pauses, Terms
from kraken_pipeline.simulator.faults.kinds import Kind
from kraken_pipeline.simulator.faults.rules import Rule
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.wiring.market_listening import hearing_market
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.defs.runs import Runs, metadata_of
from kraken_pipeline_tests.kraken.stream.world import eventually
from kraken_pipeline_tests.paper_market import NOON, PAIRS, PaperMarket

pytestmark = pytest.mark.slow
FIVE = TIMEFRAMES["5m"]
CLOSE = NOON + FIVE.length
HASTY = Terms(patience=Patience(socket=1.5, subscription=1.0), pauses=Pauses(first=0.05, most=0.2))
DECIDED = "SELECT outcome, reason FROM decisions WHERE timeframe = '5m'"


class Listener:
    """Notes which pairs had their bar when the close was told, as whoever decides finds them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.bars = pipeline.stores.bars
        self.had: set[str] | None = None

    def closed(self, frames: tuple[Timeframe, ...], closed_at: datetime) -> None:
        if closed_at == CLOSE:
            self.had = set(self.bars.closes(FIVE, closed_at))


@pytest.fixture
def listener(pipeline: Pipeline) -> Iterator[Listener]:
    """Listen to a market of which the candles are not told any more."""
    made = Listener(pipeline)
    with hearing_market(pipeline, made, terms=HASTY) as listening:
        assert eventually(lambda: "pairs" in listening.condition)
        yield made


def cut(market: PaperMarket) -> None:
    """Cut the stream before the close; the candles of the next connection never come."""
    faults = market.served.service.faults
    market.turn(CLOSE - timedelta(seconds=20))
    faults.add(Rule(kind=Kind.SILENT_SUBSCRIPTION, subject="ohlc", times=None, effect=True))
    faults.add(Rule(kind=Kind.CUT_SOCKET))
    market.turn(CLOSE - timedelta(seconds=10))


def pass_close(market: PaperMarket, listener: Listener) -> None:
    """Let time pass until the close is told: a new connection is given ten seconds to tell all."""
    for second in (2, 8, 14, 16, 18):
        market.turn(CLOSE + timedelta(seconds=second))
        eventually(lambda: listener.had is not None, seconds=2)
    assert listener.had is not None


def test_a_close_across_which_the_stream_was_cut_is_told_with_bars_of_rest(
    listener: Listener, pipeline: Pipeline, market: PaperMarket, runs: Runs
) -> None:
    cut(market)
    pass_close(market, listener)

    said = metadata_of(runs.assets("ohlc_5m", "decisions_5m", close=CLOSE), "decisions_5m")

    assert listener.had == set(PAIRS)
    universe = pipeline.stores.universes.latest()
    assert universe is not None
    store = HistoryBarStore(pipeline.stores.bars_dir)
    found = [
        store.compare(FIVE, pipeline.edge.market.candles(each, FIVE, NOON))
        for each in universe.members
    ]
    assert {(each.same, each.added, each.differing) for each in found} == {(1, 0, 0)}
    assert (said["skipped"], said["dagster/partition_row_count"]) == (0, 1)


def test_where_rest_does_not_mend_it_in_time_the_fallback_decides_once_it_does(
    listener: Listener, market: PaperMarket
) -> None:
    cut(market)
    market.served.service.faults.add(Rule(kind=Kind.UNAVAILABLE, subject="OHLC", times=None))
    pass_close(market, listener)
    undecided = market.rows(DECIDED)
    market.served.service.faults.clear()

    with Runs.on(market) as scheduled:
        scheduled.assets("ohlc_5m", "decisions_5m", close=CLOSE)

    assert listener.had == set()
    assert undecided == []
    [(outcome, _)] = market.rows(DECIDED)
    assert outcome in {"signal", "no_signal"}


def test_where_no_bar_comes_in_time_the_skip_is_recorded_with_its_reason(
    listener: Listener, market: PaperMarket, runs: Runs
) -> None:
    cut(market)
    market.served.service.faults.add(Rule(kind=Kind.UNAVAILABLE, subject="OHLC", times=None))
    pass_close(market, listener)

    runs.assets("decisions_5m", close=CLOSE)

    [(outcome, reason)] = market.rows(DECIDED)
    assert outcome == "skipped"
    assert str(reason).startswith("DATA_STALE_EVENT: no 5m bar closed at")
