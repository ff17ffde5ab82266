"""F-SUB, U-DUP, U-FUN on the way out: what is sent is sent once, and only while it may be."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from kraken_pipeline.domain.errors import (
    FundsRefusedError,
    ImpossibleFactError,
    LeaseLostError,
    NonceRefusedError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.intents import Namespace
from kraken_pipeline.domain.market import Pair, Side
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import Close, OrderTerms, Trigger
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.kraken.http import PrivateLine
from kraken_pipeline.kraken.nonce import Nonces
from kraken_pipeline.kraken.orders import Trader
from kraken_pipeline.kraken.signing import Credential
from kraken_pipeline.services.orders.sending import lease_of
from kraken_pipeline.services.ports.exchange import Market
from kraken_pipeline.simulator.faults.faults import Faults
from kraken_pipeline.simulator.faults.rules import rule_of
from kraken_pipeline.simulator.rest import Served
from kraken_pipeline_tests.fakes import Interrupted, Lossy, overriding
from kraken_pipeline_tests.services.paper import (
    DEADLINE,
    FUNDS_COOLDOWN,
    KEY,
    LEASE,
    PLAN_AGE,
    SECRET,
    SETTLE_WINDOW,
    Paper,
)

POLL = timedelta(seconds=21)
RESTS = "49000"
"""A limit below everything that trades before the hour is over."""


@pytest.fixture
def faults(desk: Paper, served: Served) -> Iterator[Faults]:
    """The faults of the exchange behind the desk."""
    yield served.service.faults
    served.service.faults.clear()


def _strike(faults: Faults, kind: str, method: str = "AddOrder", **told: object) -> None:
    faults.add(rule_of({"kind": kind, "method": method, **told}))


def _attempts(desk: Paper, order: Order) -> list[Order]:
    return sorted(desk.stores.orders.orders_of_plan(order.plan_id), key=lambda each: each.attempt)


def _listed(desk: Paper, pair: str, **changes: object) -> Market:
    def listing() -> Listing:
        now = desk.market.listing()
        # `replace` refuses a field that is not there, when it runs
        changed: Pair = replace(now.pairs[pair], **changes)  # type: ignore[arg-type]
        return Listing(symbols=now.symbols, pairs=now.pairs | {pair: changed})

    return overriding(desk.market, listing=listing)


def _prove_absence(desk: Paper) -> None:
    desk.turn(seconds=(DEADLINE + SETTLE_WINDOW).total_seconds() + 1)
    for _ in range(4):
        desk.settle()
        desk.turn(seconds=POLL.total_seconds())


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "http_error", "effect": True, "status": 502},
        {"kind": "empty_body"},
        {"kind": "truncated_body"},
        {"kind": "reset"},
        {"kind": "lost_reply"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_f_sub_6_an_order_behind_an_answer_that_cannot_be_read_is_found_and_not_sent_again(
    desk: Paper, faults: Faults, fault: dict[str, object]
) -> None:
    order = desk.planned()
    faults.add(rule_of({"method": "AddOrder", **fault}))

    assert desk.submit() == {State.UNKNOWN: 1}
    assert desk.submit() == Counter()
    desk.settle()

    assert desk.now_of(order).state is State.FILLED
    assert desk.orders_there() == [order.cl_ord_id]


def test_f_sub_9_a_nonce_that_is_refused_gives_the_wish_one_fresh_attempt_at_once(
    desk: Paper,
) -> None:
    order = desk.planned()
    gateway = Lossy(desk.trader, arrives=False, error=NonceRefusedError)

    assert desk.submit(gateway=gateway) == {State.REJECTED: 1, State.LIVE: 1}

    first, second = _attempts(desk, order)
    assert (first.local_id, first.state) == (order.local_id, State.REJECTED)
    assert (second.attempt, second.intent_id, second.qty) == (2, order.intent_id, order.qty)
    assert desk.orders_there() == [second.cl_ord_id] != [order.cl_ord_id]


def test_f_sub_9_a_key_that_was_used_with_higher_nonces_sends_the_order_with_its_second_attempt(
    desk: Paper, served: Served, tmp_path: Path
) -> None:
    order = desk.planned()
    credential = Credential(key=KEY.name, secret=SECRET)
    nonces = Nonces(tmp_path / "of another machine", credential.key_id, clock=lambda: 1)
    with closing(PrivateLine(served.url, credential=credential, nonces=nonces)) as line:
        assert desk.submit(gateway=Trader(line)) == {State.REJECTED: 1, State.LIVE: 1}

    first, second = _attempts(desk, order)
    assert "Invalid nonce" in str(first.last_error)
    assert desk.orders_there() == [second.cl_ord_id]


def test_f_sub_9_after_the_second_refusal_it_is_rejected_for_good(desk: Paper) -> None:
    order = desk.planned()
    gateway = Lossy(desk.trader, arrives=False, error=NonceRefusedError, times=2)

    assert desk.submit(gateway=gateway) == {State.REJECTED: 2}
    desk.turn(seconds=30)
    assert desk.submit() == Counter()
    assert [each.attempt for each in _attempts(desk, order)] == [1, 2]
    assert desk.orders_there() == []


def test_f_sub_9_a_nonce_that_none_of_ours_overtook_is_settled_first_it_may_have_come_twice(
    desk: Paper, faults: Faults
) -> None:
    order = desk.planned()
    _strike(faults, "invalid_nonce")

    assert desk.submit() == {State.UNKNOWN: 1}
    _prove_absence(desk)
    assert desk.now_of(order).state is State.ABSENT


def test_f_sub_10_what_was_asked_too_often_waits_longer_each_time_and_goes_in_the_end(
    desk: Paper, faults: Faults
) -> None:
    order = desk.planned()
    _strike(faults, "rate_limit", times=2)

    assert desk.submit() == {State.REJECTED: 1}
    assert desk.submit() == {"waiting": 1}
    desk.turn(seconds=2)
    assert desk.submit() == {State.REJECTED: 1}
    desk.turn(seconds=2)
    assert desk.submit() == {"waiting": 1}
    desk.turn(seconds=2)
    assert desk.submit() == {State.LIVE: 1}

    last = _attempts(desk, order)[-1]
    assert (last.attempt, last.created_at) == (3, order.created_at)
    assert desk.orders_there() == [last.cl_ord_id]


def test_f_sub_10_no_attempt_is_younger_than_the_plan_or_goes_past_the_bound(
    desk: Paper, faults: Faults
) -> None:
    order = desk.planned()
    _strike(faults, "rate_limit", times=None)
    for _ in range(int(PLAN_AGE.total_seconds())):
        desk.submit()
        desk.turn(seconds=1)

    assert [each.attempt for each in _attempts(desk, order)] == [1, 2, 3, 4, 5]
    assert {each.state for each in _attempts(desk, order)} == {State.REJECTED}
    assert desk.submit() == Counter()


def test_f_sub_10_an_attempt_of_a_plan_that_aged_out_is_taken_back(
    desk: Paper, faults: Faults
) -> None:
    desk.planned()
    _strike(faults, "rate_limit")
    desk.submit()
    desk.turn(seconds=PLAN_AGE.total_seconds() + 1)

    assert desk.submit() == {State.WITHDRAWN: 1}
    assert desk.orders_there() == []


def test_f_sub_13_a_holder_that_slept_for_ten_minutes_sends_nothing_when_it_wakes(
    desk: Paper,
) -> None:
    first, second = desk.planned(limit=RESTS), desk.planned("ETHUSD", "0.1", "2400")
    other = desk.submit_desk(owner="other")

    def sleep(sent: Order) -> None:
        desk.turn(minutes=10)
        other.orders.take_lease(
            lease_of(Namespace.TRADE), owner="other", now=desk.clock(), length=LEASE
        )

    with pytest.raises(LeaseLostError):
        desk.submit(gateway=Interrupted(desk.trader, after=sleep), max_plan_age=timedelta(hours=1))

    assert desk.orders_there() == [first.cl_ord_id]
    assert desk.now_of(second).state is State.PLANNED


def test_f_sub_14_a_run_that_is_done_again_makes_no_new_order(desk: Paper) -> None:
    desk.wants("XBTUSD")
    for _ in range(3):
        desk.assess()
        desk.submit()
        desk.settle()

    assert len(desk.orders_there()) == 1


def test_f_sub_17_each_order_of_a_batch_whose_reply_was_lost_is_resolved_alone(
    desk: Paper, faults: Faults
) -> None:
    orders = [desk.planned(qty="0.02", limit=RESTS, strategy_id=f"s{each}") for each in range(15)]
    _strike(faults, "lost_reply", "AddOrderBatch")

    assert desk.submit(max_at_exchange=20) == {State.UNKNOWN: 15}
    taken = desk.orders_there()
    assert 0 < len(taken) < 15  # the account pays for no more
    _prove_absence(desk)

    for order in orders:
        wanted = State.LIVE if order.cl_ord_id in taken else State.ABSENT
        assert desk.now_of(order).state is wanted
    assert desk.orders_there() == taken


def test_oms_8_what_is_of_one_pair_and_side_leaves_together_written_before(desk: Paper) -> None:
    orders = [desk.planned(limit=RESTS, strategy_id=f"s{each}") for each in range(3)]
    other = desk.planned("ETHUSD", "0.1", "2400")
    asked: list[list[State]] = []

    def add_batch(told: list[Order], **more: object) -> object:
        asked.append([desk.now_of(each).state for each in told])
        return desk.trader.add_batch(told, **more)  # type: ignore[arg-type] # passed on as it came

    gateway = overriding(desk.trader, add_batch=add_batch)

    assert desk.submit(gateway=gateway) == {State.LIVE: 4}
    assert asked == [[State.SENDING] * 3]
    assert sorted(desk.orders_there()) == sorted(each.cl_ord_id for each in [*orders, other])


def test_a_batch_of_which_the_exchange_refuses_some_keeps_the_others(desk: Paper) -> None:
    orders = [desk.planned(qty="0.09", limit=RESTS, strategy_id=f"s{each}") for each in range(3)]

    counts = desk.submit()

    states = [desk.now_of(each).state for each in orders]
    assert states == [State.LIVE, State.LIVE, State.REJECTED]
    # what is left of the balance pays for a part of the third
    assert counts == {State.LIVE: 3, State.REJECTED: 1}


def test_a_batch_that_is_refused_as_a_whole_is_tried_order_by_order(desk: Paper) -> None:
    fine = desk.planned(limit=RESTS)
    wrong = desk.planned(limit="49000.05", strategy_id="other")

    counts = desk.submit()

    assert counts == {State.REJECTED: 3, State.LIVE: 1}
    assert [each.attempt for each in _attempts(desk, fine)] == [1, 2]
    assert [each.state for each in _attempts(desk, wrong)] == [State.REJECTED] * 2
    assert len(desk.orders_there()) == 1


def test_a_halt_that_stops_one_of_a_batch_lets_the_others_go(desk: Paper) -> None:
    taken_back, rest = desk.planned(limit=RESTS), desk.planned(limit=RESTS, strategy_id="other")
    real = desk.stores.orders

    def record_all(told: object, **more: object) -> object:
        with suppress(ImpossibleFactError):
            _withdraw(desk, taken_back)
        return real.record_all(told, **more)  # type: ignore[arg-type] # passed on as it came

    counts = desk.submit(orders=overriding(real, record_all=record_all))

    assert counts == {State.WITHDRAWN: 1, State.LIVE: 1}
    assert desk.orders_there() == [rest.cl_ord_id]


def _withdraw(desk: Paper, order: Order) -> None:
    event = Event(fact=Fact.WITHDRAWN, at=desk.clock(), source="operator", detail="changed my mind")
    desk.stores.orders.record(order, event)


def test_f_sub_18_an_id_whose_order_is_over_is_never_used_again(desk: Paper) -> None:
    order = desk.planned()
    desk.submit()
    desk.settle()
    filled = desk.now_of(order)
    deadline = desk.clock() + DEADLINE
    assert desk.trader.add(order, deadline=deadline)  # the exchange would take it
    assert desk.orders_there() == [order.cl_ord_id] * 2

    again = Event(fact=Fact.SEND_STARTED, at=desk.clock(), source="test", deadline=deadline)
    epoch = desk.stores.orders.take_lease("orders-trade", owner="x", now=desk.clock(), length=LEASE)
    with pytest.raises(ImpossibleFactError):
        desk.stores.orders.record(filled, again, epoch=epoch)
    with pytest.raises(IntegrityError):
        desk.planned(cl_ord_id=order.cl_ord_id)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("lost", [1, 2, 5])
def test_u_dup_1_timeouts_make_one_order_or_none(desk: Paper, lost: int, *, arrives: bool) -> None:
    order = desk.planned(limit=RESTS)
    gateway = Lossy(desk.trader, arrives=arrives, times=lost)
    for _ in range(lost + 2):
        desk.submit(gateway=gateway)
        desk.settle(gateway=gateway)

    assert gateway.asked == [order.local_id]
    assert desk.orders_there() == [order.cl_ord_id] * arrives


def test_u_dup_2_no_order_counts_on_a_userref(desk: Paper) -> None:
    order = desk.planned(userref=7)

    request = desk.trader.request_of(order, deadline=desk.clock())

    assert "userref" not in request
    assert request["cl_ord_id"] == order.cl_ord_id


def test_u_dup_3_a_later_refusal_for_want_of_funds_says_nothing_of_what_is_unknown(
    desk: Paper,
) -> None:
    first = desk.planned(qty="0.003", limit=RESTS)
    desk.submit(gateway=Lossy(desk.trader))
    desk.planned("ETHUSD", "0.1", "2400", strategy_id="other")

    desk.submit(gateway=Lossy(desk.trader, arrives=False, error=FundsRefusedError))

    assert desk.now_of(first).state is State.UNKNOWN
    desk.settle()
    assert desk.now_of(first).state is State.LIVE


def test_u_dup_3_money_that_an_unknown_order_holds_is_missed_by_the_next_and_both_are_told_apart(
    desk: Paper,
) -> None:
    first = desk.planned(qty="0.003", limit=RESTS)
    desk.submit(gateway=Lossy(desk.trader))
    second = desk.planned("ETHUSD", "0.2", "2400", strategy_id="other")
    _hold(desk, "0.195")

    desk.submit()

    assert "Insufficient funds" in str(desk.now_of(second).last_error)
    assert desk.now_of(first).state is State.UNKNOWN
    desk.settle()
    assert desk.now_of(first).state is State.LIVE


def test_oms_17_what_the_balance_does_not_pay_goes_once_at_the_size_that_it_does(
    desk: Paper,
) -> None:
    order = desk.planned(qty="0.19", limit=RESTS)
    _hold(desk, "0.1")

    assert desk.submit() == {State.REJECTED: 1, State.LIVE: 1}

    _, second = _attempts(desk, order)
    free = Decimal(10_000) - Decimal("0.1") * 48_000
    assert Decimal("0.1") < second.qty < order.qty
    assert second.qty * second.limit_price < free
    assert desk.stores.orders.reserving() == (desk.now_of(second),)


def test_oms_17_where_too_little_is_left_the_pair_cools_for_buys(desk: Paper) -> None:
    order = desk.planned(qty="0.19", limit=RESTS)
    _hold(desk, "0.2066")

    assert desk.submit() == {State.REJECTED: 1}

    assert len(_attempts(desk, order)) == 1
    desk.wants("XBTUSD", "ETHUSD")
    verdicts = desk.assess()
    assert [each.code for each in verdicts["XBTUSD"].objections if each.code == "COOLDOWN"]
    assert "COOLDOWN" not in {each.code for each in verdicts["ETHUSD"].objections}
    desk.turn(seconds=FUNDS_COOLDOWN.total_seconds())
    desk.wants("XBTUSD")
    assert "COOLDOWN" not in {each.code for each in desk.assess()["XBTUSD"].objections}


def test_oms_17_a_balance_that_shrinks_meanwhile_shrinks_no_order_twice(desk: Paper) -> None:
    order = desk.planned(qty="0.19", limit=RESTS)
    _hold(desk, "0.1")

    def spend(sent: Order) -> None:
        if sent.attempt > 1:
            _hold(desk, "0.02")

    desk.submit(gateway=Interrupted(desk.trader, before=spend))

    assert [each.state for each in _attempts(desk, order)] == [State.REJECTED] * 2


def test_oms_17_a_second_refusal_shrinks_no_further(desk: Paper) -> None:
    order = desk.planned(qty="0.19", limit=RESTS)
    _hold(desk, "0.1")
    broke = Lossy(desk.trader, arrives=False, error=FundsRefusedError, times=2)

    assert desk.submit(gateway=broke) == {State.REJECTED: 2}

    assert [each.attempt for each in _attempts(desk, order)] == [1, 2]
    desk.wants("XBTUSD")
    assert "COOLDOWN" in {each.code for each in desk.assess()["XBTUSD"].objections}


def test_oms_17_a_refusal_that_our_reckoning_does_not_explain_is_not_guessed_at(
    desk: Paper,
) -> None:
    desk.planned()
    broke = Lossy(desk.trader, arrives=False, error=FundsRefusedError)

    assert desk.submit(gateway=broke) == {State.REJECTED: 1}


def _hold(desk: Paper, qty: str) -> None:
    """Let somebody else's order hold 48,000 USD per unit."""
    told = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "48000"}
    desk.call("AddOrder", {**told, "volume": qty})


def test_u_fun_1_all_that_is_held_after_fees_can_be_sold(desk: Paper) -> None:
    desk.planned(qty="0.12345678")
    desk.submit()
    desk.settle()
    desk.book()
    desk.wants("XBTUSD", side=Side.SELL)

    verdict = desk.assess()["XBTUSD"]
    assert verdict.qty == Decimal("0.12345678")
    assert desk.submit() == {State.LIVE: 1}
    desk.settle()
    desk.book()

    assert desk.exchange.account.balances["XXBT"] == 0
    assert desk.held() == {("trend@1h", "XBTUSD"): 0}


def test_u_fun_2_an_order_below_the_least_cost_is_made_no_order(desk: Paper) -> None:
    desk.wants("XBTUSD")
    dear = _listed(desk, "XBTUSD", min_cost=Decimal(6_000))

    assert "MIN_QTY" in {each.code for each in desk.assess(market=dear)["XBTUSD"].objections}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"min_qty": Decimal("0.02")}, "MIN_QTY"),
        ({"min_cost": Decimal(1_000)}, "MIN_COST"),
        ({"tick": Decimal(100)}, "TICK"),
        ({"lot": Decimal("0.003")}, "LOT"),
        ({"status": "cancel_only"}, "PAIR_STATUS"),
    ],
)
def test_u_fun_3_an_order_that_waited_while_the_rules_changed_is_rejected_and_not_sent(
    desk: Paper, changes: dict[str, object], code: str
) -> None:
    order = desk.planned()
    desk.turn(seconds=11)

    assert desk.submit(market=_listed(desk, "XBTUSD", **changes)) == {State.REJECTED: 1}
    assert str(desk.now_of(order).last_error).startswith(f"{code}: ")
    assert desk.orders_there() == []


def test_oms_8_what_waited_goes_when_it_still_fits_and_what_opens_waits_where_nobody_answers(
    desk: Paper,
) -> None:
    desk.planned(limit=RESTS)
    desk.turn(seconds=11)

    def silent() -> None:
        raise UnexpectedReplyError("nobody answers")

    assert desk.submit(market=overriding(desk.market, tickers=silent)) == {"waiting": 1}
    assert desk.submit() == {State.LIVE: 1}


@pytest.mark.parametrize(
    ("mode", "limit", "post_only", "stop"),
    [
        ("cancel_only", False, False, False),
        ("post_only", False, True, False),
        ("limit_only", True, True, False),
        ("reduce_only", False, False, False),
    ],
)
def test_f_exc_2_only_what_the_mode_of_the_pair_allows_is_sent(
    desk: Paper, mode: str, *, limit: bool, post_only: bool, stop: bool
) -> None:
    wanted = {"limit": limit, "post_only": post_only, "stop": stop}
    above = Trigger(price=Price(Decimal(51_000)))
    terms = {
        "limit": None,
        "post_only": OrderTerms(post_only=True),
        "stop": OrderTerms(order_type="stop-loss", trigger=above),
    }
    listed = desk.exchange.market.listing.pair("XBTUSD")
    assert listed is not None
    desk.exchange.set_pair_status(listed, mode)
    for name, told in terms.items():
        desk.wants("XBTUSD", strategy=name, terms=told, confidence=Decimal("0.1"))
    desk.assess()

    went = {each.strategy_id for each in desk.stores.orders.reserving()}
    counts = desk.submit()

    assert went == {name for name, is_taken in wanted.items() if is_taken}
    assert counts == ({State.LIVE: len(went)} if went else {})


def test_f_dag_2_decisions_for_study_lead_to_no_order(desk: Paper) -> None:
    desk.wants("XBTUSD", namespace=Namespace.RESEARCH)

    assert desk.stores.decisions.pending(Namespace.TRADE) == ()
    assert desk.assess() == {}
    assert desk.submit() == Counter()


@pytest.mark.parametrize(
    ("order_type", "price", "is_ahead"),
    [
        ("stop-loss", "51000.03", True),
        ("stop-loss", "49000", False),
        ("take-profit", "49000.07", True),
        ("take-profit", "51000", False),
        ("stop-loss-limit", "51000", True),
        ("take-profit-limit", "49000", True),
    ],
)
def test_u_mkt_3_a_trigger_is_put_on_the_tick_and_denied_on_the_wrong_side(
    desk: Paper, order_type: str, price: str, *, is_ahead: bool
) -> None:
    terms = OrderTerms(order_type=order_type, trigger=Trigger(price=Price(Decimal(price))))
    desk.wants("XBTUSD", terms=terms, confidence=Decimal("0.1"))

    verdict = desk.assess()["XBTUSD"]

    codes = [each.code for each in verdict.objections]
    assert codes == ([] if is_ahead else ["TRIGGER_SIDE"])
    assert desk.submit() == ({State.LIVE: 1} if is_ahead else {})
    if is_ahead:
        [order] = desk.stores.orders.reserving()
        assert order.trigger is not None
        assert order.trigger.price == Decimal(price).quantize(Decimal("0.1"), "ROUND_FLOOR")


def test_the_other_types_are_taken_by_the_exchange_as_they_are_told(desk: Paper) -> None:
    close = Close(order_type="stop-loss", trigger_price=Price(Decimal("48000.01")))
    terms = {
        "trailing": OrderTerms(order_type="trailing-stop", trigger=Trigger(trail_pct=Decimal(2))),
        "closed": OrderTerms(close=close, post_only=True),
        "market": OrderTerms(order_type="market"),
    }
    for name, told in terms.items():
        desk.wants("XBTUSD", strategy=name, terms=told, confidence=Decimal("0.1"))
    desk.assess()

    assert desk.submit() == {State.LIVE: 3}
    there = {each.ordertype: each for each in desk.exchange.account.orders.values()}
    assert set(there) == {"trailing-stop", "limit"}
    kept = {each.strategy_id: each for each in desk.stores.orders.reserving()}
    assert (kept["market"].order_type, kept["market"].time_in_force) == ("limit", "IOC")
    assert kept["closed"].close == replace(close, trigger_price=Price(Decimal("48000.1")))
    desk.settle()
    assert desk.stores.halts.latched() == ()
