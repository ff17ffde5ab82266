"""Names that a person typed, in any spelling, to ours: a slip may not pass for an act.

A halt of a pair that does not exist stops nothing, and a flatten of one sells nothing; who typed it
would believe that something was done.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import product
from typing import Final, TypeVar

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.halts import Scope, ScopeKind
from kraken_pipeline.domain.renames import in_force
from kraken_pipeline.domain.symbols import MODERN, SymbolTable
from kraken_pipeline.domain.timeframes import TIMEFRAMES
from kraken_pipeline.domain.universe import Refresh
from kraken_pipeline.services.bars.coverage import Bars, require_known
from kraken_pipeline.settings import Settings
from kraken_pipeline.settings.aliases import aliases
from kraken_pipeline.wiring.pipeline import Pipeline, connect

T = TypeVar("T")
NEVER_READ: Final = (
    "the universe was never refreshed; `kraken-pipeline run-once` refreshes it, as does the asset "
    "pair_universe"
)
SUGGESTED: Final = 3
"""How many names that are nearly the typed one are told."""


def scope_named(pipeline: Pipeline, scope: Scope) -> Scope:
    """Return a scope by our names.

    Raises:
        UnknownNameError: there is no such asset, pair or strategy.
    """
    if scope.kind is ScopeKind.PAIR:
        return replace(scope, name=pair_named(pipeline, scope.name))
    if scope.kind is ScopeKind.ASSET:
        return replace(scope, name=asset_named(pipeline, scope.name))
    if scope.kind is ScopeKind.STRATEGY:
        require_known_strategy(pipeline, scope.name)
    return scope


def pair_named(pipeline: Pipeline, spelling: str, *, option: str = "--pair") -> str:
    """Return our name of a pair that is listed or held; what was typed while no listing is kept.

    Args:
        pipeline: whose stores tell the names; nothing is asked of the exchange.
        spelling: any of them, as `XBTUSD`, `btc/usd`, `XXBTZUSD`, or one that it had before.
        option: where it was typed.

    Raises:
        UnknownNameError: there is none of that name; the nearest are told.
    """
    refresh = pipeline.stores.universes.refresh()
    held = {each.pair for each in pipeline.stores.books.positions()}
    if refresh is None or not refresh.judged or spelling in held | refresh.universe.reasons.keys():
        return spelling
    table = table_of(refresh, pipeline.loaded.settings)
    return _found(spelling, option, lambda name: table.pair(name).pair, nearest=table.nearest_pairs)


def stored_pair(environ: Mapping[str, str], bars: Bars, spelling: str) -> str:
    """Return our name of a pair of which bars are stored.

    Only what is not spelled as the bars are, but for case, a slash and modern names of assets, is
    looked up in the listing that is kept.

    Raises:
        UnknownNameError: nothing is stored of it.
    """
    stored = sorted({pair for each in TIMEFRAMES.values() for pair in bars.newest(each)})
    plain = {_plain(each): each for each in stored}
    if spelling not in stored and _plain(spelling) not in plain:
        pipeline = connect(environ)
        try:
            spelling = pair_named(pipeline, spelling, option="PAIR")
        finally:
            pipeline.close()
        require_known(bars, spelling)
    return spelling if spelling in stored else plain[_plain(spelling)]


def _plain(spelling: str) -> str:
    """Spell a pair without what people spell in different ways."""
    plain = spelling.upper().replace("/", "").replace("-", "")
    for old, new in MODERN.items():
        plain = plain.replace(old, new)
    return plain


def asset_named(pipeline: Pipeline, spelling: str, *, option: str = "--asset") -> str:
    """Return our name of an asset of some listed pair; what was typed while no listing is kept.

    Args:
        pipeline: whose stores tell the names; nothing is asked of the exchange.
        spelling: any of them, as `XBT`, `btc`, `XXBT`, `XBT.F`, or one that it had before.
        option: where it was typed.

    Raises:
        UnknownNameError: there is none of that name; the nearest are told.
    """
    refresh = pipeline.stores.universes.refresh()
    if refresh is None or not refresh.judged:
        return spelling
    table = table_of(refresh, pipeline.loaded.settings)
    return _found(spelling, option, table.asset, nearest=table.nearest_assets)


def table_of(refresh: Refresh, settings: Settings) -> SymbolTable:
    """Return the names of what was listed at a refresh, and those that it had before.

    Kraken's own ids of assets stand at both ends of its ids of pairs, and nowhere else in what is
    kept: `XXBTZUSD` is XXBT and ZUSD.
    """
    names = [each.name for each in refresh.judged.values()]
    listed = {str(asset): str(asset) for each in names for asset in (each.base, each.quote)}
    old_ids = {
        f"{letter}{asset}": str(asset)
        for each in names
        for letter, asset in product("XZ", (each.base, each.quote))
        if each.key != each.pair and f"{letter}{asset}" in {each.key[:4], each.key[-4:]}
    }
    table = SymbolTable(assets={**old_ids, **listed}, pairs=names)
    current = in_force(aliases(settings), refresh.universe.at)
    return table.with_old_names({old: each.new for old, each in current.items()})


def require_known_strategy(pipeline: Pipeline, name: str) -> None:
    """Let pass a strategy that is configured, or that has books.

    Raises:
        UnknownNameError: there is none of that name.
    """
    configured = pipeline.loaded.settings.strategies
    books = {each.book.partition("@")[0] for each in pipeline.stores.books.positions()}
    known = sorted({*configured.running(), *configured.configs, *books})
    if name not in known:
        near = get_close_matches(name, known, SUGGESTED)
        raise UnknownNameError(f"--strategy is {name!r}, and there is none of that name{_or(near)}")


def found_in(look_up: Callable[[str], T], spelling: str) -> T:
    """Return what a spelling means, or else what it means in capitals.

    Raises:
        UnknownNameError: neither means anything.
    """
    try:
        return look_up(spelling)
    except UnknownNameError as unknown:
        try:
            return look_up(spelling.upper())
        except UnknownNameError:
            raise unknown from None


def _found(
    spelling: str,
    option: str,
    look_up: Callable[[str], str],
    *,
    nearest: Callable[[str], Iterable[str]],
) -> str:
    try:
        return found_in(look_up, spelling)
    except UnknownNameError as unknown:
        near = _or(nearest(spelling))
        raise UnknownNameError(
            f"{option} is {spelling!r}, and there is none of that name{near}"
        ) from unknown


def _or(near: Iterable[str]) -> str:
    """Return a question for the names that are nearly the typed one; nothing where none is."""
    said = " or ".join(near)
    return f"; is it {said}?" if said else ""
