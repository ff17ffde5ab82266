import json
from pathlib import Path

from kraken_pipeline.domain.certificates import Source
from kraken_pipeline.domain.speeds import Work
from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.store.certificates import CertificateFiles
from kraken_pipeline.store.fetches import PageFile
from kraken_pipeline.store.speeds import SpeedFile
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PAIRS, PaperMarket, paper_market

SINCE = ("--since", "2024-03-04")
"""The day before the one on which the market of these tests stands."""


def test_a_plan_tells_calls_by_source_and_changes_nothing(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    said = command("history", "plan", "ada/usd", *SINCE, environ=market.environ)
    told = json.loads(
        command("history", "plan", "ADA/USD", *SINCE, "--json", environ=market.environ).out
    )

    assert said.code == 0
    assert f"{told['calls']} calls, " in said.out
    assert told["by_source"] == {
        "files": 0,
        "ohlc": 0,
        "made": 0,
        "trades": told["calls"],
    }
    assert (told["pairs"][0]["pair"], told["pairs"][0]["from"]) == ("ADAUSD", "2024-03-04")
    known = CertificateFiles(pipeline.loaded.bars_dir).of(timeframe("1m"))
    assert {each.source for each in known["ADAUSD"].spans} == {Source.OHLC}


def test_history_is_filled_once_and_is_what_the_exchange_tells(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    said = command("history", "fetch", "ADAUSD", *SINCE, "--json", environ=market.environ)
    again = command("history", "fetch", "ADAUSD", *SINCE, environ=market.environ)

    told = json.loads(said.out)
    done = told["done"]["timeframes"]
    assert {each["differing"] for each in done.values()} == {0}
    assert [done[each]["added"] for each in ("1m", "15m", "1h", "4h", "1d")] == [1440, 0, 0, 0, 0]
    assert "100 %" in said.err
    assert SpeedFile(pipeline.loaded.bars_dir).noted()[Work.CALLS].done == told["done"]["calls"]
    assert told["done"]["share_of_limit"] > 0
    assert "0 calls" in again.err
    known = CertificateFiles(pipeline.loaded.bars_dir).of(timeframe("1h"))["ADAUSD"]
    assert {each.source for each in known.spans} == {Source.OHLC, Source.TRADES}


def test_without_a_pair_all_that_are_managed_are_fetched(command: Command, tmp_path: Path) -> None:
    with paper_market(tmp_path) as market:
        market.configure("")
        said = command("history", "fetch", "--timeframe", "1h", "--json", environ=market.environ)

    assert "no universe is kept yet: it is read first" in said.err
    told = json.loads(said.out)
    assert (said.code, told["by_source"]["ohlc"], told["done"]["calls"]) == (0, 4, 4)
    assert told["done"]["timeframes"]["1h"]["added"] == 4 * 720
    assert {each["pair"] for each in told["pairs"]} == set(PAIRS)


def test_two_fetches_at_once_are_refused(command: Command, market: PaperMarket) -> None:
    with market.pipeline() as pipeline:
        bars = pipeline.loaded.bars_dir
    with PageFile(bars).turn():
        said = command("history", "fetch", "ADAUSD", environ=market.environ)

    assert said.code == 1
    assert "another process is fetching history" in said.err


def test_a_real_archive_is_not_put_beside_a_market_that_is_made_up(
    command: Command, market: PaperMarket, tmp_path: Path
) -> None:
    (tmp_path / "ADAUSD_60.csv").write_text("1609459200,1,1,1,1,1,1\n")

    said = command("history", "fetch", "ADAUSD", "--archive", str(tmp_path), environ=market.environ)

    assert said.code == 2
    assert "trade on a market that is made up" in said.err


def test_a_day_that_is_not_over_and_a_pair_that_is_none_are_refused(
    command: Command, market: PaperMarket
) -> None:
    later = command("history", "plan", "ADAUSD", "--since", "2024-03-06", environ=market.environ)
    none = command("history", "plan", "NONE", *SINCE, environ=market.environ)

    assert (later.code, none.code) == (2, 2)
    assert "2024-03-06 is not over" in later.err
    assert "'NONE' is no pair" in none.err
