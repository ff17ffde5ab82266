"""Fetch what the exchange lists, filter it, keep the version."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from kraken_pipeline.domain.errors import ConfigurationError, UnknownNameError
from kraken_pipeline.domain.lots import DUST
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.domain.universe import Refresh, Seen, Universe, judge, rules_hash, select
from kraken_pipeline.domain.universe_filters import Past, UniverseRules
from kraken_pipeline.domain.universe_standing import Standing
from kraken_pipeline.services.past import past_of
from kraken_pipeline.services.ports import (
    BarStore,
    BookStore,
    Clock,
    Market,
    OrderStore,
    UniverseStore,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UniverseDesk:
    """What refreshing the universe needs."""

    market: Market
    universes: UniverseStore
    orders: OrderStore
    books: BookStore
    rules: UniverseRules
    """With names as the configuration spells them."""
    config_hash: str
    clock: Clock
    bars: BarStore | None = None
    """Without it nobody knows how old a pair is and how much it moves."""
    review: Callable[[Mapping[str, str], datetime], object] = lambda statuses, at: None
    """Told the status of every listed pair, by our name, once the version is kept (UNI-7)."""


def refresh_universe(desk: UniverseDesk) -> Universe:
    """Ask the exchange, filter, keep the version and return it.

    Raises:
        ConfigurationError: an include or exclude entry names nothing that the exchange lists.
        ExchangeError: the exchange did not answer; the version in force stays.
    """
    listing = desk.market.listing()
    rules = with_our_names(desk.rules, listing.symbols)
    country = rules.country_code
    snapshot = desk.books.latest_snapshot()
    seen = Seen(
        pairs=listing.pairs,
        tickers=desk.market.tickers(),
        unreadable=listing.left_out,
        in_country=None if country is None else desk.market.listed_in(country),
        past=_past(desk, rules, listing.pairs),
        nav=None if snapshot is None else snapshot.equity,
    )
    named = rules_hash(rules)
    judged = judge(seen, rules=rules, before=_standings(desk, named))
    universe = select(seen, judged, in_use=pairs_in_use(desk), at=desk.clock())
    desk.universes.keep(
        Refresh(
            universe=universe,
            judged=judged,
            config_hash=desk.config_hash,
            rules_hash=named,
            source_hash=seen.hash,
        )
    )
    desk.review({name: pair.status for name, pair in listing.pairs.items()}, universe.at)
    return universe


def pairs_in_use(desk: UniverseDesk) -> frozenset[str]:
    """Return the pairs of which something is held, ordered, or filled and not yet booked (UNI-6).

    Dust does not count.
    """
    held = {each.pair for each in desk.books.positions() if each.qty and each.book != DUST}
    ordered = {each.pair for each in desk.orders.reserving()}
    return frozenset(held | ordered | {order.pair for order, _ in desk.orders.unmatched()})


def with_our_names(rules: UniverseRules, symbols: SymbolTable) -> UniverseRules:
    """Return the rules with every configured spelling replaced by our name (UNI-1).

    Raises:
        ConfigurationError: a name means nothing.
    """
    return replace(
        rules,
        quote=_named(
            "region.default_quote", rules.quote, symbols.asset, nearest=symbols.nearest_assets
        ),
        include=_pairs("universe.include_pairs", rules.include, symbols),
        exclude=_pairs("universe.exclude_pairs", rules.exclude, symbols),
    )


def _standings(desk: UniverseDesk, named: str) -> dict[str, Standing] | None:
    """Return where each pair stood; None at the first refresh under these rules."""
    before = desk.universes.refresh()
    if before is None or before.rules_hash != named:
        return None
    return {name: each.standing for name, each in before.judged.items()}


def _past(desk: UniverseDesk, rules: UniverseRules, names: Iterable[str]) -> dict[str, Past]:
    wanted = (rules.min_age_days, rules.min_volatility_pct, rules.max_volatility_pct)
    if desk.bars is None or all(each is None for each in wanted):
        return {}
    return past_of(
        desk.bars,
        tuple(names),
        now=desk.clock(),
        days=max(rules.min_age_days or 1, rules.volatility_days + 1),
        volatility_days=rules.volatility_days,
    )


def _pairs(key: str, spellings: frozenset[str], symbols: SymbolTable) -> frozenset[str]:
    return frozenset(
        _named(key, each, lambda name: symbols.pair(name).pair, nearest=symbols.nearest_pairs)
        for each in sorted(spellings)
    )


def _named(
    key: str,
    spelling: str,
    look_up: Callable[[str], str],
    *,
    nearest: Callable[[str], tuple[str, ...]],
) -> str:
    try:
        return look_up(spelling)
    except UnknownNameError as error:
        meant = " or ".join(nearest(spelling))
        hint = f"did you mean {meant}? Write it so" if meant else "write it as Kraken does"
        raise ConfigurationError(
            f"{key}: {error}; {hint} (XBTUSD, BTC/USD), or take it out"
        ) from error
