"""F-MON-3: whatever a fee is paid in, and at whatever tier, books and ledger agree to the digit."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnexpectedReplyError
from kraken_pipeline.domain.fees import FeeRates
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.kraken.replies import fee_rates_from
from kraken_pipeline.services.ports.exchange import Account
from kraken_pipeline.simulator.flows.play import play
from kraken_pipeline.simulator.params import Params
from kraken_pipeline_tests.fakes import overriding
from kraken_pipeline_tests.services.paper import Paper


def _trade(desk: Paper, side: str, volume: str, flag: str) -> None:
    told = {"pair": "XBTUSD", "type": side, "ordertype": "market", "volume": volume}
    desk.call("AddOrder", {**told, "oflags": flag})
    desk.turn(seconds=1)


def _agrees(desk: Paper) -> None:
    assert desk.book().snapshot.drift == {}
    assert desk.balances_agree()


def test_f_mon_3_fees_in_base_and_in_quote_leave_no_difference(desk: Paper) -> None:
    for side, flag in (("buy", "fcib"), ("buy", "fciq"), ("sell", "fciq")):
        _trade(desk, side, "0.01234567", flag)
        _agrees(desk)

    paid_in = {row.asset for row in desk.exchange.account.ledger.values() if row.fee}
    assert paid_in == {"XXBT", "ZUSD"}


def test_f_mon_3_a_fee_that_credits_pay_is_no_money_of_the_account(desk: Paper) -> None:
    before = desk.book().snapshot
    _trade(desk, "buy", "0.01", "fciq")
    trade = next(iter(desk.exchange.account.trades))
    play(desk.exchange, Params({"flow": "fee_credits", "amount": "100"}))
    play(desk.exchange, Params({"flow": "fee_credits", "fee": "12.34", "refid": trade}))
    desk.turn(seconds=1)

    _agrees(desk)

    assert dict(desk.stores.books.replayed_balances())["KFEE"] == Decimal("87.66")
    assert desk.book().snapshot.equity < before.equity


def test_f_mon_3_a_tier_that_changes_between_two_trades_is_what_the_ledger_says(
    desk: Paper,
) -> None:
    for _ in range(8):
        _trade(desk, "buy", "0.15", "fciq")
        _trade(desk, "sell", "0.15", "fciq")
        _agrees(desk)

    fills = desk.stores.books.fills_after(None)
    rates = {(each.fee / each.cost).quantize(Decimal("0.00001")) for each in fills}
    assert len(rates) > 1


def _telling(desk: Paper, fees: Mapping[str, object]) -> Account:
    """Return the account with these fees in TradeVolume."""

    def fee_rates(pairs: Sequence[Pair]) -> dict[str, FeeRates]:
        return fee_rates_from({"fees": fees, "fees_maker": fees}, pairs)

    return overriding(desk.account, fee_rates=fee_rates)


def test_u_fee_3_where_the_account_tells_no_fee_none_is_assumed_and_nothing_is_sized(
    desk: Paper,
) -> None:
    desk.wants("XBTUSD")

    with pytest.raises(UnexpectedReplyError, match=r"TradeVolume\.fees"):
        desk.assess(account=_telling(desk, {}))

    assert desk.submit() == {}
    assert desk.exchange.account.orders == {}


def test_u_fee_3_fees_are_those_that_the_account_pays_now(desk: Paper) -> None:
    desk.wants("XBTUSD")
    dear = _telling(desk, {"XXBTZUSD": {"fee": "7.5"}})

    verdict = desk.assess(account=dear)["XBTUSD"]

    assert Decimal(json.loads(verdict.figures)["fee_share"]) == Decimal("0.075")
