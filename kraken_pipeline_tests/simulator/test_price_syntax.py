"""Prices as callers spell them."""

from decimal import Decimal

import pytest

from kraken_pipeline.simulator import price_syntax
from kraken_pipeline.simulator.orders import Distance
from kraken_pipeline.simulator.params import RefusedError

LAST = Decimal(50_000)
TICK = Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "lower", "price"),
    [
        ("41000.5", True, "41000.5"),
        ("+5", True, "50005.0"),
        ("-5.25", False, "49994.8"),
        ("#100", True, "49900.0"),
        ("#100", False, "50100.0"),
        ("+1.5%", True, "50750.0"),
        ("-0.00001%", True, "50000.0"),
        ("#2%", True, "49000.0"),
    ],
)
def test_a_price_is_absolute_or_counted_from_the_last(text: str, lower: bool, price: str) -> None:  # noqa: FBT001 a parameter of a test
    assert price_syntax.price(text, "price", LAST, TICK, lower=lower) == Decimal(price)


@pytest.mark.parametrize("text", ["", "x", "+", "+x", "5%", "++5", "1e999999999", "NaN", "+1.2.3"])
def test_what_is_no_price_is_named_by_its_argument(text: str) -> None:
    with pytest.raises(RefusedError, match="EGeneral:Invalid arguments:price2"):
        price_syntax.price(text, "price2", LAST, TICK, lower=True)


def test_a_distance_has_a_sign_of_its_own_unless_somebody_knows_it() -> None:
    with pytest.raises(RefusedError):
        price_syntax.distance("#5", "price")

    assert price_syntax.distance("#5%", "price", lower=True) == Distance(
        amount=Decimal(-5), percent=True
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [("22000", "22000.0"), ("+50", "+50.0"), ("-5%", "-5.0000%"), ("#2.5%", "#2.5000%")],
)
def test_a_price_is_shown_with_the_pair_s_decimals_and_a_percentage_with_four(
    text: str, shown: str
) -> None:
    assert price_syntax.shown(text, 1) == shown


@pytest.mark.parametrize(
    ("distance", "shown"),
    [
        (Distance(amount=Decimal(50)), "+50.0"),
        (Distance(amount=Decimal("-0.25")), "-0.3"),
        (Distance(amount=Decimal(50), percent=True), "+50.0000%"),
    ],
)
def test_a_distance_is_shown_with_its_sign(distance: Distance, shown: str) -> None:
    assert price_syntax.spelled(distance, 1) == shown
