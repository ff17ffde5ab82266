"""Fees: the higher rate is the one to reckon with."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.fees import FeeRates


@pytest.mark.parametrize(("maker", "taker"), [("0.25", "0.40"), ("0.40", "0.25")])
def test_the_worst_share_is_the_higher_rate(maker: str, taker: str) -> None:
    rates = FeeRates(maker_pct=Decimal(maker), taker_pct=Decimal(taker))

    assert rates.worst_share == Decimal("0.004")
