"""Explained entries to moves: what each was worth, whatever fees and prices there are."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NoReturn

import pytest

from kraken_pipeline.domain.accounting.booking import moves_of
from kraken_pipeline.domain.accounting.causes import Cause
from kraken_pipeline.domain.accounting.moves import AccountMove, Basis
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.domain.accounting.lives import (
    ETH,
    USD,
    XBT,
    entry,
    explained,
    figures,
    terms,
)

Told = tuple[Decimal | None, ...]


def _moves(*args: object, **prices: str) -> dict[Asset, AccountMove]:
    known = {Asset(name): price for name, price in prices.items()}
    found = moves_of(explained(*args), terms(known))  # type: ignore[arg-type]  # passed on
    return {each.asset: each for each in found}


def _figures(move: AccountMove) -> Told:
    return move.qty, move.value, move.fee, move.tax_fee


def _d(*told: str | None) -> Told:
    return tuple(None if each is None else Decimal(each) for each in told)


BOUGHT = entry("XBT", "0.1", name="La")


@pytest.mark.parametrize(
    ("entries", "xbt", "usd"),
    [
        (
            [BOUGHT, entry("USD", "-5000", "10", name="Lb")],
            _d("0.1", "5000", "0", "10"),
            _d("-5010", "5010", "10", "0"),
        ),
        (
            [entry("XBT", "0.1", "0.001"), entry("USD", "-5000", name="Lb")],
            _d("0.099", "4950", "50", "50"),
            _d("-5000", "5000", "0", "0"),
        ),
        (
            [entry("XBT", "-0.1"), entry("USD", "5000", "10", name="Lb")],
            _d("-0.1", "5000", "0", "10"),
            _d("4990", "4990", "10", "0"),
        ),
        (
            [entry("XBT", "-0.1", "0.001"), entry("USD", "5000", name="Lb")],
            _d("-0.101", "5050", "50", "50"),
            _d("5000", "5000", "0", "0"),
        ),
        (
            [BOUGHT, entry("USD", "-5000", name="Lb"), entry("KFEE", "0", "12.3", name="Lc")],
            _d("0.1", "5000", "0", "0"),
            _d("-5000", "5000", "0", "0"),
        ),
    ],
    ids=["buy, quote", "buy, base", "sell, quote", "sell, base", "credits"],
)
def test_u_fee_1_the_ledger_says_what_a_fee_was_taken_in(
    entries: list[object], xbt: Told, usd: Told
) -> None:
    """U-FEE-1, PF-7."""
    found = _moves(Cause.FILL, *entries)

    assert _figures(found[XBT]) == xbt
    assert _figures(found[USD]) == usd


def test_credits_that_pay_a_fee_are_counted_and_worth_nothing() -> None:
    found = _moves(
        Cause.FILL,
        BOUGHT,
        entry("USD", "-5000", name="Lb"),
        entry("KFEE", "0", "12.3", name="Lc"),
    )

    assert _figures(found[Asset("KFEE")]) == _d("-12.3", "0", "0", "0")


def test_a_fee_in_a_third_asset_is_its_own_disposal_and_a_part_of_the_cost() -> None:
    found = _moves(
        Cause.FILL,
        BOUGHT,
        entry("USD", "-5000", name="Lb"),
        entry("BNB", "0", "0.02", name="Lc"),
        BNB="600",
    )

    assert _figures(found[Asset("BNB")]) == _d("-0.02", "12", "12", "0")
    assert _figures(found[XBT]) == _d("0.1", "5000", "0", "12")


def test_coins_for_coins_are_a_disposal_and_an_acquisition_at_one_value() -> None:
    entries = [entry("ETH", "2", name="La"), entry("XBT", "-0.1", "0.0002", name="Lb")]

    by_quote = _moves(Cause.FILL, *entries, XBT="50000", ETH="1")
    by_base = _moves(Cause.FILL, *entries, ETH="2500")

    assert by_quote[XBT].price_source == by_base[ETH].price_source == "bar 1m"
    assert by_quote[ETH].price_source == by_base[XBT].price_source == "the event itself"
    for found in (by_quote, by_base):
        assert _figures(found[ETH]) == _d("2", "5000", "0", "10")
        assert _figures(found[XBT]) == _d("-0.1002", "5010", "10", "0")


def test_an_event_that_says_what_it_was_worth_asks_for_no_price() -> None:
    def nobody(asset: Asset, at: datetime) -> NoReturn:
        raise AssertionError(f"{asset} of {at} was asked for")

    own = replace(terms(), price=nobody)
    told = explained(Cause.FILL, BOUGHT, entry("USD", "-5000", "10", name="Lb"))

    assert len(moves_of(told, own)) == 2


def test_coins_for_coins_that_nothing_prices_are_unpriced_and_not_worth_nothing() -> None:
    found = _moves(Cause.FILL, entry("ETH", "2", name="La"), entry("XBT", "-0.1", name="Lb"))

    assert [each.value for each in found.values()] == [None, None]
    assert not any(each.is_priced for each in found.values())


def test_a_dust_sweep_is_shared_out_by_price_and_adds_up_to_what_was_had() -> None:
    found = _moves(
        Cause.CONVERSION,
        entry("XBT", "-0.0001", name="La"),
        entry("ETH", "-0.002", name="Lb"),
        entry("USD", "9.99", "0.1", name="Lc"),
        XBT="50000",
        ETH="2500",
    )
    swept = [found[XBT].value, found[ETH].value]

    assert tuple(swept) == _d("4.995", "4.995")
    assert _figures(found[USD])[:3] == _d("9.89", "9.89", "0.1")
    assert found[XBT].tax_fee + found[ETH].tax_fee == Decimal("0.1")


def test_a_side_that_was_rounded_to_nothing_leaves_the_other_without_a_cost() -> None:
    [small] = _moves(Cause.FILL, entry("XBT", "0.00000001"), XBT="50000").values()
    [large] = _moves(Cause.FILL, entry("XBT", "1"), XBT="50000").values()

    assert figures(small.value, large.value) == (0, None)


@pytest.mark.parametrize(
    ("cause", "told", "figures"),
    [
        (Cause.FLOW, ("1", "0.1"), _d("0.9", "45000", "5000", "0")),
        (Cause.FLOW, ("-1", "0.1"), _d("-1.1", "55000", "5000", "0")),
        (Cause.REWARD, ("1", "0.2"), _d("0.8", "40000", "10000", "0")),
        (Cause.FEE, ("-1", "0"), _d("-1", "50000", "50000", "0")),
        (Cause.FEE, ("1", "0"), _d("1", "50000", "-50000", "0")),
        (Cause.INTERNAL, ("-1", "0.01"), _d("-0.01", "500", "500", "0")),
    ],
)
def test_what_comes_or_goes_by_itself_is_worth_its_price(
    cause: Cause, told: tuple[str, str], figures: Told
) -> None:
    [move] = _moves(cause, entry("XBT", *told), XBT="50000").values()

    assert _figures(move) == figures


def test_a_move_between_buckets_is_nothing_and_asks_for_no_price() -> None:
    assert _moves(Cause.INTERNAL, entry("XBT", "-1")) == {}


def test_a_withdrawal_that_came_back_never_was() -> None:
    there = entry("XBT", "-1", "0.001", name="La")
    back = entry("XBT", "1", "-0.001", name="Lb", hours=30)

    assert _moves(Cause.FLOW, there, back, XBT="50000") == {}


def test_a_withdrawal_that_came_back_without_its_fee_cost_that_fee() -> None:
    there = entry("XBT", "-1", "0.001", name="La")
    back = entry("XBT", "1", name="Lb", hours=30)

    [move] = _moves(Cause.FLOW, there, back, XBT="50000").values()

    assert _figures(move) == _d("-0.001", "50", "50", "0")


def test_f_mon_4_coins_that_came_without_a_cost_take_their_price_and_say_so() -> None:
    """F-MON-4, PF-8."""
    [market] = moves_of(explained(Cause.FLOW, entry("XBT", "2")), terms({XBT: "50000"}))
    [known] = moves_of(explained(Cause.FLOW, entry("XBT", "2")), terms({XBT: "50000"}, L1="7"))
    [reward] = moves_of(explained(Cause.REWARD, entry("XBT", "2")), terms({XBT: "50000"}))

    assert figures(market.basis, market.cost) == (Basis.MARKET, 100_000)
    assert figures(known.basis, known.cost, known.value) == (Basis.KNOWN, 7, 100_000)
    assert figures(reward.basis, reward.cost) == (Basis.INCOME, 100_000)


def test_f_mon_8_a_renamed_asset_is_carried_on_and_not_sold() -> None:
    """F-MON-8, UNI-9."""
    found = _moves(Cause.CONVERSION, entry("OLD", "-5"), entry("NEW", "5000", name="L2"))

    assert {each.basis for each in found.values()} == {Basis.CARRIED}
    assert all(each.is_priced and each.value is None for each in found.values())
