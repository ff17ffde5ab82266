import json

from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket

SINCE = ("--since", "2024-03-04")
"""The day before the one on which the market of these tests stands."""


def test_a_plan_tells_calls_and_time_and_changes_nothing(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    said = command("history", "plan", "ADA/USD", *SINCE, environ=market.environ)

    assert said.code == 0
    assert "ADAUSD from 2024-03-04 to 2024-03-05: about " in said.out
    assert "candles still tell all of 5m, 15m, 1h, 4h, 1d" in said.out
    known = CertificateFiles(pipeline.loaded.bars_dir).of(timeframe("1h"))
    assert {each.source for each in known["ADAUSD"].spans} == {Source.OHLC}


def test_history_is_filled_once_and_is_what_the_exchange_tells(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    for frame in ("15m", "1h", "1d"):
        pipeline.refresh_bars(timeframe(frame))

    said = command("history", "fetch", "ADAUSD", *SINCE, "--json", environ=market.environ)
    again = command("history", "fetch", "ADAUSD", *SINCE, environ=market.environ)

    told = json.loads(said.out)
    assert (told["done"]["calls"], told["done"]["trades"]) == (told["calls"], told["trades"])
    assert set(told["done"]["differing"].values()) == {0}
    assert [told["done"]["added"][each] for each in ("1m", "15m", "1h", "4h", "1d")] == [
        1440,
        0,
        0,
        0,
        0,
    ]
    assert "100 %" in said.err
    assert "ADAUSD is filled up to 2024-03-05" in again.err
    known = CertificateFiles(pipeline.loaded.bars_dir).of(timeframe("1h"))["ADAUSD"]
    assert {each.source for each in known.spans} == {Source.OHLC, Source.TRADES}


def test_a_day_that_is_not_over_and_a_pair_that_is_none_are_refused(
    command: Command, market: PaperMarket
) -> None:
    today = command("history", "plan", "ADAUSD", "--since", "2024-03-05", environ=market.environ)
    none = command("history", "plan", "NONE", *SINCE, environ=market.environ)

    assert (today.code, none.code) == (2, 2)
    assert "2024-03-05 is not over" in today.err
    assert "'NONE' is no pair" in none.err
