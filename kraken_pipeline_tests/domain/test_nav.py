"""What the account is worth, by unit: flows neither gain nor lose."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.nav import Valuation, drawdown, total, units_after
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import NOW, snapshot

WORTH = st.decimals(min_value="0.01", max_value="1e9", places=2)
SHARES = st.decimals(min_value="-0.99", max_value="10", places=4)
TINY = Decimal("1e-18")


def valued(asset: str, qty: str, price: str | None) -> Valuation:
    return Valuation(
        asset=Asset(asset),
        qty=Decimal(qty),
        price=None if price is None else Decimal(price),
        source="test",
    )


AMOUNTS = st.decimals(min_value="-1e12", max_value="1e12", places=10)
RATES = st.decimals(min_value="1e-12", max_value="1e6", places=24)


@given(held=st.lists(st.tuples(AMOUNTS, RATES), max_size=6))
def test_inv_5_what_all_is_worth_is_exact_also_at_prices_of_many_digits(
    held: list[tuple[Decimal, Decimal]],
) -> None:
    valuations = [valued("XBT", str(qty), str(price)) for qty, price in held]

    truth = sum((Fraction(qty) * Fraction(price) for qty, price in held), Fraction(0))
    assert Fraction(total(valuations)) == truth


@given(equity=WORTH, units=WORTH, share=SHARES)
def test_a_flow_never_moves_the_unit_price(equity: Decimal, units: Decimal, share: Decimal) -> None:
    flow = equity * share
    before = equity / units

    after, price = units_after(units=units, equity=equity + flow, flows=flow)

    assert abs(price / before - 1) < TINY
    assert abs(after * price / (equity + flow) - 1) < TINY


@given(equity=WORTH, units=WORTH, gain=SHARES)
def test_a_gain_moves_the_price_and_no_unit(equity: Decimal, units: Decimal, gain: Decimal) -> None:
    later = equity * (1 + gain)

    assert units_after(units=units, equity=later, flows=Decimal(0)) == (units, later / units)


STEPS = st.lists(st.tuples(st.booleans(), SHARES), min_size=1, max_size=40)


@given(begun=WORTH, steps=STEPS)
def test_p_19_through_any_life_no_flow_moves_the_price_in_its_last_digit(
    begun: Decimal, steps: list[tuple[bool, Decimal]]
) -> None:
    equity = begun
    units, price = units_after(units=Decimal(0), equity=begun, flows=begun)
    truth = Fraction(1)
    for is_flow, share in steps:
        moved = (equity * share).quantize(Decimal("0.00000001"))
        before = price
        if equity + moved <= 0:
            continue
        truth *= 1 if is_flow else Fraction(equity + moved) / Fraction(equity)
        equity += moved
        units, price = units_after(
            units=units, equity=equity, flows=moved if is_flow else Decimal(0), last_price=price
        )
        if is_flow:
            assert price == before

    assert abs(Fraction(price) / truth - 1) < Fraction(1, 10**24)


def test_p_19_what_is_left_after_nearly_all_was_withdrawn_is_worth_the_same_a_unit() -> None:
    units, equity = Decimal(3), Decimal(200)
    for _ in range(20):
        left = equity / 100
        units, price = units_after(units=units, equity=left, flows=left - equity)
        assert price == Decimal(200) / Decimal(3)
        equity = left * 100
        units, price = units_after(units=units, equity=equity, flows=equity - left)
        assert price == Decimal(200) / Decimal(3)


def test_a_new_account_has_as_many_units_as_it_is_worth() -> None:
    assert units_after(units=Decimal(0), equity=Decimal(500), flows=Decimal(500)) == (
        Decimal(500),
        Decimal(1),
    )


def test_a_deposit_does_not_hide_a_loss() -> None:
    _, price = units_after(units=Decimal(100), equity=Decimal(150), flows=Decimal(100))

    assert price == Decimal("0.5")


def test_emptying_an_account_is_no_fall() -> None:
    assert units_after(units=Decimal(100), equity=Decimal(0), flows=Decimal(-150)) == (
        Decimal(0),
        Decimal("1.5"),
    )


def test_an_account_that_was_emptied_goes_on_at_its_price() -> None:
    filled = units_after(
        units=Decimal(0), equity=Decimal(300), flows=Decimal(300), last_price=Decimal("1.5")
    )

    assert filled == (Decimal(200), Decimal("1.5"))


@pytest.mark.parametrize("flow", [0, 50])
def test_the_loss_of_everything_is_a_price_of_zero(flow: int) -> None:
    _, price = units_after(units=Decimal(100), equity=Decimal(flow), flows=Decimal(flow))

    assert drawdown([(NOW, Decimal(1))], now=NOW, unit_price=price) == 1


def test_drawdown_is_the_fall_from_the_highest_of_the_window() -> None:
    history = [
        (NOW - timedelta(hours=hours), Decimal(price))
        for hours, price in ((25, 9), (24, 2), (3, 4), (1, 1))
    ]

    assert drawdown(history, now=NOW, unit_price=Decimal(3)) == Decimal("0.25")


def test_the_highest_of_just_a_day_ago_counts() -> None:
    history = [(NOW - timedelta(hours=24), Decimal(4))]

    assert drawdown(history, now=NOW, unit_price=Decimal(3)) == Decimal("0.25")


def test_at_the_highest_there_is_no_drawdown() -> None:
    assert drawdown([(NOW, Decimal(1))], now=NOW, unit_price=Decimal(2)) == 0


@given(prices=st.lists(WORTH, max_size=8), price=WORTH)
def test_a_drawdown_is_a_share(prices: list[Decimal], price: Decimal) -> None:
    assert 0 <= drawdown([(NOW, each) for each in prices], now=NOW, unit_price=price) < 1


def test_what_has_no_price_is_named_and_not_counted_as_zero_silently() -> None:
    valuations = (valued("XBT", "2", "100"), valued("OLD", "5", None), valued("NIL", "0", None))

    assert total(valuations) == 200
    assert snapshot(valuations=valuations).unpriced == ("OLD",)
