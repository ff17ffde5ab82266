"""F-MON-10, INV-6: stops where less is there than the books hold, or not on a whole lot."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import UnreachableError
from kraken_pipeline.domain.market import Side, Ticker
from kraken_pipeline.domain.protection import Unprotected
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.kraken.public import PublicMarket
from kraken_pipeline.services.protection.unprotected import is_at_rest
from kraken_pipeline_tests.services.paper import Paper
from kraken_pipeline_tests.services.stopped import PATIENCE, Stopped


@pytest.fixture
def account(desk: Paper) -> Stopped:
    return Stopped(desk)


def _sell_by_hand(account: Stopped, qty: str, **fields: str) -> None:
    order = {"pair": "XBTUSD", "type": "sell", "ordertype": "market", "volume": qty, **fields}
    account.paper.call("AddOrder", order)


def test_f_mon_10_after_a_sale_by_hand_the_rest_has_its_stop(account: Stopped) -> None:
    account.bought()
    _sell_by_hand(account, "0.004")

    account.look()
    sent = len(account.paper.orders_there())
    account.paper.turn(seconds=PATIENCE.total_seconds() + 1)
    [overdue] = account.look()

    assert account.held() == Decimal("0.01")
    assert account.stopped_there() == Decimal("0.006")
    assert len(account.paper.orders_there()) == sent
    assert (overdue.last_error or "").startswith("SHORT: qty=0.01, there=0.006")


def test_what_another_order_holds_gets_its_stop_once_it_is_free(account: Stopped) -> None:
    account.bought()
    _sell_by_hand(account, "0.004", ordertype="limit", price="90000")
    account.look()
    assert account.stopped_there() == Decimal("0.006")

    account.paper.call("CancelAll", {})
    account.look()
    account.look()

    assert account.stopped_there() == account.held() == Decimal("0.01")
    assert is_at_rest(account.protect_desk())


def test_of_what_is_there_each_book_protects_its_share(account: Stopped) -> None:
    account.bought("0.03")
    account.bought(strategy_id="other")
    _sell_by_hand(account, "0.02")

    account.look()
    account.look()

    sizes = {each.strategy_id: each.qty for each in account.stops()}
    assert sizes == {"trend": Decimal("0.015"), "other": Decimal("0.005")}
    assert account.stopped_there() == Decimal("0.02")


def test_what_is_not_there_is_not_sold_for_want_of_a_stop(account: Stopped) -> None:
    account.changes["action"] = Unprotected.REDUCE
    account.bought()
    _sell_by_hand(account, "0.004")
    account.look()
    sent = len(account.paper.orders_there())
    account.paper.turn(seconds=PATIENCE.total_seconds() + 1)

    account.look()

    assert len(account.paper.orders_there()) == sent
    assert account.stopped_there() == Decimal("0.006")


def test_what_is_there_and_too_small_to_be_sold_is_not_tried(account: Stopped) -> None:
    account.changes["action"] = Unprotected.REDUCE
    account.bought()
    _sell_by_hand(account, "0.00998")
    account.look()
    sent = len(account.paper.orders_there())
    account.paper.turn(seconds=PATIENCE.total_seconds() + 1)

    [overdue] = account.look()

    assert len(account.paper.orders_there()) == sent
    assert (overdue.last_error or "").startswith("SHORT: qty=0.01, there=0:")


def test_balances_that_can_not_be_read_keep_no_stop_away(account: Stopped) -> None:
    account.bought()
    account.changes["account"] = _Silent()

    account.look()

    assert account.stopped_there() == account.held()


class _Silent:
    """An account that does not answer."""

    def balances(self) -> None:
        raise UnreachableError("nobody is there")


# holdings finer than what can be ordered


class _CoarseLots:
    """A market whose lots are larger than what was bought once."""

    def __init__(self, market: PublicMarket, lot: str) -> None:
        self._market, self._lot = market, Decimal(lot)

    def listing(self) -> Listing:
        whole = self._market.listing()
        pairs = {name: replace(each, lot=self._lot) for name, each in whole.pairs.items()}
        return replace(whole, pairs=pairs)

    def tickers(self) -> Mapping[str, Ticker]:
        return self._market.tickers()


def test_a_holding_finer_than_the_lot_is_protected_but_for_the_rest(account: Stopped) -> None:
    account.changes["market"] = _CoarseLots(account.paper.market, "0.00001")
    account.bought("0.01000007")
    account.look()
    account.look()

    [noted] = account.protections.protections()
    assert account.stopped_there() == Decimal("0.01")
    assert noted.missing_since is None
    assert (noted.last_error or "").startswith("LEFT_OVER: qty=0.01000007, stop=0.01,")
    assert is_at_rest(account.protect_desk())

    account.paper.call("CancelAll", {})
    account.paper.settle()
    assert not is_at_rest(account.protect_desk())


def test_a_rest_finer_than_the_lot_and_too_small_is_left_in_peace(account: Stopped) -> None:
    account.changes["market"] = _CoarseLots(account.paper.market, "0.00001")
    account.bought("0.01000007")
    account.paper.planned(qty="0.00998", limit="49750", side=Side.SELL)
    account.send()
    account.look()
    account.look()

    [noted] = account.protections.protections()
    assert noted.missing_since is None
    assert noted.last_error == "TOO_SMALL: qty=0.00002007, min=0.00005"
    assert is_at_rest(account.protect_desk())


def test_a_balance_finer_than_the_books_leaves_its_last_digit_without_a_stop(
    account: Stopped,
) -> None:
    account.bought()
    _sell_by_hand(account, "0.00005")
    account.look()
    account.paper.exchange.account.balances["XXBT"] += Decimal("0.00004999")
    account.look()
    account.look()

    [noted] = account.protections.protections()
    assert account.stopped_there() == Decimal("0.00999999")
    assert noted.missing_since is None
    assert is_at_rest(account.protect_desk())
