"""U-FEE-2: a fee that is absurd is shown as it was told, and changes nothing else."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.reconciliations import Cause, Finding, Kind, Outcome
from kraken_pipeline.domain.reports import TradeReport
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper


def bought(desk: Paper, *, times: str, fails: bool = False) -> tuple[list[Finding], Outcome]:
    """Buy, with a fee that is told as so many times the true one, and look at it."""

    def trades(*, since: datetime | None) -> tuple[TradeReport, ...]:
        told = desk.account.trades(since=since)
        return tuple(replace(each, fee=each.fee * Decimal(times)) for each in told)

    def unanswered(pairs: object) -> object:
        raise UnreachableError("no answer")

    changed = {"fee_rates": unanswered} if fails else {}
    account = overriding(desk.account, trades=trades, **changed)
    order = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.01"}
    desk.call("AddOrder", {**order, "oflags": "fciq"})
    desk.turn(seconds=1)
    made = desk.reconcile(
        Cause.HOURLY,
        full=True,
        settling=desk.settle_desk(account=account),
        keep_books=lambda: desk.book(account=account),
    )
    found = [each for each in made.found.findings if each.kind is Kind.FEE_ODD]
    return found, made.found.outcome


def test_u_fee_2_a_fee_far_beyond_the_accounts_rates_is_shown_as_it_was_told(desk: Paper) -> None:
    [found], outcome = bought(desk, times="2.1")

    [fill] = desk.stores.books.fills_after(None)
    assert found.subject == fill.trade_id
    assert found.said.startswith(f"fee={fill.fee.normalize():f}, most=")
    assert outcome is not Outcome.DIFFERS
    assert desk.balances_agree()


@pytest.mark.parametrize("times", ["1", "1.9", "0"])
def test_u_fee_2_a_fee_within_the_rates_is_not(desk: Paper, times: str) -> None:
    assert bought(desk, times=times)[0] == []


def test_a_rate_that_is_not_told_leaves_the_comparison_as_it_is(desk: Paper) -> None:
    found, outcome = bought(desk, times="9", fails=True)

    assert found == []
    assert outcome is not Outcome.DIFFERS
