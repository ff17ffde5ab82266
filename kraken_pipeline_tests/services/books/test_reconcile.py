"""Comparing books and exchange: what is found, what is repaired, when opening may follow."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.accounting.tolerance import Tolerance
from kraken_pipeline.domain.errors import (
    ConflictError,
    InvalidValueError,
    PipelineError,
    UnreachableError,
)
from kraken_pipeline.domain.halts import HaltKind
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.domain.reconciliations import Cause, Kind, Outcome
from kraken_pipeline.services.books.book import Booked
from kraken_pipeline.services.books.reconcile import Pass, opening_objection
from kraken_pipeline_tests.fakes import Crash, Interrupted, Lossy, overriding
from kraken_pipeline_tests.services.candles import DEEP_DIP
from kraken_pipeline_tests.services.paper import Paper

FAR_OFF = {"ordertype": "limit", "type": "buy", "volume": "0.01", "price": "40000"}


def resting(desk: Paper) -> Order:
    order = desk.planned(limit="49500", expires_at=desk.clock() + timedelta(hours=2))
    assert desk.submit() == {State.LIVE: 1}
    return desk.now_of(order)


def by_hand(desk: Paper, pair: str = "XBTUSD", **fields: str) -> str:
    """Place an order as a person does on the exchange's site, and return its id."""
    answer = desk.call("AddOrder", {**FAR_OFF, "pair": pair, **fields})
    assert isinstance(answer, dict)
    return str(answer["txid"][0])


def kinds(made: Pass) -> list[Kind]:
    return [each.kind for each in made.found.findings]


def objects(
    desk: Paper,
    *,
    after: float = 10,
    keep_books: Callable[[], Booked] | None = None,
) -> bool:
    """Tell whether something stands against opening, some seconds later."""
    desk.turn(seconds=after)
    changes = {} if keep_books is None else {"keep_books": keep_books}
    return bool(opening_objection(desk.reconcile_desk(**changes)))


def outcomes(desk: Paper) -> list[Outcome]:
    """Return how the passes that were kept ended, the oldest first."""
    return [each.outcome for each in reversed(desk.stores.passes.newest(99))]


def test_in_quiet_a_pass_finds_nothing_and_is_kept(desk: Paper) -> None:
    made = desk.reconcile()

    assert (made.found.findings, made.booked, made.agreement.foreign) == ((), None, ())
    assert desk.stores.passes.newest(9) == (made.found,)


def test_a_resting_order_costs_three_questions_a_pass(desk: Paper) -> None:
    resting(desk)
    asked: list[str] = []

    def noting(name: str) -> object:
        def ask(*args: object, **more: object) -> object:
            asked.append(name)
            return getattr(desk.account, name)(*args, **more)

        return ask

    names = ("orders", "open_orders", "closed_orders", "balances", "trades", "ledger")
    account = overriding(desk.account, **{each: noting(each) for each in names})  # type: ignore[arg-type]  # they can be called
    made = desk.reconcile(settling=desk.settle_desk(account=account))

    assert asked == ["orders", "open_orders", "balances"]
    assert made.found.outcome is Outcome.CLEAN


def test_a_fill_of_a_resting_order_is_news_and_no_repair(desk: Paper) -> None:
    resting(desk)
    desk.turn_to(DEEP_DIP)

    made = desk.reconcile()

    assert kinds(made) == [Kind.ORDER_MOVED, Kind.FILLS_BOOKED]
    assert made.found.outcome is Outcome.CLEAN
    assert made.orders == {State.FILLED: 1}
    assert desk.balances_agree()


@pytest.mark.parametrize("limit", ["49500", "50250"])
def test_an_order_whose_reply_was_lost_is_repaired(desk: Paper, limit: str) -> None:
    order = desk.planned(limit=limit)
    desk.submit(gateway=Lossy(desk.trader))
    desk.turn(seconds=6)

    made = desk.reconcile()

    assert kinds(made)[0] is Kind.ORDER_ADOPTED
    assert made.found.outcome is Outcome.REPAIRED
    assert desk.now_of(order).state in {State.LIVE, State.FILLED}


def test_an_order_that_never_arrived_stays_in_doubt_until_that_is_proven(desk: Paper) -> None:
    order = desk.planned()
    desk.submit(gateway=Lossy(desk.trader, arrives=False))

    seen = []
    while desk.now_of(order).state is State.UNKNOWN:
        desk.turn(seconds=30)
        seen.append(desk.reconcile().found)

    assert {each.outcome for each in seen[:-1]} == {Outcome.CLEAN}
    assert {one.kind for each in seen[:-1] for one in each.findings} == {Kind.ORDER_UNKNOWN}
    assert seen[-1].outcome is Outcome.REPAIRED
    assert [each.kind for each in seen[-1].findings] == [Kind.ORDER_ABSENT]


def test_a_pass_after_an_event_looks_at_our_orders_and_is_kept_if_it_found_something(
    desk: Paper,
) -> None:
    by_hand(desk)
    desk.planned(limit="49500")
    desk.submit(gateway=Lossy(desk.trader))
    desk.turn(seconds=6)

    assert kinds(desk.reconcile(Cause.EVENT)) == [Kind.ORDER_ADOPTED]
    assert kinds(desk.reconcile(Cause.EVENT)) == []

    assert outcomes(desk) == [Outcome.REPAIRED]
    assert desk.stores.foreign.open() == ()


def test_f_evt_4_an_order_placed_by_hand_is_shown_counted_and_left_alone(desk: Paper) -> None:
    name = by_hand(desk)

    first, second = desk.reconcile(), desk.reconcile()

    assert kinds(first) == [Kind.FOREIGN_NEW]
    assert kinds(second) == []
    assert first.found.outcome is Outcome.CLEAN
    [shown] = second.agreement.foreign
    assert (shown.kraken_order_id, shown.pair, shown.side) == (name, "XBTUSD", Side.BUY)
    assert "0.01" in shown.description
    assert list(desk.exchange.account.open) == [name]


def test_f_evt_4_what_an_order_placed_by_hand_filled_is_booked_as_manual(desk: Paper) -> None:
    name = by_hand(desk, price="60000")

    made = desk.reconcile()

    assert kinds(made) == [Kind.FILLS_BOOKED]
    assert desk.held() == {("manual", "XBTUSD"): Decimal("0.01")}
    assert desk.balances_agree()
    assert name not in desk.exchange.account.open


def test_an_order_of_somebody_elses_that_ended_is_gone(desk: Paper) -> None:
    name = by_hand(desk)
    desk.reconcile()
    desk.call("CancelOrder", {"txid": name})

    made = desk.reconcile()

    assert kinds(made) == [Kind.FOREIGN_GONE]
    assert made.agreement.foreign == ()


def test_f_rd_7_one_list_without_an_order_proves_nothing(desk: Paper) -> None:
    by_hand(desk)
    order = resting(desk)
    desk.reconcile()
    old_page = overriding(desk.account, open_orders=lambda cl_ord_id=None: ())

    made = desk.reconcile(settling=desk.settle_desk(account=old_page))

    assert desk.now_of(order).state is State.LIVE
    assert len(made.agreement.foreign) == 1
    assert made.found.outcome is Outcome.CLEAN


def test_f_rd_7_an_old_list_with_an_order_that_ended_brings_nothing_back(desk: Paper) -> None:
    order = resting(desk)
    page = desk.account.open_orders()
    desk.call("CancelOrder", {"txid": str(order.kraken_order_id)})
    desk.settle()
    desk.turn(minutes=5)
    old_page = overriding(desk.account, open_orders=lambda cl_ord_id=None: page)

    made = desk.reconcile(Cause.START, settling=desk.settle_desk(account=old_page))

    assert made.found.findings == ()
    assert desk.stores.halts.latched() == ()


def test_an_order_that_is_open_against_our_books_halts(desk: Paper) -> None:
    order = resting(desk)
    ended = Event(fact=Fact.CANCELED_SEEN, at=desk.clock(), source="a wrong reply")
    desk.stores.orders.record(order, ended)
    desk.turn(minutes=3)

    made = desk.reconcile()

    assert made.found.outcome is Outcome.DIFFERS
    [halt] = desk.stores.halts.latched()
    assert halt.kind is HaltKind.CONTRADICTION
    assert order.local_id in halt.reason


def test_a_stop_that_kraken_placed_for_our_order_is_no_stranger(desk: Paper) -> None:
    order = resting(desk)
    [shown] = desk.account.open_orders()
    child = replace(
        shown, kraken_order_id="OCHILD", cl_ord_id=None, parent_id=order.kraken_order_id
    )
    account = overriding(desk.account, open_orders=lambda cl_ord_id=None: (shown, child))

    made = desk.reconcile(Cause.START, settling=desk.settle_desk(account=account))

    assert made.agreement.foreign == ()


def test_holds_that_no_order_explains_are_told_after_a_second_look(desk: Paper) -> None:
    resting(desk)
    hidden = overriding(desk.account, open_orders=lambda cl_ord_id=None: ())

    made = desk.reconcile(settling=desk.settle_desk(account=hidden))

    [finding] = made.found.findings
    assert (finding.kind, finding.subject) == (Kind.HOLD_UNEXPLAINED, "USD")
    assert finding.said == "held=495, needed=0"


def test_f_rd_5_a_balance_ahead_of_its_ledger_is_pending_for_two_minutes(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    late = overriding(desk.account, ledger=lambda since=None: (), trades=lambda since=None: ())

    def look() -> Pass:
        return desk.reconcile(keep_books=lambda: desk.book(account=late))

    assert {each.kind for each in look().found.findings} == {Kind.DRIFT_PENDING}
    desk.turn(seconds=119)
    assert look().found.outcome is Outcome.CLEAN
    desk.turn(seconds=2)
    assert look().found.outcome is Outcome.DIFFERS
    assert {each.kind for each in desk.reconcile().found.findings} == {Kind.FILLS_BOOKED}


@pytest.mark.parametrize(
    ("tolerance", "kind"),
    [("0.0001", Kind.DRIFT_SMALL), ("0.00009", Kind.DRIFT)],
)
def test_the_tolerance_decides_what_a_drift_stops_and_not_whether_it_is_shown(
    desk: Paper, tolerance: str, kind: Kind
) -> None:
    off = desk.account.balances()
    dollars = off["ZUSD"]
    off["ZUSD"] = replace(dollars, total=dollars.total + Decimal("0.0001"))
    there = overriding(desk.account, balances=lambda: off)
    bound = Tolerance(amount=Decimal(tolerance))

    def look() -> Pass:
        return desk.reconcile(
            full=True, keep_books=lambda: desk.book(account=there, tolerance=bound)
        )

    look()
    desk.turn(seconds=121)

    [found] = look().found.findings
    assert (found.kind, found.subject) == (kind, "ZUSD")


def test_an_order_whose_fills_never_come_is_told(desk: Paper) -> None:
    order = desk.planned()
    desk.submit()
    desk.settle()
    desk.turn(minutes=3)
    silent = overriding(desk.account, ledger=lambda since=None: (), trades=lambda since=None: ())

    made = desk.reconcile(keep_books=lambda: desk.book(account=silent))

    found = {each.kind: each for each in made.found.findings}
    assert found[Kind.FILLS_MISSING].subject == order.local_id


def test_who_is_about_to_send_does_not_take_a_difference_for_gone_that_nobody_looked_at(
    desk: Paper,
) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    late = overriding(desk.account, ledger=lambda since=None: (), trades=lambda since=None: ())
    parted = desk.reconcile_desk(keep_books=lambda: desk.book(account=late))
    desk.reconcile(keep_books=parted.keep_books)
    desk.turn(minutes=3)
    assert desk.reconcile(keep_books=parted.keep_books).found.outcome is Outcome.DIFFERS

    while_it_lasts = [objects(desk, keep_books=parted.keep_books) for _ in range(4)]
    afterwards = [objects(desk) for _ in range(3)]

    assert all(while_it_lasts)
    assert afterwards == [True, False, False]


@pytest.mark.parametrize("kind", [HaltKind.CONTRADICTION, HaltKind.OVERFILL])
def test_after_what_cannot_be_true_of_an_order_two_looks_come_before_anything_opens(
    desk: Paper, kind: HaltKind
) -> None:
    desk.stores.halts.latch(kind, reason="a test", at=desk.clock(), by="poll")
    assert desk.reconcile().found.outcome is Outcome.DIFFERS

    desk.stores.halts.clear(reason="seen", at=desk.clock(), by="me")

    assert [objects(desk) for _ in range(3)] == [True, False, False]


def test_fills_that_never_come_are_told_for_as_long_as_they_are_missing(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    silent = overriding(desk.account, trades=lambda since=None: ())

    def look() -> Outcome:
        desk.turn(minutes=3)
        return desk.reconcile(keep_books=lambda: desk.book(account=silent)).found.outcome

    assert [look() for _ in range(3)] == [Outcome.DIFFERS] * 3
    assert [desk.reconcile().found.outcome for _ in range(2)] == [Outcome.CLEAN] * 2


def test_f_sub_19_what_waits_for_a_person_on_one_pair_stops_no_other(desk: Paper) -> None:
    order = desk.planned(qty="0.003")  # less than 2 % of NAV
    desk.submit(gateway=Lossy(desk.trader, arrives=False))
    unheard = {"stream_shows_absence": lambda sent_at, settled_at: False}
    while desk.now_of(order).state is not State.MANUAL:
        desk.turn(seconds=30)
        desk.settle(**unheard)
    other = desk.planned("ETHUSD", "0.1", "2512", strategy_id="other")
    comparing = desk.reconcile_desk()

    # its pair is halted by itself
    desk.submit(opening_objection=lambda: opening_objection(comparing))

    assert desk.stores.halts.latched()[0].scope.name == order.pair
    assert desk.now_of(other).state is State.LIVE


def test_before_the_first_pass_of_all_one_is_made_and_opening_may_follow(desk: Paper) -> None:
    assert opening_objection(desk.reconcile_desk()) == ""

    assert outcomes(desk) == [Outcome.CLEAN]


def test_with_nothing_at_the_exchange_nothing_is_asked(desk: Paper) -> None:
    desk.reconcile()

    def refuse(*asked: object, **more: object) -> None:
        pytest.fail(f"the exchange was asked for {asked} {more}")

    silent = overriding(desk.account, orders=refuse, open_orders=refuse, balances=refuse)
    objection = opening_objection(desk.reconcile_desk(settling=desk.settle_desk(account=silent)))

    assert objection == ""
    assert outcomes(desk) == [Outcome.CLEAN]


def test_u_dup_9_what_may_be_there_is_looked_at_before_anything_opens(desk: Paper) -> None:
    desk.planned(limit="49500")
    desk.submit(gateway=Lossy(desk.trader))
    desk.turn(seconds=6)

    said = opening_objection(desk.reconcile_desk())

    assert said == "NOT_RECONCILED: clean_passes_missing=2"
    assert [each.state for each in desk.stores.orders.reserving()] == [State.LIVE]


def test_after_a_repair_opening_follows_two_clean_passes(desk: Paper) -> None:
    desk.planned(limit="49500")
    desk.submit(gateway=Lossy(desk.trader))
    desk.turn(seconds=6)

    assert [objects(desk) for _ in range(4)] == [True, True, False, False]
    assert outcomes(desk) == [Outcome.REPAIRED, *[Outcome.CLEAN] * 3]


def test_f_rd_7_clean_passes_of_the_same_few_seconds_are_one(desk: Paper) -> None:
    desk.planned(limit="49500")
    desk.submit(gateway=Lossy(desk.trader))
    desk.turn(seconds=6)
    opening_objection(desk.reconcile_desk())

    said = [objects(desk, after=1) for _ in range(12)]

    assert said == [*[True] * 10, False, False]


def test_while_the_exchange_does_not_answer_nothing_opens(desk: Paper) -> None:
    resting(desk)

    def unreachable(*asked: object, **more: object) -> None:
        raise UnreachableError("no answer")

    away = overriding(desk.account, orders=unreachable)
    said = opening_objection(desk.reconcile_desk(settling=desk.settle_desk(account=away)))

    assert said == "NOT_RECONCILED: no answer"


@pytest.mark.parametrize("failure", [ConflictError("another was first"), InvalidValueError("odd")])
def test_inv_7_what_the_books_cannot_take_stops_what_opens_and_no_exit(
    desk: Paper, failure: PipelineError
) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()
    resting(desk)
    exit_, entry = desk.planned(side=Side.SELL, limit="49750"), desk.planned("ETHUSD", "0.1")

    def refuse(*told: object) -> None:
        raise failure

    odd = desk.reconcile_desk(passes=overriding(desk.stores.passes, keep=refuse))
    desk.submit(opening_objection=lambda: opening_objection(odd))

    assert desk.now_of(exit_).state is State.LIVE
    assert desk.now_of(entry).state is State.PLANNED


def test_a_holding_without_its_stop_is_told_and_stops_nothing_else(desk: Paper) -> None:
    made = desk.reconcile(unprotected=lambda: {"trend@1h XBTUSD": "since=12:00"})

    [finding] = made.found.findings
    assert (finding.kind, finding.subject) == (Kind.UNPROTECTED, "trend@1h XBTUSD")
    assert made.found.outcome is Outcome.CLEAN


def test_l_1_an_order_whose_sender_died_is_settled_where_nobody_sends_again(desk: Paper) -> None:
    order = desk.planned()
    with suppress(Crash):
        desk.submit(gateway=Interrupted(desk.trader, before=_die))
    assert desk.now_of(order).state is State.SENDING

    for _ in range(8):
        desk.turn(seconds=30)
        desk.reconcile()

    assert desk.now_of(order).state is State.ABSENT


def test_l_3_in_quiet_two_comparisons_in_a_row_find_nothing(desk: Paper) -> None:
    desk.planned(limit="49500")
    desk.planned("ETHUSD", "0.1", "2512")
    desk.submit(gateway=Lossy(desk.trader, times=2))
    desk.turn(minutes=3)

    found = [desk.reconcile().found for _ in range(3)]

    assert [each.outcome for each in found] == [Outcome.REPAIRED, Outcome.CLEAN, Outcome.CLEAN]
    assert [each.findings for each in found[1:]] == [(), ()]


def _die(order: Order) -> None:
    raise Crash
