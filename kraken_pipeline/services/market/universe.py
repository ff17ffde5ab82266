"""Fetch what the exchange lists, filter it, keep the version."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from kraken_pipeline.domain.errors import ConfigurationError, UnknownNameError
from kraken_pipeline.domain.lots import DUST
from kraken_pipeline.domain.money import ZERO
from kraken_pipeline.domain.prices import PriceTable
from kraken_pipeline.domain.renames import Alias, in_force
from kraken_pipeline.domain.reports import Listing
from kraken_pipeline.domain.symbols import SymbolTable
from kraken_pipeline.domain.universe import (
    Judged,
    Refresh,
    Seen,
    Universe,
    judge,
    rules_hash,
    select,
)
from kraken_pipeline.domain.universe_chain import COSTLY
from kraken_pipeline.domain.universe_filters import Kin, Nearby, Past, UniverseRules
from kraken_pipeline.domain.universe_standing import Standing
from kraken_pipeline.services.market.kin import kin_of
from kraken_pipeline.services.market.nearby import NearbyDesk, nearby_of
from kraken_pipeline.services.market.past import past_of
from kraken_pipeline.services.market.results import realised_since
from kraken_pipeline.services.ports.bars import BarStore
from kraken_pipeline.services.ports.books import BookStore
from kraken_pipeline.services.ports.exchange import Clock, Market
from kraken_pipeline.services.ports.orders import OrderStore
from kraken_pipeline.services.ports.universe import DepthStore, UniverseStore

CLUSTER: Final = frozenset({"CLUSTER"})


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
    aliases: Sequence[Alias] = ()
    """What the configuration and our books may call assets that have another name by now."""
    depths: DepthStore | None = None
    """Without it nobody knows how deep a book is."""
    review: Callable[[Mapping[str, str], datetime], object] = lambda statuses, at: None
    """Told the status of every listed pair, by our name, once the version is kept (UNI-7)."""


def refresh_universe(desk: UniverseDesk) -> Universe:
    """Ask the exchange, filter, keep the version and return it.

    Raises:
        ConfigurationError: the configuration names what the exchange does not list.
        ExchangeError: the exchange did not answer; the version in force stays.
    """
    listing = desk.market.listing()
    symbols = names_now(desk, listing)
    rules = with_our_names(desk.rules, symbols)
    named = rules_hash(rules)
    seen = _seen(desk, rules, listing, symbols)
    seen, judged = _judged(desk, seen, rules=rules, before=_standings(desk, named))
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


def names_now(desk: UniverseDesk, listing: Listing) -> SymbolTable:
    """Return every way to spell what is listed, with the names that assets had before."""
    current = in_force(desk.aliases, desk.clock())
    return listing.symbols.with_old_names({old: each.new for old, each in current.items()})


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
        ConfigurationError: a name means nothing, or the base currency is called otherwise here.
    """
    base = _asset("portfolio.base_currency", rules.base_currency, symbols)
    if base != rules.base_currency:
        # the books are kept in it by this name
        raise ConfigurationError(
            f"portfolio.base_currency: {rules.base_currency!r} is {base} here; write it so"
        )
    return replace(
        rules,
        quote=_asset("universe.filters.quote or region.default_quote", rules.quote, symbols),
        include=_pairs("universe.include_pairs", rules.include, symbols),
        exclude=_pairs("universe.exclude_pairs", rules.exclude, symbols),
    )


def _seen(desk: UniverseDesk, rules: UniverseRules, listing: Listing, symbols: SymbolTable) -> Seen:
    country = rules.country_code
    snapshot = desk.books.latest_snapshot()
    return Seen(
        pairs=listing.pairs,
        tickers=desk.market.tickers(),
        unreadable=listing.left_out,
        in_country=None if country is None else desk.market.listed_in(country),
        past=_past(desk, rules, listing.pairs),
        nav=None if snapshot is None else snapshot.equity,
        realised=_realised(desk, rules, symbols),
    )


def _judged(
    desk: UniverseDesk, seen: Seen, *, rules: UniverseRules, before: Mapping[str, Standing] | None
) -> tuple[Seen, dict[str, Judged]]:
    """Ask every filter, those that cost calls only of pairs that all others let in.

    Returns:
        What was known when they were asked, and what each said.
    """
    if rules.min_depth is None and rules.max_per_cluster is None:
        return seen, judge(seen, rules=rules, before=before)
    cheap = replace(seen, measured=frozenset())
    first = judge(cheap, rules=rules, before=before)
    wanted = frozenset(name for name, each in first.items() if each.may_enter(but_for=COSTLY))
    notional = _notional(seen, wanted, rules)
    deep = replace(seen, measured=wanted, nearby=_nearby(desk, seen, wanted, rules, notional))
    if rules.max_per_cluster is None:
        return deep, judge(deep, rules=rules, before=before)
    # a place in a cluster is for who could take it
    second = judge(deep, rules=rules, before=before)
    entering = [name for name in sorted(wanted) if second[name].may_enter(but_for=CLUSTER)]
    kin = _kin(desk, entering, rules, notional)
    measured = replace(deep, kin=kin)
    return measured, judge(measured, rules=rules, before=before)


def _notional(seen: Seen, names: Iterable[str], rules: UniverseRules) -> dict[str, Decimal]:
    """Return what each pair trades in 24 h, in base currency; nothing where that has no price."""
    prices = PriceTable(rules.base_currency, seen.pairs, seen.tickers)
    return {
        name: seen.tickers[name].notional_24h * (prices.rate(seen.pairs[name].quote) or ZERO)
        for name in names
    }


def _nearby(
    desk: UniverseDesk,
    seen: Seen,
    wanted: Iterable[str],
    rules: UniverseRules,
    notional: Mapping[str, Decimal],
) -> dict[str, Nearby]:
    if rules.min_depth is None or desk.depths is None:
        return {}
    return nearby_of(
        NearbyDesk(market=desk.market, depths=desk.depths, clock=desk.clock),
        [seen.pairs[name] for name in sorted(wanted)],
        within_bps=rules.depth_bps,
        notional=notional,
    )


def _kin(
    desk: UniverseDesk, names: Sequence[str], rules: UniverseRules, notional: Mapping[str, Decimal]
) -> dict[str, Kin]:
    if desk.bars is None:
        return {}
    return kin_of(desk.bars, names, rules=rules, notional=notional, now=desk.clock())


def _realised(desk: UniverseDesk, rules: UniverseRules, symbols: SymbolTable) -> dict[str, Decimal]:
    if rules.max_loss is None:
        return {}

    def name_now(name: str) -> str:
        try:
            return symbols.pair(name).pair
        except UnknownNameError:
            return name

    since = desk.clock() - timedelta(days=rules.results_days)
    return realised_since(desk.books.fills_after(None), since, name_now=name_now)


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


def _asset(key: str, spelling: str, symbols: SymbolTable) -> str:
    return _named(key, spelling, symbols.asset, nearest=symbols.nearest_assets)


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
