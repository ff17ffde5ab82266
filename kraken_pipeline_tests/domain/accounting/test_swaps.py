"""What was given and what was had."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.domain.accounting.swaps import Leg, carried, valued_swap
from kraken_pipeline.domain.money import EXACT, ZERO
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.domain.accounting.lives import ETH, USD, XBT, figures

AMOUNTS = st.integers(1, 10**12).map(lambda each: Decimal(each).scaleb(-8))
FEES = st.integers(0, 10**6).map(lambda each: Decimal(each).scaleb(-8))


def _leg(asset: Asset, amount: str, fee: str = "0", *, unit: str | None = None) -> Leg:
    price = Decimal(1) if asset == USD else None if unit is None else Decimal(unit)
    return Leg(
        move_id=f"L-{asset}",
        asset=asset,
        amount=Decimal(amount),
        fee=Decimal(fee),
        ask=lambda: (price, "here"),
        is_base=asset == USD,
        stated=None,
    )


def test_a_side_in_base_currency_says_what_the_other_was_worth() -> None:
    with localcontext(EXACT):
        sold, bought = valued_swap([_leg(USD, "-100", "0.4"), _leg(XBT, "0.002", unit="99999")])

    assert figures(sold.qty, sold.signed, sold.fee) == (
        Decimal("-100.4"),
        Decimal("-100.4"),
        Decimal("0.4"),
    )
    assert figures(bought.signed, bought.fee, bought.tax_fee) == (100, 0, Decimal("0.4"))


def test_the_fee_of_a_sale_is_taken_off_what_was_sold() -> None:
    with localcontext(EXACT):
        sold, had = valued_swap([_leg(XBT, "-1"), _leg(USD, "50000", "130")])

    assert figures(sold.signed, sold.tax_fee) == (-50_000, 130)
    assert figures(had.signed, had.tax_fee) == (49_870, 0)


def test_coins_for_coins_that_nothing_prices_are_worth_what_nobody_can_say() -> None:
    legs = [_leg(XBT, "-1"), _leg(ETH, "20")]

    assert [each.signed for each in valued_swap(legs)] == [None, None]


def test_what_is_carried_on_has_no_worth_of_its_own() -> None:
    [one] = carried([_leg(XBT, "3"), _leg(ETH, "0")])

    assert figures(one.qty, one.signed, one.is_carried) == (3, None, True)


@given(AMOUNTS, AMOUNTS, FEES, st.sampled_from([None, "61234.5"]))
def test_what_came_less_what_went_is_less_by_the_fees(
    given_up: Decimal, had: Decimal, fee: Decimal, unit: str | None
) -> None:
    legs = [
        _leg(XBT, str(-given_up), str(fee), unit="60000.1"),
        _leg(ETH, str(had), unit=unit),
    ]
    with localcontext(EXACT):
        found = valued_swap(legs)
        signed = [each.signed for each in found if each.signed is not None]

        assert len(signed) == len(found)
        assert sum(signed, ZERO) == -sum((each.fee for each in found), ZERO)


@pytest.mark.parametrize(("amount", "worth"), [("-0.00000001", ZERO), ("-1", None)])
def test_a_side_alone_is_nothing_only_where_the_other_can_have_been_rounded_away(
    amount: str, worth: Decimal | None
) -> None:
    with localcontext(EXACT):
        [alone] = valued_swap([_leg(XBT, amount, unit="60000")])

    assert alone.signed == worth
