"""L-1, OMS-13: an order of ours that somebody made larger at the exchange is ended by the facts."""

from decimal import Decimal
from typing import Any, Final

import pytest

from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.lots import MANUAL
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.reconciliations import Outcome
from kraken_pipeline.store.audit import verify
from kraken_pipeline_tests.services.candles import DEEP_DIP, SHY_DIP, SPIKE
from kraken_pipeline_tests.services.orders.test_flatten import flattened
from kraken_pipeline_tests.services.paper import Paper
from kraken_pipeline_tests.services.stopped import PLACE, Stopped

THEIRS: Final = (MANUAL, "XBTUSD")
BY_HAND: Final = {"pair": "XBTUSD", "type": "buy", "ordertype": "market"}


@pytest.fixture
def account(desk: Paper) -> Stopped:
    return Stopped(desk)


def _enlarged(
    account: Stopped,
    *,
    qty: str = "0.01",
    **changes: Any,  # noqa: ANN401 - fields of the order
) -> Order:
    """Place an order that rests, and let a person make 0.015 of it on the site."""
    order = account.paper.planned(qty=qty, **changes)
    assert account.send()[State.LIVE] == 1
    there = account.paper.now_of(order)
    told = {"txid": str(there.kraken_order_id), "order_qty": "0.015"}
    account.paper.call("AmendOrder", told)
    return there


def test_l_1_what_it_bought_beyond_our_size_is_the_persons_and_the_rest_has_its_stop(
    account: Stopped,
) -> None:
    paper = account.paper
    order = _enlarged(account, limit="49500")
    account.look()
    assert paper.now_of(order).state is State.LIVE
    paper.turn_to(DEEP_DIP)

    account.look()

    ended = paper.now_of(order)
    assert (ended.state, ended.qty) == (State.FILLED, Decimal("0.015"))
    assert paper.held() == {PLACE: Decimal("0.01"), THEIRS: Decimal("0.005")}
    assert account.stopped_there() == Decimal("0.01")
    assert paper.balances_agree()
    told = [each.fact for each in paper.events_of(order)]
    assert told[-3:] == [Fact.ENLARGED_SEEN, Fact.FILLED_SEEN, Fact.BOOKS_MATCHED]
    assert verify(paper.stores.database).faults == ()


def test_l_1_once_a_person_has_cleared_the_halt_nothing_calls_for_him_again(
    account: Stopped,
) -> None:
    paper = account.paper
    _enlarged(account, limit="49500")
    paper.turn_to(DEEP_DIP)
    account.look()
    [halt] = paper.stores.halts.latched()
    assert halt.kind is HaltKind.CONTRADICTION

    paper.stores.halts.clear(reason="I enlarged it myself", at=paper.clock(), by="a person")
    for _ in range(2):
        paper.turn(minutes=5)
        assert paper.reconcile().found.outcome is Outcome.CLEAN

    assert paper.stores.halts.latched() == ()


def test_f_mon_9_what_filled_beyond_our_size_is_the_persons_before_anybody_looks_at_the_order(
    account: Stopped,
) -> None:
    paper = account.paper
    order = _enlarged(account, limit="49500")
    paper.turn_to(DEEP_DIP)

    paper.book()

    assert paper.now_of(order).state is State.LIVE
    assert paper.held() == {PLACE: Decimal("0.01"), THEIRS: Decimal("0.005")}
    assert paper.balances_agree()


def test_f_mon_9_while_it_fills_on_each_unit_beyond_our_size_goes_to_the_person_once(
    account: Stopped,
) -> None:
    paper = account.paper
    order = _enlarged(account, qty="0.003", limit="49500")
    paper.turn_to(SHY_DIP)
    account.look()
    assert paper.now_of(order).state is State.LIVE
    assert paper.held()[PLACE] == Decimal("0.003")
    assert 0 < paper.held()[THEIRS] < Decimal("0.012")
    assert account.stopped_there() == Decimal("0.003")
    paper.turn_to(DEEP_DIP)

    account.look()

    assert paper.now_of(order).state is State.FILLED
    assert paper.held() == {PLACE: Decimal("0.003"), THEIRS: Decimal("0.012")}
    assert account.stopped_there() == Decimal("0.003")
    assert paper.balances_agree()


def test_f_mon_9_flatten_sells_what_is_the_strategys_and_leaves_the_persons(
    account: Stopped,
) -> None:
    paper = account.paper
    _enlarged(account, limit="49500")
    paper.turn_to(DEEP_DIP)
    account.look()

    assert flattened(paper).is_done

    assert paper.held() == {PLACE: Decimal(0), THEIRS: Decimal("0.005")}
    assert paper.balances_agree()


def test_l_1_what_a_sale_of_ours_may_take_first_waits_for_its_end(account: Stopped) -> None:
    paper = account.paper
    order = _enlarged(account, limit="49500")
    sale = paper.planned(qty="0.015", limit="60000", side=Side.SELL)
    paper.turn_to(DEEP_DIP)
    paper.settle()
    paper.book()
    assert paper.held() == {PLACE: Decimal("0.015")}

    back = Event(fact=Fact.WITHDRAWN, at=paper.clock(), source="operator")
    paper.stores.orders.record(paper.now_of(sale), back)
    paper.book()

    assert paper.now_of(order).state is State.FILLED
    assert paper.held() == {PLACE: Decimal("0.01"), THEIRS: Decimal("0.005")}


def test_l_1_an_order_that_was_enlarged_says_so_where_orders_are_listed(account: Stopped) -> None:
    order = _enlarged(account, limit="49500")
    account.paper.turn_to(DEEP_DIP)

    account.look()

    said = account.paper.now_of(order).last_error
    assert said is not None
    assert said.startswith("sent as buy 0.01 XBTUSD limit, limit 49500, the exchange has")


def test_l_1_a_sale_that_somebody_enlarged_ends_and_its_book_never_falls_below_zero(
    account: Stopped,
) -> None:
    paper = account.paper
    account.bought("0.01")
    paper.call("AddOrder", BY_HAND | {"volume": "0.01"})
    order = _enlarged(account, limit="50500", side=Side.SELL)
    paper.turn_to(SPIKE)

    paper.settle()
    paper.book()

    assert paper.now_of(order).state is State.FILLED
    [ours] = [each for each in paper.stores.books.positions() if each.book == PLACE[0]]
    assert (ours.qty, ours.uncosted) == (Decimal(0), Decimal("0.005"))
    assert paper.balances_agree()
