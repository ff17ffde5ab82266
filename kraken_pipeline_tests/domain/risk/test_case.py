"""The case: nothing in it may be left unsaid."""

from dataclasses import MISSING, FrozenInstanceError, fields
from decimal import Decimal

import pytest

from kraken_pipeline.domain.money import Qty
from kraken_pipeline.domain.risk.case import Case, Exposure, Limits
from kraken_pipeline_tests.builders import case, sale


@pytest.mark.parametrize("kind", [Case, Exposure, Limits])
def test_no_field_has_a_default(kind: type[Case]) -> None:
    lax = [
        each.name
        for each in fields(kind)
        if each.default is not MISSING or each.default_factory is not MISSING
    ]

    assert lax == []


def test_only_a_buy_opens() -> None:
    assert case().opens
    assert not sale().opens


def test_amounts_are_in_base_currency_at_the_limit() -> None:
    told = case(quote_rate=Decimal("1.5"))

    assert told.notional == Decimal("150.75")


def test_every_field_must_be_said_and_nothing_else() -> None:
    told = {each.name: getattr(case(), each.name) for each in fields(Case) if each.init}

    assert Case(**told) == case()
    with pytest.raises(TypeError, match="equity"):
        Case(**{name: each for name, each in told.items() if name != "equity"})
    with pytest.raises(TypeError, match="opens"):
        Case(**{**told, "opens": True})


def test_a_case_never_changes() -> None:
    told = case()

    with pytest.raises(FrozenInstanceError):
        told.equity = Decimal(0)  # type: ignore[misc]  # that it cannot be done is what is tested


def test_a_case_of_another_size_is_the_same_but_for_that() -> None:
    other = case().sized(Qty(Decimal(7)))

    assert other == case(qty=Qty(Decimal(7)))
    assert case() == case(qty=case().qty)
    assert not sale().sized(Qty(Decimal(7))).opens
