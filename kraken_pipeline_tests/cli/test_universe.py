"""`universe list` and `universe explain`."""

import json
from datetime import timedelta

import pytest

from kraken_pipeline.domain.universe_chain import FILTERS
from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import MOMENT, PAIRS, PaperMarket


def test_the_pairs_that_are_in_are_listed(command: Command, market: PaperMarket) -> None:
    told = json.loads(command("universe", "list", "--json", environ=market.environ).out)

    assert [each["pair"] for each in told["pairs"]] == list(PAIRS)
    assert {each["is"] for each in told["pairs"]} == {"in"}
    assert told["version"].startswith("U")
    assert len(told["source_hash"]) == 64


def test_the_pairs_that_are_out_are_listed_with_their_reasons(
    command: Command, market: PaperMarket
) -> None:
    said = command("universe", "list", "--out", environ=market.environ)

    assert "XBTUSD" in said.out
    assert "NOT_INCLUDED: pair=XBTUSD" in said.out
    assert " out, read 2024-03-05 12:00:" in said.out


@pytest.mark.parametrize("spelling", ["ETHUSD", "ETH/USD", "XETHZUSD"])
def test_a_pair_is_explained_in_any_spelling_with_every_filter(
    command: Command, market: PaperMarket, spelling: str
) -> None:
    said = command("universe", "explain", spelling, "--json", environ=market.environ)

    told = json.loads(said.out)
    assert (told["pair"], told["tradable"], told["out_because"]) == ("ETHUSD", True, [])
    assert [each["code"] for each in told["filters"]] == [each.code for each in FILTERS]
    assert told["filters"][9]["found"].startswith("notional_24h=")
    assert told["filters"][9]["asked"] == "min=100000"
    assert told["filters"][9]["verdict"] == "passed"
    assert told["standing"] == {"fits": True, "contrary_refreshes": 0, "needed": 3}


def test_a_pair_that_is_out_is_explained_with_what_would_help(
    command: Command, market: PaperMarket
) -> None:
    said = command("universe", "explain", "BTC/USD", environ=market.environ)

    assert said.out.startswith("XBTUSD is out: NOT_INCLUDED\n")
    assert "spread_bps=" in said.out
    assert "NOT_INCLUDED: universe.include_pairs must name it, or be empty" in said.out


def test_what_is_no_pair_is_told_with_the_nearest(command: Command, market: PaperMarket) -> None:
    said = command("universe", "explain", "eth-usd", environ=market.environ)

    assert said.code == 2
    assert "'eth-usd' is no pair that the exchange lists" in said.err
    assert "did you mean ETHUSD" in said.err


def test_the_universe_of_an_instant_and_of_a_version_can_be_asked_for(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    first = pipeline.stores.universes.latest()
    assert first is not None
    market.configure("  min_24h_volume_usd: 1000000000000\n")
    market.turn(MOMENT + timedelta(hours=1))
    with market.pipeline() as other:
        other.refresh_universe()

    def said(*options: str) -> bool:
        asked = ("universe", "explain", "SOLUSD", "--json", *options)
        tradable: bool = json.loads(command(*asked, environ=market.environ).out)["tradable"]
        return tradable

    assert not said()
    assert said("--at", "2024-03-05T13:30+01:00")
    assert said("--at", first.version)
    assert not said("--at", "2024-03-05T14:00Z")


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2024-03-05T13:00", "write a time with its zone"),
        ("soon", "write a time with its zone"),
        ("2020-01-01T00:00Z", "was not refreshed by 2020-01-01T00:00Z"),
        ("U123", "no universe has the version 'U123'"),
    ],
)
def test_an_instant_without_a_universe_is_told(
    command: Command, market: PaperMarket, at: str, says: str
) -> None:
    said = command("universe", "list", "--at", at, environ=market.environ)

    assert said.code == 2
    assert says in said.err


def test_before_the_first_refresh_the_remedy_is_told(
    command: Command, fresh: dict[str, str]
) -> None:
    said = command("universe", "list", environ=fresh)

    assert said.code == 2
    assert "`kraken-pipeline run-once` refreshes it" in said.err
