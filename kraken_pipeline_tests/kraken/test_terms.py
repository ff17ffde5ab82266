from decimal import Decimal

import pytest

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.kraken.terms import RULES, Close, OrderType, PriceKind, PriceTerm

AT = PriceTerm.at(Decimal(50000))
AWAY = PriceTerm(amount=Decimal(5), kind=PriceKind.PERCENT)


def test_every_order_type_has_its_rule() -> None:
    assert set(RULES) == set(OrderType)


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_a_price_is_above_zero(amount: Decimal) -> None:
    with pytest.raises(InvalidValueError):
        PriceTerm.at(amount)


def test_a_distance_may_be_below_zero_but_not_zero() -> None:
    assert PriceTerm(amount=Decimal(-1), kind=PriceKind.QUOTE).is_distance

    with pytest.raises(InvalidValueError):
        PriceTerm(amount=Decimal(0), kind=PriceKind.QUOTE)


@pytest.mark.parametrize(
    ("order_type", "limit", "trigger"),
    [
        (OrderType.LIMIT, AT, None),
        (OrderType.STOP_LOSS, None, AT),
        (OrderType.TAKE_PROFIT_LIMIT, AT, AWAY),
        (OrderType.TRAILING_STOP, None, AWAY),
    ],
)
def test_a_fill_can_be_closed_with_what_has_its_prices(
    order_type: OrderType, limit: PriceTerm | None, trigger: PriceTerm | None
) -> None:
    assert Close(order_type=order_type, limit=limit, trigger=trigger).order_type is order_type


@pytest.mark.parametrize(
    ("order_type", "limit", "trigger", "why"),
    [
        (OrderType.MARKET, None, None, "type market"),
        (OrderType.ICEBERG, AT, None, "type iceberg"),
        (OrderType.LIMIT, None, None, "needs a limit"),
        (OrderType.LIMIT, AT, AT, "has no trigger"),
        (OrderType.STOP_LOSS, AT, AT, "has no limit"),
        (OrderType.TRAILING_STOP, None, AT, "distances"),
        (
            OrderType.TRAILING_STOP,
            None,
            PriceTerm(amount=Decimal(-5), kind=PriceKind.QUOTE),
            "above zero",
        ),
        (OrderType.TRAILING_STOP_LIMIT, AT, AWAY, "distances"),
    ],
)
def test_a_close_that_kraken_would_not_take_is_refused(
    order_type: OrderType, limit: PriceTerm | None, trigger: PriceTerm | None, why: str
) -> None:
    with pytest.raises(InvalidValueError, match=why):
        Close(order_type=order_type, limit=limit, trigger=trigger)
