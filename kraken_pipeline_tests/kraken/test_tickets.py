from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import (
    ORDER_TYPES,
    TRAILING,
    TRIGGERED,
    Close,
    Trigger,
    TriggeredBy,
)
from kraken_pipeline.kraken.forms import form_fields
from kraken_pipeline.kraken.terms import (
    FeeCurrency,
    OrderType,
    PriceKind,
    PriceTerm,
    Reference,
    TimeInForce,
)
from kraken_pipeline.kraken.tickets import Ticket, ticket_of
from kraken_pipeline_tests.builders import NOW, order

AT = PriceTerm.at(Decimal(50000))
LIMIT = Ticket(
    pair="XBTUSD",
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    qty=Qty(Decimal(15)),
    limit=AT,
    time_in_force=TimeInForce.GTC,
    cl_ord_id="one",
)
STOP = Trigger(price=Price(Decimal("49000.5")))
TRAIL = Trigger(trail_pct=Decimal("2.5"), by=TriggeredBy.INDEX)
MARKET = replace(LIMIT, order_type=OrderType.MARKET, limit=None, time_in_force=None)


def test_an_order_of_ours_says_who_it_is_what_it_costs_at_worst_and_where_the_fee_is_paid() -> None:
    ticket = ticket_of(order(), deadline=NOW)

    assert ticket.cl_ord_id == order().cl_ord_id
    assert ticket.userref is None
    assert ticket.limit == PriceTerm.at(order().limit_price)
    assert ticket.time_in_force is TimeInForce.GTC
    assert ticket.fee_currency is FeeCurrency.QUOTE


def test_a_market_order_of_ours_has_no_limit_and_never_rests() -> None:
    ticket = ticket_of(order(order_type="market"), deadline=NOW)

    assert (ticket.limit, ticket.time_in_force) == (None, None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pair": ""}, "no pair"),
        ({"limit": None}, "needs a limit"),
        ({"trigger": AT}, "has no trigger"),
        ({"reference": Reference.LAST}, "reference"),
        ({"qty": None}, "how much"),
        ({"cash": Decimal(1)}, "how much"),
        ({"qty": None, "cash": Decimal(1)}, "market buy"),
        ({"qty": Decimal(0)}, "above zero"),
        ({"qty": Decimal(-1)}, "above zero"),
        ({"display_qty": Decimal(2)}, "iceberg"),
        ({"time_in_force": None}, "time in force"),
        ({"time_in_force": TimeInForce.GTD}, "GTD"),
        ({"expires_at": NOW}, "GTD"),
        ({"time_in_force": TimeInForce.IOC, "post_only": True}, "post-only"),
        ({"cl_ord_id": None}, "cl_ord_id"),
        ({"userref": 1}, "cl_ord_id"),
        ({"cl_ord_id": "nineteen-letters-xx"}, "18"),
        ({"cl_ord_id": "two words"}, "18"),
        ({"cl_ord_id": None, "userref": 2**31}, "32 bits"),
        ({"starts_at": NOW.replace(microsecond=1)}, "second"),
        (
            {"starts_at": NOW, "expires_at": NOW, "time_in_force": TimeInForce.GTD},
            "before it starts",
        ),
    ],
)
def test_what_kraken_would_not_take_can_not_be_made(changes: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidValueError, match=why):
        replace(LIMIT, **changes)  # type: ignore[arg-type] # replace itself refuses wrong fields


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limit": AT}, "has no limit"),
        ({"time_in_force": TimeInForce.IOC}, "time in force"),
        ({"post_only": True}, "post-only"),
        ({"side": Side.SELL, "qty": None, "cash": Decimal(1)}, "market buy"),
    ],
)
def test_a_market_order_says_little(changes: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidValueError, match=why):
        replace(MARKET, **changes)  # type: ignore[arg-type] # replace itself refuses wrong fields


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidValueError, match=r"limit price; .*market buy"):
        replace(LIMIT, limit=None, qty=None, cash=Decimal(1))


def test_a_market_buy_can_be_told_in_cash() -> None:
    assert replace(MARKET, qty=None, cash=Decimal(100)).cash == Decimal(100)


@pytest.mark.parametrize(("shown", "fits"), [("1", True), ("15", True), ("0.9", False)])
def test_an_iceberg_shows_a_fifteenth_at_least(*, shown: str, fits: bool) -> None:
    changes = {"order_type": OrderType.ICEBERG, "display_qty": Decimal(shown)}
    if fits:
        replace(LIMIT, **changes)  # type: ignore[arg-type] # as above
        return
    with pytest.raises(InvalidValueError, match="fifteenth"):
        replace(LIMIT, **changes)  # type: ignore[arg-type] # as above


def test_a_trailing_stop_is_told_by_its_distance() -> None:
    stop = replace(
        LIMIT,
        order_type=OrderType.TRAILING_STOP,
        limit=None,
        trigger=PriceTerm(amount=Decimal(5), kind=PriceKind.PERCENT),
        reference=Reference.INDEX,
    )

    assert stop.rule.trails
    with pytest.raises(InvalidValueError, match="distances"):
        replace(stop, trigger=AT)


@pytest.mark.parametrize("order_type", sorted(ORDER_TYPES))
def test_an_order_of_ours_of_any_type_is_told_with_what_its_type_needs(order_type: str) -> None:
    trigger = STOP if order_type in TRIGGERED else TRAIL if order_type == TRAILING else None

    told = form_fields(
        ticket_of(order(order_type=order_type, trigger=trigger, qty=Qty(Decimal(2))), deadline=NOW)
    )

    limit, stop = "50250", "49000.5"
    prices = {
        "limit": (limit, None),
        "market": (None, None),
        "stop-loss": (stop, None),
        "take-profit": (stop, None),
        "stop-loss-limit": (stop, limit),
        "take-profit-limit": (stop, limit),
        "trailing-stop": ("+2.5%", None),
    }
    assert (told.get("price"), told.get("price2")) == prices[order_type]
    assert told["ordertype"] == order_type
    assert told.get("trigger") == (None if trigger is None else trigger.by.value)
    assert told.get("timeinforce") == (None if order_type == "market" else "GTC")
    assert told["volume"] == "2"


def test_a_conditional_close_goes_with_its_order() -> None:
    close = Close(
        order_type="stop-loss-limit",
        trigger_price=Price(Decimal(48000)),
        limit_price=Price(Decimal(47900)),
    )

    told = form_fields(ticket_of(order(close=close), deadline=NOW))

    assert told["close[ordertype]"] == "stop-loss-limit"
    assert (told["close[price]"], told["close[price2]"]) == ("48000", "47900")


def test_oms_15_what_may_rest_ends_with_its_wish_at_the_exchange_too() -> None:
    ends = NOW + timedelta(minutes=1, microseconds=900)

    ticket = ticket_of(order(time_in_force="GTD", expires_at=ends), deadline=NOW)

    assert ticket.time_in_force is TimeInForce.GTD
    assert ticket.expires_at == NOW + timedelta(minutes=1)
    assert form_fields(ticket)["expiretm"] == str(int(ends.timestamp()))


@pytest.mark.parametrize(
    ("life", "told"),
    [
        (timedelta(seconds=4, microseconds=999_999), TimeInForce.GTC),
        (timedelta(seconds=5), TimeInForce.GTD),
        (timedelta(days=28), TimeInForce.GTD),
        (timedelta(days=28, seconds=1), TimeInForce.GTC),
        (timedelta(days=-1), TimeInForce.GTC),
    ],
)
def test_a_life_that_kraken_does_not_take_is_ended_by_us_alone(
    life: timedelta, told: TimeInForce
) -> None:
    ticket = ticket_of(order(time_in_force="GTD", expires_at=NOW + life), deadline=NOW)

    assert ticket.time_in_force is told
    assert (ticket.expires_at is None) is (told is TimeInForce.GTC)


def test_an_order_that_ends_at_a_time_starts_before() -> None:
    dated = replace(
        LIMIT,
        time_in_force=TimeInForce.GTD,
        starts_at=NOW,
        expires_at=NOW + timedelta(minutes=1),
    )

    with pytest.raises(InvalidValueError, match="before it starts"):
        replace(dated, starts_at=NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    "changes",
    [
        {"order_type": "stop-loss"},
        {"order_type": "iceberg"},
        {"trigger": Trigger(price=Price(Decimal(49000)))},
        {"order_type": "stop-loss", "trigger": STOP, "time_in_force": "IOC"},
        {"order_type": "stop-loss", "trigger": STOP, "post_only": True},
        {"time_in_force": "someday"},
        {"qty": Decimal(0)},
    ],
)
def test_an_order_of_ours_that_kraken_would_not_take_is_refused_by_its_name(
    changes: dict[str, object],
) -> None:
    with pytest.raises(InvalidValueError, match=order().local_id):
        ticket_of(order(**changes), deadline=NOW)
