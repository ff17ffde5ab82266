"""What an order may be told besides its size and its price."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.errors import InvalidValueError
from kraken_pipeline.domain.ids import canonical
from kraken_pipeline.domain.money import Price
from kraken_pipeline.domain.order_terms import (
    LIMITED,
    ORDER_TYPES,
    TRAILING,
    TRIGGERED,
    Close,
    OrderTerms,
    Trigger,
    TriggeredBy,
    terms_data,
    terms_of,
)

PRICES = st.integers(1, 10**9).map(lambda cents: Price(Decimal(cents) / 100))


@st.composite
def any_terms(draw: st.DrawFn) -> OrderTerms:
    order_type = draw(st.sampled_from(sorted(ORDER_TYPES)))
    by = draw(st.sampled_from(TriggeredBy))
    trigger = None
    if order_type in TRIGGERED:
        trigger = Trigger(price=draw(PRICES), by=by)
    elif order_type == TRAILING:
        trigger = Trigger(trail_pct=draw(PRICES), by=by)
    closing = draw(st.none() | st.sampled_from(sorted(LIMITED | TRIGGERED)))
    close = closing and Close(
        order_type=closing,
        trigger_price=draw(PRICES) if closing in TRIGGERED else None,
        limit_price=draw(PRICES) if closing in LIMITED else None,
    )
    return OrderTerms(
        order_type=order_type,
        time_in_force=draw(st.none() | st.sampled_from(("GTC", "IOC"))),
        post_only=draw(st.none() | st.booleans()),
        trigger=trigger,
        close=close or None,
        flattens=draw(st.booleans()),
    )


@given(any_terms())
def test_terms_come_back_from_the_books_as_they_went_in(terms: OrderTerms) -> None:
    assert terms_of(json.loads(canonical(terms_data(terms)))) == terms


@pytest.mark.parametrize(("price", "trail"), [(None, None), (1, 1), (0, None), (None, -1)])
def test_a_trigger_is_one_thing_above_zero(price: int | None, trail: int | None) -> None:
    with pytest.raises(InvalidValueError, match="trigger"):
        Trigger(
            price=None if price is None else Price(Decimal(price)),
            trail_pct=None if trail is None else Decimal(trail),
        )


@pytest.mark.parametrize("order_type", sorted(TRIGGERED | {TRAILING}))
def test_what_waits_for_a_price_needs_a_trigger(order_type: str) -> None:
    with pytest.raises(InvalidValueError, match=f"a {order_type} order needs the trigger"):
        OrderTerms(order_type=order_type)


@pytest.mark.parametrize("order_type", ["limit", "market"])
def test_what_waits_for_nothing_takes_no_trigger(order_type: str) -> None:
    with pytest.raises(InvalidValueError, match="needs the trigger none, not price"):
        OrderTerms(order_type=order_type, trigger=Trigger(price=Price(Decimal(1))))


def test_an_unknown_type_is_refused_with_the_ones_there_are() -> None:
    with pytest.raises(InvalidValueError, match=r"'stoploss' is none of .*stop-loss"):
        OrderTerms(order_type="stoploss")


@pytest.mark.parametrize("order_type", sorted(LIMITED | TRIGGERED))
def test_a_close_has_exactly_the_prices_of_its_type(order_type: str) -> None:
    with pytest.raises(InvalidValueError, match="a conditional close needs"):
        Close(order_type=order_type)


def test_a_market_order_closes_nothing() -> None:
    with pytest.raises(InvalidValueError, match="can't be of the type 'market'"):
        Close(order_type="market")
