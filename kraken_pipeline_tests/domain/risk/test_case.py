"""The case: nothing in it may be left unsaid."""

from dataclasses import MISSING, fields
from decimal import Decimal

import pytest

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
    assert told.worst_cost == Decimal("150.75") * Decimal("1.004")
    assert told.stop_risk == Decimal("150.75") * Decimal("0.02")
