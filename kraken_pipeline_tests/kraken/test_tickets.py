from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Qty
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
MARKET = replace(LIMIT, order_type=OrderType.MARKET, limit=None, time_in_force=None)


def test_an_order_of_ours_says_who_it_is_what_it_costs_at_worst_and_where_the_fee_is_paid() -> None:
    ticket = ticket_of(order())

    assert ticket.cl_ord_id == order().cl_ord_id
    assert ticket.userref is None
    assert ticket.limit == PriceTerm.at(order().limit_price)
    assert ticket.time_in_force is TimeInForce.GTC
    assert ticket.fee_currency is FeeCurrency.QUOTE


def test_a_market_order_of_ours_has_no_limit_and_never_rests() -> None:
    ticket = ticket_of(order(order_type="market"))

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
    "changes", [{"order_type": "stop-loss"}, {"time_in_force": "GTD"}, {"qty": Decimal(0)}]
)
def test_an_order_of_ours_that_kraken_would_not_take_is_refused_by_its_name(
    changes: dict[str, object],
) -> None:
    with pytest.raises(InvalidValueError, match=order().local_id):
        ticket_of(order(**changes))
