"""Fetch what the exchange lists, filter it, keep the version."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kraken_pipeline.domain.errors import ConfigurationError, UnknownNameError
from kraken_pipeline.domain.lots import DUST
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.domain.universe import Universe, UniverseRules, select
from kraken_pipeline.services.ports import BookStore, Clock, Market, OrderStore, UniverseStore


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


def refresh_universe(desk: UniverseDesk) -> Universe:
    """Ask the exchange, filter, keep the version and return it.

    Raises:
        ConfigurationError: an include or exclude entry names nothing that the exchange lists.
        ExchangeError: the exchange did not answer; the version in force stays.
    """
    listing = desk.market.listing()
    universe = select(
        listing.pairs,
        desk.market.tickers(),
        rules=with_our_names(desk.rules, listing.symbols),
        in_use=pairs_in_use(desk),
        at=desk.clock(),
        unreadable=listing.left_out,
    )
    desk.universes.keep(universe, config_hash=desk.config_hash)
    return universe


def pairs_in_use(desk: UniverseDesk) -> frozenset[str]:
    """Return the pairs with a position, not counting dust, or with an order that may still fill."""
    held = {each.pair for each in desk.books.positions() if each.qty and each.book != DUST}
    return frozenset(held | {each.pair for each in desk.orders.reserving()})


def with_our_names(rules: UniverseRules, symbols: SymbolTable) -> UniverseRules:
    """Return the rules with every configured spelling replaced by our name (UNI-1).

    Raises:
        ConfigurationError: a name means nothing.
    """
    return replace(
        rules,
        quote=_named("region.default_quote", rules.quote, symbols.asset),
        include=_pairs("universe.include_pairs", rules.include, symbols),
        exclude=_pairs("universe.exclude_pairs", rules.exclude, symbols),
    )


def _pairs(key: str, spellings: frozenset[str], symbols: SymbolTable) -> frozenset[str]:
    return frozenset(
        _named(key, spelling, lambda name: symbols.pair(name).pair) for spelling in spellings
    )


def _named(key: str, spelling: str, look_up: Callable[[str], str]) -> str:
    try:
        return look_up(spelling)
    except UnknownNameError as error:
        raise ConfigurationError(
            f"{key}: {error}; write it as Kraken does (XBTUSD, BTC/USD) or take it out"
        ) from error
