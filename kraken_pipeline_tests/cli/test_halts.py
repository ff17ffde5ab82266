import json

import pytest

from kraken_pipeline.wiring.pipeline import Pipeline
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import PaperMarket, resting_buy


@pytest.mark.parametrize("name", ["halt", "resume"])
@pytest.mark.parametrize("reason", [(), ("--reason", "  ")])
def test_halt_and_resume_need_a_reason(
    command: Command, fresh: dict[str, str], name: str, reason: tuple[str, ...]
) -> None:
    said = command(name, *reason, environ=fresh)

    assert said.code == 2
    assert "reason" in said.err


def test_halt_latches_once_and_resume_clears_it_without_an_exchange(
    command: Command, fresh: dict[str, str]
) -> None:
    first, second = (command("halt", "--reason", "why", environ=fresh) for _ in range(2))
    cleared = command("resume", "--reason", "done", environ=fresh)

    assert (first.out, second.out) == ("halted: nothing opens any more\n", "was halted already\n")
    assert cleared.out == "cleared 1 halt; there was no panic file\n"
    assert (first.code, second.code, cleared.code) == (0, 0, 0)


def test_panic_cancels_whatever_is_wrong_with_the_books(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    resting_buy(pipeline)
    broken = market.environ | {"KRAKEN_PIPELINE_DB_URL": "sqlite:////dev/null/books.db"}

    said = command("panic", environ=broken)

    assert market.open_orders == []
    assert (said.code, "could not be brought up to date" in said.out) == (0, True)


def test_the_reason_of_a_resume_is_kept_also_where_only_the_file_lay_there(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.panic_file.touch()

    command("resume", "--reason", "looked at it", environ=market.environ)

    assert not pipeline.panic_file.exists()
    assert market.rows("SELECT COUNT(*) FROM journal WHERE payload LIKE '%looked at it%'") == [(1,)]


def test_a_halt_of_a_pair_is_shown_and_cleared_by_itself(
    command: Command, fresh: dict[str, str]
) -> None:
    command("halt", "--reason", "all", environ=fresh)
    one = command("halt", "--pair", "XBTUSD", "--reason", "odd", environ=fresh)
    cleared = command(
        "resume", "--pair", "XBTUSD", "--reason", "looked at", "--json", environ=fresh
    )

    left = json.loads(command("status", "--json", environ=fresh).out)["halts"]
    told = json.loads(cleared.out)
    assert one.out == "halted: nothing of pair:XBTUSD opens any more\n"
    assert told["cleared"] == 1
    assert "pair:XBTUSD: odd" in told["evidence"][0]
    assert left == ["KILL_MANUAL: all"]


def test_a_scope_is_one_thing(command: Command, fresh: dict[str, str]) -> None:
    said = command("halt", "--pair", "A", "--asset", "B", "--reason", "why", environ=fresh)

    assert said.code == 2
    assert "one of --asset, --pair and --strategy" in said.err


def test_before_it_is_cleared_what_speaks_for_and_against_it_is_shown(
    command: Command, market: PaperMarket, pipeline: Pipeline
) -> None:
    pipeline.halt(reason="prices look wrong", by="somebody")

    said = command("resume", "--reason", "looked at", environ=market.environ)

    assert "latched  KILL_MANUAL: prices look wrong" in said.err
    assert "for      books equal the balances" in said.err
    assert "for      drawdown 0.00 %" in said.err
    assert "for      holdings without their stop: 0" in said.err
    assert "against  clean passes of `reconcile` needed before anything opens: 1" in said.err


@pytest.mark.parametrize("name", ["halt", "resume"])
@pytest.mark.parametrize("option", ["--pair", "--asset", "--strategy"])
def test_an_empty_name_does_not_turn_a_part_into_the_whole(
    command: Command, fresh: dict[str, str], name: str, option: str
) -> None:
    command("halt", "--reason", "all", environ=fresh)

    said = command(name, option, "", "--reason", "why", environ=fresh)

    halts = json.loads(command("status", "--json", environ=fresh).out)["halts"]
    assert (said.code, halts) == (2, ["KILL_MANUAL: all"])


@pytest.mark.parametrize(
    ("option", "name", "meant"),
    [("--pair", "ADAUSF", "ADAUSD"), ("--asset", "ADAX", "ADA"), ("--strategy", "trend", "trend")],
)
def test_what_there_is_not_can_not_be_halted_by_a_slip(
    command: Command, market: PaperMarket, option: str, name: str, meant: str
) -> None:
    said = command("halt", option, name, "--reason", "why", environ=market.environ)

    assert said.code == 2
    assert f"{option} is '{name}', and there is none of that name" in said.err
    assert meant in said.err
    assert market.rows("SELECT COUNT(*) FROM halts") == [(0,)]


@pytest.mark.parametrize(
    "scope", [("--pair", "ADAUSD"), ("--asset", "ADA"), ("--strategy", "trend_core")]
)
def test_what_there_is_can_be_halted(
    command: Command, market: PaperMarket, scope: tuple[str, str]
) -> None:
    said = command("halt", *scope, "--reason", "why", environ=market.environ)

    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize(
    ("option", "spelling", "scope"),
    [
        ("--pair", "ADA/USD", "pair:ADAUSD"),
        ("--pair", "doge/usd", "pair:XDGUSD"),
        ("--asset", "DOGE", "asset:XDG"),
        ("--asset", "XETH", "asset:ETH"),
    ],
)
def test_a_scope_is_told_in_any_spelling_and_cleared_in_any_other(
    command: Command, market: PaperMarket, option: str, spelling: str, scope: str
) -> None:
    said = command("halt", option, spelling, "--reason", "why", environ=market.environ)
    name = scope.partition(":")[2]
    cleared = command("resume", option, name, "--reason", "over", environ=market.environ)

    assert f"nothing of {scope} opens" in said.out
    assert cleared.out.startswith("cleared 1 halt;")
