"""What the configuration says of the universe reaches its rules, and unset bounds ask nothing."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from kraken_pipeline.domain.timeframes import timeframe
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.settings import load
from kraken_pipeline.wiring import desks
from kraken_pipeline.wiring.universe import universe_rules
from kraken_pipeline_tests.paper_market import NOON, PaperMarket
from kraken_pipeline_tests.services.daily import daily

ON = """  filters:
    exclude_pegged_pairs: true
    max_spread_bps: 20
    max_tick_bps: 21
    max_min_order_pct: 5
    min_age_days: 30
    min_volatility_pct_a_year: 10
    max_volatility_pct_a_year: 200
    min_depth_usd: 5000
    depth_bps: 40
    max_per_cluster: 3
    cluster_correlation: 0.8
    cluster_days: 50
    max_loss_usd: 100
    results_days: 14
"""


def rules(market: PaperMarket, more: str) -> UniverseRules:
    market.configure(more)
    return universe_rules(load(market.environ).settings)


def test_every_bound_that_is_configured_reaches_the_rules(market: PaperMarket) -> None:
    on, off = rules(market, ON.replace("0.8", '"0.8"')), rules(market, "")
    changed = {
        each.name for each in fields(on) if getattr(on, each.name) != getattr(off, each.name)
    }

    assert len(changed) == len(ON.splitlines()) - 1
    assert (on.min_depth, on.depth_bps, on.max_loss) == (Decimal(5000), 40, Decimal(100))


def test_bounds_that_are_not_configured_ask_nothing(market: PaperMarket) -> None:
    off = rules(market, "")

    assert {off.min_depth, off.max_per_cluster, off.max_loss, off.max_spread_bps} == {None}


def test_what_decides_reads_an_asset_under_all_its_names(market: PaperMarket) -> None:
    market.configure('  aliases: ["OLDX ADA 2024-03-05T00:00Z 2"]\n')
    frame = timeframe("1d")
    with market.pipeline() as pipeline:
        stored = pipeline.stores.bars
        first = datetime.fromtimestamp(
            int(stored.read(frame, ("ADAUSD",), closed_by=NOON, count=9999).opened_at[0]), UTC
        )
        stored.append(frame, [daily("OLDXUSD", "6", "8", now=first)])
        found = desks.decisions(pipeline).bars.read(
            frame, ("ADAUSD",), closed_by=first + timedelta(days=1), count=3
        )

    assert found.close[:2, 0].tolist() == [3, 4]
