"""What Dagster says of the market's stream."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest

from kraken_pipeline.defs import market_stream as watched
from kraken_pipeline.defs.market_stream import market_is_heard, market_stream, prices_are_sound
from kraken_pipeline.domain.quotes import QuoteBoard
from kraken_pipeline.domain.timeframes import last_close
from kraken_pipeline.store.quotes import QuoteFile
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.market_sign import NO_UNIVERSE, told
from kraken_pipeline.wiring.signs import MARKET, Presence
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.paper_market import PaperMarket
from kraken_pipeline_tests.store.test_quotes import board

Told = dict[str, bool]


def look(runs: Runs, cursor: str | None) -> tuple[Told, str | None]:
    """Return what the sensor tells as checks, and what it remembers."""
    context = dg.build_sensor_context(
        instance=runs.instance, cursor=cursor, resources={"pipeline": runs.pipeline}
    )
    result = market_stream(context)
    events = result.asset_events if isinstance(result, dg.SensorResult) else []
    checks = [each for each in events if isinstance(each, dg.AssetCheckEvaluation)]
    return {each.check_name: each.passed for each in checks}, context.cursor


@pytest.fixture
def presence(market: PaperMarket) -> Iterator[Presence]:
    found = Presence(market.data_dir, MARKET)
    yield found
    found.leave()


def keep(market: PaperMarket, presence: Presence, kept: QuoteBoard, *, seconds: float = 0) -> None:
    presence.show(system_now() - timedelta(seconds=seconds), **told(kept, is_heard=True, why=""))
    QuoteFile(market.data_dir).write(kept)


def test_where_no_listener_was_started_nothing_is_told(runs: Runs) -> None:
    assert look(runs, None)[0] == {}
    found = market_is_heard(runs.pipeline)
    assert isinstance(found, dg.AssetCheckResult)
    assert found.passed
    assert "prices are asked of REST" in (found.description or "")


def test_str_1_the_sensor_tells_once_that_the_market_is_lost_and_once_that_it_is_back(
    runs: Runs, market: PaperMarket, presence: Presence
) -> None:
    heard: list[bool] = []
    cursor: str | None = None
    for age in (0, 0, 60, 60, 0):
        keep(market, presence, board(), seconds=age)
        checks, cursor = look(runs, cursor)
        heard += [checks[watched.HEARD]] if watched.HEARD in checks else []

    assert heard == [True, False, True]


def test_str_7_how_good_prices_are_is_told_once_in_a_quarter_of_an_hour(
    runs: Runs, market: PaperMarket, presence: Presence
) -> None:
    keep(market, presence, board(pairs=3))
    back, cursor = look(runs, None)
    first, cursor = look(runs, cursor)
    at_once, _ = look(runs, cursor)
    before = last_close(watched.SLOT, system_now()) - timedelta(minutes=15)
    later, _ = look(runs, f"heard {before:%Y-%m-%dT%H:%M}")

    assert (back, first) == ({watched.HEARD: True}, {watched.SOUND: False})
    assert at_once == {}
    assert later == {watched.SOUND: False}


def test_a_listener_that_waits_for_a_universe_is_not_missed(runs: Runs, presence: Presence) -> None:
    presence.show(system_now(), **told(None, is_heard=False, why=NO_UNIVERSE))

    assert look(runs, None)[0] == {}
    found = market_is_heard(runs.pipeline)
    assert isinstance(found, dg.AssetCheckResult)
    assert found.passed


def test_str_7_the_check_names_the_worst_pairs_with_their_figures(
    runs: Runs, market: PaperMarket, presence: Presence
) -> None:
    doubted = board(pairs=3)
    fine = replace(doubted.pairs["P0"], doubts=frozenset(), gaps=0, checksum_failures=0)
    keep(market, presence, replace(doubted, pairs={**doubted.pairs, "P0": fine}))
    found = prices_are_sound(runs.pipeline)

    assert isinstance(found, dg.AssetCheckResult)
    assert found.description == "1 of 3 pairs may be opened on"
    figures = {name: each.value for name, each in found.metadata.items()}
    assert (figures["doubted"], figures["gaps"], figures["reconnects"]) == (2, 2, 2)
    records = found.metadata["worst_pairs"].records  # type: ignore[attr-defined]  # it is a table
    assert [each.data["pair"] for each in records] == ["P1", "P2"]
