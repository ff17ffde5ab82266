"""What an order must keep before it leaves: one thing wrong, one code."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kraken_pipeline.domain.market import Side
from kraken_pipeline.domain.money import Price, Qty
from kraken_pipeline.domain.order_checks import CHECKS, Filing, faults_of
from kraken_pipeline.domain.order_terms import Close, Purpose, Trigger
from kraken_pipeline_tests.builders import order, pair, ticker

FINE = Filing(order=order(), pair=pair(), ticker=ticker(), system_status="online")


def of(**changes: object) -> Filing:
    return replace(FINE, order=order(**changes))


def at(price: str) -> Trigger:
    return Trigger(price=Price(Decimal(price)))


WRONG = [
    ("PAIR_STATUS", replace(FINE, pair=pair(status="reduce_only"))),
    ("PAIR_STATUS", replace(FINE, pair=pair(status="post_only"))),
    ("PAIR_STATUS", replace(of(order_type="market"), pair=pair(status="limit_only"))),
    ("PAIR_STATUS", replace(FINE, pair=pair(status="something new"))),
    ("SYSTEM_STATUS", replace(FINE, system_status="maintenance")),
    ("TICK", of(limit_price=Price(Decimal("50250.05")))),
    ("TICK", of(order_type="stop-loss", trigger=at("50500.01"))),
    ("TICK", of(close=Close(order_type="limit", limit_price=Price(Decimal("51000.01"))))),
    ("TICK", of(close=Close(order_type="stop-loss", trigger_price=Price(Decimal("1.01"))))),
    ("LOT", of(qty=Qty(Decimal("0.002000001")))),
    ("MIN_QTY", replace(FINE, pair=pair(min_qty=Decimal("0.0021")))),
    ("MIN_COST", replace(FINE, pair=pair(min_cost=Decimal("100.51")))),
    ("TRIGGER_SIDE", of(order_type="stop-loss", trigger=at("50000"))),
    ("TRIGGER_SIDE", of(order_type="stop-loss", side=Side.SELL, trigger=at("50000"))),
    ("TRIGGER_SIDE", of(order_type="take-profit", side=Side.SELL, trigger=at("50000"))),
    (
        "PRICE_BAND",
        of(time_in_force="IOC", limit_price=Price(Decimal(50000))),
    ),
]
RIGHT = [
    FINE,
    replace(FINE, ticker=None),
    replace(of(side=Side.SELL), pair=pair(status="reduce_only")),
    replace(of(post_only=True), pair=pair(status="post_only"), system_status="post_only"),
    replace(FINE, pair=pair(status="limit_only", min_qty=Decimal("0.002"))),
    of(order_type="stop-loss", trigger=at("50000.1")),
    of(order_type="take-profit", trigger=at("49999.9")),
    of(order_type="stop-loss", trigger=at("51000"), side=Side.SELL, purpose=Purpose.PROTECT),
    of(time_in_force="IOC", limit_price=Price(Decimal("50000.1"))),
    of(time_in_force="IOC", side=Side.SELL, limit_price=Price(Decimal(60000))),
    of(limit_price=Price(Decimal(40000))),
]


@pytest.mark.parametrize(("code", "filing"), WRONG)
def test_one_thing_wrong_is_named_by_its_code_alone(code: str, filing: Filing) -> None:
    assert [each.code for each in faults_of(filing)] == [code]


@pytest.mark.parametrize("filing", RIGHT)
def test_what_is_just_good_enough_may_leave(filing: Filing) -> None:
    assert faults_of(filing) == ()


def test_every_check_has_an_order_that_it_alone_refuses() -> None:
    assert {check for check in CHECKS for _, each in WRONG if check(each)} == set(CHECKS)
