"""The fee schedule."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from kraken_pipeline.simulator import catalog, fees


@pytest.mark.parametrize(
    ("volume", "maker", "taker"),
    [("0", "0.40", "0.80"), ("2499.99", "0.40", "0.80"), ("2500", "0.30", "0.60"),
     ("10000", "0.22", "0.38"), ("999999999", "0", "0.05")],
)  # fmt: skip
def test_the_tier_is_that_of_the_volume(volume: str, maker: str, taker: str) -> None:
    tier = fees.tier(catalog.pair("XBT", "USD"), Decimal(volume))

    assert (tier.maker, tier.taker) == (Decimal(maker), Decimal(taker))


def test_pairs_that_follow_a_currency_have_a_schedule_of_their_own() -> None:
    assert fees.schedule(catalog.pair("USDT", "USD")) is fees.PEGGED
    assert fees.schedule(catalog.pair("SOL", "USDT")) is fees.CRYPTO


def test_a_fee_is_rounded_to_the_nearest_step_of_the_cost() -> None:
    pair = catalog.pair("XBT", "USD")

    fee = fees.fee(pair, Decimal("5.50768"), Decimal("0.25"), in_base=False)

    assert fee == Decimal("0.01377")


@pytest.mark.parametrize(
    ("name", "tiers"), [("spot_crypto", fees.CRYPTO), ("stablecoin_pegged_fx", fees.PEGGED)]
)
def test_the_schedules_are_the_published_ones(
    recorded: Path, name: str, tiers: tuple[fees.Tier, ...]
) -> None:
    published = json.loads((recorded / "rest" / "fee_schedule_2026-09-19.json").read_text())

    rows = [(row["min_spot_volume"], row["maker"], row["taker"]) for row in published[name]]
    assert [tuple(map(Decimal, row)) for row in rows] == [
        (tier.volume, tier.maker, tier.taker) for tier in tiers
    ]
