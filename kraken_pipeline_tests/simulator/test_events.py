"""Facts and their form in the journal."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from kraken_pipeline.simulator.engine import Side
from kraken_pipeline.simulator.events import (
    Event,
    OrderAmended,
    OrderOpened,
    OrderStarted,
    OrderTriggered,
    PairStatusSet,
    SystemSet,
    TriggerMoved,
    decoded,
    encoded,
)
from kraken_pipeline.simulator.orders import Closing, Distance, Order, Trigger

NOW = datetime(2026, 10, 1, tzinfo=UTC)
TRIGGER = Trigger(
    price=Decimal(45_000),
    trail=Distance(amount=Decimal(2), percent=True),
    offset=Distance(amount=Decimal(-50)),
    peak=Decimal(46_000),
)
ORDER = Order(
    id="O1",
    pair="XXBTZUSD",
    side=Side.SELL,
    ordertype="trailing-stop-limit",
    price=None,
    volume=Decimal("0.1"),
    opened=NOW,
    trigger=TRIGGER,
    starts=NOW,
    close=Closing(ordertype="limit", price="+1%"),
)
OLD_LINE = (
    '[["OrderOpened",{"at":{"time":"2026-10-01T00:00:00+00:00"},"order":{"order":{"id":"O1","pair":'
    '"XXBTZUSD","side":"buy","ordertype":"limit","price":{"decimal":"30000"},"volume":{"decimal":'
    '"0.01"},"in_quote":false,"oflags":["post","fciq"],"timeinforce":"GTC","expires":null,'
    '"cl_ord_id":"mine","userref":0,"opened":{"time":"2026-10-01T00:00:00+00:00"},"status":"open",'
    '"executed":{"decimal":"0"},"cost":{"decimal":"0"},"fee":{"decimal":"0"},"ended":null,"reason":'
    'null,"trades":[],"amended":false}}}],["OrderAmended",{"at":{"time":'
    '"2026-10-01T00:00:01+00:00"},"order_id":"O1","amend_id":"T1","volume":{"decimal":"0.02"},'
    '"price":{"decimal":"30000"},"post":true}],["OrderEnded",{"at":{"time":'
    '"2026-10-01T00:00:02+00:00"},"order_id":"O1","status":"canceled","reason":"User requested"}]]'
)


@pytest.mark.parametrize(
    "event",
    [
        OrderOpened(at=NOW, order=ORDER),
        OrderStarted(at=NOW, order_id="O1"),
        OrderTriggered(at=NOW, order_id="O1", last=Decimal(44_999), price=Decimal(44_950)),
        TriggerMoved(at=NOW, order_id="O1", peak=Decimal(47_000), stop=Decimal(46_000)),
        OrderAmended(
            at=NOW, order_id="O1", amend_id="T1", volume=Decimal("0.2"), price=None, post=False,
            display=Decimal("0.1"), trigger=TRIGGER,
        ),
        SystemSet(at=NOW, status="maintenance"),
        PairStatusSet(at=NOW, pair="XXBTZUSD", status=None),
    ],
    ids=lambda event: type(event).__name__,
)  # fmt: skip
def test_every_fact_is_the_same_when_it_is_read_again(event: Event) -> None:
    assert decoded(encoded([event])) == (event,)


def test_a_journal_from_before_triggers_can_be_read() -> None:
    opened, amended, ended = decoded(OLD_LINE)

    assert isinstance(opened, OrderOpened)
    assert isinstance(amended, OrderAmended)
    assert (opened.order.side, opened.order.oflags) == (Side.BUY, ("post", "fciq"))
    assert (opened.order.trigger, opened.order.close, opened.order.stp) == (
        None,
        None,
        "cancel-newest",
    )
    assert (amended.trigger, amended.display, amended.reason) == (None, None, "User requested")
    assert type(ended).__name__ == "OrderEnded"


@pytest.mark.parametrize("line", ['[["Nothing",{}]]', '[["OrderStarted",{}]]'])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a line of events"):
        decoded(line)
