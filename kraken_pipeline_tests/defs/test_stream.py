"""What Dagster says of the account's stream."""

from datetime import timedelta

import dagster as dg

from kraken_pipeline.defs.stream import private_stream, stream_is_heard
from kraken_pipeline.wiring.clock import system_now
from kraken_pipeline.wiring.signs import STREAM, Presence
from kraken_pipeline.wiring.stream_sign import told
from kraken_pipeline_tests.defs.runs import Runs
from kraken_pipeline_tests.defs.watching import look
from kraken_pipeline_tests.paper_market import PaperMarket

HEARD = told(is_told=True, why="", proof=None, gaps=1)


def test_where_no_listener_was_started_the_sensor_says_that_orders_are_polled(runs: Runs) -> None:
    checks, said, _ = look(private_stream, runs, None)

    assert checks == []
    assert "orders are polled" in said


def test_the_sensor_tells_once_that_the_stream_is_lost_and_once_that_it_is_back(
    runs: Runs, market: PaperMarket
) -> None:
    presence = Presence(market.data_dir, STREAM)
    told_of: list[bool] = []
    cursor: str | None = None
    for age in (0, 0, 60, 60, 0):
        presence.show(system_now() - timedelta(seconds=age), **HEARD)
        checks, _, cursor = look(private_stream, runs, cursor)
        told_of += checks
    presence.leave()

    assert told_of == [True, False, True]


def test_the_sensor_says_in_words_why_it_is_lost(runs: Runs, market: PaperMarket) -> None:
    presence = Presence(market.data_dir, STREAM)
    presence.show(system_now() - timedelta(seconds=60), **HEARD)
    _, said, _ = look(private_stream, runs, None)
    presence.leave()

    assert "frozen, spoke 60 s ago: end its process, then start `kraken-pipeline stream`" in said


def test_the_check_says_at_any_time_how_it_is(runs: Runs, market: PaperMarket) -> None:
    presence = Presence(market.data_dir, STREAM)
    presence.show(system_now(), **HEARD)
    well = stream_is_heard(runs.pipeline)
    presence.drop()
    lost = stream_is_heard(runs.pipeline)

    assert isinstance(well, dg.AssetCheckResult)
    assert isinstance(lost, dg.AssetCheckResult)
    assert (well.passed, lost.passed) == (True, False)
