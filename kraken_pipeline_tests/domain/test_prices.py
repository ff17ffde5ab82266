"""What an asset is worth, straight or through one other; no market is no price."""

from decimal import Decimal

import pytest

from kraken_pipeline.domain.market import Ticker
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline_tests.builders import pair, ticker


def at(bid: str, ask: str) -> Ticker:
    return ticker(bid=Decimal(bid), ask=Decimal(ask))


PAIRS = {
    name: pair(name=name, base=Asset(base), quote=Asset(quote))
    for name, base, quote in (
        ("XBTUSD", "XBT", "USD"),
        ("EURUSD", "EUR", "USD"),
        ("ADAEUR", "ADA", "EUR"),
        ("ADAXBT", "ADA", "XBT"),
        ("FOOBAR", "FOO", "BAR"),
    )
}
TICKERS = {
    "XBTUSD": at("49999", "50001"),
    "EURUSD": at("1.09", "1.11"),
    "ADAEUR": at("0.5", "0.5"),
    "ADAXBT": at("0.00001", "0.00001"),
    "FOOBAR": at("1", "1"),
}


def table(**changes: Ticker) -> PriceTable:
    return PriceTable(Asset("USD"), PAIRS, {**TICKERS, **changes})


@pytest.mark.parametrize(
    ("asset", "rate", "source"),
    [
        ("USD", Decimal(1), "itself"),
        ("XBT", Decimal(50000), "XBTUSD"),
        ("ADA", Decimal("0.55"), "ADAEUR+EURUSD"),  # the better hop of two
        ("FOO", None, "none"),
        ("BAR", None, "none"),
    ],
)
def test_an_asset_is_priced_by_the_shortest_way(
    asset: str, rate: Decimal | None, source: str
) -> None:
    assert table().rate(Asset(asset)) == rate
    assert table().source(Asset(asset)) == source


def test_a_pair_may_be_read_the_other_way_round() -> None:
    euros = PriceTable(Asset("EUR"), PAIRS, {"EURUSD": at("1.25", "1.25")})

    assert euros.rate(Asset("USD")) == Decimal("0.8")


@pytest.mark.parametrize("dead", [at("0", "0"), at("0", "90000"), at("50002", "50001")])
def test_a_market_without_a_bid_below_its_ask_prices_nothing(dead: Ticker) -> None:
    assert table(XBTUSD=dead).rate(Asset("XBT")) is None


def test_where_the_better_hop_is_dead_the_next_is_taken() -> None:
    assert table(ADAEUR=at("0", "1")).rate(Asset("ADA")) == Decimal("0.5")
