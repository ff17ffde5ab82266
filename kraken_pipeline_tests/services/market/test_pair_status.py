"""Pairs that the exchange restricts: no entry, a way out, and back when it is over."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from kraken_pipeline.domain.errors import RefusedError, UnreachableError
from kraken_pipeline.domain.halts import Halt, HaltKind
from kraken_pipeline.domain.lots import Position
from kraken_pipeline.domain.orders import Event, Fact, Order, State
from kraken_pipeline.services.market.pair_status import (
    StatusDesk,
    apply_status,
    apply_statuses,
    review_statuses,
)
from kraken_pipeline.services.orders.settle import cancel_many
from kraken_pipeline_tests.services.paper import Paper


def statuses(desk: Paper, **changes: Any) -> StatusDesk:  # noqa: ANN401 - `replace` checks them
    def withdraw(order: Order, why: str) -> object:
        event = Event(fact=Fact.WITHDRAWN, at=desk.clock(), source="test", detail=why)
        return desk.stores.orders.record(order, event)

    made = StatusDesk(
        universes=desk.stores.universes,
        orders=desk.stores.orders,
        books=desk.stores.books,
        halts=desk.stores.halts,
        tradable=frozenset({"online"}),
        withdraw=withdraw,
        cancel=partial(cancel_many, desk.settle_desk()),
        leave=None,
    )
    return replace(made, **changes)


def restricted(desk: Paper) -> list[Halt]:
    return [each for each in desk.stores.halts.latched() if each.kind is HaltKind.RESTRICTED]


def held(desk: Paper) -> None:
    desk.planned()
    desk.submit()
    desk.settle()
    desk.book()


def test_a_restricted_member_is_halted_at_once_and_opened_no_more(desk: Paper) -> None:
    order = desk.planned()

    applied = apply_status(
        statuses(desk, withdraw=lambda order, why: None), "XBTUSD", "post_only", desk.clock()
    )

    assert applied is not None
    assert (applied.is_restricted, applied.is_news) == (True, True)
    [halt] = restricted(desk)
    assert str(halt.scope) == "pair:XBTUSD"
    started = Event(fact=Fact.SEND_STARTED, at=desk.clock(), source="test")
    epoch = desk.stores.orders.take_lease(
        "orders", owner="a", now=desk.clock(), length=desk.submit_desk().lease
    )
    with pytest.raises(RefusedError):
        desk.stores.orders.record(order, started, epoch=epoch)


def test_a_restriction_that_is_over_clears_itself_and_is_told_once(desk: Paper) -> None:
    tell = partial(apply_status, statuses(desk), "XBTUSD", at=desk.clock())
    told = [tell(status=each) for each in ("cancel_only", "cancel_only", "online", "online")]

    assert [each.is_news for each in told if each is not None] == [True, False, True, False]
    assert restricted(desk) == []


def test_a_halt_says_the_newest_restriction(desk: Paper) -> None:
    for status in ("reduce_only", "delisted"):
        apply_status(statuses(desk), "XBTUSD", status, desk.clock())

    [halt] = restricted(desk)
    assert halt.reason.startswith("status=delisted; ")


def test_a_persons_halt_of_the_pair_outlasts_the_exchanges(desk: Paper) -> None:
    apply_status(statuses(desk), "XBTUSD", "cancel_only", desk.clock())
    [restriction] = restricted(desk)
    desk.stores.halts.latch(
        HaltKind.OPERATOR, reason="mine", at=desk.clock(), by="me", scope=restriction.scope
    )
    apply_status(statuses(desk), "XBTUSD", "online", desk.clock())

    assert [each.kind for each in desk.stores.halts.latched()] == [HaltKind.OPERATOR]


def test_a_pair_that_is_none_of_ours_is_passed_over(desk: Paper) -> None:
    assert apply_status(statuses(desk), "XBTEUR", "delisted", desk.clock()) is None
    assert restricted(desk) == []


def test_entries_end_and_what_protects_stays(desk: Paper) -> None:
    resting, waiting = desk.planned(limit="45000"), desk.planned("ETHUSD", "1", "100")
    desk.submit()
    waiting = desk.planned("ETHUSD", "1", "100")

    applied = apply_statuses(
        statuses(desk), {"XBTUSD": "cancel_only", "ETHUSD": "online"}, desk.clock()
    )

    assert [each.ended for each in applied] == [(), (resting.local_id,)]
    assert desk.now_of(resting).state is State.CANCELED
    assert desk.now_of(waiting).state is State.PLANNED


def test_an_exchange_that_does_not_answer_leaves_the_cancel_to_settling(desk: Paper) -> None:
    desk.planned(limit="45000")
    desk.submit()

    def cancel(orders: Sequence[Order]) -> object:
        raise UnreachableError(f"{len(orders)} not canceled: no route")

    applied = apply_status(statuses(desk, cancel=cancel), "XBTUSD", "delisted", desk.clock())

    assert applied is not None
    assert applied.failed == "1 not canceled: no route"
    assert restricted(desk) != []


@pytest.mark.parametrize(
    ("status", "sold"),
    [("reduce_only", ["XBTUSD"]), ("limit_only", ["XBTUSD"]), ("delisted", [])],
)
def test_a_sale_is_asked_for_while_the_status_allows_it(
    desk: Paper, status: str, sold: list[str]
) -> None:
    held(desk)
    asked: list[Position] = []

    apply_status(
        statuses(desk, leave=lambda held, why: asked.extend(held)), "XBTUSD", status, desk.clock()
    )

    assert [each.pair for each in asked] == sold


def test_a_listing_without_the_pair_restricts_it(desk: Paper) -> None:
    held(desk)

    [eth, xbt] = review_statuses(statuses(desk), {"ETHUSD": "online"}, desk.clock())

    assert (eth.is_restricted, xbt.status, xbt.is_restricted) == (False, "not listed", True)
    assert "held: 0.01 in trend@1h" in xbt.said


def test_a_halt_of_a_pair_that_is_none_of_ours_any_more_is_cleared(desk: Paper) -> None:
    apply_status(statuses(desk), "XBTUSD", "delisted", desk.clock())
    known = desk.stores.universes.latest()
    assert known is not None
    left = replace(known, members=tuple(each for each in known.members if each.name != "XBTUSD"))

    class Left:
        def latest(self) -> object:
            return left

    review_statuses(statuses(desk, universes=Left()), {"ETHUSD": "online"}, desk.clock())

    assert restricted(desk) == []
