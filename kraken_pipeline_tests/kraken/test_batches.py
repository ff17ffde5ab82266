from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from kraken_pipeline.domain.errors import (
    InvalidValueError,
    OrderRefusedError,
    OutcomeUnknownError,
    UnexpectedReplyError,
)
from kraken_pipeline.domain.orders import Order
from kraken_pipeline.domain.reports import Placed, Rehearsed
from kraken_pipeline.kraken.batches import batch_request, checked_from, placed_from
from kraken_pipeline.kraken.tickets import Ticket, ticket_of
from kraken_pipeline_tests.builders import NOW, order

SAID = {"order": "buy 0.00200000 XBTUSD @ limit 50250.0"}


def own(number: int, **changes: object) -> Order:
    return order(cl_ord_id=f"own-{number}", **changes)


def several(count: int) -> list[Ticket]:
    return [ticket_of(own(number), deadline=NOW) for number in range(count)]


def asked(tickets: list[Ticket], deadline: datetime = NOW) -> dict[str, object]:
    return batch_request(tickets, deadline=deadline)


def test_a_batch_names_its_pair_once_and_each_of_its_orders() -> None:
    request = asked(several(2))

    assert request["pair"] == "XBTUSD"
    assert request["deadline"] == "2026-11-02T12:00:30.000Z"
    assert [each["cl_ord_id"] for each in rows(request)] == ["own-0", "own-1"]
    assert not any("pair" in each for each in rows(request))


def rows(request: dict[str, Any]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = request["orders"]
    return listed


@pytest.mark.parametrize(
    ("tickets", "why"),
    [
        (several(1), "2 to 15"),
        (several(16), "2 to 15"),
        ([*several(1), ticket_of(own(1, pair="ETHUSD"), deadline=NOW)], "one pair"),
        ([*several(1), *several(1)], "same cl_ord_id"),
    ],
)
def test_what_is_no_batch_is_not_sent(tickets: list[Ticket], why: str) -> None:
    with pytest.raises(InvalidValueError, match=why):
        asked(tickets)


def test_each_order_of_a_batch_has_its_own_outcome() -> None:
    reply = {
        "orders": [
            {"txid": "O1", "descr": SAID},
            {"error": "EOrder:Insufficient funds"},
            {"error": "EOrder:Rate limit exceeded"},
        ]
    }

    placed, poor, late = placed_from(reply, several(3))

    assert placed == Placed(kraken_order_id="O1", description=SAID["order"])
    assert isinstance(poor, OrderRefusedError)
    assert isinstance(late, OrderRefusedError)
    assert "Insufficient funds" in str(poor)


def test_one_order_that_may_exist_leaves_all_to_be_looked_for() -> None:
    reply = {"orders": [{"txid": "O1", "descr": SAID}, {"error": "EGeneral:Internal error"}]}

    with pytest.raises(OutcomeUnknownError):
        placed_from(reply, several(2))


@pytest.mark.parametrize(
    "orders",
    [
        [],
        [{"txid": "O1", "descr": SAID}],
        [{"txid": "O1", "descr": SAID}, {}],
        [{"txid": "O1", "descr": SAID}, {"txid": "", "descr": SAID}],
        [{"txid": "O1", "descr": SAID}, {"txid": "O1", "descr": SAID}],
        [
            {"txid": "O1", "descr": SAID},
            {"txid": "O2", "descr": {"order": "sell 1 XBTUSD @ market"}},
        ],
    ],
)
@pytest.mark.parametrize("read", [placed_from, checked_from])
def test_an_answer_that_does_not_fit_the_batch_is_refused(
    orders: list[object], read: Callable[[object, list[Ticket]], object]
) -> None:
    with pytest.raises(UnexpectedReplyError):
        read({"orders": orders}, several(2))


def test_a_batch_that_is_only_checked_has_no_ids() -> None:
    reply = {"orders": [{"descr": SAID}, {"error": "EOrder:Tick size check failed"}]}

    checked, refused = checked_from(reply, several(2))

    assert checked == Rehearsed(description=SAID["order"])
    assert isinstance(refused, OrderRefusedError)
