"""Each question about the state of the world: what it refuses and what it lets pass."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kraken_pipeline.domain.market import Quote, Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_terms import Trigger, Urgency
from kraken_pipeline.domain.risk import Case, review
from kraken_pipeline.domain.risk.state import STATE_RULES
from kraken_pipeline.domain.staleness import Doubt
from kraken_pipeline_tests.builders import (
    NOW,
    case,
    intent,
    limits,
    manner,
    pair,
    quote,
    sale,
    ticker,
    unknown,
)

SECOND = timedelta(seconds=1)


def quoted(bid: str, ask: str) -> Quote:
    return quote(ticker=ticker(bid=Price(Decimal(bid)), ask=Price(Decimal(ask))))


def at(price: str) -> Trigger:
    return Trigger(price=Price(Decimal(price)))


REFUSED = [
    ("KILL_MANUAL", case(halts=frozenset({"KILL_MANUAL"}))),
    ("KILL_DRAWDOWN", case(halts=frozenset({"KILL_DRAWDOWN"}))),
    ("KILL_DRIFT", case(halts=frozenset({"KILL_DRIFT"}))),
    ("HALTED", case(halts=frozenset({"HALTED"}))),
    ("INTENT_EXPIRED", case(intent=intent(expires_at=NOW))),
    ("INTENT_EXPIRED", sale(intent=intent(side=Side.SELL, expires_at=NOW))),
    ("DATA_STALE_SOCKET", case(doubts=frozenset({Doubt.SOCKET_SILENT}))),
    ("DATA_STALE_SUB", case(doubts=frozenset({Doubt.SUBSCRIPTION_SILENT}))),
    ("DATA_STALE_EVENT", case(doubts=frozenset({Doubt.EVENT_OLD}))),
    ("DATA_CONTENT", case(doubts=frozenset({Doubt.CHECKSUM}))),
    ("DATA_CONTENT", case(doubts=frozenset({Doubt.CROSSED, Doubt.FROZEN, Doubt.OFF_REST}))),
    ("DATA_STALE_EVENT", case(quote=None)),
    ("DATA_STALE_EVENT", case(quote=quote(received_at=NOW - 61 * SECOND))),
    ("DATA_STALE_EVENT", case(quote=quote(received_at=NOW + 61 * SECOND))),
    ("DATA_CONTENT", case(quote=quoted("0", "0"))),
    ("DATA_CONTENT", case(quote=quoted("50000.2", "50000.1"))),
    ("SYNC_STALE", case(synced_at=NOW - 601 * SECOND)),
    ("SYNC_STALE", case(synced_at=NOW + 601 * SECOND)),
    ("NAV_COVERAGE", case(coverage=Decimal("0.9899"), unpriced=("OLD",))),
    ("NAV_COVERAGE", case(unpriced=("XBT",))),
    ("NAV_COVERAGE", case(unpriced=("USD",))),
    ("SYSTEM_STATUS", case(system_status="maintenance")),
    ("SYSTEM_STATUS", sale(system_status="cancel_only")),
    ("PAIR_STATUS", case(pair=pair(status="reduce_only"))),
    ("PAIR_STATUS", sale(pair=pair(status="cancel_only"))),
    ("UNIVERSE", case(in_universe=False)),
    ("LIQUIDITY", case(limits=limits(min_liquidity_24h=Decimal(100_000_001)))),
    ("CONFIG_LOOSER", case(unacknowledged=("risk.max_spread_bps was 1 and is 2",))),
    ("NOT_ALLOWLISTED", case(is_allowed=False)),
    ("LIFECYCLE", case(barred="stage=shadow, money=paper")),
    ("FEE_EDGE", case(limits=limits(min_stop_in_round_trips=Decimal("2.51")))),
    ("SPREAD", case(quote=quoted("49500", "50000.1"))),
    ("PRICE_BAND", case(quote=quoted("50250", "50250.1"))),
    ("PAIR_STATUS", case(pair=pair(status="post_only"))),
    ("PAIR_STATUS", case(pair=pair(status="limit_only"), manner=manner(order_type="market"))),
    ("PAIR_STATUS", sale(pair=pair(status="limit_only"), manner=manner(order_type="market"))),
    ("SYSTEM_STATUS", case(system_status="post_only")),
    ("DEPTH_UNKNOWN", case(manner=manner(urgency=Urgency.URGENT))),
    ("TRIGGER_SIDE", case(manner=manner(order_type="stop-loss", trigger=at("50000")))),
    ("TRIGGER_SIDE", case(manner=manner(order_type="take-profit", trigger=at("50000")))),
    ("TRIGGER_SIDE", sale(manner=manner(order_type="stop-loss", trigger=at("50000")))),
    ("TRIGGER_SIDE", sale(manner=manner(order_type="take-profit", trigger=at("50000")))),
    ("TRIGGER_SIDE", sale(quote=None, manner=manner(order_type="stop-loss", trigger=at("49000")))),
    ("UNKNOWN_ORDER", case(unknowns=(unknown(),))),
    ("UNKNOWN_ORDER", sale(unknowns=(unknown(is_in_flight=True),))),
    ("COOLDOWN", case(cooling_until=NOW + SECOND)),
    ("SELF_TRADE", case(opposed_at=case().limit_price)),
    ("DUPLICATE_INTENT", case(open_orders_alike=1)),
    ("FUNDS", case(cash=Decimal("100.9"))),
    ("NOT_OWNED", sale(owned_qty=Qty(Decimal("0.0019")))),
    ("NOT_OWNED", sale(free_qty=Qty(Decimal("0.0019")))),
    ("MIN_QTY", case(min_qty=Qty(Decimal("0.0021")))),
    ("MIN_QTY", case(qty=Qty(Decimal(0)), min_qty=Qty(Decimal(0)))),
]
"""What each rule refuses, with nothing else wrong about it."""

PASSED = [
    case(intent=intent(expires_at=NOW + SECOND)),
    case(quote=quote(received_at=NOW - 60 * SECOND)),
    case(synced_at=NOW - 600 * SECOND),
    case(pair=pair(status="limit_only")),
    case(pair=pair(status="post_only"), manner=manner(post_only=True)),
    case(system_status="post_only", manner=manner(post_only=True)),
    case(manner=manner(order_type="stop-loss", trigger=at("50000.1"))),
    case(manner=manner(order_type="take-profit", trigger=at("49999.9"))),
    case(quote=quoted("50250", "50250.1"), manner=manner(order_type="trailing-stop")),
    case(cooling_until=NOW),
    case(limits=limits(min_stop_in_round_trips=Decimal("2.5"))),
    sale(unacknowledged=("all of it",)),
    sale(is_allowed=False, limits=limits(min_stop_in_round_trips=Decimal(9))),
    sale(barred="stage=retired, money=real"),
    sale(cooling_until=NOW + SECOND),
    sale(manner=manner(urgency=Urgency.URGENT)),
    case(quote=quoted("50250", "50250")),
    case(cash=Decimal("100.902")),
    case(min_qty=Qty(Decimal("0.002"))),
    sale(halts=frozenset({"KILL_MANUAL", "HALTED"})),
    sale(quote=None),
    sale(doubts=frozenset(Doubt)),
    case(doubts=frozenset({Doubt.NOT_THE_STREAM})),
    sale(quote=quoted("0", "0")),
    sale(synced_at=NOW - 9999 * SECOND),
    sale(equity=Decimal(0), unpriced=("XBT",)),
    sale(coverage=Decimal(0)),
    case(coverage=Decimal("0.99"), unpriced=("OLD",)),
    sale(pair=pair(status="reduce_only")),
    sale(in_universe=False),
    sale(notional_24h=Decimal(0)),
    sale(cash=Decimal(0)),
]
"""What is just good enough, and what a reduction may do that an opening may not."""


@pytest.mark.parametrize(("code", "refused"), REFUSED)
def test_one_thing_wrong_is_denied_by_its_code_alone(code: str, refused: Case) -> None:
    found = [each for rule in STATE_RULES if (each := rule(refused))]

    assert [each.code for each in found] == [code]
    assert found[0].figures


@pytest.mark.parametrize("passed", PASSED)
def test_what_is_just_good_enough_is_approved(passed: Case) -> None:
    assert type(review(passed)).__name__ == "Approved"


def test_an_account_worth_nothing_opens_nothing() -> None:
    found = [each.code for rule in STATE_RULES if (each := rule(case(equity=Decimal(0))))]

    assert found == ["NAV_COVERAGE"]


@pytest.mark.parametrize("qty", ["0", "0.0001"])
def test_a_sale_of_nothing_or_of_dust_is_denied(qty: str) -> None:
    assert type(review(sale(qty=Qty(Decimal(qty))))).__name__ == "Denied"
