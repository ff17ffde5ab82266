from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.lots import DUST, Fill
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import ZERO, Price, Qty
from kraken_pipeline.domain.orders import State
from kraken_pipeline.services.orders.dust import dust, plan_sweep
from kraken_pipeline.store.audit import verify
from kraken_pipeline_tests.services.paper import Paper
from kraken_pipeline_tests.services.stopped import PLACE, Stopped
from kraken_pipeline_tests.store.builders import LOOKUP

CRUMB = "0.00002"
"""Of XBT: less than the exchange takes an order of."""


@pytest.fixture
def account(desk: Paper) -> Stopped:
    return Stopped(desk)


def _left_over(account: Stopped) -> None:
    """Buy, and sell all but a crumb."""
    account.bought("0.01")
    account.paper.planned(qty="0.00998", limit="49750", side=Side.SELL)
    account.paper.submit()
    account.paper.settle()
    account.paper.book()


def test_what_a_strategy_could_not_sell_is_booked_as_dust_once(account: Stopped) -> None:
    _left_over(account)
    before = account.paper.stores.books.positions()

    [moved] = account.tend()
    again = account.tend()

    held = account.paper.held()
    assert (moved.from_book, moved.to_book, moved.qty) == ("trend@1h", DUST, Decimal(CRUMB))
    assert (held[PLACE], held[DUST, "XBTUSD"]) == (ZERO, Decimal(CRUMB))
    assert sum(each.cost for each in account.paper.stores.books.positions()) == sum(
        each.cost for each in before
    )
    assert again == ()
    assert verify(account.paper.stores.database).faults == ()


def test_what_a_strategy_still_wants_is_no_dust(account: Stopped) -> None:
    account.bought("0.01")

    assert account.tend() == ()


def test_a_rest_that_can_still_be_sold_is_no_dust(account: Stopped) -> None:
    account.bought("0.01")
    account.paper.planned(qty="0.005", limit="49750", side=Side.SELL)
    account.paper.submit()
    account.paper.settle()
    account.paper.book()

    assert account.tend() == ()


def test_nothing_is_dust_while_an_order_is_at_work_on_it(account: Stopped) -> None:
    _left_over(account)
    account.paper.planned(qty="0.001", limit="49000")

    assert account.tend() == ()


def test_a_sale_that_is_denied_as_too_small_leads_to_the_booking(account: Stopped) -> None:
    account.bought("0.01")
    _give_away(account)
    account.paper.wants("XBTUSD", side=Side.SELL)
    verdict = account.paper.assess()["XBTUSD"]

    [moved] = account.tend()

    assert [each.code for each in verdict.objections] == ["MIN_QTY"]
    assert moved.qty == Decimal(CRUMB)


def _give_away(account: Stopped) -> None:
    """Leave the strategy a crumb that no order of its own left it."""
    account.paper.turn(seconds=1)
    [holding] = account.paper.stores.books.positions()
    sold = Fill(
        trade_id="T",
        kraken_order_id="O",
        pair="XBTUSD",
        side=Side.SELL,
        price=Price(Decimal(50_000)),
        qty=Qty(holding.qty - Decimal(CRUMB)),
        cost=Decimal(500),
        fee=Decimal(0),
        maker=False,
        at=account.paper.clock(),
        quote_rate=Decimal(1),
        book=holding.book,
    )
    account.paper.stores.books.book([sold], [], LOOKUP)


def test_the_next_buy_of_the_pair_takes_dust_along_with_its_cost(account: Stopped) -> None:
    _left_over(account)
    account.tend()
    cost = _cost(account, DUST)
    account.bought("0.02", strategy_id="other")

    [swept] = account.tend()

    held = account.paper.held()
    assert (swept.to_book, swept.cost) == ("other@1h", cost)
    assert (held["other@1h", "XBTUSD"], held[DUST, "XBTUSD"]) == (Decimal("0.02002"), ZERO)
    assert account.tend() == ()
    assert verify(account.paper.stores.database).faults == ()


def _cost(account: Stopped, book: str) -> Decimal:
    [found] = [each for each in account.paper.stores.books.positions() if each.book == book]
    return found.cost


def test_dust_that_is_still_too_small_is_not_swept_by_hand(account: Stopped) -> None:
    _left_over(account)
    account.tend()

    with pytest.raises(InvalidValueError, match=r"0\.00002, still too small.*0\.00005"):
        plan_sweep(account.dust_desk(), "XBTUSD", by="ann")
    with pytest.raises(InvalidValueError, match="no dust of ETHUSD"):
        plan_sweep(account.dust_desk(), "ETHUSD", by="ann")


def test_dust_that_came_to_be_enough_is_sold_by_hand(account: Stopped) -> None:
    for _ in range(3):
        _left_over(account)
        account.tend()
    assert [each.qty for each in dust(account.dust_desk())] == [Qty(Decimal("0.00006"))]

    order = plan_sweep(account.dust_desk(), "XBTUSD", by="ann")
    account.paper.submit()
    account.paper.settle()
    account.paper.book()

    assert account.paper.now_of(order).state is State.FILLED
    assert account.paper.held()[DUST, "XBTUSD"] == 0
    assert account.paper.balances_agree()
    assert dust(account.dust_desk()) == ()
