"""From settings and adapters to what refreshing the universe needs."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.domain.universe_filters import UniverseRules
from kraken_pipeline.services.renamed_bars import FollowedBars
from kraken_pipeline.services.renamed_history import FollowedCertificates
from kraken_pipeline.services.renames import RenameDesk, follow_renames
from kraken_pipeline.services.universe import UniverseDesk
from kraken_pipeline.settings import Settings
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.conversions import SqlConversionStore
from kraken_pipeline.store.depths import SqlDepthStore
from kraken_pipeline.wiring.parts import Parts


def universe_desk(parts: Parts) -> UniverseDesk:
    """Return what refreshing the universe needs."""
    return UniverseDesk(
        market=parts.edge.market_now,
        universes=parts.stores.universes,
        orders=parts.stores.orders,
        books=parts.stores.books,
        rules=universe_rules(parts.loaded.settings),
        bars=followed_bars(parts),
        aliases=aliases(parts.loaded.settings),
        depths=SqlDepthStore(parts.stores.database),
        config_hash=parts.loaded.hash,
        clock=parts.edge.clock,
    )


def followed_bars(parts: Parts) -> FollowedBars:
    """Return the bars, each asset's under the name that it has now."""
    return FollowedBars(parts.stores.bars, aliases(parts.loaded.settings))


def followed_certificates(parts: Parts) -> FollowedCertificates:
    """Return what is certified of the bars, each asset's under the name that it has now."""
    return FollowedCertificates(parts.stores.certificates, aliases(parts.loaded.settings))


def follow(parts: Parts, listing: Listing, totals: Mapping[Asset, Decimal], at: datetime) -> None:
    """Carry over what is held under an old name; see `services.renames`."""
    desk = RenameDesk(
        books=parts.stores.books,
        conversions=SqlConversionStore(parts.stores.database),
        halts=parts.stores.halts,
        base_currency=Asset(parts.loaded.settings.portfolio.base_currency),
        aliases=aliases(parts.loaded.settings),
    )
    follow_renames(desk, listing, totals, at)


def universe_rules(settings: Settings) -> UniverseRules:
    """Return what a pair must keep, with names as the configuration spells them."""
    filters = settings.universe.filters
    return UniverseRules(
        quote=filters.quote,
        statuses=frozenset(filters.statuses),
        asset_class=filters.asset_class,
        min_notional_24h=settings.universe.min_24h_volume_usd,
        include=frozenset(settings.universe.include_pairs),
        exclude=frozenset(settings.universe.exclude_pairs),
        venues=frozenset(filters.venues),
        country_code=settings.region.country_code,
        no_pegged_pairs=filters.exclude_pegged_pairs,
        max_spread_bps=filters.max_spread_bps,
        max_tick_bps=filters.max_tick_bps,
        max_min_order_pct=filters.max_min_order_pct,
        min_age_days=filters.min_age_days,
        volatility_days=filters.volatility_days,
        min_volatility_pct=filters.min_volatility_pct_a_year,
        max_volatility_pct=filters.max_volatility_pct_a_year,
        depth_bps=filters.depth_bps,
        min_depth=filters.min_depth_usd,
        cluster_days=filters.cluster_days,
        cluster_correlation=filters.cluster_correlation,
        max_per_cluster=filters.max_per_cluster,
        results_days=filters.results_days,
        max_loss=filters.max_loss_usd,
        base_currency=Asset(settings.portfolio.base_currency),
        refreshes=settings.universe.refreshes_to_change,
    )
