"""Flatten: a plan that only sells, round after round, until nothing is left that can be sold."""

from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.order_terms import Urgency
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.services.orders.flatten import Extent, FlattenDesk, Flattened, flatten
from kraken_pipeline.services.orders.settle import cancel
from kraken_pipeline.services.risk.assess import assess
from kraken_pipeline_tests.services.paper import Paper

EVERYTHING = Extent()


def flatten_desk(desk: Paper) -> FlattenDesk:
    def withdraw(order: Order, why: str) -> Order:
        event = Event(fact=Fact.WITHDRAWN, at=desk.clock(), source="operator", detail=why)
        return desk.stores.orders.record(order, event)

    def later() -> None:
        desk.turn(milliseconds=1)
        desk.book()

    return FlattenDesk(
        market=desk.market,
        orders=desk.stores.orders,
        books=desk.stores.books,
        decisions=desk.stores.decisions,
        withdraw=withdraw,
        cancel=partial(cancel, desk.settle_desk()),
        assess=lambda: assess(desk.risk_desk(), namespace=Namespace.TRADE, run_id="run"),
        submit=desk.submit,
        settle=desk.settle,
        keep_books=later,
        config_hash="c",
        run_id="run",
        clock=desk.clock,
    )


def flattened(desk: Paper, extent: Extent = EVERYTHING) -> Flattened:
    return flatten(flatten_desk(desk), extent, reason="enough", tell=lambda said: None)


def bought(desk: Paper, pair: str, qty: str, limit: str, strategy: str = "trend") -> Order:
    order = desk.planned(pair, qty, limit, strategy_id=strategy)
    desk.submit()
    desk.settle()
    desk.book()
    assert desk.now_of(order).state is State.FILLED
    return order


def test_flt_1_every_book_sells_its_own_and_nothing_else(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    bought(desk, "XBTUSD", "0.02", "50250", "other")
    bought(desk, "ETHUSD", "0.1", "3100")

    done = flattened(desk)

    assert done.is_done
    assert done.sold == ("other@1h XBTUSD", "trend@1h ETHUSD", "trend@1h XBTUSD")
    assert {each for each in desk.held().values() if each} == set()
    assert desk.balances_agree()


def test_flt_1_only_what_is_named_is_sold(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    bought(desk, "XBTUSD", "0.02", "50250", "other")

    flattened(desk, Extent(strategy_id="other"))

    assert desk.held()["trend@1h", "XBTUSD"] == Decimal("0.01")
    assert not desk.held()["other@1h", "XBTUSD"]


def test_flt_1_what_would_buy_is_taken_back_first(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    resting = desk.planned("XBTUSD", "0.01", "40000", strategy_id="other")
    desk.submit()
    waiting = desk.planned("ETHUSD", "0.1", "3100")

    assert flattened(desk).is_done

    assert desk.now_of(resting).state is State.CANCELED
    assert desk.now_of(waiting).state is State.WITHDRAWN


def test_flt_1_what_would_buy_is_taken_back_where_nothing_is_held(desk: Paper) -> None:
    resting = desk.planned("XBTUSD", "0.01", "40000")
    desk.submit()
    waiting = desk.planned("ETHUSD", "0.1", "3100")

    assert flattened(desk).is_done

    assert desk.now_of(resting).state is State.CANCELED
    assert desk.now_of(waiting).state is State.WITHDRAWN


def test_flt_1_what_is_sent_just_when_it_is_taken_back_is_canceled_in_the_next_round(
    desk: Paper,
) -> None:
    bought(desk, "ETHUSD", "0.1", "3100")
    buy = desk.planned("XBTUSD", "0.01", "40000")
    calm = flatten_desk(desk)

    def late(order: Order, why: str) -> Order:
        desk.submit()
        return calm.withdraw(order, why)

    hurried = replace(calm, withdraw=late)
    assert flatten(hurried, EVERYTHING, reason="enough", tell=lambda said: None).is_done

    assert desk.now_of(buy).state is State.CANCELED


def test_flt_1_what_was_bought_by_hand_is_sold_if_that_is_said(desk: Paper) -> None:
    by_hand = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.01"}
    desk.call("AddOrder", by_hand)

    spared = flattened(desk)
    ended = flattened(desk, Extent(manual=True))

    assert (spared.rounds, ended.is_done) == (0, True)
    assert ended.sold == ("manual XBTUSD",)
    assert desk.balances_agree()


@pytest.mark.parametrize(
    "style",
    [
        {"urgency": Urgency.PASSIVE},
        {"urgency": Urgency.URGENT},
        {"post_only": True},
        {"order_type": "market"},
        {"order_type": "market", "allows_market": True},
    ],
)
def test_flt_1_it_sells_whatever_way_other_orders_are_made(
    desk: Paper, style: dict[str, object]
) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    risk = desk.risk_desk()
    so = replace(risk, style=replace(risk.style, **style))  # type: ignore[arg-type]  # of its fields

    done = flatten(
        replace(
            flatten_desk(desk), assess=lambda: assess(so, namespace=Namespace.TRADE, run_id="run")
        ),
        EVERYTHING,
        reason="enough",
        tell=lambda said: None,
    )

    assert (done.is_done, done.sold) == (True, ("trend@1h XBTUSD",))


def test_flt_1_its_sales_are_known_as_such_whatever_the_strategy_may_do(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")

    flattened(desk)

    with desk.stores.database.reading() as connection:
        told = connection.exec_driver_sql("SELECT side, purpose FROM execution_orders").all()
    assert sorted(told) == [("buy", "open"), ("sell", "flatten")]


def test_flt_1_a_halt_does_not_stop_it(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    desk.stores.halts.latch(HaltKind.OPERATOR, reason="stop", at=desk.clock(), by="me")

    assert flattened(desk).is_done


def test_flt_1_it_is_gone_on_with_after_it_was_cut_off(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    bought(desk, "ETHUSD", "0.1", "3100")
    whole = flatten_desk(desk)

    class CutOffError(Exception):
        pass

    def dies() -> None:
        raise CutOffError

    cut = replace(whole, submit=dies)
    with pytest.raises(CutOffError):
        flatten(cut, Extent(), reason="enough", tell=lambda said: None)

    assert flattened(desk).is_done
    assert desk.balances_agree()


def test_flt_1_what_is_too_small_is_said_and_not_tried_again(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    sold = desk.planned("XBTUSD", "0.00999", "49000", side=Side.SELL)
    desk.submit()
    desk.settle()
    desk.book()
    assert desk.now_of(sold).state is State.FILLED

    done = flattened(desk)

    assert (done.rounds, done.is_done) == (1, True)
    assert done.dust == {"trend@1h XBTUSD": "0.00001"}


def test_flt_1_what_is_held_and_not_free_is_left_and_no_dust(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    by_hand = {"pair": "XBTUSD", "type": "sell", "ordertype": "limit", "price": "90000"}
    desk.call("AddOrder", by_hand | {"volume": "0.01"})

    done = flattened(desk)

    assert (done.is_done, dict(done.dust)) == (False, {})
    assert "NOT_OWNED" in done.left["trend@1h XBTUSD"]


def test_flt_1_without_progress_it_stops_and_says_what_is_left(desk: Paper) -> None:
    bought(desk, "XBTUSD", "0.01", "50250")
    desk.exchange.set_system("cancel_only")

    done = flattened(desk)

    assert (done.rounds, done.is_done) == (3, False)
    assert "SYSTEM_STATUS" in done.left["trend@1h XBTUSD"]


def test_flt_1_a_reason_is_needed(desk: Paper) -> None:
    with pytest.raises(InvalidValueError, match="needs a reason"):
        flatten(flatten_desk(desk), Extent(), reason=" ", tell=lambda said: None)
