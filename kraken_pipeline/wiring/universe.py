"""From settings and adapters to what refreshing the universe needs."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import Asset
from kraken_pipeline.services.bars.renamed_bars import FollowedBars
from kraken_pipeline.services.bars.renamed_history import FollowedCertificates
from kraken_pipeline.services.books.renames import RenameDesk, follow_renames
from kraken_pipeline.services.market.universe import UniverseDesk
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.conversions import SqlConversionStore
from kraken_pipeline.store.depths import SqlDepthStore
from kraken_pipeline.wiring.parts import Parts
from kraken_pipeline.wiring.risk_rules import universe_rules


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
