"""U-FUN-6, U-FUN-7, F-MON-2: coins that earn are owned; some of them Kraken does not sell."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.nav import Snapshot
from kraken_pipeline.domain.orders import State
from kraken_pipeline.domain.reports import Balance
from kraken_pipeline.kraken.account import ReadOnlyAccount
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper

PLACE = ("trend@1h", "XBTUSD")
BONDED, REWARDED = "XBT.B", "XBT.F"


def _bought(desk: Paper, qty: str = "0.01") -> None:
    desk.planned(qty=qty)
    desk.submit()
    desk.settle()
    desk.book()


def _move(desk: Paper, source: str, target: str, amount: str) -> None:
    """Move coins as Earn does, and look that the books took it for no change of what there is."""
    before = desk.book().snapshot
    told = {"flow": "bucket_transfer", "source": source, "target": target, "amount": amount}
    play(desk.exchange, Params(told))
    desk.turn(seconds=1)
    after = desk.book().snapshot

    assert (after.equity, after.unit_price) == (before.equity, before.unit_price)
    assert (after.realised, after.unrealised) == (before.realised, before.unrealised)
    assert after.drift == {}
    assert desk.balances_agree()


def _sold(desk: Paper) -> Decimal:
    """Let the strategy sell all, and return how much that was."""
    before = desk.held()[PLACE]
    desk.wants("XBTUSD", side=Side.SELL)
    verdict = desk.assess()["XBTUSD"]
    if verdict.approved:
        assert desk.submit() == {State.LIVE: 1}
    desk.settle()
    desk.book()
    assert before - desk.held()[PLACE] == (verdict.qty if verdict.approved else ZERO)
    return before - desk.held()[PLACE]


def _holding(desk: Paper, held: str) -> ReadOnlyAccount:
    """Return the account with an order of somebody else's that sells coins which earn.

    Kraken shows its hold at the spot bucket, and the coins elsewhere.
    """
    spot = Balance(total=ZERO, held=Decimal(held))
    return overriding(desk.account, balances=lambda: {**desk.account.balances(), "XXBT": spot})


def _worth_of_coins(snapshot: Snapshot) -> Decimal:
    [held] = [each for each in snapshot.valuations if each.asset == "XBT"]
    return held.value or ZERO


def test_u_fun_6_a_hold_may_be_larger_than_the_spot_bucket(desk: Paper) -> None:
    _bought(desk)
    _move(desk, "XXBT", REWARDED, "0.01")
    account = _holding(desk, "0.004")
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = desk.assess(account=account)["XBTUSD"]
    booked = desk.book(account=account)

    assert (verdict.approved, verdict.qty) == (True, Decimal("0.006"))
    assert booked.snapshot.drift == {}


def test_u_fun_7_coins_that_earn_and_can_be_spent_are_for_sale(desk: Paper) -> None:
    _bought(desk)
    _move(desk, "XXBT", REWARDED, "0.01")
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = desk.assess()["XBTUSD"]

    assert (verdict.approved, verdict.qty) == (True, Decimal("0.01"))


@pytest.mark.parametrize(("earns", "rows"), [("0.01", 1), ("0.004", 2)])
def test_u_fun_7_an_order_sells_coins_that_earn_and_fills(
    desk: Paper, earns: str, rows: int
) -> None:
    _bought(desk)
    _move(desk, "XXBT", REWARDED, earns)
    before = desk.book().snapshot

    assert _sold(desk) == Decimal("0.01")

    kept = desk.stores.ledger.explained(None)
    sold = [each for each in kept if each.entry.asset in {"XXBT", REWARDED}][-rows:]
    assert [each.cause for each in sold] == [Cause.FILL] * rows
    assert sum(each.entry.amount for each in sold) == Decimal("-0.01")
    [event] = {each.event_id for each in sold}
    after = desk.book().snapshot
    assert desk.exchange.account.balances[REWARDED] == 0
    assert desk.balances_agree()
    assert after.drift == {}
    # a sale changes what all is worth by its price and its fee, whichever bucket pays
    had = [each.entry for each in kept if each.event_id == event and each.entry.asset == "ZUSD"]
    proceeds = sum((each.net for each in had), ZERO)
    assert after.equity - before.equity == proceeds - _worth_of_coins(before)


def test_u_fun_7_dollars_that_earn_buy(desk: Paper) -> None:
    _move(desk, "ZUSD", "USD.F", "9900")

    _bought(desk)

    assert desk.held()[PLACE] == Decimal("0.01")
    assert desk.exchange.account.balances["ZUSD"] == 0
    assert desk.balances_agree()


def test_u_fun_7_coins_that_are_bonded_are_owned_and_not_for_sale(desk: Paper) -> None:
    _bought(desk)
    _move(desk, "XXBT", BONDED, "0.006")

    assert _sold(desk) == Decimal("0.004")
    assert _sold(desk) == 0
    assert desk.held()[PLACE] == Decimal("0.006")


def test_f_mon_2_coins_may_go_to_earn_and_come_back_while_they_are_traded(desk: Paper) -> None:
    _bought(desk)
    _move(desk, "XXBT", BONDED, "0.01")
    _bought(desk, "0.002")
    assert _sold(desk) == Decimal("0.002")
    _move(desk, BONDED, "XXBT", "0.003")
    assert _sold(desk) == Decimal("0.003")
    _move(desk, BONDED, REWARDED, "0.007")

    # as Kraken did when it ceased to tell of that bucket
    _move(desk, REWARDED, "XXBT", "0.007")

    assert _sold(desk) == Decimal("0.007")
    assert desk.exchange.account.balances["XXBT"] == desk.held()[PLACE] == 0
