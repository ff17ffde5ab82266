"""Tickers: what is read off them."""

from decimal import Decimal

from kraken_pipeline_tests.builders import ticker


def test_a_day_is_worth_its_volume_at_the_last_price() -> None:
    assert ticker(volume_24h=Decimal(3), last=Decimal(7)).notional_24h == 21


def test_the_mid_is_halfway() -> None:
    assert ticker(bid=Decimal(10), ask=Decimal(11)).mid == Decimal("10.5")
