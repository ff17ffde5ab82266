"""The universes that a run stands on: those that were in force during its stretch (UNI-5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError, InvalidValueError, UnknownNameError
from kraken_pipeline.domain.ids import digest
from kraken_pipeline.domain.market import Pair
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import PairName, SymbolTable
from kraken_pipeline.domain.universe import Universe
from kraken_pipeline.services.backtest.universes import pairs_of
from kraken_pipeline.settings import Loaded
from kraken_pipeline.store.database import read_only
from kraken_pipeline.store.universes import SqlUniverseStore

MOST_NAMED: Final = 3
"""Pairs that are named in an error."""
FIRST_CYCLE: Final = "a first `kraken-pipeline cycle` asks the exchange for them"


def universes_of(
    loaded: Loaded, since: datetime, until: datetime, pairs: Sequence[str] = ()
) -> tuple[Universe, ...]:
    """Return the universes that were in force during a stretch, oldest first.

    What was before the first that is kept is taken to be as that one; of a stretch in which none
    was kept, as the newest.

    Args:
        loaded: the configuration.
        since: when the stretch begins.
        until: when it ends.
        pairs: our names of those that are wanted; none for all.

    Raises:
        ConfigurationError: the books cannot be read.
        InvalidValueError: no universe is kept, or a pair is in none of them.
    """
    try:
        database = read_only(loaded.database_url)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error}. A run takes its pairs from there; if nothing is there yet, {FIRST_CYCLE}"
        ) from error
    try:
        store = SqlUniverseStore(database)
        first, later = store.in_force_at(since), store.between(since, until)
        newest = None if first is not None or later else store.latest()
    finally:
        database.close()
    if first is not None and later and later[0].version == first.version:
        # the same was seen again
        later = later[1:]
    found = tuple(each for each in (first, *later, newest) if each is not None)
    if not found:
        raise InvalidValueError(f"no pairs are known yet: {FIRST_CYCLE}")
    return found if not pairs else chosen_from(found, pairs)


def chosen_from(universes: Sequence[Universe], names: Sequence[str]) -> tuple[Universe, ...]:
    """Return universes of some of their pairs.

    Raises:
        InvalidValueError: one is in none of them: the rules of its orders are not known.
    """
    listed = listing_of(pairs_of(universes))
    wanted = sorted({_named(each, listed, universes[-1]) for each in names})

    def chosen(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
        return tuple(each for each in pairs if each.name in wanted)

    return tuple(
        replace(
            each,
            version=f"{each.version}:{digest(wanted)[:8]}",
            members=chosen(each.members),
            leaving=chosen(each.leaving),
            watched=chosen(each.watched),
        )
        for each in universes
    )


def _named(spelling: str, listed: Listing, newest: Universe) -> str:
    """Return our name of a pair, however it is spelled (UNI-1)."""
    try:
        return listed.symbols.pair(spelling.upper()).pair
    except UnknownNameError:
        near = listed.symbols.nearest_pairs(spelling)[:MOST_NAMED]
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise InvalidValueError(
            f"{spelling} is not in the universe {newest.version}; {meant}"
            f"`kraken-pipeline universe list` names all {len(listed.pairs)} of it"
        ) from None


def listing_of(pairs: Sequence[Pair]) -> Listing:
    """Return pairs as an exchange would list them."""
    assets = {str(asset): str(asset) for each in pairs for asset in (each.base, each.quote)}
    # of a pair that was renamed meanwhile the name of now is spelled
    names = {
        each.key: PairName(pair=each.name, key=each.key, base=each.base, quote=each.quote)
        for each in pairs
    }
    return Listing(
        symbols=SymbolTable(assets=assets, pairs=names.values()),
        pairs={each.name: each for each in pairs},
    )
