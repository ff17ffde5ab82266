"""Names that a person typed, held against those that there are: a slip may not pass for an act.

A halt of a pair that does not exist stops nothing, and a flatten of one sells nothing; who typed it
would believe that something was done.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from kraken_pipeline.domain.errors import UnknownNameError
from kraken_pipeline.domain.halts import Scope, ScopeKind
from kraken_pipeline.wiring.pipeline import Pipeline

SUGGESTED: Final = 3
"""How many names that are nearly the typed one are told."""


def require_known_scope(pipeline: Pipeline, scope: Scope) -> None:
    """Let pass a scope that there is.

    Raises:
        UnknownNameError: there is no such asset, pair or strategy.
    """
    if scope.kind is ScopeKind.PAIR:
        require_known_pair(pipeline, scope.name)
    elif scope.kind is ScopeKind.STRATEGY:
        require_known_strategy(pipeline, scope.name)
    elif scope.kind is ScopeKind.ASSET:
        _require_asset(pipeline, scope.name)


def require_known_pair(pipeline: Pipeline, name: str) -> None:
    """Let pass a pair that is listed or held; any while no listing was kept.

    Raises:
        UnknownNameError: there is none of that name.
    """
    listed = _listed(pipeline)
    if listed:
        _require(name, listed | {each.pair for each in pipeline.stores.books.positions()}, "--pair")


def near_to(name: str, known: Iterable[str]) -> str:
    """Return a question for the names that are nearly the typed one; nothing where none is."""
    near = get_close_matches(name.upper(), sorted(set(known)), SUGGESTED)
    return f"; is it {' or '.join(near)}?" if near else ""


def require_known_strategy(pipeline: Pipeline, name: str) -> None:
    """Let pass a strategy that is configured, or that has books.

    Raises:
        UnknownNameError: there is none of that name.
    """
    configured = pipeline.loaded.settings.strategies
    books = {each.book.partition("@")[0] for each in pipeline.stores.books.positions()}
    _require(name, {*configured.running(), *configured.configs, *books}, "--strategy")


def _require_asset(pipeline: Pipeline, name: str) -> None:
    universe = pipeline.stores.universes.latest()
    if universe is None:
        return
    known = {str(asset) for each in universe.managed for asset in (each.base, each.quote)}
    # of a pair that is out only its name is kept, which is that of its base and of its quote
    if not any(each in {f"{name}{quote}" for quote in known} for each in universe.reasons):
        _require(name, known, "--asset")


def _listed(pipeline: Pipeline) -> set[str]:
    universe = pipeline.stores.universes.latest()
    if universe is None:
        return set()
    return {*universe.reasons, *(each.name for each in universe.managed)}


def _require(name: str, known: Iterable[str], option: str) -> None:
    names = sorted(set(known))
    if name in names:
        return
    near = get_close_matches(name.upper() if option != "--strategy" else name, names, SUGGESTED)
    hint = f"; is it {' or '.join(near)}?" if near else ""
    raise UnknownNameError(f"{option} is {name!r}, and there is none of that name{hint}")
