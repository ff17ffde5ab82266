"""`reconcile explain` and `reconcile adjust`, over a balance that nobody can explain."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline_tests.cli.conftest import Command
from kraken_pipeline_tests.paper_market import MOMENT, PaperMarket

LOST = Decimal("-70.0007")
"""More than the tenth of a percent of all that only warns."""
LITTLE = Decimal("-0.0007")


def drift(market: PaperMarket, amount: Decimal = LOST, bucket: str = "ZUSD") -> None:
    """Change a balance past every ledger row."""
    balances = market.served.exchange.account.balances
    balances[bucket] = balances.get(bucket, Decimal(0)) + amount


@pytest.fixture
def drifting(command: Command, market: PaperMarket) -> PaperMarket:
    """A drift that was seen two minutes ago, and so is no row that is just late."""
    drift(market)
    command("reconcile", environ=market.environ)
    market.turn(MOMENT + timedelta(seconds=130))
    return market


def test_what_drifts_is_named_with_the_entry_after_which_it_came(
    command: Command, drifting: PaperMarket
) -> None:
    command("reconcile", environ=drifting.environ)

    said = command("reconcile", "explain", "usd", "--json", environ=drifting.environ)

    told = json.loads(said.out)["ZUSD"]
    assert told["books"]["drift"].startswith("ledger says ")
    assert told["ledger"]["first_apart"] is None
    assert "what the ledger lacks came after L" in told["ledger"]["where"]
    assert told["adjusted"] == []


def test_where_nothing_drifts_no_entry_is_blamed(command: Command, market: PaperMarket) -> None:
    command("reconcile", environ=market.environ)

    said = command("reconcile", "explain", "usd", "--json", environ=market.environ)

    told = json.loads(said.out)["ZUSD"]
    assert told["books"]["drift"] == "none"
    assert told["ledger"]["where"].startswith("nothing differs")


def test_a_drift_of_little_worth_is_shown_and_stops_nothing(
    command: Command, market: PaperMarket
) -> None:
    drift(market, LITTLE)
    command("reconcile", environ=market.environ)
    market.turn(MOMENT + timedelta(seconds=130))

    said = command("reconcile", "--json", environ=market.environ)

    told = json.loads(said.out)
    [found] = told["findings"]
    assert (said.code, found["kind"], found["weight"]) == (0, "drift_small", "doubt")
    assert "what the ledger lacks came after L" in found["said"]
    assert told["clean_passes_missing"] == 0
    with market.pipeline() as pipeline:
        assert pipeline.halts() == ()


def test_the_report_names_where_ledger_and_balance_part(
    command: Command, drifting: PaperMarket
) -> None:
    said = command("reconcile", environ=drifting.environ)

    assert said.code == 6
    assert "what the ledger lacks came after L" in said.out


def test_an_adjustment_brings_books_to_the_balance_and_the_halt_can_be_cleared(
    command: Command, drifting: PaperMarket
) -> None:
    environ = drifting.environ
    command("reconcile", environ=environ)
    arguments = ("adjust", "ZUSD", str(LOST), "--reason", "support told so", "--json")

    made = command("reconcile", *arguments, environ=environ)

    told = json.loads(made.out)
    assert (made.code, told["amount"], told["drift"]) == (0, "-70.0007", {})
    assert any(HaltKind.DRIFT in each for each in told["halts"])
    seen = json.loads(command("reconcile", "explain", "ZUSD", "--json", environ=environ).out)
    assert [each["reason"] for each in seen["ZUSD"]["adjusted"]] == ["support told so"]
    assert seen["ZUSD"]["books"]["drift"] == "none"
    assert command("audit", "verify", environ=environ).code == 0
    assert command("resume", "--reason", "adjusted", environ=environ).code == 0
    assert command("reconcile", "--full", environ=environ).code == 0


def test_the_accounts_own_books_follow_and_call_it_an_adjustment(
    command: Command, drifting: PaperMarket
) -> None:
    command("reconcile", "adjust", "usd", "-70.0007", "--reason", "x", environ=drifting.environ)

    with drifting.pipeline() as pipeline:
        account = pipeline.account()
    assert account is not None
    assert account.result.adjusted == LOST
    assert account.result.residual == 0
    assert account.differing == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ZUSD", "-70.0006", "--reason", "x"), "ZUSD needs -70.0007"),
        (("ZUSD", "70.0007", "--reason", "x"), "ZUSD needs -70.0007"),
        (("XXBT", "-70.0007", "--reason", "x"), "nothing of XXBT drifts"),
        (("ZUSD", "-70.0007"), "give --reason"),
        (("ZUSD", "much", "--reason", "x"), "much"),
    ],
)
def test_what_does_not_explain_the_drift_is_refused_and_nothing_changes(
    command: Command, drifting: PaperMarket, arguments: tuple[str, ...], said: str
) -> None:
    made = command("reconcile", "adjust", *arguments, environ=drifting.environ)

    assert made.code == 2
    assert said in made.err
    assert drifting.rows("SELECT * FROM adjustments") == []


def test_f_rd_5_what_may_just_be_late_is_not_adjusted(
    command: Command, market: PaperMarket
) -> None:
    drift(market)

    made = command(
        "reconcile", "adjust", "ZUSD", "-70.0007", "--reason", "x", environ=market.environ
    )

    assert made.code == 3
    assert "may just be late; try again in 120 s" in made.err


def test_a_balance_that_was_never_seen_is_refused(command: Command, market: PaperMarket) -> None:
    said = command("reconcile", "explain", "NOSUCH", environ=market.environ)

    assert said.code == 2


def test_what_explains_drift_tells_it_of_every_balance(
    command: Command, drifting: PaperMarket
) -> None:
    said = command("explain", "drift", "--json", environ=drifting.environ)

    assert list(json.loads(said.out)["where"]) == ["ZUSD"]


def test_options_before_the_subcommand_are_not_swallowed(
    command: Command, market: PaperMarket
) -> None:
    said = command("reconcile", "--json", "explain", "USD", environ=market.environ)

    assert said.code == 2
    assert "options stand behind explain" in said.err
