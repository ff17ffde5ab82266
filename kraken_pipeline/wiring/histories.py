"""What planning and fetching histories needs, of a pipeline's parts."""

from collections.abc import Callable, Sequence
from datetime import datetime

from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.timeframes import Timeframe
from kraken_pipeline.services.bars.plan_history import PlanDesk, Wanted, plan
from kraken_pipeline.services.bars.rebuild import RebuildDesk
from kraken_pipeline.services.bars.renamed_history import FollowedCertificates, FollowedStretches
from kraken_pipeline.services.bars.tails import Fetched, TailDesk, fetch_tails, store_noted, within
from kraken_pipeline.services.deciding.needed_bars import NeededBars, needed_bars
from kraken_pipeline.settings import Loaded
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.store.bar_archive import HistoryBarStore
from kraken_pipeline.store.bar_checks import KeptBarStore
from kraken_pipeline.store.bar_kinds import open_shelf
from kraken_pipeline.store.bar_pages import TailBarStore
from kraken_pipeline.store.fetches import PageFile, ReadingFiles
from kraken_pipeline.wiring.configured import configured_strategies
from kraken_pipeline.wiring.parts import Parts


def kept_store(loaded: Loaded) -> KeptBarStore:
    """Open the bars' store for whoever looks after it.

    Raises:
        ConfigurationError: the folder has bars of another kind.
    """
    return KeptBarStore(open_shelf(loaded.bars_dir, loaded.settings.market_data.ohlc_store.backend))


def history_store(loaded: Loaded) -> HistoryBarStore:
    """Open the bars' store for whoever brings or examines whole histories.

    Raises:
        ConfigurationError: the folder has bars of another kind.
    """
    return HistoryBarStore(
        open_shelf(loaded.bars_dir, loaded.settings.market_data.ohlc_store.backend)
    )


def bars_needed(parts: Parts, pair: str) -> tuple[NeededBars, ...]:
    """Return what is stored and certified of the bars that the configured strategies need.

    Raises:
        ConfigurationError: a strategy is configured wrongly, or a file is torn or not ours.
    """
    known = aliases(parts.loaded.settings)
    return needed_bars(
        configured_strategies(parts.loaded.settings),
        FollowedStretches(HistoryBarStore(parts.stores.shelf), known),
        FollowedCertificates(parts.stores.certificates, known),
        pair,
        now=parts.edge.clock(),
    )


def plan_desk(parts: Parts) -> PlanDesk:
    """What planning needs."""
    return PlanDesk(
        market=parts.edge.market_behind,
        bars=HistoryBarStore(parts.stores.shelf),
        certificates=parts.stores.certificates,
        readings=ReadingFiles(parts.stores.bars_dir),
        aliases=aliases(parts.loaded.settings),
    )


def tail_desk(parts: Parts, progress: Callable[[int], None]) -> TailDesk:
    """What fetching tails needs."""
    return TailDesk(
        market=parts.edge.market_behind,
        bars=TailBarStore(parts.stores.shelf),
        certificates=parts.stores.certificates,
        pages=PageFile(parts.stores.bars_dir),
        progress=progress,
    )


def fill_tails(
    parts: Parts,
    pairs: Sequence[Pair],
    frames: Sequence[Timeframe],
    *,
    now: datetime,
    max_calls: int,
) -> Fetched:
    """Fetch what the newest 720 bars lack, also between bars, where no source was asked.

    Args:
        parts: what is wired.
        pairs: whose.
        frames: of which timeframes, the shortest first.
        now: on the exchange's clock.
        max_calls: within which it stays; what is left is asked for the next time.

    Raises:
        ConflictError: another process is fetching tails.
        ConfigurationError: the store cannot be read or written.
    """
    desk = tail_desk(parts, lambda more: None)
    store_noted(desk)
    wanted = Wanted(pairs=tuple(pairs), frames=tuple(frames), since=None, prove=False)
    made = plan(plan_desk(parts), wanted, now=now)
    return fetch_tails(desk, within(made.pairs, max_calls), now=now)


def rebuild_desk(parts: Parts, progress: Callable[[int, int, int], None]) -> RebuildDesk:
    """What filling from trades needs."""
    return RebuildDesk(
        market=parts.edge.market_behind,
        bars=HistoryBarStore(parts.stores.shelf),
        certificates=parts.stores.certificates,
        readings=ReadingFiles(parts.stores.bars_dir),
        progress=progress,
    )
