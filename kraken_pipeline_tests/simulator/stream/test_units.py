"""Prices of markets that count more finely than their pairs."""

from dataclasses import replace

import pytest

from kraken_pipeline.simulator.stream import units
from kraken_pipeline.simulator.synthetic import SyntheticMarket

PAIR = next(pair for pair in SyntheticMarket(1).listing.pairs if pair.display == "BTC/USD")
FINER = replace(PAIR, price_decimals=5, volume_decimals=6)


@pytest.mark.parametrize(
    ("number", "price", "average"),
    [
        (9_724_500_000, "97245.0", "97245.0"),
        (9_724_512_345, "97245.12345", "97245.1"),
        (-15_160_000, "-151.6", "-151.6"),
        (5_000, "0.05000", "0.1"),
    ],
)
def test_a_price_has_the_pairs_decimals_and_more_only_where_it_needs_them(
    number: int, price: str, average: str
) -> None:
    assert units.price(FINER, number) == price
    assert units.average(FINER, number) == average


def test_a_volume_always_has_eight_decimals() -> None:
    assert units.volume(FINER, 1_500_000) == "1.50000000"
    assert units.volume(PAIR, 1) == "0.00000001"
